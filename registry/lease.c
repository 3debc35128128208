/*
 * lease.c - the lease table. Invariants: every lease is in the hash, in the
 * order of ids and in its two groups' sums, and its timer is armed at or
 * before its next deadline; a renewal only notes the time, the timer finds out
 * when it fires. State changes in set_state() only. Pure; one thread.
 */
#include "registry/lease.h"

#include <sys/queue.h>

#include "lib/base/err.h"
#include "lib/base/wheel.h"
#include "registry/id_hash.h"
#include "registry/lease_deadline.h"
#include "registry/lease_order.h"
#include "registry/lease_sums.h"

#define TICK_MS	   100
#define SLOT_COUNT 4096 /* one turn is 410 s: TTLs stay in their first turn */

struct entry {
	struct lease lease; /* must come first */
	struct wheel_timer timer;
	struct lease_share share; /* as counted in both groups */
	struct lease_group *region, *service;
	TAILQ_ENTRY(entry) renewed;
	bool is_renewed; /* in table->renewed */
	bool has_seq;	 /* load.seq is a renewal's of this boot */
	UT_hash_handle hh;
};

TAILQ_HEAD(renewed_list, entry);

struct lease_table {
	struct entry *entries; /* uthash by id */
	struct lease_order *order;
	struct wheel *wheel;
	struct renewed_list renewed;
	struct lease_sums *regions, *services;
	size_t in_state[3];
	struct lease_deadline_rule deadlines;
	int64_t advanced_at_ms;
	uint32_t leases_max;
	struct lease_counters counters;
	struct hash_key hash_key;
	lease_event_cb *event_cb;
	void *arg;
};

struct lease_table *lease_table_new(const struct lease_config *config,
				    int64_t now_ms, lease_event_cb *event_cb,
				    void *arg)
{
	struct lease_table *table = mem_alloc(sizeof(*table));

	table->leases_max = config->leases_max;
	table->deadlines =
		(struct lease_deadline_rule){config->renews_per_ttl, now_ms};
	table->wheel = wheel_new(SLOT_COUNT, TICK_MS, now_ms);
	table->regions = lease_sums_new();
	table->services = lease_sums_new();
	table->order = lease_order_new();
	table->hash_key = id_hash_key();
	table->advanced_at_ms = now_ms;
	table->event_cb = event_cb;
	table->arg = arg;
	TAILQ_INIT(&table->renewed);
	return table;
}

void lease_table_free(struct lease_table **table)
{
	struct entry *entry, *next;

	if (!*table)
		return;
	HASH_ITER(hh, (*table)->entries, entry, next)
	{
		HASH_DEL((*table)->entries, entry);
		wheel_cancel((*table)->wheel, &entry->timer);
		mem_free(entry);
	}
	wheel_free(&(*table)->wheel);
	lease_sums_free(&(*table)->regions);
	lease_sums_free(&(*table)->services);
	lease_order_free(&(*table)->order);
	mem_free(*table);
	*table = NULL;
}

static struct entry *entry_find(const struct lease_table *table, struct sv id)
{
	unsigned hash = id_hash(&table->hash_key, id);
	struct entry *entry;

	HASH_FIND_BYHASHVALUE(hh, table->entries, id.ptr, id.len, hash, entry);
	return entry;
}

static struct lease_share share_of(const struct lease *lease)
{
	return (struct lease_share){
		.state = lease->state,
		.conns = lease->load_at_ms >= 0 ? lease->load.conns : 0,
		.capacity = lease->record.capacity,
		.weight = lease->record.weight,
	};
}

/* Count the entry's present state and load instead of what was counted. */
static void recount(struct lease_table *table, struct entry *entry)
{
	struct lease_share now = share_of(&entry->lease);

	lease_sums_update(entry->region, &entry->share, &now);
	lease_sums_update(entry->service, &entry->share, &now);
	table->in_state[entry->share.state]--;
	table->in_state[now.state]++;
	entry->share = now;
}

static void groups_join(struct lease_table *table, struct entry *entry)
{
	const struct node_record *record = &entry->lease.record;

	entry->share = share_of(&entry->lease);
	entry->region =
		lease_sums_join(table->regions, record->region, &entry->share);
	entry->service = lease_sums_join(table->services, record->service,
					 &entry->share);
	table->in_state[entry->share.state]++;
}

static void groups_leave(struct lease_table *table, struct entry *entry)
{
	lease_sums_leave(table->regions, entry->region, &entry->share);
	lease_sums_leave(table->services, entry->service, &entry->share);
	table->in_state[entry->share.state]--;
}

static void arm(struct lease_table *table, struct entry *entry)
{
	wheel_arm(table->wheel, &entry->timer,
		  lease_deadline_next_ms(&table->deadlines, &entry->lease));
}

/* The only place where a held lease's state changes. */
static void set_state(struct lease_table *table, struct entry *entry,
		      enum node_state state, int64_t at_ms)
{
	enum node_state before = entry->lease.state;

	if (state == before)
		return;
	entry->lease.state = state;
	if (state == NODE_DOWN) {
		entry->lease.down_at_ms = at_ms;
		table->counters.expired++;
	} else if (state == NODE_SUSPECT) {
		table->counters.suspected++;
	} else {
		table->counters.revived++;
	}
	recount(table, entry);
	arm(table, entry);
	table->event_cb(&entry->lease, LEASE_STATE, before, table->arg);
}

static void entry_drop(struct lease_table *table, struct entry *entry,
		       enum lease_event why)
{
	wheel_cancel(table->wheel, &entry->timer);
	lease_order_del(table->order, &entry->lease);
	HASH_DEL(table->entries, entry);
	groups_leave(table, entry);
	if (entry->is_renewed)
		TAILQ_REMOVE(&table->renewed, entry, renewed);
	table->event_cb(&entry->lease, why, entry->lease.state, table->arg);
	mem_free(entry);
}

static struct entry *entry_add(struct lease_table *table,
			       const struct node_record *record, int64_t now_ms)
{
	struct entry *entry = mem_alloc(sizeof(*entry));
	struct lease *lease = &entry->lease;
	unsigned hash = id_hash(&table->hash_key, sv_str(record->id));

	lease->record = *record;
	lease->state = NODE_UP;
	lease->load_at_ms = -1;
	lease->heard_at_ms = lease->registered_at_ms = now_ms;
	lease_order_add(table->order, lease);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->entries, lease->record.id,
				    strlen(lease->record.id), hash, entry);
	groups_join(table, entry);
	arm(table, entry);
	return entry;
}

/* What a registration is. The newest boot owns the id while it may be alive;
 * once it is down the id is free: a clock that was set back locks nobody out.
 */
static int judge(struct lease_table *table, const struct entry *holder,
		 const struct node_record *record,
		 enum lease_verdict *verdict_r)
{
	const struct lease *lease = holder ? &holder->lease : NULL;

	if (!lease) {
		*verdict_r = LEASE_IS_NEW;
	} else if (record->boot_epoch < lease->record.boot_epoch &&
		   lease->state != NODE_DOWN) {
		table->counters.conflicts++;
		return ERR_CONFLICT;
	} else {
		*verdict_r = node_equal(record, &lease->record)
				     ? LEASE_IS_SAME
				     : LEASE_IS_CHANGED;
	}
	return 0;
}

int lease_check(struct lease_table *table, const struct node_record *record,
		enum lease_verdict *verdict_r)
{
	const struct entry *holder = entry_find(table, sv_str(record->id));

	if (!holder && HASH_COUNT(table->entries) >= table->leases_max)
		return ERR_LIMIT;
	return judge(table, holder, record, verdict_r);
}

/* Another record for a held lease; another boot starts its load anew. */
static void entry_replace(struct lease_table *table, struct entry *entry,
			  const struct node_record *record, int64_t now_ms)
{
	struct lease *lease = &entry->lease;

	groups_leave(table, entry);
	if (record->boot_epoch != lease->record.boot_epoch) {
		lease->registered_at_ms = now_ms;
		lease->load_at_ms = -1;
		lease->load = (struct node_load){.cpu_pct = -1};
		entry->has_seq = false;
	}
	lease->record = *record;
	lease->heard_at_ms = now_ms;
	if (lease->state != NODE_UP)
		table->counters.revived++;
	lease->state = NODE_UP;
	groups_join(table, entry);
	arm(table, entry);
}

static void revive(struct lease_table *table, struct entry *entry,
		   int64_t now_ms)
{
	entry->lease.heard_at_ms = now_ms;
	set_state(table, entry, NODE_UP, now_ms);
}

int lease_register(struct lease_table *table, const struct node_record *record,
		   int64_t now_ms, enum lease_verdict *verdict_r,
		   const struct lease **lease_r)
{
	struct entry *entry = entry_find(table, sv_str(record->id));
	enum node_state before = entry ? entry->lease.state : NODE_UP;
	int rc = judge(table, entry, record, verdict_r);

	if (rc != 0)
		return rc;
	if (!entry) {
		entry = entry_add(table, record, now_ms);
		table->counters.registered++;
		table->event_cb(&entry->lease, LEASE_ADDED, before, table->arg);
	} else if (*verdict_r == LEASE_IS_SAME) {
		table->counters.same++;
		revive(table, entry, now_ms);
	} else {
		entry_replace(table, entry, record, now_ms);
		table->counters.changed++;
		table->event_cb(&entry->lease, LEASE_CHANGED, before,
				table->arg);
	}
	*lease_r = &entry->lease;
	return 0;
}

void lease_restore(struct lease_table *table, const struct node_record *record,
		   const struct lease_past *past, int64_t now_ms)
{
	struct entry *entry = entry_add(table, record, now_ms);

	entry->lease.registered_at_ms = now_ms - past->registered_for_ms;
	if (past->down_for_ms < 0)
		return;
	entry->lease.state = NODE_DOWN;
	entry->lease.down_at_ms = now_ms - past->down_for_ms;
	recount(table, entry);
	arm(table, entry);
}

int lease_renew(struct lease_table *table, struct sv id,
		const struct node_load *load, int64_t now_ms,
		const struct lease **lease_r)
{
	struct entry *entry = entry_find(table, id);
	struct lease *lease = entry ? &entry->lease : NULL;

	if (!lease || load->boot_epoch > lease->record.boot_epoch)
		return ERR_NOTFOUND;
	if (load->boot_epoch < lease->record.boot_epoch) {
		table->counters.conflicts++;
		return ERR_CONFLICT;
	}
	if (entry->has_seq && load->seq <= lease->load.seq) {
		table->counters.stale_seqs++;
		return ERR_STATE;
	}
	table->counters.renewals++;
	lease->load = *load;
	lease->load_at_ms = now_ms;
	entry->has_seq = true;
	recount(table, entry);
	if (!entry->is_renewed)
		TAILQ_INSERT_TAIL(&table->renewed, entry, renewed);
	entry->is_renewed = true;
	revive(table, entry, now_ms);
	*lease_r = lease;
	return 0;
}

int lease_remove(struct lease_table *table, struct sv id, uint64_t boot_epoch)
{
	struct entry *entry = entry_find(table, id);

	if (!entry)
		return ERR_NOTFOUND;
	if (boot_epoch < entry->lease.record.boot_epoch) {
		table->counters.conflicts++;
		return ERR_CONFLICT;
	}
	table->counters.left++;
	entry_drop(table, entry, LEASE_LEFT);
	return 0;
}

/* The timer of a lease fired: the deadline may have moved since it was armed.
 */
static void fire(struct wheel_timer *timer, void *arg)
{
	struct lease_table *table = arg;
	struct entry *entry = CONTAINER_OF(timer, struct entry, timer);
	int64_t now_ms = table->advanced_at_ms;

	if (lease_deadline_next_ms(&table->deadlines, &entry->lease) > now_ms) {
		arm(table, entry);
	} else if (entry->lease.state != NODE_DOWN) {
		set_state(table, entry,
			  lease_due_ms(table, &entry->lease) > now_ms
				  ? NODE_SUSPECT
				  : NODE_DOWN,
			  now_ms);
	} else {
		table->counters.forgotten++;
		entry_drop(table, entry, LEASE_FORGOTTEN);
	}
}

void lease_listen(struct lease_table *table, int64_t now_ms)
{
	table->deadlines.listening_since_ms = table->advanced_at_ms = now_ms;
}

void lease_advance(struct lease_table *table, int64_t now_ms)
{
	if (now_ms - table->advanced_at_ms > LEASE_STALL_MS) {
		table->deadlines.listening_since_ms = now_ms;
		table->counters.pauses++;
	}
	table->advanced_at_ms = now_ms;
	wheel_advance(table->wheel, now_ms, fire, table);
}

const struct lease *lease_find(const struct lease_table *table, struct sv id)
{
	const struct entry *entry = entry_find(table, id);

	return entry ? &entry->lease : NULL;
}

size_t lease_count(const struct lease_table *table)
{
	return HASH_COUNT(table->entries);
}

size_t lease_count_in(const struct lease_table *table, enum node_state state)
{
	return table->in_state[state];
}

const struct lease *lease_at(const struct lease_table *table, size_t index)
{
	return lease_order_at(table->order, index);
}

size_t lease_index_after(const struct lease_table *table, const char *id)
{
	return lease_order_after(table->order, id);
}

size_t lease_take_renewed(struct lease_table *table,
			  const struct lease **leases_r, size_t max)
{
	struct entry *entry;
	size_t count = 0;

	while (count < max && (entry = TAILQ_FIRST(&table->renewed)) != NULL) {
		TAILQ_REMOVE(&table->renewed, entry, renewed);
		entry->is_renewed = false;
		leases_r[count++] = &entry->lease;
	}
	return count;
}

uint32_t lease_renew_ms(const struct lease_table *table,
			const struct lease *lease)
{
	return lease->record.ttl_ms / table->deadlines.renews_per_ttl;
}

int64_t lease_due_ms(const struct lease_table *table, const struct lease *lease)
{
	return lease_deadline_down_ms(&table->deadlines, lease);
}

void lease_to_feed(const struct lease *lease, int64_t now_ms,
		   struct feed_node *node_r)
{
	bool told = lease->load_at_ms >= 0;

	*node_r = (struct feed_node){
		.record = lease->record,
		.state = lease->state,
		.conns = told ? lease->load.conns : 0,
		.accepts_total = told ? lease->load.accepts_total : 0,
		.refused_total = told ? lease->load.refused_total : 0,
		.load_age_ms = told ? now_ms - lease->load_at_ms : -1,
		.registered_age_ms = now_ms - lease->registered_at_ms,
	};
}

const struct lease_sums *lease_regions(const struct lease_table *table)
{
	return table->regions;
}

const struct lease_sums *lease_services(const struct lease_table *table)
{
	return table->services;
}

const struct lease_counters *lease_counters(const struct lease_table *table)
{
	return &table->counters;
}
