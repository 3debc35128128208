/*
 * view.h - everything that one answer is made from, swapped as a whole: the
 * snapshot, the map whose cells the snapshot counts, the policy, and the texts
 * that all answers of a service share. Immutable. The builder publishes the
 * current view through qsbr and puts it on the shelf (view_shelf.h), from which
 * the admin side takes it, and past ones, to explain answers.
 */
#ifndef PERI_BALANCER_VIEW_H
#define PERI_BALANCER_VIEW_H

#include "balancer/place_note.h"
#include "balancer/policy.h"
#include "balancer/snapshot.h"
#include "geo/cellmap.h"

/* A map and the count of its holders. */
struct view_map {
	_Atomic unsigned holders;
	struct cellmap *map;	   /* owned, never NULL */
	struct place_notes *notes; /* owned; of the map */
	uint32_t serial;	   /* 1, 2, ... in the order of loading */
	unsigned databases; /* files that it was made from; 0 = none found */
	int64_t loaded_wall_s;
};

struct view_service {
	const struct snapshot_service *ranking; /* in the view's snapshot */
	unsigned slot;				/* of demand_count() */
	uint8_t index;				/* of this service */
	struct sv name;				/* in the snapshot */
	struct sv head;	    /* {"host":..,"ttl":..,"id":"B:N: */
	uint64_t text_hash; /* of name and ttl in the head, and of the tail */
	struct sv tail;	    /* what follows the list, without the last } */
};

struct view {
	_Atomic unsigned holders;
	bool from_file;		   /* the registry has not been heard yet */
	struct snapshot *snapshot; /* owned; NULL before the first state */
	uint32_t number;	   /* of the snapshot; 0 without one */
	struct view_map *map;	   /* held */
	uint32_t map_serial;	   /* whose cells the snapshot counts: a past
				    * view has a newer map */
	struct policy *policy;	   /* held */
	unsigned service_count;
	struct view_service services[SNAPSHOT_SERVICES];
	struct sv nobody_head; /* as a service's, after the host's name */
	char *text;	       /* holds the views above */
};

struct view_parts {
	struct snapshot *snapshot; /* given away; may be NULL */
	struct view_map *map;
	uint32_t map_serial; /* 0: the map's own */
	struct policy *policy;
	bool from_file;
};

/* view_map_new - take over @map; takes a while (all places are noted).
 * view_map_ref, _unref: any thread. */
struct view_map *view_map_new(struct cellmap *map, unsigned databases);
struct view_map *view_map_ref(struct view_map *map);
void view_map_unref(struct view_map **map);

/* view_new - join the parts and render the shared texts. The caller holds it
 * once. Any thread. */
struct view *view_new(const struct view_parts *parts);
struct view *view_ref(struct view *view);
void view_unref(struct view **view);
/* view_retire - view_unref() of the type that qsbr_publish() wants. */
void view_retire(void *view);

/* view_find_service - the service called @host; with the empty name the
 * default or only one. NULL when there is none. */
const struct view_service *view_find_service(const struct view *view,
					     struct sv host);

#endif
