/*
 * cellmap.h - from a client's address to a cell (0.5 degrees, country and
 * carrier, 16 bits) and a place for people: our own immutable prefix table,
 * compiled from city databases, databases of AS numbers and the operator's
 * overrides. Look-ups allocate nothing, take no lock and may run on any number
 * of threads.
 */
#ifndef PERI_GEO_CELLMAP_H
#define PERI_GEO_CELLMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/buf.h"

struct cellmap;

#define CELLMAP_UNKNOWN	      0 /* the cell of addresses without a place */
#define CELLMAP_CARRIER_BYTES 33
#define CELLMAP_CARRIERS_MAX  255 /* different ones in a map */

enum cellmap_source {
	CELLMAP_NOWHERE,  /* no place known */
	CELLMAP_MMDB,	  /* from the database */
	CELLMAP_COUNTRY,  /* from the database, but only the country's centre */
	CELLMAP_OVERRIDE, /* the operator said so */
};

/* A cell's centre of gravity: the mean of its places, weighted by their IPv4
 * addresses. */
struct cellmap_cell {
	float lat_deg, lon_deg;
	char country[4];  /* two letters; no padding, as cells are compared */
	uint32_t carrier; /* cellmap_carrier_id(); 0 = unknown */
};

struct cellmap_place {
	enum cellmap_source source;
	uint16_t cell;
	float lat_deg, lon_deg;
	char country[3];
	struct sv area, city; /* borrowed from the map */
	struct sv carrier;    /* borrowed; "" = unknown. Also without a place */
};

/*
 * One operator override: a place, a carrier or both for a prefix, or the
 * carrier of an AS number. Place and carrier each come from the longest prefix
 * that says one, always over the databases.
 */
struct cellmap_override {
	struct addr_prefix prefix; /* counts when asn is 0 */
	uint32_t asn;
	bool has_place;
	float lat_deg, lon_deg; /* of the place, like country and area */
	char country[3];
	char area[65];
	char carrier[CELLMAP_CARRIER_BYTES]; /* "" = says nothing of it */
};

struct cellmap_config {
	const char *const *paths; /* city databases, later files win; maybe 0 */
	unsigned path_count;
	const char *const *asn_paths; /* AS numbers, later files win; maybe 0 */
	unsigned asn_path_count;
	const struct cellmap_override *overrides;
	unsigned override_count;
};

struct cellmap_stats {
	uint64_t ipv4_networks, ipv6_networks; /* with a place, in all files */
	uint32_t cells, places;		       /* without number 0 */
	uint32_t carriers;
	uint32_t merged_cells; /* given up for the limit of 65,535 */
	uint64_t memory_bytes;
	int64_t build_ms;
	int64_t database_wall_s; /* build time of the oldest database; 0 = none
				  */
};

/*
 * cellmap_build - compile a map. Takes about a second for a city database.
 *
 * @why	 out: names the file and the reason on an error
 *
 * Without any database the map still answers from the overrides. Returns 0 and
 * *@map_r (owned, cellmap_free()), or what geodb_open() says, or ERR_LIMIT for
 * more than 65,535 cells or 255 carriers. Before it comes to that the smallest
 * cells (by IPv4 addresses) are merged, first those of carriers into that of
 * the place without a carrier, then those of overrides into that of the square.
 */
MUST_CHECK int cellmap_build(const struct cellmap_config *config,
			     struct cellmap **map_r, struct buf *why);
/* cellmap_free - NULL is allowed; nobody reads the map any more. */
void cellmap_free(struct cellmap **map);

/* cellmap_cell - the cell of @addr (IPv4 in IPv6 is unmapped first), or
 * CELLMAP_UNKNOWN. The query path's look-up. */
uint16_t cellmap_cell(const struct cellmap *map, const struct addr *addr);

/* cellmap_find - cell and place of @addr; always fills @place_r. */
void cellmap_find(const struct cellmap *map, const struct addr *addr,
		  struct cellmap_place *place_r);

/*
 * cellmap_place_id, cellmap_place, cellmap_place_count - the same in two steps,
 * for callers that keep something of their own for each place: a dense id below
 * the count (0 = no place known), and the place of an id below the count.
 * Allocate nothing, any thread; texts are borrowed from the map.
 */
uint32_t cellmap_place_id(const struct cellmap *map, const struct addr *addr);
/* cellmap_fetch - ask for the memory that the look-up of @addr reads first, or
 * next: for callers who have something else to do until it is there. */
enum cellmap_step { CELLMAP_FIRST, CELLMAP_NEXT, CELLMAP_LEAF };
void cellmap_fetch(const struct cellmap *map, const struct addr *addr,
		   enum cellmap_step step);
/* cellmap_both - number and, without waiting for the place's memory, cell. */
uint32_t cellmap_both(const struct cellmap *map, const struct addr *addr,
		      uint16_t *cell_r);
void cellmap_place(const struct cellmap *map, uint32_t id,
		   struct cellmap_place *place_r);
uint32_t cellmap_place_count(const struct cellmap *map);

/* cellmap_cells - all cells by number; *@count_r counts index 0 (unknown) too,
 * which is not a place. Borrowed from the map. */
const struct cellmap_cell *cellmap_cells(const struct cellmap *map,
					 unsigned *count_r);

/* cellmap_cell_addresses - how many IPv4 addresses the map puts in @cell; for
 * cell 0 those without a place. 0 for a cell that is not there. */
uint64_t cellmap_cell_addresses(const struct cellmap *map, uint16_t cell);

/* cellmap_carrier_id - a carrier's number, the same in all maps and processes;
 * 0 for "". Two names of one number are as likely as 1 in 2^31. */
uint32_t cellmap_carrier_id(struct sv name);

/* cellmap_carrier_name - the name of that number in @map, "" when no client is
 * of it. Borrowed from the map. Not for queries. */
struct sv cellmap_carrier_name(const struct cellmap *map, uint32_t carrier);

/* cellmap_stats - figures of the build. Borrowed from the map. */
const struct cellmap_stats *cellmap_stats(const struct cellmap *map);
/* cellmap_source_str - "none", "mmdb", "country" or "override". */
const char *cellmap_source_str(enum cellmap_source source);

/*
 * cellmap_sample - a random address out of the map's networks, for load
 * generators: a network of @cell drawn by its share of the cell's addresses.
 *
 * @unit_a, @unit_b  uniform in [0, 1)
 *
 * The first call on a map makes an index (0.3 s and 8 bytes a network for a
 * city database). Returns 0, or ERR_NOTFOUND when the cell has no IPv4 network.
 * Not a hot path; any thread.
 */
MUST_CHECK int cellmap_sample(const struct cellmap *map, uint16_t cell,
			      double unit_a, double unit_b,
			      struct addr *addr_r);

/* cellmap_overrides_parse - overrides from the JSON (with comments) of
 * /etc/perihelion/geo-overrides.jsonc:
 * [{"prefix":"198.51.100.0/24","lat":1.5,"lon":2.5,"country":"DE","area":".."},
 *  {"prefix":"203.0.113.0/24","carrier":"unicom"},{"asn":4134,"carrier":"telecom"}]
 * *@list_r is heap memory (mem_free()). Returns 0, or an error with @why. */
MUST_CHECK int cellmap_overrides_parse(struct sv text,
				       struct cellmap_override **list_r,
				       unsigned *count_r, struct buf *why);

#endif
