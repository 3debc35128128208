/* test_state_file.c - the saved fleet: written, read, cut and altered. */
#include "balancer/state_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/hash.h"

#define NODES 20

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static void fill_node(unsigned i, struct feed_node *node)
{
	struct node_record *r = &node->record;

	memset(node, 0, sizeof(*node));
	snprintf(r->id, sizeof(r->id), "node-%02u", i);
	strcpy(r->service, "im.example.com");
	strcpy(r->region, i % 2 ? "eu" : "us");
	r->ipv4[0] = addr_of("203.0.113.1");
	r->ipv4_count = 1;
	r->ports.tcp = 3101;
	r->weight = 100;
	r->capacity = 1000 + i;
	r->boot_epoch = 7;
	r->ttl_ms = 15000;
	node->state = i == 3 ? NODE_SUSPECT : NODE_UP;
	node->conns = i * 10;
	node->accepts_total = i * 100;
	node->load_age_ms = i == 4 ? -1 : 500;
	node->registered_age_ms = 60000;
}

static struct fleet *make_fleet(void)
{
	struct fleet *fleet = fleet_new();
	struct feed_region region = {
		.id = "eu", .title = "Europe", .lat_deg = 50, .lon_deg = 8};
	const struct intent drained = {
		.scope = INTENT_REGION, .id = "eu", .state = INTENT_DRAIN};
	const struct intent weighed = {.scope = INTENT_NODE,
				       .id = "node-07",
				       .has_weight = true,
				       .weight = 40,
				       .has_bias = true,
				       .bias_km = -12.5};
	struct feed_node node;

	fleet_put_intent(fleet, &drained);
	fleet_put_intent(fleet, &weighed);
	fleet_put_region(fleet, &region);
	for (unsigned i = 0; i < NODES; i++) {
		fill_node(i, &node);
		fleet_put(fleet, &node, 1000000);
	}
	return fleet;
}

static void render(struct buf *b)
{
	const struct state_file_mark mark = {.epoch = "epoch-1",
					     .rev = 42,
					     .saved_wall_ms = 1700000000000,
					     .balancers = 3};
	struct fleet *fleet = make_fleet();

	buf_init(b, 1 << 20);
	state_file_put(b, fleet, &mark, 1000000);
	assert_false(b->failed);
	fleet_free(&fleet);
}

static int take(struct sv text, struct fleet *fleet,
		struct state_file_mark *mark)
{
	char why_text[512];
	struct buf why;
	int rc;

	buf_init_fixed(&why, why_text, sizeof(why_text));
	rc = state_file_take(text, fleet, 2000000, 1700000009000, mark, &why);
	/* A refusal has a reason. */
	assert_true((rc == 0) == (why.len == 0));
	return rc;
}

static unsigned count_of(struct fleet *fleet)
{
	unsigned count;

	fleet_nodes(fleet, &count);
	return count;
}

static void test_round_trip(void **state)
{
	struct fleet *fleet = fleet_new();
	struct state_file_mark mark;
	const struct fleet_node *node;
	struct buf b;

	(void)state;
	render(&b);
	assert_int_equal(take(buf_view(&b), fleet, &mark), 0);
	assert_string_equal(mark.epoch, "epoch-1");
	assert_int_equal(mark.rev, 42);
	assert_int_equal(mark.saved_wall_ms, 1700000000000);
	assert_int_equal(mark.balancers, 3);
	assert_int_equal(count_of(fleet), NODES);
	assert_non_null(fleet_find_region(fleet, "eu"));
	node = fleet_find(fleet, "node-07");
	assert_non_null(node);
	assert_int_equal(node->conns, 70);
	assert_int_equal(node->intent->weight, 40);
	assert_true(node->intent->bias_km == -12.5);
	assert_int_equal(
		fleet_intents_find(fleet_intents(fleet), INTENT_REGION, "eu")
			->state,
		INTENT_DRAIN);
	assert_int_equal(node->card->record.capacity, 1007);
	/* 500 ms when it was saved, and the file is 9 s old */
	assert_int_equal(node->load_at_ms, 2000000 - 9500);
	assert_int_equal(node->registered_at_ms, 2000000 - 69000);
	assert_int_equal(fleet_find(fleet, "node-03")->state, NODE_SUSPECT);
	assert_int_equal(fleet_find(fleet, "node-04")->load_at_ms, -1);
	fleet_free(&fleet);
	buf_fini(&b);
}

/* tau and kappa of a fleet into a file and out of it. */
static int carry_measures(struct fleet *from, struct fleet *to)
{
	const struct state_file_mark mark = {.epoch = "e", .rev = 1};
	struct state_file_mark got;
	struct buf b;
	int rc;

	buf_init(&b, 1 << 16);
	state_file_put(&b, from, &mark, 0);
	rc = take(buf_view(&b), to, &got);
	buf_fini(&b);
	return rc;
}

static void test_measures_are_kept(void **state)
{
	static const struct kappa_sums sums = {1234.5, 4567.25};
	struct fleet *from = make_fleet(), *to = fleet_new();
	struct kappa *kappa =
		kappa_of(fleet_kappas(from), SV("im.example.com"));
	struct kappa_sums got;

	(void)state;
	*fleet_sessions(from) = (struct sessions){
		.conn_s = 1e6 / 3, .ended = 1000, .faded = 1.0 / 7};
	kappa_restore(kappa, &sums, 1000);
	assert_int_equal(carry_measures(from, to), 0);
	assert_true(sessions_tau_s(fleet_sessions(to), 7200) ==
		    sessions_tau_s(fleet_sessions(from), 7200));
	kappa = kappa_of(fleet_kappas(to), SV("im.example.com"));
	got = kappa_total(kappa);
	assert_true(got.accepts == sums.accepts);
	assert_true(got.predicted == sums.predicted);
	fleet_free(&to);
	fleet_free(&from);
}

static void test_impossible_measures_are_refused(void **state)
{
	static const struct kappa_sums sums = {1e16, 1};
	struct fleet *from = fleet_new(), *to = fleet_new();

	(void)state;
	kappa_restore(kappa_of(fleet_kappas(from), SV("im")), &sums, 1000);
	assert_int_equal(carry_measures(from, to), ERR_CORRUPT);
	kappa_restore(&fleet_kappas(from)->rows[0].kappa,
		      &(struct kappa_sums){1, 1}, 1000);
	assert_int_equal(carry_measures(from, to), 0);
	fleet_sessions(from)->faded = 1.5;
	assert_int_equal(carry_measures(from, to), ERR_CORRUPT);
	fleet_free(&to);
	fleet_free(&from);
}

/* @b again as one would have been that says @find as @put. */
static void say_otherwise(struct buf *b, const char *find, const char *put)
{
	char *at = strstr(buf_cstr(b), find);
	const char *rest = strstr(b->data, "{\"type\":\"end\"");
	struct buf other;

	assert_non_null(at);
	buf_init(&other, 1 << 20);
	buf_put(&other, b->data, (size_t)(at - b->data));
	buf_str(&other, put);
	at += strlen(find);
	buf_put(&other, at, (size_t)(rest - at));
	buf_printf(&other,
		   "{\"type\":\"end\",\"bytes\":%zu,"
		   "\"sum\":\"%016llx\"}\n",
		   other.len, (unsigned long long)hash_text(buf_view(&other)));
	buf_fini(b);
	*b = other;
}

/* Its revision does not say that all intents before it are here. */
static void test_one_without_intents_asks_for_everything(void **state)
{
	static const char *const puts[] = {"", "\"intents\":false,"};
	struct state_file_mark mark;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct fleet *fleet = fleet_new();
		struct buf b;

		render(&b);
		say_otherwise(&b, "\"intents\":true,", puts[i]);
		assert_int_equal(take(buf_view(&b), fleet, &mark), 0);
		assert_string_equal(mark.epoch, "");
		assert_int_equal(mark.balancers, 3);
		assert_int_equal(count_of(fleet), NODES);
		fleet_free(&fleet);
		buf_fini(&b);
	}
}

static void test_empty_fleet(void **state)
{
	const struct state_file_mark mark = {.epoch = "e", .rev = 1};
	struct state_file_mark got;
	struct fleet *fleet = fleet_new();
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	state_file_put(&b, fleet, &mark, 0);
	assert_int_equal(take(buf_view(&b), fleet, &got), 0);
	assert_int_equal(count_of(fleet), 0);
	fleet_free(&fleet);
	buf_fini(&b);
}

static void test_cut_anywhere(void **state)
{
	struct fleet *fleet = fleet_new();
	struct state_file_mark mark;
	struct buf b;

	(void)state;
	render(&b);
	for (size_t len = 0; len < b.len; len++) {
		/* a copy of its own, so that reading beyond it is seen */
		char *copy = malloc(len ? len : 1);

		memcpy(copy, b.data, len);
		assert_int_equal(take(sv_of(copy, len), fleet, &mark),
				 ERR_CORRUPT);
		free(copy);
	}
	assert_int_equal(count_of(fleet), 0);
	fleet_free(&fleet);
	buf_fini(&b);
}

static void test_altered_anywhere(void **state)
{
	struct fleet *fleet = fleet_new();
	struct state_file_mark mark;
	struct buf b;

	(void)state;
	render(&b);
	for (size_t at = 0; at < b.len; at++) {
		b.data[at] ^= 1;
		assert_int_equal(take(buf_view(&b), fleet, &mark), ERR_CORRUPT);
		b.data[at] ^= 1;
	}
	assert_int_equal(count_of(fleet), 0);
	buf_char(&b, '\n');
	assert_int_equal(take(buf_view(&b), fleet, &mark), ERR_CORRUPT);
	fleet_free(&fleet);
	buf_fini(&b);
}

static void test_files(void **state)
{
	char folder[] = "/tmp/peri-state-XXXXXX", path[64], why_text[256];
	struct state_file_mark mark;
	struct fleet *fleet = fleet_new();
	struct buf b, why;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/" STATE_FILE_NAME, folder);
	buf_init_fixed(&why, why_text, sizeof(why_text));
	assert_int_equal(state_file_load(path, fleet, &mark, &why), -ENOENT);
	render(&b);
	assert_int_equal(state_file_save(path, buf_view(&b)), 0);
	assert_int_equal(state_file_load(path, fleet, &mark, &why), 0);
	assert_int_equal(count_of(fleet), NODES);
	/* The new one takes the old one's place as a whole. */
	assert_int_equal(state_file_save(path, sv_of(b.data, b.len / 2)), 0);
	assert_int_equal(state_file_load(path, fleet, &mark, &why),
			 ERR_CORRUPT);
	assert_true(why.len > 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0); /* no other file was left */
	assert_int_equal(state_file_save(path, buf_view(&b)), -ENOENT);
	fleet_free(&fleet);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_measures_are_kept),
		cmocka_unit_test(test_impossible_measures_are_refused),
		cmocka_unit_test(test_one_without_intents_asks_for_everything),
		cmocka_unit_test(test_empty_fleet),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_altered_anywhere),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
