/* A session's conversation, fed by hand under a virtual clock. */
#include "comet-agent/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "comet-agent/session_table.h"
#include "comet-agent/subscription.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/frame.h"

/* goim's own client's first frame, as captured. */
#define AUTH_HEX                                                               \
	"000000650010000100000007000000007b226d6964223a3132332c226b6579223a22" \
	"222c22726f6f6d5f6964223a22746573743a2f2f31222c22706c6174666f726d223a" \
	"22696f73222c2261636365707473223a5b313030302c313030312c313030325d7d"
#define AUTH_REPLY_HEX "00000010001000010000000800000000"

struct world {
	struct session_config config;
	struct session_env env;
	struct tally tally;
	uint64_t evicted;
	unsigned expired;
	char out_bytes[4 * SESSION_REPLY_MAX];
	struct buf out;
};

static struct world world;

static void on_evict(uint64_t number, void *arg)
{
	struct world *w = arg;

	w->evicted = number;
}

static int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.config = (struct session_config){
		.auth = {.mode = AUTH_OPEN, .secret = SV(""), .node_id = "n"},
		.auth_timeout_ms = 5000,
		.heartbeat = {.default_interval_ms = 240000,
			      .max_missed = 2,
			      .grace_ms = 10000,
			      .idle_min_ms = 15000,
			      .idle_max_ms = 1800000},
		.frames_per_s = 100};
	world.env = (struct session_env){.config = &world.config,
					 .directory = directory_new(),
					 .rooms = headcount_new(),
					 .timer = heartbeat_timer_new(0),
					 .tally = &world.tally,
					 .evict = on_evict,
					 .evict_arg = &world};
	buf_init_fixed(&world.out, world.out_bytes, sizeof(world.out_bytes));
	return 0;
}

static int end(void **state)
{
	(void)state;
	heartbeat_timer_free(&world.env.timer);
	directory_free(&world.env.directory);
	headcount_free(&world.env.rooms);
	return 0;
}

static struct session *session_start(uint64_t number)
{
	struct session *session = mem_alloc(sizeof(*session));

	session->number = number;
	session_begin(&world.env, session);
	return session;
}

static void session_stop(struct session *session, enum close_reason reason)
{
	session_end(&world.env, session, reason);
	mem_free(session);
}

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

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;
	char pair[3] = {0};

	for (size_t i = 0; i < n; i++) {
		memcpy(pair, hex + 2 * i, 2);
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* Feed a copy of the exact size, so that ASan sees a read beyond. */
static enum close_reason feed(struct session *session, const void *bytes,
			      size_t len, size_t *used_r)
{
	struct addr peer = addr_from_v4_host(0x7f000001);
	char *exact = malloc(len ? len : 1);
	enum close_reason reason;

	memcpy(exact, bytes, len);
	buf_reset(&world.out);
	*used_r = session_feed(&world.env, session, &peer, sv_of(exact, len),
			       &world.out, &reason);
	free(exact);
	assert_false(world.out.failed);
	return reason;
}

static enum close_reason feed_hex(struct session *session, const char *hex)
{
	uint8_t bytes[8192];
	size_t used;

	return feed(session, bytes, unhex(hex, bytes), &used);
}

static enum close_reason feed_frame(struct session *session, int32_t op,
				    int32_t seq, struct sv body)
{
	char bytes[FRAME_HEAD_BYTES + FRAME_BODY_MAX];
	struct buf b;
	size_t used;

	buf_init_fixed(&b, bytes, sizeof(bytes));
	frame_put(&b,
		  &(struct frame){
			  .version = 1, .op = op, .seq = seq, .body = body});
	return feed(session, b.data, b.len, &used);
}

static void expect_out(const char *hex)
{
	uint8_t want[8192];
	size_t len = unhex(hex, want);

	assert_int_equal(world.out.len, len);
	assert_memory_equal(world.out.data, want, len);
}

static struct session *open_session(uint64_t number, const char *body)
{
	struct session *session = session_start(number);

	assert_int_equal(feed_frame(session, FRAME_AUTH, 0, sv_str(body)),
			 CLOSE_NONE);
	assert_non_null(session->entry);
	return session;
}

/* reference/goim: the bytes of its own bench client, both ways. */
static void test_captured_session(void **state)
{
	struct session *session = session_start(1);

	(void)state;
	assert_int_equal(feed_hex(session, AUTH_HEX), CLOSE_NONE);
	expect_out(AUTH_REPLY_HEX);
	assert_int_equal(feed_hex(session, "00000010001000000000000200000001"),
			 CLOSE_NONE);
	expect_out("0000001400100000000000030000000100000001");
	session_stop(session, CLOSE_PEER);
	assert_int_equal(tally_get(&world.tally.heartbeats), 1);
	assert_int_equal(tally_get(&world.tally.auth[AUTH_OK]), 1);
	assert_int_equal(tally_get(&world.tally.closed[CLOSE_PEER]), 1);
	assert_int_equal(tally_get(&world.tally.sessions), 0);
	assert_int_equal(tally_get(&world.tally.authenticated), 0);
	assert_int_equal(tally_get(&world.tally.frames_in), 2);
	assert_int_equal(tally_get(&world.tally.frames_out), 2);
}

static void test_any_cut_gives_the_same_answer(void **state)
{
	uint8_t bytes[512];
	size_t len = unhex(AUTH_HEX "00000010001000000000000200000001", bytes);

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct session *session = session_start(1);
		size_t used, more, out_len;

		assert_int_equal(feed(session, bytes, cut, &used), CLOSE_NONE);
		out_len = world.out.len;
		assert_int_equal(feed(session, bytes + used, len - used, &more),
				 CLOSE_NONE);
		assert_int_equal(used + more, len);
		assert_int_equal(out_len + world.out.len, 16 + 20);
		session_stop(session, CLOSE_PEER);
	}
}

struct frame_row {
	const char *rule;
	const char *hex; /* after authentication */
	enum close_reason want;
	const char *out;
};

static const struct frame_row frame_rows[] = {
	{"a heartbeat's version and sequence are echoed",
	 "0000001000107fff00000002fffffff0", CLOSE_NONE,
	 "0000001400107fff00000003fffffff000000001"},
	{"a frame whose length is short of its body makes the next one lie",
	 "0000001200100001000000040000000961626364", CLOSE_FRAME, NULL},
	{"op 4 is answered with its header",
	 "00000014001000010000000400000009"
	 "61626364",
	 CLOSE_NONE, "00000010001000010000000400000009"},
	{"a business op is answered with its header",
	 "00000012001000010000271000000009"
	 "6162",
	 CLOSE_NONE, "00000010001000010000271000000009"},
	{"an op that only servers send is answered with its header",
	 "00000010001000010000000300000009", CLOSE_NONE,
	 "00000010001000010000000300000009"},
	{"a second authentication changes nothing",
	 "00000012001000010000000700000009"
	 "7b7d",
	 CLOSE_NONE, "00000010001000010000000700000009"},
	{"op 12 echoes the room",
	 "00000014001000010000000c00000002"
	 "613a2f2f",
	 CLOSE_NONE,
	 "00000014001000010000000d00000002"
	 "613a2f2f"},
	{"op 12 with no body leaves the room",
	 "00000010001000010000000c00000002", CLOSE_NONE,
	 "00000010001000010000000d00000002"},
	{"op 14 echoes the list",
	 "00000014001000010000000e00000002"
	 "31303030",
	 CLOSE_NONE,
	 "00000014001000010000000f00000002"
	 "31303030"},
	{"op 14 with garbage is echoed as well",
	 "00000014001000010000000e00000002"
	 "312c2c78",
	 CLOSE_NONE,
	 "00000014001000010000000f00000002"
	 "312c2c78"},
	{"op 16 echoes the list",
	 "00000014001000010000001000000002"
	 "31303030",
	 CLOSE_NONE,
	 "00000014001000010000001100000002"
	 "31303030"},
	{"two frames get two answers",
	 "00000010001000010000000200000001"
	 "00000010001000010000000400000002",
	 CLOSE_NONE,
	 "0000001400100001000000030000000100000001"
	 "00000010001000010000000400000002"},
	{"a length below 16", "0000000f", CLOSE_FRAME, ""},
	{"a length beyond the limit", "00001011", CLOSE_FRAME, ""},
	{"a negative length", "ffffffff", CLOSE_FRAME, ""},
	{"a wrong header length", "000000100011", CLOSE_FRAME, ""},
	{"what was right before the lie is still answered",
	 "00000010001000010000000400000002"
	 "00001011",
	 CLOSE_FRAME, "00000010001000010000000400000002"},
	{"a frame that claims more than it has waits",
	 "00001010001000010000000c0000000141", CLOSE_NONE, ""},
};

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frame_rows); i++) {
		const struct frame_row *row = &frame_rows[i];
		struct session *session =
			open_session(1, "{\"mid\":1,\"room_id\":\"a://1\"}");
		enum close_reason reason = feed_hex(session, row->hex);

		if (reason != row->want)
			fail_msg("%s: %s", row->rule, close_reason_str(reason));
		if (row->out)
			expect_out(row->out);
		session_stop(session, CLOSE_PEER);
		world.env.now_ms += 1000; /* another second of the rate */
	}
}

static void test_other_ops_before_auth(void **state)
{
	static const int32_t ops[] = {0, 2, 4, 8, 12, 14, 1000, -1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		struct session *session = session_start(1);

		assert_int_equal(feed_frame(session, ops[i], 0, SV("")),
				 CLOSE_UNAUTHENTICATED);
		assert_int_equal(world.out.len, 0);
		session_stop(session, CLOSE_UNAUTHENTICATED);
	}
	assert_int_equal(tally_get(&world.tally.closed[CLOSE_UNAUTHENTICATED]),
			 ARRAY_LEN(ops));
}

static void test_failed_auth_says_nothing(void **state)
{
	struct session *session = session_start(1);

	(void)state;
	assert_int_equal(feed_frame(session, FRAME_AUTH, 0, SV("no json")),
			 CLOSE_AUTH_FAILED);
	assert_int_equal(world.out.len, 0);
	session_stop(session, CLOSE_AUTH_FAILED);
	assert_int_equal(tally_get(&world.tally.auth[AUTH_MALFORMED]), 1);
}

static void test_auth_reply_code(void **state)
{
	struct session *session;

	(void)state;
	world.config.auth_reply = SESSION_AUTH_REPLY_CODE;
	session = open_session(1, "{}");
	expect_out("0000001a001000010000000800000000"
		   "7b22636f6465223a307d");
	session_stop(session, CLOSE_PEER);
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

static void expect_online(struct session *session, uint32_t want)
{
	uint32_t online;

	feed_frame(session, FRAME_HEARTBEAT, 1, SV(""));
	assert_int_equal(frame_get_u32(sv_of(world.out.data + 16, 4), &online),
			 0);
	assert_int_equal(online, want);
}

static void test_room_online(void **state)
{
	struct session *a = open_session(1, "{\"room_id\":\"live://1\"}");
	struct session *b = open_session(2, "{\"room_id\":\"live://1\"}");
	struct session *c = open_session(3, "{}");

	(void)state;
	expect_online(a, 2);
	expect_online(c, 0);
	feed_frame(c, FRAME_CHANGE_ROOM, 1, SV("live://1"));
	expect_online(a, 3);
	feed_frame(c, FRAME_CHANGE_ROOM, 1,
		   SV("live://1")); /* the same again */
	expect_online(a, 3);
	feed_frame(b, FRAME_CHANGE_ROOM, 1, SV("live://2"));
	expect_online(a, 2);
	expect_online(b, 1);
	session_stop(c, CLOSE_PEER);
	expect_online(a, 1);
	feed_frame(a, FRAME_CHANGE_ROOM, 1, SV(""));
	expect_online(a, 0);
	session_stop(a, CLOSE_PEER);
	session_stop(b, CLOSE_PEER);
	assert_int_equal(headcount_names(world.env.rooms), 0);
}

static void test_a_room_too_long_is_ignored(void **state)
{
	struct session *session = open_session(1, "{\"room_id\":\"live://1\"}");
	char room[AUTH_ROOM_BYTES];

	(void)state;
	memset(room, 'r', sizeof(room));
	feed_frame(session, FRAME_CHANGE_ROOM, 1, sv_of(room, sizeof(room)));
	assert_int_equal(world.out.len, 16 + sizeof(room));
	assert_int_equal(tally_get(&world.tally.bodies_ignored), 1);
	expect_online(session, 1);
	feed_frame(session, FRAME_CHANGE_ROOM, 1,
		   sv_of(room, sizeof(room) - 1));
	assert_int_equal(tally_get(&world.tally.bodies_ignored), 1);
	session_stop(session, CLOSE_PEER);
}

static void test_subscriptions(void **state)
{
	struct session *session =
		open_session(1, "{\"accepts\":[1000,1001,1000]}");

	(void)state;
	assert_int_equal(session->accept_count, 2);
	feed_frame(session, FRAME_SUB, 1, SV("1002,1003,-5"));
	assert_true(subscription_has(session, 1003));
	assert_true(subscription_has(session, -5));
	assert_int_equal(session->accept_count, 5);
	feed_frame(session, FRAME_UNSUB, 1, SV("1003,77"));
	assert_false(subscription_has(session, 1003));
	assert_int_equal(session->accept_count, 4);
	assert_int_equal(tally_get(&world.tally.bodies_ignored), 0);
	feed_frame(session, FRAME_SUB, 1, SV("5,x"));
	assert_false(subscription_has(session, 5)); /* all or nothing */
	feed_frame(session, FRAME_SUB, 1, SV("2147483648"));
	feed_frame(session, FRAME_SUB, 1, SV(""));
	assert_int_equal(tally_get(&world.tally.bodies_ignored), 3);
	session_stop(session, CLOSE_PEER);
}

static void test_subscriptions_are_bounded(void **state)
{
	struct session *session = open_session(1, "{}");
	char number[8];
	struct buf b;

	(void)state;
	for (int i = 0; i < AUTH_ACCEPTS_MAX + 5; i++) {
		buf_init_fixed(&b, number, sizeof(number));
		buf_i64(&b, i);
		feed_frame(session, FRAME_SUB, 1, buf_view(&b));
	}
	assert_int_equal(session->accept_count, AUTH_ACCEPTS_MAX);
	assert_int_equal(tally_get(&world.tally.bodies_ignored), 5);
	session_stop(session, CLOSE_PEER);
}

static void test_the_newer_wins(void **state)
{
	struct session *old = open_session(11, "{\"mid\":7,\"key\":\"k\"}");
	struct session *new = open_session(12, "{\"mid\":7,\"key\":\"k\"}");
	struct directory_person person;

	(void)state;
	assert_int_equal(world.evicted, 11);
	assert_int_equal(
		directory_find_key(world.env.directory, SV("k"), &person), 0);
	assert_int_equal(person.session, 12);
	session_stop(old, CLOSE_REPLACED);
	/* The old one's end takes nothing from the new one. */
	assert_int_equal(
		directory_find_key(world.env.directory, SV("k"), &person), 0);
	session_stop(new, CLOSE_PEER);
	assert_int_equal(
		directory_find_key(world.env.directory, SV("k"), &person),
		ERR_NOTFOUND);
}

static void test_goodbye_only_when_asked_for(void **state)
{
	struct session *with =
		open_session(1, "{\"caps\":[\"x\",\"goodbye\"]}");
	struct session *without = open_session(2, "{\"caps\":[]}");
	struct frame frame;
	size_t used;

	(void)state;
	buf_reset(&world.out);
	session_put_goodbye(&world.env, without, "drain", 1000, &world.out);
	assert_int_equal(world.out.len, 0);
	session_put_goodbye(&world.env, with, "drain", 1000, &world.out);
	assert_int_equal(frame_read(buf_view(&world.out), &frame, &used), 0);
	assert_int_equal(frame.op, FRAME_GOODBYE);
	assert_true(sv_eq(frame.body,
			  SV("{\"code\":1,\"reason\":\"drain\",\"retry_ms\":"
			     "1000,\"nodes\":[]}")));
	assert_int_equal(tally_get(&world.tally.goodbyes), 1);
	session_stop(with, CLOSE_DRAIN);
	session_stop(without, CLOSE_DRAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_captured_session),
		TEST(test_any_cut_gives_the_same_answer),
		TEST(test_frames),
		TEST(test_other_ops_before_auth),
		TEST(test_failed_auth_says_nothing),
		TEST(test_auth_reply_code),
		TEST(test_auth_timeout),
		TEST(test_idle_follows_the_client),
		TEST(test_any_byte_rearms),
		TEST(test_a_shorter_interval_counts_at_once),
		TEST(test_rate),
		TEST(test_output_pauses_when_full),
		TEST(test_room_online),
		TEST(test_a_room_too_long_is_ignored),
		TEST(test_subscriptions),
		TEST(test_subscriptions_are_bounded),
		TEST(test_the_newer_wins),
		TEST(test_goodbye_only_when_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
