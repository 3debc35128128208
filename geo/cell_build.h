/*
 * cell_build.h - from databases and overrides to the tables of a map, step by
 * step: begin, databases in order, overrides, carriers, finish. One building
 * thread.
 */
#ifndef PERI_GEO_CELL_BUILD_H
#define PERI_GEO_CELL_BUILD_H

#include "geo/cell_grid.h"
#include "geo/cell_places.h"
#include "geo/cell_trie.h"
#include "geo/cellmap.h"

/* What a map is made of; immutable once built. */
struct cell_tables {
	struct cell_trie ipv4, ipv6;
	struct cell_places places;
	struct cell_grid grid;
};

struct cell_build;

/* cell_build_new - nothing collected yet; owned by the caller. */
struct cell_build *cell_build_new(void);
/* cell_build_free - NULL is allowed; also after cell_build_finish(). */
void cell_build_free(struct cell_build **build);

/*
 * cell_build_database - lay the file at @path over what is there.
 *
 * @stats  in, out: networks and build time are added
 *
 * Returns 0, or what geodb_open() says with the reason in @why, or ERR_LIMIT.
 */
MUST_CHECK int cell_build_database(struct cell_build *build, const char *path,
				   struct cellmap_stats *stats,
				   struct buf *why);

/* cell_build_overrides - lay @list over everything. Of two equal prefixes the
 * later one counts. Returns 0, ERR_RANGE or ERR_LIMIT with @why. */
MUST_CHECK int cell_build_overrides(struct cell_build *build,
				    const struct cellmap_override *list,
				    unsigned count, struct buf *why);

/* cell_build_carriers - give the places the carriers of @config, after all
 * databases and overrides. Returns 0, or what cell_carriers_collect() says. */
MUST_CHECK int cell_build_carriers(struct cell_build *build,
				   const struct cellmap_config *config,
				   struct buf *why);

/* cell_build_finish - compile; @tables_r is the caller's afterwards, to give
 * to cell_build_tables_fini(). Returns 0 or ERR_LIMIT with @why. */
MUST_CHECK int cell_build_finish(struct cell_build *build,
				 struct cell_tables *tables_r, struct buf *why);
/* cell_build_tables_fini - nobody reads the tables any more. */
void cell_build_tables_fini(struct cell_tables *tables);

#endif
