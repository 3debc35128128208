/*
 * rivals.h - what others do, as policies beside ours. Each replica of a rival
 * has a picture of its own: the last report of each node. Sites are taken in
 * order of distance, the last entry of a list from the next one, as in ours;
 * only goim's formula ranks all nodes at once.
 */
#ifndef PERI_TESTS_SIM_RANKING_RIVALS_H
#define PERI_TESTS_SIM_RANKING_RIVALS_H

#include "lib/base/rng.h"
#include "tests/sim/ranking/sim_world.h"

enum rival_kind {
	RIVAL_NONE,	   /* ours */
	RIVAL_LEAST,	   /* nearest site, then least utilisation reported */
	RIVAL_GOIM,	   /* goim's balancer, weights = capacity */
	RIVAL_TWO_CHOICES, /* two of the site at random, the emptier first */
	RIVAL_WEIGHTED,	   /* at random by capacity */
	RIVAL_KINDS,
};

struct rival;

/* rival_kind_str - "perihelion", "least", "goim", "two-choices", "weighted".
 * rival_kind_of - the reverse; RIVAL_KINDS when there is no such. */
const char *rival_kind_str(enum rival_kind kind);
enum rival_kind rival_kind_of(const char *name);

struct rival *rival_new(const struct sim_world *world, enum rival_kind kind);
void rival_free(struct rival **rival);

/* rival_put - a node as the registry has it; @gone: not to be given.
 * rival_load - its latest report. */
void rival_put(struct rival *rival, unsigned node, bool gone, uint32_t conns);
void rival_load(struct rival *rival, unsigned node, uint32_t conns);

/* rival_ask - @want nodes for a client of @cell, best first. Returns how many.
 */
unsigned rival_ask(struct rival *rival, const struct sim_world *world,
		   uint16_t cell, unsigned want, struct rng *rng,
		   uint32_t *list_r);

#endif
