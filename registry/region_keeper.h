/*
 * region_keeper.h - keeps table, store and watchers in step when regions
 * change: by the regions file, by a node's first registration, by the last
 * node that leaves. Loop thread only.
 */
#ifndef PERI_REGISTRY_REGION_KEEPER_H
#define PERI_REGISTRY_REGION_KEEPER_H

#include "registry/registry.h"

/*
 * region_keeper_read_file - take over the regions file, if one is configured.
 *
 * On an error (logged) the regions stay as they are. Regions that came from
 * the file before and are not in it any more end, or live on as their nodes'.
 * Returns 0 or the error.
 */
MUST_CHECK int region_keeper_read_file(struct registry *registry);

/*
 * region_keeper_check - whether a node with @record may be in its region.
 *
 * Returns 0; ERR_NOTFOUND when the region is unknown and the node brings no
 * position; ERR_LIMIT when there is no room for another region.
 */
MUST_CHECK int region_keeper_check(const struct registry *registry,
				   const struct node_record *record);

/*
 * region_keeper_hold - while a registration is being stored its region, if it
 * is known, does not end: the node may rely on its position.
 *
 * Returns whether it is held; then region_keeper_release() has to follow.
 */
bool region_keeper_hold(struct registry *registry, const char *id);
void region_keeper_release(struct registry *registry, const char *id);

/* region_keeper_join - the node is registered: make its region if need be. */
void region_keeper_join(struct registry *registry,
			const struct node_record *record);
/* region_keeper_leave - a node that was in region @id is not any more. */
void region_keeper_leave(struct registry *registry, const char *id);

#endif
