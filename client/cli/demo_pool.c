/*
 * demo_pool.c - draws addresses uniformly out of all of IPv4, looks each up in
 * the database and keeps some thousand for each country: so a network comes up
 * by its size, exactly as the database says, and a draw costs nothing later.
 * One thread.
 */
#include "client/cli/demo_pool.h"

#include "client/cli/demo_world.h"
#include "geo/cellmap.h"
#include "lib/base/mem.h"

#define FILES_MAX	   8
#define PER_COUNTRY	   2048
#define PER_COUNTRY_ENOUGH 32
/* Uniform draws: two million find thousands of addresses of every large
 * country; up to twenty more are spent on the smallest. */
#define DRAWS		   2000000
#define DRAWS_MAX	   20000000

struct nation {
	uint64_t weight_before; /* sum of the weights in front of it */
	unsigned weight;	/* 0 = no address was found */
	unsigned count;
	uint32_t hosts[PER_COUNTRY]; /* host order */
};

struct demo_pool {
	unsigned nation_count;
	uint64_t weight_total; /* 0 = no database */
	struct nation *nations;
};

static int nation_of(const char *code)
{
	unsigned count;
	const struct demo_country *countries = demo_world_countries(&count);

	for (unsigned i = 0; i < count; i++) {
		if (memcmp(countries[i].code, code, 2) == 0)
			return (int)i;
	}
	return -1;
}

/* The cell's nation; -1 for none. One entry a cell, so that a draw is cheap. */
static int16_t *nations_of_cells(const struct cellmap *map)
{
	unsigned count;
	const struct cellmap_cell *cells = cellmap_cells(map, &count);
	int16_t *nations = mem_array(count, sizeof(*nations));

	for (unsigned i = 0; i < count; i++)
		nations[i] = (int16_t)(i == CELLMAP_UNKNOWN
					       ? -1
					       : nation_of(cells[i].country));
	return nations;
}

static bool has_enough(const struct demo_pool *pool)
{
	for (unsigned i = 0; i < pool->nation_count; i++) {
		if (pool->nations[i].count < PER_COUNTRY_ENOUGH)
			return false;
	}
	return true;
}

static void gather(struct demo_pool *pool, const struct cellmap *map,
		   struct rng *rng)
{
	int16_t *nations = nations_of_cells(map);

	for (uint32_t i = 0; i < DRAWS_MAX; i++) {
		uint32_t host = (uint32_t)rng_u64(rng);
		struct addr addr = addr_from_v4_host(host);
		int nation = nations[cellmap_cell(map, &addr)];
		struct nation *n;

		if (i >= DRAWS && i % 65536 == 0 && has_enough(pool))
			break;
		if (nation < 0)
			continue;
		n = &pool->nations[nation];
		if (n->count < PER_COUNTRY)
			n->hosts[n->count++] = host;
	}
	mem_free(nations);
}

static void weigh(struct demo_pool *pool)
{
	unsigned count;
	const struct demo_country *countries = demo_world_countries(&count);

	for (unsigned i = 0; i < pool->nation_count; i++) {
		struct nation *n = &pool->nations[i];

		n->weight = n->count > 0 ? countries[i].millions : 0;
		n->weight_before = pool->weight_total;
		pool->weight_total += n->weight;
	}
}

/* "a,b" in @text (changed) to a list of paths. */
static unsigned split_paths(char *text, const char **paths)
{
	unsigned count = 0;

	while (*text && count < FILES_MAX) {
		char *comma = strchr(text, ',');

		paths[count++] = text;
		if (!comma)
			break;
		*comma = '\0';
		text = comma + 1;
	}
	return count;
}

int demo_pool_new(const char *paths, struct rng *rng, struct demo_pool **pool_r,
		  struct buf *why)
{
	struct demo_pool *pool = mem_alloc(sizeof(*pool));
	char *text = mem_strdup(paths ? paths : "");
	const char *list[FILES_MAX];
	struct cellmap_config config = {.paths = list};
	struct cellmap *map;
	int rc = 0;

	demo_world_countries(&pool->nation_count);
	pool->nations = mem_array(pool->nation_count, sizeof(*pool->nations));
	config.path_count = split_paths(text, list);
	if (config.path_count > 0)
		rc = cellmap_build(&config, &map, why);
	if (rc == 0 && config.path_count > 0) {
		gather(pool, map, rng);
		weigh(pool);
		cellmap_free(&map);
	}
	mem_free(text);
	if (rc != 0)
		demo_pool_free(&pool);
	*pool_r = pool;
	return rc;
}

void demo_pool_free(struct demo_pool **pool)
{
	if (!*pool)
		return;
	mem_free((*pool)->nations);
	mem_free(*pool);
	*pool = NULL;
}

bool demo_pool_has_places(const struct demo_pool *pool)
{
	return pool->weight_total > 0;
}

unsigned demo_pool_country_count(const struct demo_pool *pool)
{
	unsigned count = 0;

	for (unsigned i = 0; i < pool->nation_count; i++)
		count += pool->nations[i].count > 0;
	return count;
}

struct addr demo_pool_draw(const struct demo_pool *pool, struct rng *rng)
{
	uint64_t at;
	unsigned i = 0;

	if (pool->weight_total == 0) /* 198.18.0.0/15 */
		return addr_from_v4_host(0xc6120000u |
					 (uint32_t)rng_below(rng, 1u << 17));
	at = rng_below(rng, pool->weight_total);
	while (at >= pool->nations[i].weight_before + pool->nations[i].weight)
		i++;
	return addr_from_v4_host(
		pool->nations[i].hosts[rng_below(rng, pool->nations[i].count)]);
}
