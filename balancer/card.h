/*
 * card.h - one registration as ranking and answers need it: the record, its
 * hashes and its rendered JSON, packed (a fleet has 100,000 of them).
 * Immutable; made when a registration changes and shared by the fleet and all
 * snapshots that were built while it was in force, so that a build renders
 * nothing. Counted atomically: the last holder frees it, on whatever thread.
 */
#ifndef PERI_BALANCER_CARD_H
#define PERI_BALANCER_CARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/proto/node.h"

#define CARD_FAMILIES 3 /* enum snapshot_family: both, IPv4, IPv6 */
#define CARD_HAS_IPV4 1
#define CARD_HAS_IPV6 2
#define CARD_HAS_BOTH 3

/* card_no_carrier - the carrier of every card that has none: most nodes of a
 * fleet, and who compares them need not read it. */
extern const char card_no_carrier[];

/* struct node_record with texts that are as long as they are. */
struct card_record {
	const char *id, *service, *region, *zone, *host, *carrier, *version;
	const char *labels; /* key, NUL, value, NUL, key, ... */
	const struct addr *ipv4, *ipv6;
	double lat_deg, lon_deg; /* valid when has_position */
	uint64_t boot_epoch;
	uint32_t weight, capacity, ttl_ms;
	struct node_ports ports;
	uint8_t ipv4_count, ipv6_count, label_count;
	bool has_position;
};

/* All that answers need of a card for both families. Small, and without what
 * is alike in all texts: answers read both at random. */
struct card_text {
	char *bytes; /* reply_put_node() from behind CARD_TEXT_HEAD on; the
		      * card's, in the slab */
	uint64_t len : 16;
	uint64_t hash : 48; /* of the bytes */
};
#define CARD_TEXT_HEAD "{\"id\":\""

struct card {
	struct card_text text;
	uint16_t ipv4_at, ipv6_at, ports_at; /* in the text's bytes */
	uint8_t families;		     /* CARD_HAS_* */
	uint64_t id_hash;   /* hash_text(id): part of every score */
	uint64_t site_hash; /* of (service, region, zone) */
	_Atomic uint32_t refs;
	struct card_record record; /* what it points to is in data */
	char data[];
};

/* card_new - pack and render @record. Returns a card with one reference, to
 * give to card_unref(). Any thread. */
struct card *card_new(const struct node_record *record);

/* card_unpack - the record that @card was made of. */
void card_unpack(const struct card *card, struct node_record *record_r);
/* card_is_of - whether that record equals @record. */
bool card_is_of(const struct card *card, const struct node_record *record);

/* card_text_put - append the text without its head, for both families. */
static inline void card_text_put(const struct card_text *text, struct buf *b)
{
	buf_put(b, text->bytes, text->len);
}
/* card_put_v4, card_put_v6 - the same for one family, of which there is an
 * address. */
void card_put_v4(const struct card *card, struct buf *b);
void card_put_v6(const struct card *card, struct buf *b);

/* card_ref - one more holder of @card; returns @card. */
struct card *card_ref(struct card *card);
/* card_fetch - have the parts that a catalog reads come to the cache. */
static inline void card_fetch(const struct card *card)
{
	__builtin_prefetch(card);
	__builtin_prefetch(&card->record.lat_deg);
}

/* card_unref - one holder less; the last frees. NULL is allowed; sets NULL. */
void card_unref(struct card **card);

/* card_same_site - whether both are of one (service, region, zone). */
bool card_same_site(const struct card *a, const struct card *b);
/* card_same_shape - whether both give the same sites and cost orders: place and
 * carrier too. */
bool card_same_shape(const struct card *a, const struct card *b);

#endif
