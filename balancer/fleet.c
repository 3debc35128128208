/*
 * fleet.c - nodes in a hash table (SipHash, ids come from outside) and, for
 * builds, in order of id. Builder's thread only. Invariant: every node is once
 * in the table and once in the order.
 */
#include "balancer/fleet.h"

#include <assert.h>
#include <string.h>

#include "balancer/fleet_order.h"
#include "balancer/fleet_store.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

static void hash_bytes(const void *key, size_t len, unsigned *value_r)
{
	/* Replicas do not have to agree on this one, nor does anybody outside
	 * see it; ids were checked by the registry. */
	static const struct hash_key table_key = {0x7065726968656c69ULL,
						  0x666c656574746162ULL};

	*value_r = (unsigned)hash_sip(&table_key, sv_of(key, len));
}

#define HASH_FUNCTION(key, len, value) hash_bytes(key, len, &(value))
#define uthash_malloc(size_bytes)      mem_alloc(size_bytes)
#define uthash_free(ptr, size_bytes)   mem_free(ptr)
#include <uthash.h>

struct entry {
	struct fleet_node *node; /* in the store */
	uint64_t boot_epoch;
	uint32_t sync_round; /* that saw it last */
	UT_hash_handle hh;
};

struct fleet {
	struct entry *table;
	struct fleet_store store;
	struct fleet_addrs addrs;
	struct fleet_order order;
	struct fleet_regions regions;
	struct fleet_intents intents;
	uint32_t sync_round;
	bool syncing;
	unsigned state_count[NODE_DOWN + 1];
	uint64_t shape, cards, dropped;
	struct sessions sessions;
	struct kappa_table kappas;
};

static struct entry *entry_of(struct fleet_node *node)
{
	return CONTAINER_OF(node->handle, struct entry, node);
}

static const char *id_of(const struct fleet_node *node)
{
	return node->card->record.id;
}

static void bind_intent(struct fleet *fleet, struct fleet_node *node)
{
	node->intent =
		fleet_intents_find(&fleet->intents, INTENT_NODE, id_of(node));
}

struct fleet *fleet_new(void)
{
	return mem_alloc(sizeof(struct fleet));
}

static struct entry *find_entry(const struct fleet *fleet, const char *id)
{
	struct entry *entry;

	HASH_FIND(hh, fleet->table, id, strlen(id), entry);
	return entry;
}

/* The keys live in the card: all go and come together. */
static void link_entry(struct fleet *fleet, struct entry *entry)
{
	const char *id = id_of(entry->node);

	fleet_addrs_add(&fleet->addrs, entry->node);
	HASH_ADD_KEYPTR(hh, fleet->table, id, strlen(id), entry);
}

static void unlink_entry(struct fleet *fleet, struct entry *entry)
{
	assert(fleet->table);
	fleet_addrs_del(&fleet->addrs, entry->node);
	HASH_DELETE(hh, fleet->table, entry);
}

static void free_entry(struct fleet *fleet, struct entry *entry)
{
	unlink_entry(fleet, entry);
	fleet->state_count[entry->node->state]--;
	card_unref(&entry->node->card);
	mem_free(entry);
}

void fleet_free(struct fleet **fleet)
{
	struct fleet *f = *fleet;

	if (!f)
		return;
	for (unsigned i = 0; i < f->order.count; i++)
		free_entry(f, entry_of(f->order.list[i]));
	fleet_addrs_fini(&f->addrs);
	fleet_store_fini(&f->store);
	fleet_order_fini(&f->order);
	fleet_regions_fini(&f->regions);
	fleet_intents_fini(&f->intents);
	mem_free(f);
	*fleet = NULL;
}

/* -- order of ids -------------------------------------------------------- */

struct fleet_node *const *fleet_nodes(struct fleet *fleet, unsigned *count_r)
{
	fleet_order_sort(&fleet->order);
	*count_r = fleet->order.count;
	return fleet->order.list;
}

/* Nodes that are not among @nodes follow behind them. */
static struct fleet_node **
complete(struct fleet *fleet, struct fleet_node *const *nodes, unsigned count)
{
	struct fleet_node **all = mem_array(fleet->order.count, sizeof(*all));

	for (unsigned i = 0; i < count; i++) {
		all[i] = nodes[i];
		*nodes[i]->handle = NULL; /* a mark; it is set anew */
	}
	for (unsigned i = 0; i < fleet->order.count; i++)
		if (*fleet->order.list[i]->handle)
			all[count++] = fleet->order.list[i];
	assert(count == fleet->order.count);
	return all;
}

void fleet_arrange(struct fleet *fleet, struct fleet_node **nodes,
		   unsigned count)
{
	struct fleet_node **all, ***handles;

	if (!fleet_store_is_scattered(&fleet->store, fleet->order.count))
		return;
	all = complete(fleet, nodes, count);
	handles = mem_array(fleet->order.count, sizeof(*handles));
	for (unsigned i = 0; i < fleet->order.count; i++)
		handles[i] = fleet->order.list[i]->handle;
	fleet_store_arrange(&fleet->store, all, fleet->order.count);
	for (unsigned i = 0; i < fleet->order.count; i++)
		fleet->order.list[i] = *handles[i];
	memcpy(nodes, all, count * sizeof(*nodes));
	mem_free(handles);
	mem_free(all);
}

/* -- a copy -------------------------------------------------------------- */

static struct fleet_node *copy_node(struct fleet *to, struct fleet_node *node)
{
	struct entry *entry = mem_dup(entry_of(node), sizeof(*entry));
	struct fleet_node *copy = fleet_store_take(&to->store);

	*copy = *node;
	copy->handle = &entry->node;
	entry->node = copy;
	card_ref(copy->card);
	copy->kappa = kappa_of(&to->kappas, sv_str(copy->card->record.service));
	if (copy->intent)
		bind_intent(to, copy);
	link_entry(to, entry);
	return copy;
}

struct fleet *fleet_copy(struct fleet *fleet)
{
	struct fleet *copy;

	fleet_order_sort(&fleet->order);
	copy = mem_dup(fleet, sizeof(*fleet));
	copy->table = NULL;
	copy->store = (struct fleet_store){0};
	copy->addrs = (struct fleet_addrs){0};
	copy->order.room = copy->order.count;
	copy->order.list =
		mem_array(copy->order.count, sizeof(*copy->order.list));
	copy->regions = (struct fleet_regions){0};
	fleet_intents_copy(&fleet->intents, &copy->intents);
	for (unsigned i = 0; i < copy->order.count; i++)
		copy->order.list[i] = copy_node(copy, fleet->order.list[i]);
	for (unsigned i = 0; i < fleet->regions.count; i++)
		fleet_put_region(copy, &fleet->regions.list[i]);
	return copy;
}

/* -- nodes --------------------------------------------------------------- */

static struct entry *add_entry(struct fleet *fleet, int64_t now_ms)
{
	struct entry *entry = mem_alloc(sizeof(*entry));

	entry->node = fleet_store_take(&fleet->store);
	entry->node->handle = &entry->node;
	fleet_order_add(&fleet->order, entry->node);
	entry->node->est_at_ms = now_ms;
	entry->node->load_at_ms = -1;
	fleet->state_count[entry->node->state]++;
	return entry;
}

/* Nothing to do when it is the record we have. */
static void take_record(struct fleet *fleet, struct entry *entry,
			const struct node_record *record)
{
	struct card *old = entry->node->card, *card;

	if (old && card_is_of(old, record))
		return;
	card = card_new(record);
	fleet->cards++;
	if (!old || !card_same_shape(old, card))
		fleet->shape++;
	if (old)
		unlink_entry(fleet, entry);
	entry->node->card = card;
	bind_intent(fleet, entry->node);
	entry->node->kappa = kappa_of(&fleet->kappas, sv_str(record->service));
	card_unref(&old);
	link_entry(fleet, entry);
}

/* What came and what was to come in the same time of the same node. A report
 * is older than the last build at times: the prediction is read at its time,
 * and the next pair begins where this one ends. */
static void measure(struct fleet *fleet, struct fleet_node *node,
		    const struct sessions_report *report)
{
	const struct sessions_report before = {node->conns, node->accepts_total,
					       node->load_at_ms};
	struct kappa *kappa = node->kappa;
	double at_last = node->predicted_at_report, accepts;

	node->predicted_at_report =
		node->predicted_adds +
		node->assigned_rate_per_s * kappa_step_s(kappa, report->at_ms);
	if (node->load_at_ms < 0 ||
	    !sessions_accepts(&before, report, &accepts))
		return;
	sessions_add(&fleet->sessions, &before, report);
	if (kappa_knows(kappa, before.at_ms))
		kappa_add(kappa, accepts, node->predicted_at_report - at_last,
			  report->at_ms);
}

/* A report says what was true at its time; dead reckoning goes on from there.*/
static void take_load(struct fleet *fleet, struct fleet_node *node,
		      const struct sessions_report *report)
{
	measure(fleet, node, report);
	node->conns = report->conns;
	node->accepts_total = report->accepts_total;
	node->load_at_ms = report->at_ms;
	node->est_conns = report->conns;
	node->est_at_ms = report->at_ms;
}

static void take_state(struct fleet *fleet, struct fleet_node *node,
		       enum node_state state)
{
	fleet->state_count[node->state]--;
	node->state = state;
	fleet->state_count[state]++;
}

/* A new process has none of the connections of the one before, nor what made
 * clients doubt it. */
static void take_boot(struct entry *entry, const struct feed_node *node,
		      int64_t now_ms)
{
	if (entry->boot_epoch == node->record.boot_epoch)
		return;
	entry->boot_epoch = node->record.boot_epoch;
	entry->node->est_conns = 0;
	entry->node->doubted_until_ms = 0;
	entry->node->est_at_ms = now_ms;
	entry->node->load_at_ms = -1;
}

static int64_t age_to_time(int64_t age_ms, int64_t now_ms)
{
	return age_ms > 0 ? now_ms - age_ms : now_ms;
}

void fleet_put(struct fleet *fleet, const struct feed_node *node,
	       int64_t now_ms)
{
	struct entry *entry = find_entry(fleet, node->record.id);

	if (!entry && fleet->order.count >= FLEET_NODES_MAX) {
		fleet->dropped++;
		return;
	}
	if (!entry)
		entry = add_entry(fleet, now_ms);
	take_record(fleet, entry, &node->record);
	take_boot(entry, node, now_ms);
	entry->sync_round = fleet->sync_round;
	take_state(fleet, entry->node, node->state);
	entry->node->refused_total = node->refused_total;
	entry->node->registered_at_ms =
		age_to_time(node->registered_age_ms, now_ms);
	if (node->load_age_ms >= 0)
		take_load(fleet, entry->node,
			  &(struct sessions_report){
				  node->conns, node->accepts_total,
				  age_to_time(node->load_age_ms, now_ms)});
	else
		entry->node->load_at_ms = -1;
}

void fleet_del(struct fleet *fleet, const char *id)
{
	struct entry *entry = find_entry(fleet, id);

	if (!entry)
		return;
	fleet_order_del(&fleet->order, id);
	free_entry(fleet, entry);
	fleet->shape++;
	fleet->cards++;
}

void fleet_load(struct fleet *fleet, const struct feed_load *load,
		int64_t now_ms)
{
	struct entry *entry = find_entry(fleet, load->id);

	if (!entry || load->age_ms < 0)
		return;
	take_load(fleet, entry->node,
		  &(struct sessions_report){load->conns, load->accepts_total,
					    age_to_time(load->age_ms, now_ms)});
	entry->node->refused_total = load->refused_total;
}

const struct fleet_node *fleet_find(const struct fleet *fleet, const char *id)
{
	struct entry *entry = find_entry(fleet, id);

	return entry ? entry->node : NULL;
}

unsigned fleet_find_addr(const struct fleet *fleet, const struct addr *addr,
			 struct fleet_node **nodes_r)
{
	return fleet_addrs_find(&fleet->addrs, addr, nodes_r);
}

/* -- regions ------------------------------------------------------------- */

void fleet_put_region(struct fleet *fleet, const struct feed_region *region)
{
	enum fleet_regions_change change =
		fleet_regions_put(&fleet->regions, region, fleet->sync_round);

	fleet->shape += change == FLEET_REGIONS_CHANGED;
	fleet->dropped += change == FLEET_REGIONS_FULL;
}

const struct feed_region *fleet_find_region(const struct fleet *fleet,
					    const char *id)
{
	return fleet_regions_find(&fleet->regions, id);
}

const struct feed_region *fleet_regions(struct fleet *fleet, unsigned *count_r)
{
	*count_r = fleet->regions.count;
	return fleet->regions.list;
}

/* -- intents ------------------------------------------------------------- */

void fleet_put_intent(struct fleet *fleet, const struct intent *intent)
{
	enum fleet_intents_change change =
		fleet_intents_put(&fleet->intents, intent, fleet->sync_round);
	struct entry *entry;

	fleet->dropped += change == FLEET_INTENTS_FULL;
	if (change != FLEET_INTENTS_CHANGED)
		return;
	fleet->cards++;
	entry = intent->scope == INTENT_NODE ? find_entry(fleet, intent->id)
					     : NULL;
	if (entry)
		bind_intent(fleet, entry->node);
}

const struct fleet_intents *fleet_intents(const struct fleet *fleet)
{
	return &fleet->intents;
}

static void forget_unseen_intents(struct fleet *fleet)
{
	if (fleet_intents_forget(&fleet->intents, fleet->sync_round) == 0)
		return;
	fleet->cards++;
	for (unsigned i = 0; i < fleet->order.count; i++)
		bind_intent(fleet, fleet->order.list[i]);
}

/* -- full state ---------------------------------------------------------- */

void fleet_begin_sync(struct fleet *fleet)
{
	fleet->sync_round++;
	fleet->syncing = true;
}

static void forget_unseen_nodes(struct fleet *fleet)
{
	struct fleet_order *order = &fleet->order;
	unsigned kept = 0;

	fleet_order_sort(order);
	for (unsigned i = 0; i < order->count; i++) {
		struct entry *entry = entry_of(order->list[i]);

		if (entry->sync_round == fleet->sync_round)
			order->list[kept++] = order->list[i];
		else
			free_entry(fleet, entry);
	}
	if (kept == order->count)
		return;
	order->count = order->sorted_count = kept;
	fleet->shape++;
	fleet->cards++;
}

void fleet_end_sync(struct fleet *fleet)
{
	if (!fleet->syncing)
		return;
	fleet->syncing = false;
	forget_unseen_nodes(fleet);
	forget_unseen_intents(fleet);
	fleet->shape +=
		fleet_regions_forget(&fleet->regions, fleet->sync_round);
}

unsigned fleet_count(const struct fleet *fleet, enum node_state state)
{
	return fleet->state_count[state];
}

uint64_t fleet_shape(const struct fleet *fleet)
{
	return fleet->shape;
}

uint64_t fleet_cards(const struct fleet *fleet)
{
	return fleet->cards;
}

struct sessions *fleet_sessions(struct fleet *fleet)
{
	return &fleet->sessions;
}

struct kappa_table *fleet_kappas(struct fleet *fleet)
{
	return &fleet->kappas;
}

uint64_t fleet_dropped(const struct fleet *fleet)
{
	return fleet->dropped;
}
