/*
 * report.h - what a balancer tells the registry once a second: that it lives,
 * what it answered, where the demand is. The body of POST
 * /v1/balancers/{id}/report and, with "id" and "age_ms", an element of GET
 * /v1/balancers. Codec only; pure.
 *
 * Additive: only boot_epoch, version and queries_total must be there, so an
 * older balancer's report stays good. A member that this registry does not
 * know is refused by its name: upgrade the registry first.
 */
#ifndef PERI_LIB_PROTO_REPORT_H
#define PERI_LIB_PROTO_REPORT_H

#include "lib/proto/jsonw.h"
#include "lib/proto/node.h"

/* All lists full, with the longest names: 352 KiB. */
#define REPORT_JSON_MAX	    (384 * 1024) /* bytes */
#define REPORT_BRIEF_MAX    (128 * 1024) /* without flows and nodes */
#define REPORT_SERVICES_MAX 16
#define REPORT_SITES_MAX    256	 /* those with most first choices */
#define REPORT_AREAS_MAX    256	 /* those with most queries */
#define REPORT_FLOWS_MAX    512	 /* those with most first choices */
#define REPORT_NODES_MAX    2048 /* those with most first choices */

struct report_service {
	char name[NODE_ID_BYTES];
	double own_per_s;    /* queries of this balancer */
	double demand_per_s; /* of all, as it reckons: own * R * kappa */
	double kappa;
};

/* First choices that fall to a site. */
struct report_site {
	char service[NODE_ID_BYTES], region[NODE_ID_BYTES], zone[NODE_ID_BYTES];
	double per_s;
};

/* Queries from a cell of the map. */
struct report_area {
	char country[3]; /* "" = unknown */
	uint32_t cell;	 /* of this balancer's map; 0 = no place known */
	double lat_deg, lon_deg;
	double per_s;
	double nearest_per_s; /* first choices in the region nearest to it */
	double km_p50; /* from the cell's centre to the first choice; -1 =
			* not known */
};

/* First choices from a cell that fall to a region. */
struct report_flow {
	char country[3];
	uint32_t cell;
	double lat_deg, lon_deg;
	char region[NODE_ID_BYTES];
	double per_s;
	bool spill; /* another region is nearer */
};

/* First choices that fall to a node: ["id", per_s]. */
struct report_node {
	char id[NODE_ID_BYTES];
	double per_s;
};

struct report {
	uint64_t boot_epoch; /* tells processes with one id apart */
	char version[NODE_VERSION_BYTES];
	/* since the process started */
	uint64_t queries_total, refused_total;
	uint64_t spill_total;  /* first choice not in a nearest site */
	uint64_t misses_total; /* no place known */
	uint64_t panic_total;  /* beyond all headroom */
	uint64_t empty_total;  /* no node alive */
	double queries_per_s;  /* since the report before */
	double p50_us, p99_us; /* of an answer; -1 = too few to say */
	/* the snapshot in force; age_ms -1 = none yet */
	uint64_t snapshot_number, snapshot_revision;
	int64_t snapshot_age_ms;
	uint32_t replicas; /* R that it reckons with */
	/* since the report before: from a known place, and of these first
	 * choices in the nearest region */
	double placed_per_s, nearest_per_s;
	struct report_geo {
		uint32_t databases;	 /* 0 = none: no place is known */
		uint64_t rows;		 /* networks with a place */
		int64_t database_wall_s; /* of the oldest; 0 = unknown */
	} geo;
	struct report_services {
		struct report_service *items;
		unsigned count;
	} services;
	struct report_sites {
		struct report_site *items;
		unsigned count;
	} sites;
	struct report_areas {
		struct report_area *items;
		unsigned count;
	} areas;
	struct report_flows {
		struct report_flow *items;
		unsigned count;
	} flows;
	struct report_nodes {
		struct report_node *items;
		unsigned count;
	} nodes;
};

/* report_put - the members into @w's open object (report_put.c). */
void report_put(struct jsonw *w, const struct report *report);
/* report_put_brief - the same without "flows" and "nodes". */
void report_put_brief(struct jsonw *w, const struct report *report);

/*
 * report_decode - a body from a balancer: types, ranges and lengths are
 * checked, unknown members refused.
 *
 * Returns 0 and *@report_r, whose arrays report_fini() frees, or p->rc, and
 * then nothing is to be freed.
 */
MUST_CHECK int report_decode(struct sv body, struct report *report_r,
			     struct json_problem *p);

/* report_fini - free the arrays. */
void report_fini(struct report *report);

#endif
