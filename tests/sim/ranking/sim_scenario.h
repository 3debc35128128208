/*
 * sim_scenario.h - what happens on a world (scenarios/<name>.json): how fast
 * clients come, what the balancers know, what breaks. Plain data.
 */
#ifndef PERI_TESTS_SIM_RANKING_SIM_SCENARIO_H
#define PERI_TESTS_SIM_RANKING_SIM_SCENARIO_H

#include "tests/sim/ranking/sim_world.h"

#define SIM_REPLICAS_MAX 16
#define SIM_EVENTS_MAX	 64
#define SIM_HOT_MAX	 16

enum sim_event_kind {
	SIM_KILL,   /* a node or site dies with its connections */
	SIM_REVIVE, /* as a new process, empty */
	SIM_HOLE,   /* accepts, drops at once, reports 0 */
	SIM_ADD,    /* was not there before; empty */
	SIM_WEIGHT, /* the operator's, 0..1000 */
	SIM_FREEZE, /* a replica hears and builds nothing for for_s */
	SIM_RATE,   /* from now on so many clients a second */
};

struct sim_event {
	double at_s, for_s, value;
	enum sim_event_kind kind;
	char node[SIM_NAME_BYTES], site[SIM_NAME_BYTES];
	uint32_t replica;	    /* from 0 */
	int node_index, site_index; /* resolved; -1 = not named */
};

struct sim_hot {
	char site[SIM_NAME_BYTES];
	double factor; /* of the demand around it */
};

struct sim_scenario {
	double duration_s, warmup_s; /* figures begin after the warm-up */
	int64_t step_ms;
	double renew_s; /* T */
	double rate_per_s, session_s;
	double replica_shares[SIM_REPLICAS_MAX]; /* of the clients */
	unsigned replica_count;
	double fill;		    /* of the capacity at the start */
	double fill_low, fill_high; /* a node starts at fill * one of these */
	double demand_sigma; /* log-normal factor for each site's cells */
	struct sim_hot hot[SIM_HOT_MAX];
	unsigned hot_count;
	double asked_per_client; /* queries for each client who connects */
	double lost_renewals;	 /* the agent tries again after 2.05 to 2.3 s */
	bool no_retries;	 /* not before the next one is due */
	double reconnect_s;	 /* mean, of clients who lost their node */
	double node_weights[SIM_SITE_NODES_MAX]; /* in turn, in each site */
	unsigned node_weight_count;
	uint32_t tries;	   /* addresses of its list that a client tries */
	bool feedback;	   /* clients ask again with failed= */
	bool share_draws;  /* clients are anonymous: draw_share.h */
	bool always_lists; /* a real list for each client, however many */
	struct sim_event events[SIM_EVENTS_MAX];
	unsigned event_count;
};

/* sim_scenario_load - read a file and look its names up in @world; complains
 * on stderr. Returns 0 or a negative error. */
MUST_CHECK int sim_scenario_load(const char *path,
				 const struct sim_world *world,
				 struct sim_scenario *scenario_r);

/* sim_scenario_replicas - so many with equal shares. */
void sim_scenario_replicas(struct sim_scenario *scenario, unsigned count);

#endif
