/*
 * test_targets.c - the order in which addresses are tried.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/targets.h"

static struct addr parse(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static void add_node(struct reply *r, const char *id, const char *v4,
		     const char *v6, uint16_t tcp)
{
	struct reply_node *n = &r->nodes[r->node_count++];

	assert_int_equal(sv_copy(sv_str(id), n->id, sizeof(n->id)), 0);
	if (v4)
		n->ipv4[n->ipv4_count++] = parse(v4);
	if (v6)
		n->ipv6[n->ipv6_count++] = parse(v6);
	n->ports.tcp = tcp;
	n->km = 7;
}

static void expect(const struct targets *t, const char *const *want)
{
	char text[ADDR_TEXT_MAX];
	unsigned i;

	for (i = 0; want[i]; i++) {
		assert_true(i < t->count);
		assert_string_equal(addr_text(&t->list[i].addr, text), want[i]);
	}
	assert_int_equal(t->count, i);
}

static struct reply *two_nodes(void)
{
	static struct reply r;

	memset(&r, 0, sizeof(r));
	add_node(&r, "a", "192.0.2.1", "2001:db8::1", 3101);
	add_node(&r, "b", "192.0.2.2", "2001:db8::2", 3102);
	return &r;
}

static void test_order(void **state)
{
	static const char *const both[] = {"2001:db8::1", "192.0.2.1",
					   "2001:db8::2", "192.0.2.2", NULL};
	static const char *const v4[] = {"192.0.2.1", "192.0.2.2", NULL};
	struct targets t;

	(void)state;
	targets_fill(&t, two_nodes(), TARGETS_V6_FIRST, NULL);
	expect(&t, both);
	assert_int_equal(t.list[2].port, 3102);
	assert_string_equal(t.nodes[t.list[2].node].id, "b");
	targets_fill(&t, two_nodes(), TARGETS_V4_ONLY, NULL);
	expect(&t, v4);
}

static void test_failed_go_last(void **state)
{
	static const char *const want[] = {"192.0.2.2", "192.0.2.1", NULL};
	struct targets_failed failed = {.count = 0};
	struct addr addr = parse("192.0.2.1");
	struct targets t;

	(void)state;
	targets_failed_add(&failed, &addr);
	targets_fill(&t, two_nodes(), TARGETS_V4_ONLY, &failed);
	expect(&t, want);
	assert_string_equal(t.nodes[t.list[0].node].id, "b");
	assert_string_equal(t.nodes[t.list[1].node].id, "a");
}

static void test_nodes_without_tcp_are_left_out(void **state)
{
	static const char *const want[] = {"192.0.2.9", NULL};
	static struct reply r;
	struct targets t;

	(void)state;
	memset(&r, 0, sizeof(r));
	add_node(&r, "ws-only", "192.0.2.8", NULL, 0);
	add_node(&r, "tcp", "192.0.2.9", NULL, 3101);
	targets_fill(&t, &r, TARGETS_V6_FIRST, NULL);
	expect(&t, want);
	assert_string_equal(t.nodes[t.list[0].node].id, "tcp");
}

static void test_never_more_than_fit(void **state)
{
	static struct reply r;
	struct targets t;

	(void)state;
	memset(&r, 0, sizeof(r));
	for (int i = 0; i < REPLY_NODES_MAX; i++) {
		add_node(&r, "n", "192.0.2.1", "2001:db8::1", 1);
		r.nodes[i].ipv4_count = NODE_ADDRS_MAX;
		for (int k = 1; k < NODE_ADDRS_MAX; k++)
			r.nodes[i].ipv4[k] = parse("192.0.2.2");
	}
	targets_fill(&t, &r, TARGETS_V6_FIRST, NULL);
	assert_int_equal(t.count, TARGETS_MAX);
}

static void test_failed_list(void **state)
{
	struct targets_failed failed = {.count = 0};
	struct addr addr;

	(void)state;
	for (uint32_t i = 0; i < TARGETS_FAILED_MAX + 2; i++) {
		addr = addr_from_v4_host(0xc0000200 + i);
		targets_failed_add(&failed, &addr);
		targets_failed_add(&failed, &addr); /* once each */
	}
	assert_int_equal(failed.count, TARGETS_FAILED_MAX);
	addr = addr_from_v4_host(0xc0000202);
	assert_true(addr_eq(&failed.list[0], &addr));
	targets_failed_del(&failed, &addr);
	assert_int_equal(failed.count, TARGETS_FAILED_MAX - 1);
	targets_failed_del(&failed, &addr);
	assert_int_equal(failed.count, TARGETS_FAILED_MAX - 1);
}

static void test_names(void **state)
{
	static const char *const want[] = {"192.0.2.1", "2001:db8::1", NULL};
	struct addr addrs[] = {parse("192.0.2.1"), parse("2001:db8::1")};
	struct targets t;

	(void)state;
	targets_fill_names(&t, addrs, 2, 3101, "im.example.com");
	expect(&t, want);
	assert_int_equal(t.list[1].port, 3101);
	assert_string_equal(t.nodes[0].id, "im.example.com");
	assert_int_equal(t.nodes[0].km, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_failed_go_last),
		cmocka_unit_test(test_nodes_without_tcp_are_left_out),
		cmocka_unit_test(test_never_more_than_fit),
		cmocka_unit_test(test_failed_list),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
