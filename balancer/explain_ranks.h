/*
 * explain_ranks.h - the sites that an answer chose from, in its order: the
 * cell's candidates, or all sites. Pure; any thread that may read the snapshot.
 */
#ifndef PERI_BALANCER_EXPLAIN_RANKS_H
#define PERI_BALANCER_EXPLAIN_RANKS_H

#include "balancer/draw.h"
#include "lib/proto/jsonw.h"

struct explain_ranks {
	const struct snapshot_service *service;
	const struct snapshot_cell *cell; /* NULL: service->anywhere */
	uint32_t count;
};

/* explain_ranks_of - those of @list, drawn for @query; borrows the snapshot. */
struct explain_ranks explain_ranks_of(const struct draw_query *query,
				      const struct draw_list *list);

/* explain_ranks_site - which site of the service stands at @rank, below count;
 * explain_ranks_share - of the cell's clients that it is chosen for. */
uint32_t explain_ranks_site(const struct explain_ranks *ranks, uint32_t rank);
double explain_ranks_share(const struct explain_ranks *ranks, uint32_t rank);

/* explain_ranks_put_name - "region/zone" or "region" as member @key. */
void explain_ranks_put_name(struct jsonw *w, const char *key,
			    const struct snapshot_site *site);

#endif
