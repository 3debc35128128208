/*
 * bench_geo__lookup.c - what the compiled map costs: its build, its memory, a
 * look-up, and the same look-up through libmaxminddb. Prints "name value unit"
 * lines. Arguments: the databases (else those that deploy/geo.sh fetches).
 *
 * Hot: 64 addresses again and again. Cold: random addresses, each of which
 * depends on the answer before, so that nothing overlaps; random over the
 * whole IPv4 space, or over the networks of 2000::/3 that the file knows.
 */
#include "geo/cellmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "geo/geodb.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"

#define ADDRESSES (1u << 22)
#define HOT	  64u
#define ROUNDS	  4u

static const char *const default_paths[] = {
	"var/geo/city-ipv4.mmdb",
	"var/geo/city-ipv6.mmdb",
};

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void print(const char *name, double value, const char *unit)
{
	printf("%s %.2f %s\n", name, value, unit);
}

/* Look-up @i is of list[(i + last answer's low bit * 0) & mask]: the answer is
 * mixed in so that the processor has to wait for it. */
static double time_map(const struct cellmap *map, const struct addr *list,
		       uint32_t mask)
{
	uint32_t at = 0, sum = 0;
	double start = now_ns();

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		uint32_t cell = cellmap_cell(map, &list[at & mask]);

		sum += cell;
		at = i + 1 + (cell >> 16); /* always 0, but not known to be */
	}
	if (sum == 1)
		puts("#");
	return (now_ns() - start) / ADDRESSES;
}

static double time_library(struct geodb *db, const struct addr *list,
			   uint32_t mask, uint32_t count)
{
	struct geodb_place place;
	uint32_t found = 0;
	double start = now_ns();

	for (uint32_t i = 0; i < count; i++)
		found += geodb_lookup(db, &list[i & mask], &place) == 0;
	if (found == 1)
		puts("#");
	return (now_ns() - start) / count;
}

static double best(double a, double b)
{
	return a < b ? a : b;
}

static void bench_family(const char *family, const struct cellmap *map,
			 struct geodb *db, const struct addr *list)
{
	double hot = 1e9, cold = 1e9, lib_hot = 1e9, lib_cold = 1e9;
	char name[64];

	/* Interleaved, so that a noisy minute hits both alike. */
	for (unsigned i = 0; i < ROUNDS; i++) {
		hot = best(hot, time_map(map, list, HOT - 1));
		lib_hot = best(lib_hot,
			       time_library(db, list, HOT - 1, ADDRESSES / 16));
		cold = best(cold, time_map(map, list, ADDRESSES - 1));
		lib_cold = best(lib_cold, time_library(db, list, ADDRESSES - 1,
						       ADDRESSES / 16));
	}
	(void)snprintf(name, sizeof(name), "geo.%s.map_hot", family);
	print(name, hot, "ns");
	(void)snprintf(name, sizeof(name), "geo.%s.library_hot", family);
	print(name, lib_hot, "ns");
	(void)snprintf(name, sizeof(name), "geo.%s.hot_ratio", family);
	print(name, lib_hot / hot, "x");
	(void)snprintf(name, sizeof(name), "geo.%s.map_cold", family);
	print(name, cold, "ns");
	(void)snprintf(name, sizeof(name), "geo.%s.library_cold", family);
	print(name, lib_cold, "ns");
	(void)snprintf(name, sizeof(name), "geo.%s.cold_ratio", family);
	print(name, lib_cold / cold, "x");
}

struct picks {
	struct addr *list;
	struct rng rng;
	uint64_t seen;
};

/* A uniform sample of the file's networks (reservoir, Vitter's algorithm R),
 * with random host bits. */
static int pick(const struct addr_prefix *network, uint64_t record,
		const struct geodb_place *place, void *arg)
{
	struct picks *p = arg;
	uint64_t at = p->seen++;
	struct addr *to;

	(void)record;
	(void)place;
	if (at >= ADDRESSES)
		at = rng_below(&p->rng, p->seen);
	if (at >= ADDRESSES)
		return 0;
	to = &p->list[at];
	*to = network->base;
	for (unsigned bit = network->bits;
	     bit < (to->family == ADDR_V4 ? 32u : 128u); bit++)
		if (rng_below(&p->rng, 2))
			to->bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return 0;
}

static void shuffle(struct addr *list, struct rng *rng)
{
	for (uint32_t i = ADDRESSES - 1; i > 0; i--) {
		uint32_t j = (uint32_t)rng_below(rng, i + 1);
		struct addr swap = list[i];

		list[i] = list[j];
		list[j] = swap;
	}
}

static void bench_v4(const struct cellmap *map, struct geodb *db,
		     struct addr *list, struct rng *rng)
{
	for (uint32_t i = 0; i < ADDRESSES; i++)
		list[i] = addr_from_v4_host((uint32_t)rng_u64(rng));
	bench_family("ipv4", map, db, list);
}

static void bench_v6(const struct cellmap *map, struct geodb *db,
		     struct addr *list, struct rng *rng, struct buf *why)
{
	struct picks picks = {.list = list};

	rng_seed(&picks.rng, 7);
	if (geodb_visit(db, pick, &picks, why) < 0 || picks.seen < ADDRESSES) {
		puts("# too few IPv6 networks for a measurement");
		return;
	}
	shuffle(list, rng);
	bench_family("ipv6", map, db, list);
}

static int run(const char *const *paths, unsigned count, struct buf *why)
{
	struct cellmap_config config = {.paths = paths, .path_count = count};
	struct addr *list = mem_array(ADDRESSES, sizeof(*list));
	const struct cellmap_stats *s;
	struct geodb *v4 = NULL, *v6 = NULL;
	struct cellmap *map;
	struct rng rng;
	int rc = cellmap_build(&config, &map, why);

	if (rc < 0)
		goto out;
	s = cellmap_stats(map);
	print("geo.build", (double)s->build_ms, "ms");
	print("geo.memory", (double)s->memory_bytes / 1e6, "MB");
	print("geo.networks", (double)(s->ipv4_networks + s->ipv6_networks),
	      "count");
	print("geo.cells", s->cells, "count");
	rng_seed(&rng, 1);
	rc = geodb_open(paths[0], GEODB_CITY, &v4, why);
	if (rc == 0)
		rc = geodb_open(paths[count - 1], GEODB_CITY, &v6, why);
	if (rc == 0) {
		bench_v4(map, v4, list, &rng);
		bench_v6(map, v6, list, &rng, why);
	}
	geodb_close(&v4);
	geodb_close(&v6);
	cellmap_free(&map);
out:
	mem_free(list);
	return rc;
}

int main(int argc, char **argv)
{
	struct buf why;
	int rc;

	buf_init(&why, 1024);
	if (argc > 1)
		rc = run((const char *const *)argv + 1, (unsigned)argc - 1,
			 &why);
	else
		rc = run(default_paths, 2, &why);
	if (rc < 0)
		fprintf(stderr, "bench_geo__lookup: %s\n", buf_cstr(&why));
	buf_fini(&why);
	return rc < 0;
}
