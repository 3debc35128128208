/*
 * test_history_source.c - which slot is whose node's while others come and go.
 */
#include "registry/history_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "registry/registry.h"
#include "registry/report_share.h"

#define NOW_MS	  1000
#define NODES_MAX 2
#define SLOTS	  (NODES_MAX + REGION_TABLE_MAX + 2) /* the fleet has two */

static struct {
	struct registry r;
	struct history_source *source;
} w;

static void on_lease(struct lease *lease, enum lease_event event,
		     enum node_state before, void *arg)
{
	(void)before;
	(void)arg;
	history_source_lease(w.source, lease, event);
}

static void on_override(struct override *entry, enum override_event event,
			void *arg)
{
	(void)entry;
	(void)event;
	(void)arg;
}

static int set_up(void **state)
{
	static const struct lease_config config = {16, 3};

	(void)state;
	w.r.leases = lease_table_new(&config, NOW_MS, on_lease, NULL);
	w.r.overrides = override_table_new(on_override, NULL);
	w.r.balancers = balancer_table_new(NOW_MS);
	w.r.reports = report_share_new(w.r.balancers);
	w.source = history_source_new(&w.r, NODES_MAX);
	history_source_begin(w.source);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	history_source_free(&w.source);
	report_share_free(&w.r.reports);
	balancer_table_free(&w.r.balancers);
	override_table_free(&w.r.overrides);
	lease_table_free(&w.r.leases);
	return 0;
}

static void put_id(char id_r[NODE_ID_BYTES], const char *prefix,
		   unsigned number)
{
	struct buf id;

	buf_init_fixed(&id, id_r, NODE_ID_BYTES);
	buf_printf(&id, "%s-%u", prefix, number);
	(void)buf_cstr(&id);
}

static void join(const char *prefix, unsigned number)
{
	struct node_record record = {.service = "im.example.com",
				     .region = "eu",
				     .capacity = 1000,
				     .ports.tcp = 3101,
				     .ttl_ms = 15000,
				     .boot_epoch = 1,
				     .weight = 100};
	enum lease_verdict verdict;
	const struct lease *lease;

	put_id(record.id, prefix, number);
	assert_int_equal(
		lease_register(w.r.leases, &record, NOW_MS, &verdict, &lease),
		0);
}

static void leave(const char *prefix, unsigned number)
{
	char id[NODE_ID_BYTES];

	put_id(id, prefix, number);
	assert_int_equal(lease_remove(w.r.leases, sv_str(id), 1), 0);
}

/* So many come and go that every slot is somebody's, and no more. */
static void use_all_slots(void)
{
	const struct history *history = history_source_history(w.source);

	for (unsigned i = 0; history_slot_count(history) < SLOTS; i++) {
		join("passing", i);
		leave("passing", i);
	}
}

/* The slot of a node that is registered is nobody else's, however long it had
 * no numbers (it is down, or the wall clock was set forward): a lease that ends
 * would be read for ever from a slot that has another name. */
static void test_a_registered_node_keeps_its_slot(void **state)
{
	const struct history *history = history_source_history(w.source);
	const struct history_frame *hour, *day;
	int64_t wall_s = clk_wall_s();
	uint32_t slot;

	(void)state;
	join("silent", 1);
	slot = history_find(history, SV("node/silent-1"));
	assert_int_not_equal(slot, HISTORY_NONE);
	use_all_slots();
	/* the last that is known of it is from before everybody else's */
	assert_true(history_source_look(w.source, wall_s - 86400, &hour, &day));
	join("new", 1);
	assert_int_equal(history_find(history, SV("node/silent-1")), slot);
	assert_int_not_equal(history_find(history, SV("fleet")), HISTORY_NONE);
	leave("silent", 1);
	assert_int_equal(history_source_left_out(w.source), 0);
	/* now its slot may go, and nobody looks at the lease */
	assert_true(history_source_look(w.source, wall_s, &hour, &day));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_registered_node_keeps_its_slot, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
