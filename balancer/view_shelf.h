/*
 * view_shelf.h - the last views, for explain: the newest whole, each one before
 * as what differs from the one after it (snapshot_delta.h). A lock guards the
 * list; never on a request path.
 */
#ifndef PERI_BALANCER_VIEW_SHELF_H
#define PERI_BALANCER_VIEW_SHELF_H

#include "balancer/view.h"

struct view_shelf;

/* view_shelf_new - room for @capacity views, at least 1. */
struct view_shelf *view_shelf_new(unsigned capacity);
void view_shelf_free(struct view_shelf **shelf);

/* view_shelf_put - hold @view as the newest; the one before is packed, the
 * oldest may go. Milliseconds for a large fleet; one thread, the builder's. */
void view_shelf_put(struct view_shelf *shelf, struct view *view);

/* view_shelf_take_newest - held for the caller (view_unref()), or NULL. Any
 * thread. */
struct view *view_shelf_take_newest(struct view_shelf *shelf);

/*
 * view_shelf_take - the view with snapshot @number, or NULL, as above.
 *
 * A past one is unpacked: tens of milliseconds for a large fleet. It has the
 * policy of its time but the newest map, because only one is kept; map_serial
 * tells.
 */
struct view *view_shelf_take(struct view_shelf *shelf, uint32_t number);

/* view_shelf_is_past - whether a view with @number would be unpacked now. */
bool view_shelf_is_past(struct view_shelf *shelf, uint32_t number);

/* What is kept beside the newest view. */
struct view_shelf_stats {
	unsigned past_count;
	size_t past_bytes;
};
struct view_shelf_stats view_shelf_stats(struct view_shelf *shelf);

#endif
