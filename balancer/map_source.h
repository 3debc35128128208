/*
 * map_source.h - the files that a map is made from: whether they changed, and
 * the map itself. Reads files and blocks; not for a thread that serves.
 */
#ifndef PERI_BALANCER_MAP_SOURCE_H
#define PERI_BALANCER_MAP_SOURCE_H

#include "balancer/view.h"

struct map_source {
	struct conf_list databases;	     /* of cities */
	struct conf_list asn_databases;	     /* of AS numbers */
	char overrides[BALANCER_PATH_BYTES]; /* "" = none */
};

/* map_source_stamp - a number that changes when one of the files does (size,
 * time of change, inode, existence). */
uint64_t map_source_stamp(const struct map_source *source);

/* map_source_absent - which databases do not exist now, by name. */
void map_source_absent(const struct map_source *source,
		       struct conf_list *absent_r);

/*
 * map_source_check - whether every database exists, but for those that were
 * @absent when the map in force was made.
 *
 * @why	 out: names the first file that has gone
 *
 * For a reload: a database that is away for a moment, between an updater's rm
 * and its cp, must not cost the map in force. Returns 0 or -ENOENT.
 */
MUST_CHECK int map_source_check(const struct map_source *source,
				const struct conf_list *absent,
				struct buf *why);

/*
 * map_source_load - compile the map.
 *
 * @why	 out: names the file and the reason on an error
 *
 * Databases that do not exist are logged and left out, so that a system
 * without them starts; a file that exists and cannot be used is an error. Takes
 * about a second. Returns 0 and *@map_r (held once by the caller), -errno or
 * what cellmap_build() says.
 */
MUST_CHECK int map_source_load(const struct map_source *source,
			       struct view_map **map_r, struct buf *why);

#endif
