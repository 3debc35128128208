/*
 * test_fleet_addrs.c - the index of addresses against a plain walk over all
 * nodes, through registrations that come, change and go.
 */
#include "balancer/fleet_addrs.h"

#include "tests/unit/balancer/ranking_world.h"

#define ADDRS 40 /* few, so that nodes share them */

static struct addr addr_number(uint32_t number)
{
	struct addr addr = {.family = number % 2 ? ADDR_V4 : ADDR_V6};

	addr.bytes[0] = 32;
	addr.bytes[3] = (uint8_t)number;
	return addr;
}

static void give_addrs(struct node_record *record, struct rng *rng)
{
	record->ipv4_count = record->ipv6_count = 0;
	for (unsigned i = world_below(rng, NODE_ADDRS_MAX + 1); i-- > 0;) {
		struct addr addr = addr_number(world_below(rng, ADDRS));

		if (addr.family == ADDR_V4)
			record->ipv4[record->ipv4_count++] = addr;
		else
			record->ipv6[record->ipv6_count++] = addr;
	}
}

static unsigned times(const struct card_record *record, const struct addr *addr)
{
	unsigned count = 0;

	for (unsigned i = 0; i < record->ipv4_count; i++)
		count += addr_eq(&record->ipv4[i], addr);
	for (unsigned i = 0; i < record->ipv6_count; i++)
		count += addr_eq(&record->ipv6[i], addr);
	return count;
}

/* Everybody who is found has it; until it is crowded, all are found. */
static void check(struct fleet *fleet, const struct addr *addr)
{
	struct fleet_node *found[FLEET_ADDRS_SHARED];
	unsigned count, want = 0, got = fleet_find_addr(fleet, addr, found);
	struct fleet_node *const *nodes = fleet_nodes(fleet, &count);

	for (unsigned i = 0; i < count; i++)
		want += times(&nodes[i]->card->record, addr);
	assert_true(got <= want && got <= FLEET_ADDRS_SHARED);
	for (unsigned i = 0; i < got; i++)
		assert_true(times(&found[i]->card->record, addr) > 0);
}

static void churn(struct world *w, struct rng *rng, unsigned ids)
{
	char id[16];
	struct buf b;
	struct feed_node node;

	buf_init_fixed(&b, id, sizeof(id));
	buf_printf(&b, "n%u", world_below(rng, ids));
	buf_cstr(&b);
	if (world_below(rng, 3) == 0) {
		fleet_del(w->fleet, id);
		return;
	}
	node = world_feed_node(&(struct world_node){.id = id});
	give_addrs(&node.record, rng);
	fleet_put(w->fleet, &node, w->now_ms);
}

static void test_it_follows_registrations(void **state)
{
	(void)state;
	for (unsigned ids = 5; ids <= 500; ids *= 10) {
		struct world w;
		struct rng rng;

		world_init(&w);
		rng_seed(&rng, ids);
		for (unsigned i = 0; i < 4000; i++) {
			struct addr addr = addr_number(i % ADDRS);

			churn(&w, &rng, ids);
			check(w.fleet, &addr);
		}
		fleet_begin_sync(w.fleet); /* nothing comes: all go */
		fleet_end_sync(w.fleet);
		for (unsigned i = 0; i < ADDRS; i++) {
			struct fleet_node *found[FLEET_ADDRS_SHARED];
			struct addr addr = addr_number(i);

			assert_int_equal(fleet_find_addr(w.fleet, &addr, found),
					 0);
		}
		world_fini(&w);
	}
}

static void put_number(struct world *w, unsigned number, struct addr addr)
{
	char id[16];
	struct buf b;
	struct feed_node node;

	buf_init_fixed(&b, id, sizeof(id));
	buf_printf(&b, "n%u", number);
	buf_cstr(&b);
	node = world_feed_node(&(struct world_node){.id = id});
	node.record.ipv4_count = 1;
	node.record.ipv6_count = 0;
	node.record.ipv4[0] = addr;
	fleet_put(w->fleet, &node, w->now_ms);
}

static void test_every_node_of_a_large_fleet_is_found(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (uint32_t i = 0; i < 20000; i++)
		put_number(&w, i, addr_from_v4_host(0x20000000 + i));
	for (uint32_t i = 0; i < 20000; i += 2) {
		char id[16];
		struct buf b;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "n%u", i);
		fleet_del(w.fleet, buf_cstr(&b));
	}
	for (uint32_t i = 0; i < 20000; i++) {
		struct addr addr = addr_from_v4_host(0x20000000 + i);
		struct fleet_node *found[FLEET_ADDRS_SHARED];

		assert_int_equal(fleet_find_addr(w.fleet, &addr, found), i % 2);
	}
	world_fini(&w);
}

static void test_an_address_that_all_share_leads_to_a_few(void **state)
{
	struct fleet_node *found[FLEET_ADDRS_SHARED];
	struct addr addr = addr_number(1);
	struct world w;

	(void)state;
	world_init(&w);
	for (unsigned i = 0; i < 5000; i++)
		put_number(&w, i, addr);
	assert_int_equal(fleet_find_addr(w.fleet, &addr, found),
			 FLEET_ADDRS_SHARED);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_follows_registrations),
		cmocka_unit_test(test_every_node_of_a_large_fleet_is_found),
		cmocka_unit_test(test_an_address_that_all_share_leads_to_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
