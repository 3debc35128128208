/*
 * draw_pair.h - for the tests of balancer/draw.c: two sites and a cell between
 * them. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_BALANCER_DRAW_PAIR_H
#define PERI_TESTS_UNIT_BALANCER_DRAW_PAIR_H

#include "balancer/draw.h"

#include "tests/unit/balancer/ranking_world.h"

/* Two sites: east (nodes e0..) at 0,0 and west (w0..) at 0,20; one cell at
 * each. */
struct pair {
	struct world world;
	uint16_t east, west;
	struct snapshot *snap;
	const struct snapshot_service *service;
};

static inline void put_many(struct world *w, const char *region, double lon,
			    unsigned count, const struct world_node *like)
{
	for (unsigned i = 0; i < count; i++) {
		char id[24];
		struct buf b;
		struct world_node n = *like;

		buf_init_fixed(&b, id, sizeof(id));
		buf_printf(&b, "%s-%02u", region, i);
		buf_cstr(&b);
		n.id = id;
		n.region = region;
		n.lon = lon;
		world_put(w, &n);
	}
}

static inline void pair_init(struct pair *p)
{
	world_init(&p->world);
	p->east = world_cell(&p->world, 0, 0);
	p->west = world_cell(&p->world, 0, 20);
}

static inline void pair_build(struct pair *p)
{
	snapshot_free(p->snap);
	p->snap = world_build(&p->world);
	p->service = p->snap->service_count ? &p->snap->services[0] : NULL;
}

static inline void pair_fini(struct pair *p)
{
	snapshot_free(p->snap);
	p->snap = NULL;
	world_fini(&p->world);
}

#endif
