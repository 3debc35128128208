/*
 * test_sessions.c - tau from pairs of reports by table; a fleet that runs on a
 * virtual clock; the registry away.
 */
#include "balancer/sessions.h"

#include <math.h>

#include "tests/unit/balancer/ranking_world.h"

#define START_S	  7200.0
#define RENEW_MS  5000
#define NODES	  6
#define SESSION_S 60.0
#define ARRIVALS  30.0 /* a second, on all nodes */

static void test_pairs(void **state)
{
	static const struct row {
		const char *rule;
		struct sessions_report before, after;
		double want_ended, want_conn_s;
	} rows[] = {
		{"ended is what came less what is more",
		 {100, 500, 1000},
		 {90, 520, 6000},
		 30,
		 475},
		{"nothing ended: only time passed",
		 {100, 500, 1000},
		 {120, 520, 2000},
		 0,
		 110},
		{"an idle node says nothing", {0, 0, 1000}, {0, 0, 6000}, 0, 0},
		{"the same report again",
		 {100, 500, 1000},
		 {100, 500, 1000},
		 0,
		 0},
		{"an older report", {100, 500, 1000}, {90, 510, 999}, 0, 0},
		{"another process", {100, 500, 1000}, {3, 499, 6000}, 0, 0},
		{"a node that does not count",
		 {100, 0, 1000},
		 {50, 0, 6000},
		 0,
		 0},
		{"just counting", {100, 100, 0}, {100, 101, 1000}, 1, 100},
		{"more than were accepted",
		 {100, 500, 1000},
		 {103, 502, 6000},
		 0,
		 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sessions s = {0};

		print_message("%s\n", rows[i].rule);
		sessions_add(&s, &rows[i].before, &rows[i].after);
		assert_true(s.ended == rows[i].want_ended);
		assert_true(s.conn_s == rows[i].want_conn_s);
		if (rows[i].want_conn_s == 0)
			assert_true(sessions_tau_s(&s, START_S) == START_S);
	}
}

/* @seconds of one node with @conns, of which @ended end and come a second. */
static void run(struct sessions *s, struct sessions_report *at, uint32_t conns,
		uint32_t ended, unsigned seconds)
{
	at->conns = conns;
	for (unsigned i = 0; i < seconds; i++) {
		struct sessions_report next = *at;

		next.at_ms += 1000;
		next.accepts_total += ended;
		sessions_add(s, at, &next);
		*at = next;
	}
}

static void test_limits(void **state)
{
	struct sessions s = {0};
	struct sessions_report at = {0, 1000000, 1000};

	(void)state;
	run(&s, &at, 100, 100, 3600); /* sessions of 1 s */
	assert_true(sessions_tau_s(&s, START_S) == 5);
	run(&s, &at, 1000000, 0, 86400); /* nobody ever leaves */
	assert_true(sessions_tau_s(&s, START_S) == 7 * 86400.0);
	run(&s, &at, 6000, 100, 1200); /* and nothing has to be unlearned */
	assert_true(fabs(sessions_tau_s(&s, START_S) - 60) < 1);
	run(&s, &at, 0, 0, 7 * 86400); /* an empty fleet keeps it */
	assert_true(fabs(sessions_tau_s(&s, START_S) - 60) < 1);
	assert_true(s.ended > 0);
}

/* Where little ends the memory is longer: not a quarter off for one more. */
static void test_a_few_sessions_are_not_trusted_much(void **state)
{
	struct sessions s = {0};
	struct sessions_report at = {0, 1000, 1000};

	(void)state;
	run(&s, &at, 10, 0, 60);
	run(&s, &at, 10, 1, 1);
	assert_true(fabs(sessions_tau_s(&s, START_S) / START_S - 1) < 0.1);
}

/* -- a fleet on a virtual clock ------------------------------------------ */

struct sim {
	struct world w;
	uint16_t cell;
	double conns[NODES], accepts[NODES];
	int64_t heard_ms;
	bool is_away;	       /* the registry */
	struct snapshot *snap; /* of the last second */
	/* since sim_reset(), of the nearest site */
	unsigned panics;
	double share_low, share_high;
};

static const char *const ids[NODES] = {"a1", "a2", "a3", "b1", "b2", "b3"};

/* Three nodes at the clients' place, three large ones far away. */
static void sim_init(struct sim *s, uint32_t near_capacity)
{
	memset(s, 0, sizeof(*s));
	world_init(&s->w);
	s->w.policy.renew_ms = RENEW_MS;
	s->cell = world_cell(&s->w, 0, 0);
	for (int i = 0; i < NODES; i++)
		world_put(&s->w,
			  &(struct world_node){.id = ids[i],
					       .region = i < 3 ? "a" : "b",
					       .lon = i < 3 ? 0 : 20,
					       .capacity = i < 3 ? near_capacity
								 : 100000});
	world_demand(&s->w, "im", s->cell, ARRIVALS);
	s->heard_ms = s->w.now_ms;
}

static void sim_fini(struct sim *s)
{
	snapshot_free(s->snap);
	world_fini(&s->w);
}

/* A second of clients: they go by the last snapshot and stay for SESSION_S. */
static void sim_clients(struct sim *s)
{
	const struct snapshot_service *service = &s->snap->services[0];
	double nearest = service->cells[s->cell].cumulative[0] / 4294967295.0;

	for (int i = 0; i < NODES; i++) {
		double site = i < 3 ? nearest : 1 - nearest;
		double come =
			ARRIVALS * site * world_find(service, ids[i])->weight;

		s->conns[i] += come - s->conns[i] * (1 - exp(-1 / SESSION_S));
		s->accepts[i] += come;
	}
}

static void sim_report(struct sim *s, int i)
{
	struct feed_load load = {
		.conns = (uint32_t)lround(s->conns[i]),
		.accepts_total = (uint64_t)llround(s->accepts[i]),
		.age_ms = 100,
	};

	world_text(load.id, sizeof(load.id), ids[i]);
	fleet_load(s->w.fleet, &load, s->w.now_ms);
	s->heard_ms = s->w.now_ms;
}

static void sim_build(struct sim *s)
{
	struct snapshot_input input = {
		.fleet = s->w.fleet,
		.cells = s->w.cells,
		.cell_count = s->w.cell_count,
		.demand = s->w.demand,
		.policy = s->w.policy,
		.now_ms = s->w.now_ms,
		.synced_at_ms = s->heard_ms,
	};

	snapshot_free(s->snap);
	s->snap = snapshot_builder_build(s->w.builder, &input);
}

static void sim_note(struct sim *s)
{
	const struct snapshot_cell *cell = &s->snap->services[0].cells[s->cell];
	double share = cell->cumulative[0] / 4294967295.0;

	s->panics += cell->panic;
	s->share_low = fmin(s->share_low, share);
	s->share_high = fmax(s->share_high, share);
}

static void sim_reset(struct sim *s)
{
	s->panics = 0;
	s->share_low = 1;
	s->share_high = 0;
}

static void sim_run(struct sim *s, unsigned seconds)
{
	if (!s->snap)
		sim_build(s);
	for (unsigned t = 0; t < seconds; t++) {
		s->w.now_ms += 1000;
		sim_clients(s);
		for (int i = 0; i < NODES && !s->is_away; i++)
			if (s->w.now_ms / 1000 % (RENEW_MS / 1000) ==
			    i % (RENEW_MS / 1000))
				sim_report(s, i);
		sim_build(s);
		sim_note(s);
	}
}

static void test_tau_converges_to_what_sessions_are(void **state)
{
	struct sim s;

	(void)state;
	sim_init(&s, 100000);
	sim_build(&s);
	assert_true(s.snap->session_tau_s == START_S);
	sim_run(&s, 300);
	print_message("tau %.1f s\n", s.snap->session_tau_s);
	assert_true(fabs(s.snap->session_tau_s / SESSION_S - 1) < 0.1);
	sim_fini(&s);
}

static void test_no_reports_leave_the_start_value(void **state)
{
	struct sim s;

	(void)state;
	sim_init(&s, 100000);
	s.is_away = true;
	sim_run(&s, 3600);
	assert_true(s.snap->session_tau_s == START_S);
	sim_fini(&s);
}

/* The nearest site is nearly full: what est does shows in the shares. */
static void test_nothing_moves_while_the_registry_is_away(void **state)
{
	struct sim s;
	double share, est;

	(void)state;
	sim_init(&s, 700); /* 1,800 connections in 2,100 places */
	sim_run(&s, 900);
	sim_reset(&s);
	sim_run(&s, 60);
	print_message("there: nearest %.3f..%.3f\n", s.share_low, s.share_high);
	share = s.share_high;
	s.is_away = true;
	sim_reset(&s);
	sim_run(&s, 10);
	est = s.snap->services[0].sites[0].est;
	sim_run(&s, 590);
	print_message("away: nearest %.3f..%.3f, est %.1f\n", s.share_low,
		      s.share_high, est);
	assert_true(fabs(est / (s.conns[0] + s.conns[1] + s.conns[2]) - 1) <
		    0.02);
	assert_true(s.snap->services[0].sites[0].est == est); /* frozen */
	assert_true(share - s.share_low < 0.02);
	assert_true(s.share_high - share < 0.02);
	assert_int_equal(s.panics, 0);
	s.is_away = false; /* it comes back: the gap is not made up for */
	sim_reset(&s);
	sim_run(&s, 60);
	print_message("back: nearest %.3f..%.3f\n", s.share_low, s.share_high);
	assert_true(share - s.share_low < 0.02);
	assert_int_equal(s.panics, 0);
	sim_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_few_sessions_are_not_trusted_much),
		cmocka_unit_test(test_tau_converges_to_what_sessions_are),
		cmocka_unit_test(test_no_reports_leave_the_start_value),
		cmocka_unit_test(test_nothing_moves_while_the_registry_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
