/*
 * test_link__again.c - a client that was up: lost, sent elsewhere, stopped, on
 * another network, freed.
 */
#include "tests/unit/client/scripted.h"

#include "lib/base/err.h"
#include "tests/unit/client/link_bench.h"

static void test_lost_and_up_again_from_the_cache(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	go_up(&b);
	hang_up(&b.comets[0]);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_CLOSED);
	sit_out(&b);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 1); /* within the ttl */
	assert_int_equal(b.comets[0].accepts, 2);
	finish(&b);
}

static void test_goodbye_sends_elsewhere(void **state)
{
	static const enum manner manners[] = {ACCEPTS, ACCEPTS};
	struct bench b;
	char body[256];
	struct buf text;

	(void)state;
	begin(&b, manners, 2);
	go_up(&b);
	buf_init_fixed(&text, body, sizeof(body) - 1);
	buf_printf(&text,
		   "{\"reason\":\"drain\",\"retry_ms\":500,\"nodes\":[{\"id\":"
		   "\"n1\",\"ipv4\":[\"127.0.0.1\"],\"tcp\":%u}]}",
		   b.comets[1].port);
	say(&b.comets[0], FRAME_GOODBYE, buf_cstr(&text));
	run_until(&b, LINK_WAITING);
	assert_in_range(link_due_ms(b.link), b.now_ms + 500, b.now_ms + 1500);
	assert_int_equal(b.failures, 0);
	sit_out(&b);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 1);
	assert_int_equal(b.comets[1].accepts, 1);
	assert_int_equal(b.comets[0].accepts, 1);
	finish(&b);
}

static void test_stop_in_a_callback_and_start_again(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	b.stop_when_up = 1;
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_IDLE); /* not started to the eye yet */
	for (int i = 0; i < 100 && b.state_count < 5; i++) {
		watched_wait(&b.watched, 5);
		link_step(b.link, b.now_ms);
		serve_balancer(&b);
		serve_comet(&b.comets[0]);
	}
	assert_int_equal(b.states[3], LINK_UP);
	assert_int_equal(b.states[4], LINK_IDLE);
	assert_int_equal(b.watched.count, 0);
	assert_int_equal(link_send(b.link, 4, SV("x"), b.now_ms), ERR_STATE);
	b.stop_when_up = 0;
	go_up(&b);
	assert_int_equal(link_send(b.link, 4, SV("x"), b.now_ms), 0);
	finish(&b);
}

static void test_network_change_reconnects_at_once(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	go_up(&b);
	link_network(b.link, "mobile", b.now_ms);
	assert_int_equal(link_due_ms(b.link), 0);
	link_step(b.link, b.now_ms);
	assert_int_not_equal(link_state(b.link), LINK_UP);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 2); /* elsewhere others are near */
	assert_int_equal(b.comets[0].accepts, 2);
	finish(&b);
}

static void test_freed_in_every_state(void **state)
{
	static const enum manner manners[] = {IS_SILENT};
	static const enum link_state states[] = {
		LINK_RESOLVING, LINK_CONNECTING, LINK_AUTHENTICATING};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		struct bench b;

		begin(&b, manners, 1);
		link_start(b.link, b.now_ms);
		for (int k = 0; k < 400; k++) {
			link_step(b.link, b.now_ms);
			if (link_state(b.link) >= states[i])
				break;
			watched_wait(&b.watched, 2);
			serve_balancer(&b);
		}
		assert_true(link_state(b.link) >= states[i]);
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_and_up_again_from_the_cache),
		cmocka_unit_test(test_goodbye_sends_elsewhere),
		cmocka_unit_test(test_stop_in_a_callback_and_start_again),
		cmocka_unit_test(test_network_change_reconnects_at_once),
		cmocka_unit_test(test_freed_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
