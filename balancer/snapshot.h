/*
 * snapshot.h - the immutable picture that all workers answer from: sites,
 * nodes with their draw weights, and for each client cell its candidate sites
 * with the share of each. Built by one thread (snapshot_build()), published
 * through qsbr, read without a lock. The layout is public so that draw.c and
 * explain.c read it straight; nobody writes it after the build.
 */
#ifndef PERI_BALANCER_SNAPSHOT_H
#define PERI_BALANCER_SNAPSHOT_H

#include <stdint.h>

#include "balancer/fleet.h"
#include "geo/cellmap.h"

#define SNAPSHOT_CANDIDATES 6 /* sites a cell chooses from */
#define SNAPSHOT_SERVICES   16
#define SNAPSHOT_FAMILIES   3 /* enum snapshot_family */

enum snapshot_family { SNAPSHOT_V46, SNAPSHOT_V4, SNAPSHOT_V6 };

/* Why a node is not drawn: the one closed list of ranking.md. */
enum snapshot_why {
	WHY_NONE,
	WHY_EXPIRED,
	WHY_SUSPECT,
	WHY_AT_CAPACITY,
	WHY_DRAINED,
	WHY_MAINTENANCE,
	WHY_POLICY,
	WHY_FAMILY,
	WHY_PORT,
	WHY_UNHEALTHY,
	WHY_WARMING,
	WHY_LOAD_UNKNOWN,
	WHY_COUNT,
};

/* A node of one service. Everything that an answer needs is rendered. */
struct snapshot_node {
	double weight;	    /* p_i, the share of its site's draws; 0 = never */
	double inv_weight;  /* 1/p_i, for the draw's score; 0 when weight is 0*/
	uint64_t id_hash;   /* hash_text(id): breaks ties */
	uint32_t site;	    /* index into sites */
	uint8_t families;   /* bit 0: has IPv4, bit 1: has IPv6 */
	uint8_t why;	    /* enum snapshot_why, when weight is 0 or cut */
	struct sv fragment[SNAPSHOT_FAMILIES]; /* reply_put_node(), in pool */
	const char *id;	    /* in pool */
	/* what explain shows */
	double limit;	     /* K_i */
	double est, level, cap, floor, ramp;
	uint32_t reported_conns;
	int64_t load_at_ms;
	const struct node_record *record; /* a copy in pool */
};

/* A failure domain: (region, zone). */
struct snapshot_site {
	uint32_t first_node, node_count; /* nodes are sorted by site */
	float lat_deg, lon_deg;
	const char *region, *zone, *carrier; /* in pool */
	double bias_km;
	double limit, est;	/* sums over its nodes */
	double headroom_per_s;	/* at 0.90*K, per second of the horizon */
	double admitted_per_s;	/* by the waterfall */
	double level;		/* of the water-filling */
};

/* A client cell's candidates in order of cost. */
struct snapshot_cell {
	uint8_t candidate_count;
	uint16_t site[SNAPSHOT_CANDIDATES];
	uint16_t km[SNAPSHOT_CANDIDATES]; /* from the cell's centre */
	/* cumulative[j] * 2^-32 = chance of ranks 0..j; the last is the top */
	uint32_t cumulative[SNAPSHOT_CANDIDATES];
	uint8_t panic; /* some share was handed out beyond all headroom */
};

/* The ranking of one service. */
struct snapshot_service {
	const char *name; /* in pool */
	struct snapshot_node *nodes;
	struct snapshot_site *sites;
	struct snapshot_cell *cells; /* cell_count of them, index = cell */
	uint32_t node_count, site_count, cell_count;
	uint32_t usable_count; /* nodes with weight > 0 */
	double demand_per_s;
};

struct snapshot {
	uint32_t number;      /* counts the snapshots of this process */
	uint64_t revision;    /* of the registry's feed */
	int64_t built_at_ms;
	int64_t build_us;     /* how long it took */
	int64_t synced_at_ms; /* when the registry was last heard */
	uint32_t service_count;
	struct snapshot_service services[SNAPSHOT_SERVICES];
	uint32_t nodes_total, nodes_up, nodes_suspect, nodes_down;
	struct snapshot_pool *pool; /* owns all of the memory above */
};

/* Parameters of ranking.md; snapshot_default_policy() has its numbers. */
struct snapshot_policy {
	double free_km;		    /* 50 */
	double carrier_penalty_km;  /* 1500 */
	double border_km;	    /* cell and site in different countries; 0 */
	double headroom;	    /* 0.90 */
	double beta;		    /* 2 */
	double floor_share;	    /* 0.05 */
	int64_t ramp_ms;	    /* 30000 */
	int64_t renew_ms;	    /* T: 5000 */
	double session_tau_s;	    /* 7200 until measured */
	unsigned replica_count;	    /* R: 1 */
};
struct snapshot_policy snapshot_default_policy(void);

struct demand;

struct snapshot_input {
	struct fleet *fleet; /* est_conns and assigned_rate are updated */
	const struct cellmap_cell *cells; /* borrowed for the call */
	unsigned cell_count;
	struct demand *demand;
	struct snapshot_policy policy;
	uint64_t revision;
	int64_t now_ms, synced_at_ms;
};

/*
 * snapshot_build - demand, reckoning, waterfall and water-filling of
 * ranking.md, steps 1 to 5.
 *
 * Equal input gives an equal snapshot. Cost orders are cached in the fleet's
 * geometry as long as sites and cells do not change. Never fails; a fleet
 * without nodes gives a snapshot without services. Builder's thread.
 * Returns the snapshot, owned by the caller.
 */
struct snapshot_builder;
struct snapshot_builder *snapshot_builder_new(void);
void snapshot_builder_free(struct snapshot_builder **builder);
struct snapshot *snapshot_build(struct snapshot_builder *builder,
				const struct snapshot_input *input);

/* snapshot_free - of the type that qsbr_publish() wants. */
void snapshot_free(void *snapshot);

/* snapshot_find_service - by name; with the empty name the only service, or
 * NULL when there are none or several. */
const struct snapshot_service *
snapshot_find_service(const struct snapshot *snap, struct sv name);

/* snapshot_why_str - "suspect", "at_capacity", ... */
const char *snapshot_why_str(enum snapshot_why why);

#endif
