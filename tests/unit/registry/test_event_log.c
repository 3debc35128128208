/* test_event_log.c - numbers that grow, a ring that forgets, who reads what. */
#include "registry/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/base/err.h"

#define ROOM 8

static struct event of(enum event_kind kind, const char *target,
		       const char *region, int64_t wall_ms)
{
	struct event event = {.kind = kind, .wall_ms = wall_ms};

	assert_int_equal(
		sv_copy(sv_str(target), event.target, sizeof(event.target)), 0);
	assert_int_equal(
		sv_copy(sv_str(region), event.region, sizeof(event.region)), 0);
	return event;
}

static uint64_t add(struct event_log *log, enum event_kind kind,
		    const char *target, const char *region, int64_t wall_ms)
{
	struct event event = of(kind, target, region, wall_ms);

	return event_log_add(log, &event);
}

static void test_ids_grow_with_the_clock_and_without(void **state)
{
	struct event_log *log = event_log_new(ROOM);

	(void)state;
	assert_int_equal(event_log_newest_id(log), 0);
	assert_int_equal(event_log_oldest_id(log), 0);
	assert_int_equal(add(log, EVENT_NODE_UP, "node/a", "r", 5), 5000);
	/* the same millisecond, then a clock that was set back */
	assert_int_equal(add(log, EVENT_NODE_UP, "node/a", "r", 5), 5001);
	assert_int_equal(add(log, EVENT_NODE_UP, "node/a", "r", 1), 5002);
	assert_int_equal(add(log, EVENT_NODE_UP, "node/a", "r", -3), 5003);
	assert_int_equal(add(log, EVENT_NODE_UP, "node/a", "r", 6), 6000);
	assert_int_equal(event_log_oldest_id(log), 5000);
	assert_int_equal(event_log_newest_id(log), 6000);
	assert_int_equal(event_log_total(log, EVENT_NODE_UP), 5);
	assert_int_equal(event_log_total(log, EVENT_NODE_DOWN), 0);
	event_log_free(&log);
}

static void test_what_was_kept_comes_before(void **state)
{
	struct event_log *log = event_log_new(ROOM);
	struct event kept[ROOM + 2];
	const struct event *events[ROOM];
	bool more;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(kept); i++) {
		kept[i] = of(EVENT_NODE_DOWN, "node/a", "r", 5);
		kept[i].severity = EVENT_WARN;
		kept[i].id = 1000 * (i + 1);
	}
	add(log, EVENT_NODE_UP, "node/a", "r", 9);
	add(log, EVENT_NODE_UP, "node/a", "r", 9);
	event_log_restore(log, kept, ARRAY_LEN(kept));
	/* 9000 and 10000 are no older than 9000; six of the others fit */
	assert_int_equal(event_log_read(log, &(struct event_filter){0}, ROOM,
					events, &more),
			 ROOM);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(events[i]->id, 3000 + 1000 * i);
	assert_int_equal(events[0]->severity, EVENT_WARN);
	assert_int_equal(events[6]->id, 9000);
	assert_int_equal(events[7]->id, 9001);
	assert_int_equal(event_log_total(log, EVENT_NODE_DOWN), 0);
	/* ids go on behind everything that ever was */
	assert_int_equal(add(log, EVENT_NODE_UP, "node/a", "r", 9), 10001);
	event_log_free(&log);
}

static void test_what_was_kept_into_an_empty_log(void **state)
{
	struct event_log *log = event_log_new(ROOM);
	struct event kept = of(EVENT_NODE_DOWN, "node/a", "r", 5);

	(void)state;
	event_log_restore(log, &kept, 0);
	assert_int_equal(event_log_newest_id(log), 0);
	kept.id = 7000;
	event_log_restore(log, &kept, 1);
	assert_int_equal(event_log_oldest_id(log), 7000);
	assert_int_equal(add(log, EVENT_NODE_UP, "node/a", "r", 6), 7001);
	event_log_free(&log);
}

static void count_cb(const struct event *event, void *arg)
{
	uint64_t *last_id = arg;

	assert_true(event->id > *last_id);
	*last_id = event->id;
}

static void test_the_listener_hears_what_is_added(void **state)
{
	struct event_log *log = event_log_new(ROOM);
	struct event kept = of(EVENT_NODE_DOWN, "node/a", "r", 5);
	uint64_t last_id = 0;

	(void)state;
	event_log_listen(log, count_cb, &last_id);
	kept.id = 3;
	event_log_restore(log, &kept, 1);
	assert_int_equal(last_id, 0);
	add(log, EVENT_NODE_UP, "node/a", "r", 1);
	assert_int_equal(last_id, 1000);
	event_log_free(&log);
}

/* Twelve events of which the last eight are held: ids 5000 to 12000. */
static struct event_log *filled(void)
{
	struct event_log *log = event_log_new(ROOM);

	for (int64_t i = 1; i <= 12; i++)
		add(log, i % 2 ? EVENT_NODE_DOWN : EVENT_NODE_UP,
		    i % 3 ? "node/a" : "node/b", i % 4 ? "near" : "far", i);
	return log;
}

static const struct row {
	const char *rule;
	struct event_filter filter;
	size_t limit;
	const char *want; /* ids in thousands */
	bool more;
} rows[] = {
	{"all that are held, oldest first", {0}, 8, "5 6 7 8 9 10 11 12 ", 0},
	{"without a bound the newest", {0}, 3, "10 11 12 ", 1},
	{"before: the ones next below it", {.before = 9000}, 2, "7 8 ", 1},
	{"before an id that nobody has", {.before = 8500}, 2, "7 8 ", 1},
	{"before the oldest there is none", {.before = 5000}, 8, "", 0},
	{"after: the first ones behind it", {.after = 6000}, 3, "7 8 9 ", 1},
	{"after one that has gone: what is held", {.after = 1}, 2, "5 6 ", 1},
	{"after the last there is none", {.after = 12000}, 8, "", 0},
	{"exactly as many as fit: no more", {.after = 9000}, 3, "10 11 12 ", 0},
	{"after and before", {.after = 6000, .before = 8000}, 8, "7 ", 0},
	{"a kind", {.kinds = 1u << EVENT_NODE_UP}, 8, "6 8 10 12 ", 0},
	{"kinds",
	 {.kinds = 1u << EVENT_NODE_UP | 1u << EVENT_STORE_UP},
	 2,
	 "10 12 ",
	 1},
	{"at least this bad", {.at_least = EVENT_WARN}, 8, "5 7 9 11 ", 0},
	{"a node", {.target = SV("node/b")}, 8, "6 9 12 ", 0},
	{"what happened in a region",
	 {.target = SV("region/far")},
	 8,
	 "8 12 ",
	 0},
	{"part of a target is none", {.target = SV("node/")}, 8, "", 0},
	{"all members must hold",
	 {.kinds = 1u << EVENT_NODE_UP, .target = SV("node/b")},
	 8,
	 "6 12 ",
	 0},
};

static void test_who_reads_what(void **state)
{
	struct event_log *log = filled();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct event *events[ROOM];
		char storage[128];
		struct buf got;
		bool more;
		size_t count = event_log_read(log, &rows[i].filter,
					      rows[i].limit, events, &more);

		buf_init_fixed(&got, storage, sizeof(storage));
		for (size_t n = 0; n < count; n++)
			buf_printf(&got, "%u ",
				   (unsigned)(events[n]->id / 1000));
		if (!sv_eq(buf_view(&got), sv_str(rows[i].want)) ||
		    more != rows[i].more)
			fail_msg("%s: got \"%s\" more=%d", rows[i].rule,
				 buf_cstr(&got), more);
	}
	event_log_free(&log);
}

static void test_names_are_read_back(void **state)
{
	enum event_severity severity;
	enum event_kind kind;

	(void)state;
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		const char *name = event_kind_str((enum event_kind)i);

		assert_int_equal(event_kind_parse(sv_str(name), &kind), 0);
		assert_int_equal(kind, i);
		assert_int_not_equal(event_kind_severity(kind), EVENT_USUAL);
	}
	assert_int_equal(event_kind_parse(SV("node."), &kind),
			 ERR_UNKNOWN_FIELD);
	assert_int_equal(event_severity_parse(SV("warn"), &severity), 0);
	assert_int_equal(severity, EVENT_WARN);
	assert_int_equal(event_severity_parse(SV(""), &severity),
			 ERR_UNKNOWN_FIELD);
}

static void test_json_holds_every_text(void **state)
{
	char storage[EVENT_JSON_MAX];
	struct event event = of(EVENT_NODE_DOWN, "node/a", "r", 5);
	struct jsonw w;
	struct buf b;

	(void)state;
	/* the longest there is: each byte becomes six */
	memset(event.text, '\1', sizeof(event.text) - 1);
	event.severity = EVENT_ERROR;
	buf_init_fixed(&b, storage, sizeof(storage));
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	event_put(&w, &event);
	jsonw_object_end(&w);
	assert_false(b.failed);
	memset(event.text, 0, sizeof(event.text));
	event.text[0] = '"';
	buf_reset(&b);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	event_put(&w, &event);
	jsonw_object_end(&w);
	assert_string_equal(buf_cstr(&b),
			    "{\"id\":0,\"wall_ms\":5,\"kind\":\"node.down\","
			    "\"severity\":\"error\",\"target\":\"node/a\","
			    "\"region\":\"r\",\"text\":\"\\\"\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_grow_with_the_clock_and_without),
		cmocka_unit_test(test_what_was_kept_comes_before),
		cmocka_unit_test(test_what_was_kept_into_an_empty_log),
		cmocka_unit_test(test_the_listener_hears_what_is_added),
		cmocka_unit_test(test_who_reads_what),
		cmocka_unit_test(test_names_are_read_back),
		cmocka_unit_test(test_json_holds_every_text),
	};

	return cmocka_run_group_tests_name("event_log", tests, NULL, NULL);
}
