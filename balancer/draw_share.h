/*
 * draw_share.h - one draw for a few clients in a row. A client without a
 * device id has no list to keep, so when it comes within 2 ms of another one
 * that was sent to the same two sites it may have that one's key: the list is
 * then what draw_nodes() gives for its own cell and that key, explain included.
 * At most DRAW_SHARE_CLIENTS get one key, and only under a load at which a
 * node is drawn so often that this evens out. One table per worker.
 */
#ifndef PERI_BALANCER_DRAW_SHARE_H
#define PERI_BALANCER_DRAW_SHARE_H

#include "balancer/draw.h"

#define DRAW_SHARE_CLIENTS   4
#define DRAW_SHARE_WINDOW_MS 2
#define DRAW_SHARE_SLOTS     512 /* pairs of sites, hashed; a power of two */

/* One draw; 64 bytes. */
struct draw_shared {
	const struct snapshot_service *service; /* only compared */
	uint64_t key;
	int64_t drawn_at_ms;
	uint32_t number; /* of the snapshot */
	uint32_t node[DRAW_DEFAULT];
	uint16_t site, refuge;
	uint8_t left; /* how many more clients may have it */
};

struct draw_share {
	struct draw_shared slots[DRAW_SHARE_SLOTS];
};

/*
 * draw_share_nodes - as draw_nodes(), but may replace the key.
 *
 * @share   zeroed at first; the worker's own
 * @query   query->key is random; out: the key that was drawn with
 * @number  of the snapshot that query->service is in
 * @now_ms  of this turn
 *
 * No lock, no allocation. Always fills @list_r; scores of a shared list are 0.
 */
void draw_share_nodes(struct draw_share *share, struct draw_query *query,
		      uint32_t number, int64_t now_ms,
		      struct draw_list *list_r);

#endif
