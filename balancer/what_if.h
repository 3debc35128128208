/*
 * what_if.h - what a client's cell would get if nodes were gone, drained, of
 * another weight or nearer: the real builder runs twice on copies, once as
 * things are and once with the changes. Nothing that is published is touched.
 */
#ifndef PERI_BALANCER_WHAT_IF_H
#define PERI_BALANCER_WHAT_IF_H

#include "balancer/demand.h"
#include "balancer/explain.h"
#include "balancer/view.h"

#define WHAT_IF_CHANGES_MAX 16

enum what_if_kind {
	WHAT_IF_WITHOUT, /* a node is gone */
	WHAT_IF_DRAINED, /* a region drains */
	WHAT_IF_RELEASE, /* no intent holds for a node or region */
	WHAT_IF_WEIGHT,	 /* a node has another weight */
	WHAT_IF_BIAS,	 /* a region has another bias */
	WHAT_IF_KINDS,
};

struct what_if_change {
	enum what_if_kind kind;
	/* Of whom the name is; when it is not said and nobody of that scope has
	 * the name, it is taken for the other's. */
	enum intent_scope scope;
	bool scope_is_said;
	char name[NODE_ID_BYTES];
	uint32_t weight; /* of WHAT_IF_WEIGHT */
	double bias_km;	 /* of WHAT_IF_BIAS */
};

/* Whom it is asked for. */
enum what_if_asked {
	WHAT_IF_CLIENT, /* one: what_if_put.h answers */
	WHAT_IF_ALL,	/* everybody: what_if_all.h */
};

/* Changes, and the world that the builder adds (explain_job.h). */
struct what_if {
	struct what_if_change changes[WHAT_IF_CHANGES_MAX];
	unsigned change_count;
	enum what_if_asked asked;
	/* of WHAT_IF_CLIENT */
	char service[NODE_ID_BYTES];
	struct draw_query query;      /* service is not set */
	struct explain_client client; /* its texts are in the view's map */
	/* the world: held, and copied; owned */
	struct view *view; /* map and policy */
	struct fleet *fleet;
	struct demand *demand;
	uint64_t revision;
	int64_t now_ms, synced_at_ms;
	unsigned replica_count;
	/* the answer, by what_if_run() */
	const struct what_if_change *missing; /* names nobody; else NULL */
	struct buf body;
};

/* what_if_free - with everything that it owns or holds. Any thread. */
void what_if_free(struct what_if **what_if);

/* what_if_kind_str - "without", "drained", "release", "weight", "bias": the
 * parameter's name. what_if_scope - whom it names as a rule. */
const char *what_if_kind_str(enum what_if_kind kind);
enum intent_scope what_if_scope(enum what_if_kind kind);

/*
 * what_if_run - fill missing or body. Takes 0.4 s for 100,000 nodes; any
 * thread, which has the question for itself.
 *
 * body is what_if_all.h's, or for a client
 * {"snapshot":{revision,service},"client":{..},"changes":[{kind,scope,
 * name,weight,bias_km}],"sites":[{site,region,zone,before,after,change}],"nodes":[{id,site,
 * before,after,change}],"answer":{before:[id],after:[id]},"flags":{before:[],
 * after:[]},"truncated"}. before and after of a site are {rank,share,est,limit,
 * level,headroom_per_s,admitted_per_s,panic}, of a node {share,p,position}, or
 * null where it takes no part. share is the part of the cell's clients that are
 * sent there first, change by how much that rises. Nodes are those of both
 * answers, then those whose share changes, the most first; at most 64.
 */
void what_if_run(struct what_if *what_if);

#endif
