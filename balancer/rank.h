/*
 * rank.h - ranks one service: reckoning, cost orders, waterfall, water-filling,
 * written into arrays that the snapshot has carved already. Owned by a snapshot
 * builder; its thread.
 */
#ifndef PERI_BALANCER_RANK_H
#define PERI_BALANCER_RANK_H

#include "balancer/catalog.h"
#include "balancer/snapshot_builder.h"

/* What is kept from build to build: cost orders and scratch memory. */
struct rank;

/* rank_new, rank_free - builder's thread. */
struct rank *rank_new(void);
void rank_free(struct rank **rank);

/* rank_begin - for the services that follow: what they rank by. @input and
 * @catalog are borrowed until the last rank_service(). */
void rank_begin(struct rank *rank, const struct snapshot_input *input,
		const struct catalog *catalog);

/*
 * rank_service - fill everything in @to, whose name, counts and arrays are set
 * (sites, cells and anywhere zeroed). Takes the time into account that passed
 * since the last build: est_conns and assigned_rate_per_s of the fleet move on.
 *
 * @index  of the service in the catalog
 */
void rank_service(struct rank *rank, unsigned index,
		  struct snapshot_service *to);

/* rank_geometry_runs - how often cost orders were computed. */
uint64_t rank_geometry_runs(const struct rank *rank);

#endif
