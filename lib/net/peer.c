/*
 * peer.c - a hash table of addresses under a key of its own. An entry is
 * held by its connections, or waits in `idle`, whose first is the next to be
 * used anew. A bucket of bad requests is one number: when it will be empty.
 */
#include "lib/net/peer.h"

#include <assert.h>
#include <string.h>
#include <sys/queue.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define V6_BITS	 64
#define US_PER_S 1000000

struct peer {
	LIST_ENTRY(peer) chain; /* of its bucket of the hash table */
	TAILQ_ENTRY(peer) idle; /* while it has no connections */
	struct addr key;
	uint32_t conns;
	int64_t empty_us; /* when its bad requests are forgotten */
};
LIST_HEAD(peer_chain, peer);
TAILQ_HEAD(peer_list, peer);

struct peer_table {
	struct peer_limits limits;
	int64_t bad_us;	     /* that one bad request counts */
	int64_t bad_most_us; /* a full bucket */
	struct hash_key key;
	struct peer_list idle;	/* forgotten ones first, then by their time */
	size_t capacity, fresh; /* entries; those never used are at the end */
	size_t chain_mask;
	struct peer *peers;	   /* owned */
	struct peer_chain *chains; /* owned */
};

struct peer_table *peer_table_new(const struct peer_limits *limits,
				  unsigned conns_max)
{
	struct peer_table *table = mem_alloc(sizeof(*table));
	struct rng rng;
	size_t chains = PEER_SPARE;

	table->limits = *limits;
	if (limits->bad_per_s > 0 && limits->bad_burst > 0) {
		table->bad_us = US_PER_S / limits->bad_per_s;
		table->bad_most_us = table->bad_us * limits->bad_burst;
	}
	rng_seed_os(&rng);
	table->key = (struct hash_key){rng_u64(&rng), rng_u64(&rng)};
	TAILQ_INIT(&table->idle);
	table->capacity = (size_t)conns_max + PEER_SPARE;
	while (chains < table->capacity)
		chains *= 2;
	table->chain_mask = chains - 1;
	table->peers = mem_array(table->capacity, sizeof(table->peers[0]));
	table->chains = mem_array(chains, sizeof(table->chains[0]));
	return table;
}

void peer_table_free(struct peer_table **table_ptr)
{
	struct peer_table *table = *table_ptr;

	*table_ptr = NULL;
	if (!table)
		return;
	mem_free(table->peers);
	mem_free(table->chains);
	mem_free(table);
}

static struct peer_chain *chain_of(struct peer_table *table,
				   const struct addr *key)
{
	uint64_t hash = hash_sip(&table->key, sv_of(key->bytes, 16));

	return &table->chains[hash & table->chain_mask];
}

static struct peer *find(struct peer_chain *chain, const struct addr *key)
{
	struct peer *peer;

	LIST_FOREACH (peer, chain, chain)
		if (addr_eq(&peer->key, key))
			return peer;
	return NULL;
}

/* An entry for a new address. There is one: connections hold no more than the
 * table was made for. */
static struct peer *take(struct peer_table *table)
{
	struct peer *peer;

	if (table->fresh < table->capacity)
		return &table->peers[table->fresh++];
	peer = TAILQ_FIRST(&table->idle);
	assert(peer);
	TAILQ_REMOVE(&table->idle, peer, idle);
	LIST_REMOVE(peer, chain);
	memset(peer, 0, sizeof(*peer));
	return peer;
}

static struct peer *take_for(struct peer_table *table, struct peer_chain *chain,
			     const struct addr *key)
{
	struct peer *peer = take(table);

	peer->key = *key;
	LIST_INSERT_HEAD(chain, peer, chain);
	return peer;
}

enum peer_verdict peer_enter(struct peer_table *table, const struct addr *addr,
			     int64_t now_ms, struct peer **peer_r)
{
	struct addr key =
		addr->family == ADDR_V6 ? addr_mask(addr, V6_BITS) : *addr;
	struct peer_chain *chain = chain_of(table, &key);
	struct peer *peer = find(chain, &key);

	if (!peer) {
		peer = take_for(table, chain, &key);
	} else {
		if (peer_is_barred(table, peer, now_ms))
			return PEER_BARRED;
		if (table->limits.conns_max > 0 &&
		    peer->conns >= table->limits.conns_max)
			return PEER_TOO_MANY;
		if (peer->conns == 0)
			TAILQ_REMOVE(&table->idle, peer, idle);
	}
	peer->conns++;
	*peer_r = peer;
	return PEER_OK;
}

void peer_leave(struct peer_table *table, struct peer **peer_ptr,
		int64_t now_ms)
{
	struct peer *peer = *peer_ptr;

	*peer_ptr = NULL;
	assert(peer->conns > 0);
	if (--peer->conns > 0)
		return;
	if (peer->empty_us > now_ms * 1000)
		TAILQ_INSERT_TAIL(&table->idle, peer, idle);
	else
		TAILQ_INSERT_HEAD(&table->idle, peer, idle);
}

bool peer_is_barred(const struct peer_table *table, const struct peer *peer,
		    int64_t now_ms)
{
	return table->bad_us > 0 && peer->empty_us - now_ms * 1000 >
					    table->bad_most_us - table->bad_us;
}

bool peer_note_bad(struct peer_table *table, struct peer *peer, int64_t now_ms)
{
	int64_t now_us = now_ms * 1000;

	if (peer->empty_us < now_us)
		peer->empty_us = now_us;
	/* What would not fit does not count: the bar ends in time. */
	if (!peer_is_barred(table, peer, now_ms))
		peer->empty_us += table->bad_us;
	return peer_is_barred(table, peer, now_ms);
}
