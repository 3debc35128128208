/*
 * arrivals.h - the clients of one step. Either each of them gets a real list
 * and tries its addresses, or, where nobody can be refused or find a dead node,
 * only counts move: Poisson arrivals of a cell, split by the snapshot's shares
 * and weights, are what draw_nodes() would have done to them (chance for
 * chance; tests/unit/sim proves it).
 */
#ifndef PERI_TESTS_SIM_RANKING_ARRIVALS_H
#define PERI_TESTS_SIM_RANKING_ARRIVALS_H

#include "tests/sim/ranking/replica.h"
#include "tests/sim/ranking/sim_run.h"

struct arrivals;

/* arrivals_new - the demand of each cell for @run's seed. */
struct arrivals *arrivals_new(struct sim_run *run);
void arrivals_free(struct arrivals **arrivals);

/* arrivals_step - all replicas' clients of a step of @dt_s. */
void arrivals_step(struct sim_run *run, double dt_s);

/* arrivals_orphan - @count clients lost their node at @site and come back. */
void arrivals_orphan(struct sim_run *run, unsigned site, uint64_t count);

/* arrivals_expect - fill replica->first_per_s: after each build. */
void arrivals_expect(struct sim_run *run, struct replica *replica);

/*
 * arrivals_split_cell - how many of @clients of @cell each candidate site gets,
 * into @ranks_r[candidate_count]. arrivals_split_site - how many of @clients of
 * one site each of its open nodes is given first, added to @first, by node of
 * the world. Only where every site with a share has an open node.
 */
void arrivals_split_cell(const struct snapshot_cell *cell, uint64_t clients,
			 struct rng *rng, uint64_t *ranks_r);
void arrivals_split_site(const struct replica *replica,
			 const struct snapshot_site *site, uint64_t clients,
			 struct rng *rng, uint64_t *first);

#endif
