/* A session's conversation, fed by hand under a virtual clock. */
#include "comet-agent/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/comet-agent/session_talk.h"

/* goim's own client's first frame, as captured. */
#define AUTH_HEX                                                               \
	"000000650010000100000007000000007b226d6964223a3132332c226b6579223a22" \
	"222c22726f6f6d5f6964223a22746573743a2f2f31222c22706c6174666f726d223a" \
	"22696f73222c2261636365707473223a5b313030302c313030312c313030325d7d"
#define AUTH_REPLY_HEX "00000010001000010000000800000000"

static void expect_out(const char *hex)
{
	uint8_t want[8192];
	size_t len = unhex(hex, want);

	assert_int_equal(world.out.len, len);
	assert_memory_equal(world.out.data, want, len);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_captured_session),
		TEST(test_any_cut_gives_the_same_answer),
		TEST(test_frames),
		TEST(test_other_ops_before_auth),
		TEST(test_failed_auth_says_nothing),
		TEST(test_auth_reply_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
