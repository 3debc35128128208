/*
 * snapshot.h - the immutable picture that all workers answer from: sites,
 * nodes with their draw weights, and for each client cell its candidate sites
 * with the share of each. Built by one thread (snapshot_builder.h), published
 * through qsbr, read without a lock. The layout is public so that draw.c and
 * explain.c read it straight; nobody writes it after the build.
 */
#ifndef PERI_BALANCER_SNAPSHOT_H
#define PERI_BALANCER_SNAPSHOT_H

#include <stdint.h>

#include "balancer/fleet.h"
#include "balancer/intent_bits.h"
#include "geo/cellmap.h"

#define SNAPSHOT_CANDIDATES 6 /* sites a cell chooses from */
#define SNAPSHOT_SERVICES   16
#define SNAPSHOT_FAMILIES   CARD_FAMILIES /* enum snapshot_family */
#define SNAPSHOT_SITES_MAX  65535 /* of a service; the rest share the last */
#define SNAPSHOT_TOP	    0xffffffffU
#define SNAPSHOT_KM_UNKNOWN 0xffff

enum snapshot_family { SNAPSHOT_V46, SNAPSHOT_V4, SNAPSHOT_V6 };

/* Why a node is not drawn: closed; POLICY, PORT and UNHEALTHY are reserved. */
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

/* How a node may be given; lower ones come first in every list. */
enum snapshot_tier {
	TIER_OPEN,    /* has room: drawn by weight, before all others */
	TIER_FULL,    /* healthy but at its limit: only to fill a list up */
	TIER_SUSPECT, /* by renewals or clients: after all healthy ones */
	TIER_DRAINED, /* weight 0: only when nothing else is alive */
	TIER_COUNT,
	TIER_DOWN = TIER_COUNT, /* never */
};

/* A node of one service. */
struct snapshot_node {
	const struct card *card; /* record and JSON; in the catalog */
	double weight;		 /* p_i, the share of its site's draws */
	double limit;		 /* K_i; 0 while suspect or down */
	double est;
	float reserve; /* what counts when weight is 0 and it has to do */
	float cap, floor, ramp;
	int64_t load_at_ms; /* -1 = no report yet */
	uint32_t reported_conns;
	uint32_t site;	    /* index into sites */
	uint8_t tier;	    /* enum snapshot_tier */
	uint8_t why;	    /* enum snapshot_why, when weight is 0 or cut */
	uint8_t by_clients; /* suspect because of what they report */
	uint8_t intent;	    /* INTENT_BITS_* */
	uint16_t operator_weight; /* 0..1000, in force; of 100 */
};

/* What the draw reads of a node that is not down: in order of site and tier. */
struct snapshot_draw {
	uint64_t id_hash;
	float inv_weight; /* 1/p_i; 1/reserve in all tiers but TIER_OPEN */
	uint32_t families : 2, node : 30; /* CARD_HAS_*, index into nodes */
};

/* A failure domain: (region, zone). */
struct snapshot_site {
	uint32_t first_node, node_count;     /* in the catalog's order */
	uint32_t first_draw[TIER_COUNT + 1]; /* of each tier; the last's end */
	uint32_t tree_depth, first_tree; /* 0: a small site; else one a tier */
	uint32_t ready[TIER_COUNT][SNAPSHOT_FAMILIES]; /* how many serve */
	float lat_deg, lon_deg;		     /* valid when has_position */
	const char *region, *zone, *carrier; /* in the catalog */
	double bias_km;
	double limit, est;	   /* sums over its healthy nodes */
	double steady_est;	   /* as published: refuges go by it */
	double headroom_per_s;	   /* at 0.90*K, per second of the horizon */
	double admitted_per_s;	   /* by the waterfall */
	double level;		   /* of the water-filling */
	uint32_t by_clients_count; /* of its nodes */
	uint8_t has_position;
	uint8_t panic;		/* more is sent here than it has room for */
	uint8_t bias_by_intent; /* bias_km is an operator's word */
};

/*
 * A client cell's candidates in order of cost. Sites with a healthy node come
 * before sites with suspects only, these before sites with drained nodes only;
 * sites without a live node are never candidates.
 */
struct snapshot_cell {
	/* Rank j is chosen by cumulative[j-1] <= u < cumulative[j], u in units
	 * of 2^-32; from the last rank with a share on it is SNAPSHOT_TOP. One
	 * without a share is never chosen by u, but gives last entries. */
	uint32_t cumulative[SNAPSHOT_CANDIDATES];
	uint16_t site[SNAPSHOT_CANDIDATES];
	uint16_t km[SNAPSHOT_CANDIDATES]; /* or SNAPSHOT_KM_UNKNOWN: no place */
	int16_t cost_km[SNAPSHOT_CANDIDATES]; /* what the order went by */
	uint8_t candidate_count;	      /* 0 = answered from anywhere[] */
	uint8_t panic; /* some share was handed out beyond all headroom */
	uint8_t nearest_ranks; /* candidates_row's; only for people */
	uint8_t zero;	       /* memcmp() must not see padding */
};

/*
 * The order for clients without a place (cell 0, a cell without a centre) and
 * for families that none of a cell's candidates serves: every site with a live
 * node, healthy ones first, by the free part of their limit, then by name.
 * Shares go by free capacity that the cells left over; see snapshot_cell.
 */
struct snapshot_anywhere {
	uint32_t site;
	uint32_t cumulative;
};

/* The ranking of one service. */
struct snapshot_service {
	const char *name; /* in the catalog */
	struct snapshot_node *nodes;
	const struct card_text *texts; /* of the nodes; in the catalog */
	struct snapshot_draw *draws;   /* those of a site from first_node on */
	struct draw_tree *trees;       /* of the large sites */
	struct snapshot_site *sites;
	struct snapshot_cell *cells; /* cell_count of them, index = cell */
	struct snapshot_anywhere *anywhere;
	uint32_t node_count, site_count, cell_count, anywhere_count;
	uint32_t usable_count; /* nodes with weight > 0 */
	uint32_t ready[TIER_COUNT][SNAPSHOT_FAMILIES]; /* sum of its sites' */
	uint32_t by_clients_count;		       /* sum of its sites' */
	uint8_t anywhere_panic;
	unsigned demand_slot; /* for demand_count() */
	double demand_per_s; /* of all replicas, as we reckon: kappa included */
	double kappa;	     /* that it was reckoned with */
};

struct snapshot {
	uint32_t number;   /* goes on by 1; begins anywhere */
	uint64_t revision; /* of the registry's feed */
	int64_t built_at_ms;
	int64_t build_us;     /* how long it took */
	int64_t synced_at_ms; /* when the registry was last heard; -1: never */
	double session_tau_s; /* mean session that was reckoned with */
	unsigned replica_count; /* R that was reckoned with, at least 1 */
	uint32_t service_count;
	struct snapshot_service services[SNAPSHOT_SERVICES];
	uint32_t nodes_total, nodes_up, nodes_suspect, nodes_down;
	uint32_t nodes_unranked; /* of services beyond SNAPSHOT_SERVICES */
	struct catalog *catalog; /* one reference: cards and names */
	void *pool;		 /* owns all the other memory above */
};

/* Parameters of ranking.md; snapshot_default_policy() has its numbers. */
struct snapshot_policy {
	double free_km;		   /* 50 */
	double carrier_penalty_km; /* 1500 */
	double border_km;	   /* cell and site in different countries; 0 */
	double horizon_s;	   /* H; 0 = max(2T, 10 s) */
	double headroom;	   /* 0.90 */
	double beta;		   /* 2 */
	double floor_share;	   /* 0.05 */
	int64_t ramp_ms;	   /* 30000 */
	int64_t renew_ms;	   /* T: 5000 */
	double session_tau_s;	   /* to start with: 7200 */
	unsigned replica_count;	   /* R: 1 */
};
struct snapshot_policy snapshot_default_policy(void);

/* snapshot_free - for qsbr_publish(). NULL is allowed. Any thread. */
void snapshot_free(void *snapshot);

/* snapshot_find_service - by name; "" is the only service; NULL: none. */
const struct snapshot_service *
snapshot_find_service(const struct snapshot *snap, struct sv name);

/* snapshot_serves - whether a node with these CARD_HAS_* is of @family. */
static inline unsigned snapshot_serves(unsigned families,
				       enum snapshot_family family)
{
	static const unsigned mask[SNAPSHOT_FAMILIES] = {
		CARD_HAS_IPV4 | CARD_HAS_IPV6, CARD_HAS_IPV4, CARD_HAS_IPV6};

	return families & mask[family];
}

/* snapshot_why_str - "suspect", "at_capacity", ... */
const char *snapshot_why_str(enum snapshot_why why);

#endif
