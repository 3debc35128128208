/*
 * replica.h - one simulated balancer: the real fleet, demand, builder and draw
 * for our own policy, and what the rivals know for theirs. Replicas share
 * nothing; all they hear of nodes comes from the registry.
 */
#ifndef PERI_TESTS_SIM_RANKING_REPLICA_H
#define PERI_TESTS_SIM_RANKING_REPLICA_H

#include "balancer/demand.h"
#include "balancer/draw_share.h"
#include "balancer/snapshot_builder.h"
#include "balancer/suspects.h"
#include "tests/sim/ranking/rivals.h"
#include "tests/sim/ranking/sim_scenario.h"

struct replica {
	struct fleet *fleet;
	struct demand *demand;
	struct demand_counter *counter;
	struct snapshot_builder *builder;
	struct snapshot *snapshot;
	const struct snapshot_service *service; /* of the snapshot */
	struct snapshot **kept; /* those before it, when they are wanted */
	unsigned kept_count;
	bool keeps;
	struct draw_share *share;
	struct suspects *suspects;
	struct rival *rival; /* NULL: our own policy */
	uint32_t *node_of;   /* node of the snapshot -> of the world */
	double *first_per_s; /* expected first places, by world's node */
	double share_of_clients;
	double owed_queries; /* a part of a query is carried over */
	int64_t next_build_ms, built_at_ms;
	int64_t frozen_until_ms;
	bool plain; /* every site that cells choose has an open node */
	bool dirty; /* a state changed since the build */
};

/* What a replica hears about a node. */
struct replica_news {
	unsigned node; /* of the world */
	enum node_state state;
	uint32_t weight, capacity, conns;
	uint64_t boot, accepts, refused;
	int64_t reported_at_ms; /* -1: never */
	int64_t registered_at_ms;
};

/* replica_init - @phase_ms: when in a second it builds. */
void replica_init(struct replica *r, const struct sim_world *world,
		  enum rival_kind kind, int64_t now_ms, int64_t phase_ms);
void replica_fini(struct replica *r);

/* replica_put - a node's registration, state and latest report.
 * replica_load - only a report. */
void replica_put(struct replica *r, const struct sim_world *world,
		 const struct replica_news *news, int64_t now_ms);
void replica_load(struct replica *r, const struct sim_world *world,
		  const struct replica_news *news, int64_t now_ms);

/* replica_report - a client of its own network says that @node did not work. */
void replica_report(struct replica *r, unsigned node, struct rng *rng,
		    int64_t now_ms);

/* replica_build - a snapshot as of @now_ms, for @replica_count replicas. */
void replica_build(struct replica *r, const struct sim_world *world,
		   const struct sim_scenario *scenario, int64_t now_ms);

/* replica_is_due - whether a build is: each second, and for a change of state
 * (not sooner than 50 ms after the last one). */
bool replica_is_due(const struct replica *r, int64_t now_ms);

/* replica_ask - one query: fills @list_r with nodes of the world in order and
 * returns how many. */
unsigned replica_ask(struct replica *r, const struct sim_world *world,
		     const struct sim_scenario *scenario, uint16_t cell,
		     struct rng *rng, int64_t now_ms, uint32_t *list_r);

#endif
