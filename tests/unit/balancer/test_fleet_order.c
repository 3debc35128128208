/*
 * test_fleet_order.c - nodes come and go in any order; whoever asks gets them
 * in the order of their ids.
 */
#include "balancer/fleet_order.h"

#include "tests/unit/balancer/ranking_world.h"

#define NODES 300

struct bench {
	struct fleet_order order;
	struct fleet_node nodes[NODES];
	bool is_in[NODES]; /* node i is called n<i>, in three digits */
};

static void put_id(unsigned number, char id_r[8])
{
	struct buf b;

	buf_init_fixed(&b, id_r, 8);
	buf_printf(&b, "n%03u", number);
	(void)buf_cstr(&b);
}

static void add(struct bench *b, unsigned number)
{
	struct node_record record = {.service = "im", .region = "eu"};
	char id[8];

	put_id(number, id);
	memcpy(record.id, id, sizeof(id));
	b->nodes[number].card = card_new(&record);
	b->is_in[number] = true;
	fleet_order_add(&b->order, &b->nodes[number]);
}

static void del(struct bench *b, unsigned number)
{
	char id[8];

	put_id(number, id);
	fleet_order_del(&b->order, id);
	card_unref(&b->nodes[number].card);
	b->is_in[number] = false;
}

/* Those that are in it, each once, by number. */
static void check(struct bench *b)
{
	unsigned at = 0;

	fleet_order_sort(&b->order);
	for (unsigned i = 0; i < NODES; i++)
		if (b->is_in[i])
			assert_ptr_equal(b->order.list[at++], &b->nodes[i]);
	assert_int_equal(b->order.count, at);
}

static void finish(struct bench *b)
{
	for (unsigned i = 0; i < NODES; i++)
		card_unref(&b->nodes[i].card);
	fleet_order_fini(&b->order);
	assert_int_equal(b->order.count, 0);
}

static void test_any_order_of_arrival(void **state)
{
	static const struct {
		const char *rule;
		unsigned first, step, asked_each;
	} cases[] = {
		{"as they are", 0, 1, NODES},
		{"backwards", NODES - 1, NODES - 1, NODES},
		{"mixed, all at once", 5, 7, NODES},
		{"mixed, asked after each", 5, 7, 1},
		{"mixed, 64 new ones are sorted in", 5, 7, 64},
		{"mixed, 65 are sorted with all others", 5, 7, 65},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench b = {0};
		unsigned number = cases[i].first;

		print_message("%s\n", cases[i].rule);
		for (unsigned n = 1; n <= NODES; n++) {
			add(&b, number);
			number = (number + cases[i].step) % NODES;
			if (n % cases[i].asked_each == 0)
				check(&b);
		}
		check(&b);
		finish(&b);
	}
}

static void test_nodes_come_and_go(void **state)
{
	struct bench b = {0};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	check(&b);
	for (unsigned turn = 0; turn < 5000; turn++) {
		unsigned number = world_below(&rng, NODES);

		if (b.is_in[number])
			del(&b, number);
		else
			add(&b, number);
		if (turn % 100 == 0)
			check(&b);
	}
	for (unsigned i = 0; i < NODES; i++)
		if (b.is_in[i])
			del(&b, i);
	check(&b);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order_of_arrival),
		cmocka_unit_test(test_nodes_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
