/*
 * cellmap.c - the compiled map: look-ups and what is known about it. Immutable
 * after cellmap_build() but for the index of cellmap_sample(), which the first
 * caller makes and publishes; any number of threads.
 */
#include "geo/cellmap.h"

#include <endian.h>
#include <stdatomic.h>
#include <string.h>

#include "geo/cell_build.h"
#include "geo/cell_sample.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

/* More than a handful of files is a mistake, not a wish. */
#define PATHS_MAX 16

/* Made by need; NULL until then. */
struct lazy {
	_Atomic(struct cell_sample *) sample;
};

struct cellmap {
	struct cell_tables tables;
	struct cellmap_stats stats;
	struct lazy *lazy; /* owned */
};

static void sum_up(struct cellmap *map, int64_t start_ms)
{
	const struct cell_tables *t = &map->tables;
	struct cellmap_stats *s = &map->stats;

	s->cells = t->grid.count - 1;
	s->places = t->places.count - 1;
	s->carriers = t->places.carrier_count - 1;
	s->merged_cells = t->grid.merged;
	s->memory_bytes =
		sizeof(*map) + cell_trie_bytes(&t->ipv4) +
		cell_trie_bytes(&t->ipv6) + cell_places_bytes(&t->places) +
		(uint64_t)t->grid.count *
			(sizeof(*t->grid.cells) + sizeof(*t->grid.addresses));
	s->build_ms = clk_mono_ms() - start_ms;
}

int cellmap_build(const struct cellmap_config *config, struct cellmap **map_r,
		  struct buf *why)
{
	struct cellmap *map = mem_alloc(sizeof(*map));
	struct cell_build *build = cell_build_new();
	int64_t start_ms = clk_mono_ms();
	int rc = 0;

	if (config->path_count > PATHS_MAX ||
	    config->asn_path_count > PATHS_MAX) {
		buf_str(why, "more than 16 databases of a kind");
		rc = ERR_LIMIT;
	}
	for (unsigned i = 0; rc == 0 && i < config->path_count; i++)
		rc = cell_build_database(build, config->paths[i], &map->stats,
					 why);
	if (rc == 0)
		rc = cell_build_overrides(build, config->overrides,
					  config->override_count, why);
	if (rc == 0)
		rc = cell_build_carriers(build, config, why);
	if (rc == 0)
		rc = cell_build_finish(build, &map->tables, why);
	cell_build_free(&build);
	if (rc < 0) {
		mem_free(map);
		return rc;
	}
	sum_up(map, start_ms);
	map->lazy = mem_alloc(sizeof(*map->lazy));
	*map_r = map;
	return 0;
}

void cellmap_free(struct cellmap **map)
{
	struct cell_sample *sample;

	if (!*map)
		return;
	sample = atomic_load(&(*map)->lazy->sample);
	cell_sample_free(&sample);
	mem_free((*map)->lazy);
	cell_build_tables_fini(&(*map)->tables);
	mem_free(*map);
	*map = NULL;
}

static uint64_t load_be64(const uint8_t *bytes)
{
	uint64_t v;

	memcpy(&v, bytes, sizeof(v));
	return be64toh(v);
}

/* Whether an IPv6 address may carry an IPv4 one (addr_unmap() decides). */
static bool may_carry_ipv4(uint64_t hi)
{
	return hi == 0 || hi >> 48 == 0x2002 || hi == 0x0064ff9b00000000ULL;
}

static uint32_t leaf4(const struct cellmap *map, const struct addr *addr)
{
	return cell_trie_leaf(&map->tables.ipv4,
			      (uint64_t)addr_v4_host(addr) << 32, 0);
}

/* The address's leaf and the table it is in; NULL for no address. */
static inline const struct cell_trie *
table_of(const struct cellmap *map, const struct addr *addr, uint32_t *leaf_r)
{
	struct addr inner;
	uint64_t hi;

	if (addr->family == ADDR_V4) {
		*leaf_r = leaf4(map, addr);
		return &map->tables.ipv4;
	}
	if (UNLIKELY(addr->family != ADDR_V6))
		return NULL;
	hi = load_be64(addr->bytes);
	if (UNLIKELY(may_carry_ipv4(hi))) {
		inner = addr_unmap(addr);
		if (inner.family == ADDR_V4) {
			*leaf_r = leaf4(map, &inner);
			return &map->tables.ipv4;
		}
	}
	*leaf_r = cell_trie_leaf(&map->tables.ipv6, hi,
				 load_be64(addr->bytes + 8));
	return &map->tables.ipv6;
}

void cellmap_fetch(const struct cellmap *map, const struct addr *addr,
		   enum cellmap_step step)
{
	if (step == CELLMAP_LEAF) {
		uint32_t leaf;
		const struct cell_trie *table = table_of(map, addr, &leaf);

		if (table) {
			__builtin_prefetch(&table->cells[leaf]);
			__builtin_prefetch(&table->places[leaf]);
		}
		return;
	}
	if (addr->family == ADDR_V4)
		cell_trie_fetch(&map->tables.ipv4,
				(uint64_t)addr_v4_host(addr) << 32,
				step == CELLMAP_FIRST);
	else if (addr->family == ADDR_V6)
		cell_trie_fetch(&map->tables.ipv6, load_be64(addr->bytes),
				step == CELLMAP_FIRST);
}

uint16_t cellmap_cell(const struct cellmap *map, const struct addr *addr)
{
	uint32_t leaf;
	const struct cell_trie *table = table_of(map, addr, &leaf);

	return table ? table->cells[leaf] : CELLMAP_UNKNOWN;
}

uint32_t cellmap_place_id(const struct cellmap *map, const struct addr *addr)
{
	uint32_t leaf;
	const struct cell_trie *table = table_of(map, addr, &leaf);

	return table ? table->places[leaf] : 0;
}

uint32_t cellmap_both(const struct cellmap *map, const struct addr *addr,
		      uint16_t *cell_r)
{
	uint32_t leaf;
	const struct cell_trie *table = table_of(map, addr, &leaf);

	*cell_r = table ? table->cells[leaf] : CELLMAP_UNKNOWN;
	return table ? table->places[leaf] : 0;
}

void cellmap_place(const struct cellmap *map, uint32_t id,
		   struct cellmap_place *place_r)
{
	const struct cell_places *places = &map->tables.places;
	const struct cell_place *place;

	memset(place_r, 0, sizeof(*place_r));
	if (id == 0)
		return; /* CELLMAP_NOWHERE, CELLMAP_UNKNOWN, empty texts */
	place = &places->list[id];
	place_r->source = (enum cellmap_source)place->source;
	place_r->cell = places->cells[id];
	place_r->lat_deg = place->lat_deg;
	place_r->lon_deg = place->lon_deg;
	memcpy(place_r->country, place->country, sizeof(place->country));
	place_r->area = cell_places_text(places, place->area);
	place_r->city = cell_places_text(places, place->city);
	place_r->carrier = cell_places_carrier(places, place->carrier);
}

uint32_t cellmap_place_count(const struct cellmap *map)
{
	return map->tables.places.count;
}

void cellmap_find(const struct cellmap *map, const struct addr *addr,
		  struct cellmap_place *place_r)
{
	cellmap_place(map, cellmap_place_id(map, addr), place_r);
}

const struct cellmap_cell *cellmap_cells(const struct cellmap *map,
					 unsigned *count_r)
{
	*count_r = map->tables.grid.count;
	return map->tables.grid.cells;
}

uint64_t cellmap_cell_addresses(const struct cellmap *map, uint16_t cell)
{
	return cell < map->tables.grid.count ? map->tables.grid.addresses[cell]
					     : 0;
}

uint32_t cellmap_carrier_id(struct sv name)
{
	return name.len == 0 ? 0 : (uint32_t)hash_text(name) | 1;
}

struct sv cellmap_carrier_name(const struct cellmap *map, uint32_t carrier)
{
	const struct cell_places *places = &map->tables.places;
	struct sv name;

	for (uint32_t i = 1; i < places->carrier_count; i++) {
		name = cell_places_carrier(places, i);
		if (cellmap_carrier_id(name) == carrier)
			return name;
	}
	return SV("");
}

const struct cellmap_stats *cellmap_stats(const struct cellmap *map)
{
	return &map->stats;
}

const char *cellmap_source_str(enum cellmap_source source)
{
	switch (source) {
	case CELLMAP_NOWHERE:
		return "none";
	case CELLMAP_MMDB:
		return "mmdb";
	case CELLMAP_COUNTRY:
		return "country";
	case CELLMAP_OVERRIDE:
		return "override";
	}
	return "unknown";
}

int cellmap_sample(const struct cellmap *map, uint16_t cell, double unit_a,
		   double unit_b, struct addr *addr_r)
{
	struct cell_sample *sample = atomic_load(&map->lazy->sample);

	if (!sample) {
		struct cell_sample *first = NULL;

		sample = cell_sample_new(&map->tables.ipv4,
					 map->tables.grid.count);
		/* Of two threads at once the slower one takes the other's. */
		if (!atomic_compare_exchange_strong(&map->lazy->sample, &first,
						    sample)) {
			cell_sample_free(&sample);
			sample = first;
		}
	}
	return cell_sample_draw(sample, cell, unit_a, unit_b, addr_r);
}
