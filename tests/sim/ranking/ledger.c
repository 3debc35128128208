/*
 * ledger.c - see the header. A replica that is frozen hears nothing; it is told
 * everything when it thaws.
 */
#include "tests/sim/ranking/ledger.h"

#include "lib/base/mem.h"

#define BATCH_EVERY_MS 1000

static void note_load(struct ledger_entry *entry, const struct machine *m,
		      int64_t at_ms)
{
	/* A hole says that it is empty and fine. */
	entry->news.conns = m->state == MACHINE_HOLE ? 0 : m->conns;
	entry->news.accepts = m->accepts;
	entry->news.refused = m->refused;
	entry->news.reported_at_ms = at_ms;
}

static void note_record(struct ledger_entry *entry, const struct machine *m,
			unsigned node)
{
	entry->known = true;
	entry->news.node = node;
	entry->news.weight = m->weight;
	entry->news.capacity = m->capacity;
	entry->news.boot = m->boot;
	entry->news.registered_at_ms = m->registered_at_ms;
}

static void tell(const struct ledger *ledger, const struct ledger_entry *entry,
		 int64_t now_ms)
{
	for (unsigned r = 0; r < ledger->replica_count; r++)
		if (now_ms >= ledger->replicas[r].frozen_until_ms)
			replica_put(&ledger->replicas[r], ledger->world,
				    &entry->news, now_ms);
}

void ledger_tell_all(struct ledger *ledger, struct replica *replica,
		     int64_t now_ms)
{
	for (unsigned i = 0; i < ledger->count; i++)
		if (ledger->entries[i].known)
			replica_put(replica, ledger->world,
				    &ledger->entries[i].news, now_ms);
}

void ledger_init(struct ledger *ledger, const struct sim_world *world,
		 const struct machines *machines, int64_t renew_ms,
		 int64_t now_ms)
{
	ledger->world = world;
	ledger->renew_ms = renew_ms;
	ledger->next_batch_ms = now_ms + BATCH_EVERY_MS;
	ledger->count = machines->count;
	ledger->entries = mem_array(machines->count, sizeof(*ledger->entries));
	for (unsigned i = 0; i < machines->count; i++) {
		const struct machine *m = &machines->list[i];
		struct ledger_entry *entry = &ledger->entries[i];

		if (m->state == MACHINE_ABSENT)
			continue;
		note_record(entry, m, i);
		entry->renewed_at_ms = m->next_report_ms - renew_ms;
		note_load(entry, m, entry->renewed_at_ms);
	}
	for (unsigned r = 0; r < ledger->replica_count; r++)
		ledger_tell_all(ledger, &ledger->replicas[r], now_ms);
}

void ledger_fini(struct ledger *ledger)
{
	mem_free(ledger->entries);
}

void ledger_register(struct ledger *ledger, const struct machine *machine,
		     unsigned node, int64_t now_ms)
{
	struct ledger_entry *entry = &ledger->entries[node];

	if (!entry->known || entry->news.boot != machine->boot) {
		entry->news.reported_at_ms = -1;
		entry->news.state = NODE_UP;
		entry->renewed_at_ms = now_ms;
	}
	note_record(entry, machine, node);
	tell(ledger, entry, now_ms);
}

void ledger_renew(struct ledger *ledger, const struct machine *machine,
		  unsigned node, int64_t now_ms)
{
	struct ledger_entry *entry = &ledger->entries[node];

	note_load(entry, machine, now_ms);
	entry->renewed_at_ms = now_ms;
	entry->has_load = true;
	if (entry->news.state == NODE_UP)
		return;
	entry->news.state = NODE_UP;
	tell(ledger, entry, now_ms);
}

static void run_out(struct ledger *ledger, struct ledger_entry *entry,
		    int64_t now_ms)
{
	int64_t silent_ms = now_ms - entry->renewed_at_ms;
	enum node_state state = entry->news.state;

	if (silent_ms >= 3 * ledger->renew_ms)
		state = NODE_DOWN;
	else if (silent_ms >= ledger->renew_ms * 3 / 2)
		state = NODE_SUSPECT;
	if (state == entry->news.state)
		return;
	entry->news.state = state;
	tell(ledger, entry, now_ms);
}

static void hand_on(struct ledger *ledger, struct ledger_entry *entry,
		    int64_t now_ms)
{
	for (unsigned r = 0; r < ledger->replica_count; r++)
		if (now_ms >= ledger->replicas[r].frozen_until_ms)
			replica_load(&ledger->replicas[r], ledger->world,
				     &entry->news, now_ms);
	entry->has_load = false;
}

void ledger_advance(struct ledger *ledger, int64_t now_ms)
{
	for (unsigned i = 0; i < ledger->count; i++)
		if (ledger->entries[i].known)
			run_out(ledger, &ledger->entries[i], now_ms);
	if (now_ms < ledger->next_batch_ms)
		return;
	ledger->next_batch_ms += BATCH_EVERY_MS;
	for (unsigned i = 0; i < ledger->count; i++)
		if (ledger->entries[i].has_load)
			hand_on(ledger, &ledger->entries[i], now_ms);
}
