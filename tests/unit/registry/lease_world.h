/*
 * lease_world.h - for the tests of registry/lease.c: a table under a virtual
 * clock and the log of its events. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_REGISTRY_LEASE_WORLD_H
#define PERI_TESTS_UNIT_REGISTRY_LEASE_WORLD_H

#include "registry/lease.h"

#include <stdlib.h>

#include "lib/base/buf.h"

#define TTL_MS	   12000 /* suspect after 6000 */
#define SUSPECT_MS 6000
#define START_MS   INT64_C(5000000)
#define SWEEP_MS   100

struct world {
	struct lease_table *table;
	int64_t now_ms;
	struct buf log; /* of events: "add a;state a down;" */
};

static inline void on_event(struct lease *lease, enum lease_event event,
			    enum node_state before, void *arg)
{
	static const char *const names[] = {"add", "change", "state", "left",
					    "forgotten"};
	struct world *world = arg;

	(void)before;
	buf_printf(&world->log, "%s %s", names[event], lease->record.id);
	if (event == LEASE_STATE)
		buf_printf(&world->log, " %s", node_state_str(lease->state));
	buf_char(&world->log, ';');
}

static inline int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct lease_config config = {.leases_max = 3, .renews_per_ttl = 3};

	world->now_ms = START_MS;
	world->table = lease_table_new(&config, START_MS, on_event, world);
	buf_init(&world->log, 65536);
	*state = world;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *world = *state;

	lease_table_free(&world->table);
	assert_null(world->table);
	lease_table_free(&world->table);
	buf_fini(&world->log);
	free(world);
	return 0;
}

static inline void logged(struct world *world, const char *want)
{
	assert_string_equal(buf_cstr(&world->log), want);
	buf_reset(&world->log);
}

static inline struct node_record record_of(const char *id, uint64_t boot_epoch)
{
	struct node_record record = {
		.service = "im",
		.region = "eu",
		.weight = 100,
		.capacity = 1000,
		.ports.tcp = 1,
		.ttl_ms = TTL_MS,
		.boot_epoch = boot_epoch,
	};

	assert_int_equal(sv_copy(sv_str(id), record.id, NODE_ID_BYTES), 0);
	return record;
}

static inline int put_record(struct world *world,
			     const struct node_record *record)
{
	enum lease_verdict verdict;
	const struct lease *lease;
	int rc = lease_register(world->table, record, world->now_ms, &verdict,
				&lease);

	return rc == 0 ? (int)verdict : rc;
}

static inline int put(struct world *world, const char *id, uint64_t boot_epoch)
{
	struct node_record record = record_of(id, boot_epoch);

	return put_record(world, &record);
}

static inline int renew(struct world *world, const char *id,
			uint64_t boot_epoch, uint64_t seq)
{
	struct node_load load = {
		.boot_epoch = boot_epoch, .seq = seq, .conns = 10};
	const struct lease *lease;

	return lease_renew(world->table, sv_str(id), &load, world->now_ms,
			   &lease);
}

/* Let time pass as the daemon does: a sweep each 100 ms, the last at @at_ms
 * after the start. */
static inline void pass_until(struct world *world, int64_t at_ms)
{
	int64_t until_ms = START_MS + at_ms;

	while (world->now_ms < until_ms) {
		world->now_ms += SWEEP_MS;
		if (world->now_ms > until_ms)
			world->now_ms = until_ms;
		lease_advance(world->table, world->now_ms);
	}
}

#endif
