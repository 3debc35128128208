/*
 * random_world.h - worlds at random for the ranking's tests: the same seed,
 * the same world. Each has nodes of every state, weight, age and fill, cells
 * anywhere, and some of the traits below. Header only.
 */
#ifndef PERI_TESTS_RANDOM_WORLD_H
#define PERI_TESTS_RANDOM_WORLD_H

#include "tests/unit/balancer/ranking_world.h"

/* What only some worlds have; world_trait_name() in this order. */
enum world_trait {
	WORLD_CARRIERS = 1, /* of sites, some nodes and some cells */
	WORLD_BIASES = 2,   /* of regions */
	WORLD_INTENTS = 4,  /* drain, weight, bias; of nodes and regions */
	WORLD_OVERLOAD = 8, /* demand far above what all hold */
	WORLD_LIES = 16,    /* reports of nobody, or far above the capacity */
	WORLD_ALONE = 32,   /* one node */
	WORLD_NOBODY_UP = 64,
};
#define WORLD_TRAITS 7

static inline const char *world_trait_name(unsigned trait)
{
	static const char *const names[WORLD_TRAITS] = {
		"carriers", "biases", "intents",  "overload",
		"lies",	    "alone",  "nobody up"};

	return names[trait];
}

/* From -@most to @most. */
static inline double world_around(struct rng *rng, double most)
{
	return (2 * rng_unit(rng) - 1) * most;
}

static inline unsigned world_roll(struct rng *rng)
{
	static const uint8_t one_in[WORLD_TRAITS] = {3, 4, 3, 5, 8, 25, 25};
	unsigned traits = 0;

	for (unsigned i = 0; i < WORLD_TRAITS; i++)
		if (world_below(rng, one_in[i]) == 0)
			traits |= 1U << i;
	return traits;
}

/* "n007", "r03" */
static inline const char *world_name(char name[16], char kind, unsigned digits,
				     unsigned number)
{
	struct buf b;

	buf_init_fixed(&b, name, 16);
	buf_printf(&b, "%c%0*u", kind, (int)digits, number);
	return buf_cstr(&b);
}

/* -- nodes --------------------------------------------------------------- */

static inline const char *world_random_carrier(struct rng *rng)
{
	static const char *const carriers[] = {"", "telecom", "unicom"};

	return carriers[world_below(rng, ARRAY_LEN(carriers))];
}

static inline void world_random_load(struct world_node *n, struct rng *rng,
				     unsigned traits)
{
	unsigned lie = traits & WORLD_LIES ? world_below(rng, 4) : 2;

	n->conns = world_below(rng, n->capacity + n->capacity / 8 + 1);
	if (lie < 2)
		n->conns = lie == 0 ? 0 : UINT32_MAX;
	n->load_age_ms = (int64_t)world_below(rng, 6000) - 500;
	if (n->load_age_ms < 0)
		n->load_age_ms = -1;
}

/* Two sites to a region, as its zones. */
static inline void world_random_node(struct world *w, struct rng *rng,
				     unsigned number, unsigned site,
				     unsigned traits)
{
	static const char *const zones[] = {"", "a"};
	static const char *const carriers[] = {"telecom", "", "unicom"};
	static const enum node_state states[] = {
		NODE_UP, NODE_UP,      NODE_UP,	  NODE_UP,
		NODE_UP, NODE_SUSPECT, NODE_DOWN, NODE_DOWN};
	static const int weights[] = {0, 0, 0, 0, 50, 200, -1};
	static const uint32_t capacities[] = {1, 10, 1000, 25000, 100000};
	unsigned first_state = traits & WORLD_NOBODY_UP ? 5 : 0;
	char id[16], region[16];
	struct world_node n = {
		.id = world_name(id, 'n', 3, number),
		.region = world_name(region, 'r', 2, site / 2),
		.zone = zones[site % 2],
		.lat = (double)(site / 2 * 37 % 120) - 60,
		.lon = (double)(site / 2 * 71 % 360) - 180,
	};

	n.capacity = capacities[world_below(rng, ARRAY_LEN(capacities))];
	n.weight = weights[world_below(rng, ARRAY_LEN(weights))];
	n.state = states[first_state + world_below(rng, first_state ? 3 : 7)];
	n.age_ms = 1 + world_below(rng, 60000);
	n.families = 1 + world_below(rng, 3);
	if (traits & WORLD_CARRIERS)
		n.carrier = world_below(rng, 12) > 0
				    ? carriers[site % 3]
				    : world_random_carrier(rng);
	world_random_load(&n, rng, traits);
	world_put(w, &n);
}

/* -- operators ----------------------------------------------------------- */

static inline void world_random_bias(struct world *w, struct rng *rng,
				     unsigned region)
{
	struct feed_region r = {.lat_deg = NAN, .lon_deg = NAN};

	world_name(r.id, 'r', 2, region);
	r.bias_km = world_around(rng, 3000);
	fleet_put_region(w->fleet, &r);
}

/* One of the nodes or regions, or of one that is not there. */
static inline void world_random_intent(struct world *w, struct rng *rng,
				       unsigned nodes, unsigned regions)
{
	static const int weights[] = {-1, -1, 0, 10, 200, 1000};
	static const enum intent_state states[] = {
		INTENT_UP, INTENT_UP, INTENT_DRAIN, INTENT_MAINTENANCE};
	int weight = weights[world_below(rng, ARRAY_LEN(weights))];
	double bias_km = world_below(rng, 2) ? NAN : world_around(rng, 3000);
	char id[16];

	if (world_below(rng, 3) > 0)
		world_intend(
			w, INTENT_NODE,
			world_name(id, 'n', 3, world_below(rng, nodes + 1)),
			states[world_below(rng, ARRAY_LEN(states))], weight,
			bias_km);
	else
		world_intend(
			w, INTENT_REGION,
			world_name(id, 'r', 2, world_below(rng, regions + 1)),
			states[world_below(rng, ARRAY_LEN(states))], weight,
			bias_km);
}

static inline void world_random_operators(struct world *w, struct rng *rng,
					  unsigned nodes, unsigned sites,
					  unsigned traits)
{
	unsigned regions = (sites + 1) / 2;

	for (unsigned r = 0; traits & WORLD_BIASES && r < regions; r++)
		if (world_below(rng, 2))
			world_random_bias(w, rng, r);
	if (traits & WORLD_INTENTS)
		for (unsigned i = 1 + world_below(rng, 4 + nodes / 8); i > 0;
		     i--)
			world_random_intent(w, rng, nodes, regions);
}

/* -- clients ------------------------------------------------------------- */

static inline void world_random_cells(struct world *w, struct rng *rng,
				      unsigned traits)
{
	for (unsigned i = world_below(rng, 40); i > 0; i--) {
		double lat = rng_unit(rng) * 180 - 90;
		double lon = rng_unit(rng) * 360 - 180;
		uint16_t cell = world_cell(w, lat, lon);

		if (traits & WORLD_CARRIERS)
			w->cells[cell].carrier = cellmap_carrier_id(
				sv_str(world_random_carrier(rng)));
	}
}

static inline void world_random_demand(struct world *w, struct rng *rng,
				       double factor)
{
	demand_slot(w->demand, SV("im"));
	for (unsigned c = 0; c < w->cell_count; c++)
		if (world_below(rng, 3) > 0)
			world_demand(w, "im", (uint16_t)c,
				     rng_unit(rng) * factor *
					     (1 << world_below(rng, 12)));
}

/* -- worlds -------------------------------------------------------------- */

#define WORLD_OVERLOAD_FACTOR 1e5

/* The one that an assertion failed in: a teardown prints it. */
static uint64_t world_last_seed;

static inline int world_print_seed(void **state)
{
	(void)state;
	print_message("the last world was of seed %llu\n",
		      (unsigned long long)world_last_seed);
	return 0;
}

/* At most 40 nodes in 20 sites. Returns its traits. */
static inline unsigned world_random(struct world *w, uint64_t seed)
{
	struct rng rng;
	unsigned nodes, sites, traits;

	world_last_seed = seed;
	rng_seed(&rng, seed);
	world_init(w);
	traits = world_roll(&rng);
	sites = 1 + world_below(&rng, 20);
	nodes = traits & WORLD_ALONE ? 1 : 1 + world_below(&rng, 40);
	for (unsigned i = 0; i < nodes; i++)
		world_random_node(w, &rng, i, world_below(&rng, sites), traits);
	world_random_operators(w, &rng, nodes, sites, traits);
	world_random_cells(w, &rng, traits);
	world_random_demand(
		w, &rng, traits & WORLD_OVERLOAD ? WORLD_OVERLOAD_FACTOR : 1);
	return traits;
}

/* One site of 1,100 to 3,000 nodes, which has a tree, beside at most 40 nodes
 * in others; as much more demand. Returns its traits. */
static inline unsigned world_random_large(struct world *w, uint64_t seed)
{
	struct rng rng;
	unsigned large, nodes, sites, traits, home;

	world_last_seed = seed;
	rng_seed(&rng, seed);
	world_init(w);
	traits = world_roll(&rng) & ~(unsigned)WORLD_ALONE;
	sites = 2 + world_below(&rng, 13);
	home = world_below(&rng, sites);
	large = 1100 + world_below(&rng, 1901);
	nodes = large + world_below(&rng, 41);
	for (unsigned i = 0; i < nodes; i++)
		world_random_node(w, &rng, i,
				  i < large ? home : world_below(&rng, sites),
				  traits);
	world_random_operators(w, &rng, nodes, sites, traits);
	world_random_cells(w, &rng, traits);
	world_random_demand(
		w, &rng, traits & WORLD_OVERLOAD ? WORLD_OVERLOAD_FACTOR : 50);
	return traits;
}

/* -- time passes --------------------------------------------------------- */

/* A report, mostly near the last one. */
static inline void world_report(struct world *w, struct rng *rng,
				const struct fleet_node *node)
{
	const struct card_record *record = &node->card->record;
	double factor = 0.97 + 0.06 * rng_unit(rng);
	struct feed_load load = {.age_ms = world_below(rng, 2000)};

	world_text(load.id, sizeof(load.id), record->id);
	load.conns = world_below(rng, 3) > 0
			     ? (uint32_t)(node->conns * factor)
			     : world_below(rng, record->capacity + 2);
	fleet_load(w->fleet, &load, w->now_ms);
}

/* All nodes of the site of @member are @state from now on. */
static inline void world_set_site(struct world *w,
				  const struct fleet_node *member,
				  enum node_state state)
{
	const struct card *sample = member->card;
	unsigned count;
	struct fleet_node *const *nodes = fleet_nodes(w->fleet, &count);

	for (unsigned i = 0; i < count; i++) {
		struct feed_node node = {.state = state, .load_age_ms = -1};

		if (!card_same_site(nodes[i]->card, sample))
			continue;
		card_unpack(nodes[i]->card, &node.record);
		node.conns = nodes[i]->conns;
		fleet_put(w->fleet, &node, w->now_ms);
	}
}

/* Up to three seconds: half of the nodes report, a site is gone, in doubt or
 * back, and as many ask as in a new world. */
static inline void world_pass(struct world *w, struct rng *rng, double factor)
{
	unsigned count;
	struct fleet_node *const *nodes = fleet_nodes(w->fleet, &count);

	w->now_ms += 200 + world_below(rng, 2800);
	for (unsigned i = 0; i < count; i++)
		if (world_below(rng, 2) > 0)
			world_report(w, rng, nodes[i]);
	world_set_site(w, nodes[world_below(rng, count)],
		       (enum node_state)world_below(rng, 3));
	world_random_demand(w, rng, factor);
}

#endif
