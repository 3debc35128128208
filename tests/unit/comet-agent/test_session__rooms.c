/* Who else is there: rooms, subscriptions, a newer session of the same key. */
#include "comet-agent/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "comet-agent/subscription.h"
#include "lib/base/err.h"
#include "tests/unit/comet-agent/session_talk.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_room_online),
		TEST(test_a_room_too_long_is_ignored),
		TEST(test_subscriptions),
		TEST(test_subscriptions_are_bounded),
		TEST(test_the_newer_wins),
		TEST(test_goodbye_only_when_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
