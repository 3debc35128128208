/* A session's deadlines and limits: how long it may be silent, how much it
 * may say. */
#include "comet-agent/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/comet-agent/session_talk.h"

static void on_expired(struct heartbeat_deadline *deadline, void *arg)
{
	(void)deadline;
	(void)arg;
	world.expired++;
}

/* Let the clock run to @now_ms; returns how many deadlines passed. */
static unsigned run_to(int64_t now_ms)
{
	world.env.now_ms = now_ms;
	return heartbeat_timer_turn(world.env.timer, now_ms, on_expired, NULL);
}

static void test_auth_timeout(void **state)
{
	struct session *session = session_start(1);

	(void)state;
	assert_int_equal(run_to(4999), 0);
	/* Bytes before authentication win no time. */
	assert_int_equal(feed_hex(session, "000000650010"), CLOSE_NONE);
	assert_int_equal(run_to(5000 + HEARTBEAT_TIMER_TICK_MS), 1);
	session_stop(session, CLOSE_AUTH_TIMEOUT);
}

struct idle_row {
	const char *rule;
	const char *body_hex;
	int64_t want_ms; /* silence allowed */
};

static const struct idle_row idle_rows[] = {
	{"no body: goim's 240 s twice", "", 480000},
	{"the client's 60 s twice and the grace", "0000003c", 130000},
	{"never below 15 s", "00000001", 15000},
	{"zero is a number too", "00000000", 15000},
	{"at the upper bound", "0000037f", 1800000},
	{"never above 1800 s", "ffffffff", 1800000},
	{"another length is no interval", "00003c", 480000},
	{"eight bytes are no interval", "0000003c0000003c", 480000},
};

static void test_idle_follows_the_client(void **state)
{
	uint8_t body[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(idle_rows); i++) {
		const struct idle_row *row = &idle_rows[i];
		struct session *session = open_session(1, "{}");
		size_t len = unhex(row->body_hex, body);
		int64_t start_ms = world.env.now_ms;

		assert_int_equal(feed_frame(session, FRAME_HEARTBEAT, 1,
					    sv_of(body, len)),
				 CLOSE_NONE);
		if (run_to(start_ms + row->want_ms - 1) != 0)
			fail_msg("%s: too early", row->rule);
		if (run_to(start_ms + row->want_ms + HEARTBEAT_TIMER_TICK_MS) !=
		    1)
			fail_msg("%s: too late", row->rule);
		session_stop(session, CLOSE_IDLE);
	}
}

static void test_any_byte_rearms(void **state)
{
	struct session *session = open_session(1, "{}");
	int64_t now_ms = 0;

	(void)state;
	feed_frame(session, FRAME_HEARTBEAT, 1, sv_of("\0\0\0\x0a", 4));
	for (int i = 0; i < 100; i++) {
		/* 30 s are allowed: one byte of a frame each 29 s. */
		now_ms += 29000;
		assert_int_equal(run_to(now_ms), 0);
		assert_int_equal(feed_hex(session, "00"), CLOSE_NONE);
	}
	assert_int_equal(run_to(now_ms + 29999), 0);
	assert_int_equal(run_to(now_ms + 30000 + HEARTBEAT_TIMER_TICK_MS), 1);
	session_stop(session, CLOSE_IDLE);
}

static void test_a_shorter_interval_counts_at_once(void **state)
{
	struct session *session = open_session(1, "{}");

	(void)state;
	assert_int_equal(run_to(1000), 0); /* 480 s would be allowed */
	feed_frame(session, FRAME_HEARTBEAT, 1, sv_of("\0\0\0\x0a", 4));
	assert_int_equal(run_to(31000 + HEARTBEAT_TIMER_TICK_MS), 1);
	session_stop(session, CLOSE_IDLE);
}

static void test_rate(void **state)
{
	struct session *session;

	(void)state;
	world.config.frames_per_s = 5;
	session = open_session(1, "{}"); /* the first frame of the second */
	for (int i = 0; i < 4; i++)
		assert_int_equal(feed_frame(session, 4, i, SV("")), CLOSE_NONE);
	world.env.now_ms = 1000;
	for (int i = 0; i < 5; i++)
		assert_int_equal(feed_frame(session, 4, i, SV("")), CLOSE_NONE);
	assert_int_equal(feed_frame(session, 4, 9, SV("")), CLOSE_RATE);
	session_stop(session, CLOSE_RATE);
}

static void test_output_pauses_when_full(void **state)
{
	static char bytes[16 * 1000];
	struct session *session = open_session(1, "{}");
	size_t used, total = 0, rounds = 0;
	struct buf b;

	(void)state;
	world.config.frames_per_s = 100000;
	buf_init_fixed(&b, bytes, sizeof(bytes));
	for (int i = 0; i < 1000; i++)
		frame_put(&b, &(struct frame){.version = 1, .op = 4, .seq = i});
	do {
		assert_int_equal(feed(session, bytes + total,
				      sizeof(bytes) - total, &used),
				 CLOSE_NONE);
		total += used;
		rounds++;
	} while (used);
	assert_int_equal(total, sizeof(bytes));
	assert_true(rounds > 2); /* it did pause */
	session_stop(session, CLOSE_PEER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_auth_timeout),
		TEST(test_idle_follows_the_client),
		TEST(test_any_byte_rearms),
		TEST(test_a_shorter_interval_counts_at_once),
		TEST(test_rate),
		TEST(test_output_pauses_when_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
