/*
 * test_link.c - a client's way up to a comet: past nodes that are dead, silent
 * or say no, with stale answers and without any.
 */
#include "tests/unit/client/scripted.h"

#include "lib/base/err.h"
#include "tests/unit/client/link_bench.h"

static void test_way_up(void **state)
{
	static const enum manner manners[] = {ACCEPTS, ACCEPTS};
	static const enum link_state want[] = {LINK_RESOLVING, LINK_CONNECTING,
					       LINK_AUTHENTICATING, LINK_UP};
	struct link_facts facts;
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	assert_int_equal(link_due_ms(b.link), INT64_MAX);
	link_step(b.link, b.now_ms); /* not started: nothing happens */
	assert_int_equal(link_state(b.link), LINK_IDLE);
	go_up(&b);
	assert_int_equal(b.state_count, 4);
	assert_memory_equal(b.states, want, sizeof(want));
	link_facts(b.link, b.now_ms, &facts);
	assert_string_equal(facts.node->id, "n0");
	assert_int_equal(facts.target->port, b.comets[0].port);
	assert_int_equal(b.comets[1].accepts, 0);
	assert_non_null(strstr(b.question, "GET /resolve?host=im.test "));
	say(&b.comets[0], 1000, "push");
	watched_wait(&b.watched, 1000);
	link_step(b.link, b.now_ms);
	assert_int_equal(b.messages, 1);
	finish(&b);
}

static void test_dead_nodes_are_passed_and_reported(void **state)
{
	static const enum manner manners[] = {IS_NOT_THERE, IS_NOT_THERE};
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, -ECONNREFUSED);
	assert_int_equal(b.failures, 2);
	assert_null(strstr(b.question, "failed="));
	sit_out(&b);
	/* the answer is fresh, but led nowhere: ask again, and tell */
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.questions, 2);
	assert_non_null(strstr(b.question, "&failed=127.0.0.1 "));
	finish(&b);
}

static void test_silent_node_loses_the_auth(void **state)
{
	static const enum manner manners[] = {IS_SILENT, ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_AUTHENTICATING);
	b.now_ms = link_due_ms(b.link);
	run_until(&b, LINK_UP);
	assert_int_equal(b.failures, 1);
	assert_int_equal(b.comets[1].accepts, 1);
	finish(&b);
}

static void test_closed_doors_are_not_reported(void **state)
{
	static const enum manner manners[] = {SHUTS_DOOR, SHUTS_DOOR,
					      SHUTS_DOOR};
	struct bench b;

	(void)state;
	begin(&b, manners, 3);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	for (int i = 0; i < 3; i++)
		assert_int_equal(b.comets[i].accepts, 1);
	sit_out(&b);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.questions, 2);
	assert_null(strstr(b.question, "failed="));
	finish(&b);
}

static void test_a_no_is_final_for_this_attempt(void **state)
{
	static const enum manner manners[] = {SAYS_NO, ACCEPTS};
	struct link_facts facts;
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_DENIED);
	assert_int_equal(b.comets[1].accepts, 0);
	link_facts(b.link, b.now_ms, &facts);
	assert_int_equal(facts.auth_code, 401);
	assert_null(facts.node);
	finish(&b);
}

static void test_stale_answers_when_no_balancer_does(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	go_up(&b);
	b.refusal = "HTTP/1.1 503 X\r\n\r\n{\"detail\":\"starting\"}";
	b.now_ms += 61000;
	hang_up(&b.comets[0]);
	run_until(&b, LINK_WAITING);
	sit_out(&b);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 2);
	finish(&b);
}

static void test_retry_after_is_respected(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct link_facts facts;
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	b.refusal = "HTTP/1.1 503 X\r\nRetry-After: 7\r\n\r\n"
		    "{\"detail\":\"no snapshot yet\"}";
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_UNAVAILABLE);
	assert_in_range(link_due_ms(b.link), b.now_ms + 7000, b.now_ms + 8000);
	link_facts(b.link, b.now_ms, &facts);
	assert_string_equal(facts.detail, "no snapshot yet");
	assert_int_equal(facts.retry_ms, link_due_ms(b.link) - b.now_ms);
	b.refusal = NULL;
	sit_out(&b);
	run_until(&b, LINK_UP);
	finish(&b);
}

static void test_answer_without_nodes(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL, 0);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_NOTFOUND);
	finish(&b);
}

static void test_fallback_names_are_looked_up(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL, 0);
	b.extra = "\"fallback\":[\"localhost\"],";
	link_start(b.link, b.now_ms);
	/* nobody listens on goim's port here, or somebody does: it was tried */
	for (int i = 0; i < 500 && b.failures == 0 &&
			link_state(b.link) != LINK_AUTHENTICATING &&
			link_state(b.link) != LINK_UP;
	     i++) {
		watched_wait(&b.watched, 10);
		link_step(b.link, b.now_ms);
		serve_balancer(&b);
	}
	assert_int_equal(b.states[1], LINK_CONNECTING);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_way_up),
		cmocka_unit_test(test_dead_nodes_are_passed_and_reported),
		cmocka_unit_test(test_silent_node_loses_the_auth),
		cmocka_unit_test(test_closed_doors_are_not_reported),
		cmocka_unit_test(test_a_no_is_final_for_this_attempt),
		cmocka_unit_test(test_stale_answers_when_no_balancer_does),
		cmocka_unit_test(test_retry_after_is_respected),
		cmocka_unit_test(test_answer_without_nodes),
		cmocka_unit_test(test_fallback_names_are_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
