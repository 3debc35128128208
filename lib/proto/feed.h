/*
 * feed.h - the registry's change stream (/v1/watch), one JSON object a line:
 * what peri-registry writes and peri-balancer reads. Codec only; pure.
 *
 *   {"type":"nodes","rev":R,"nodes":[N...]}   part of the initial state
 *   {"type":"regions","rev":R,"regions":[G...]}
 *   {"type":"synced","epoch":"E","rev":R}     the state up to R is complete
 *   {"type":"node","rev":R,"node":N}          added or changed, with its state
 *   {"type":"gone","rev":R,"id":"..","why":"left|expired|forgotten"}
 *   {"type":"region","rev":R,"region":G}      (gone: {"..","gone":true})
 *   {"type":"intents","rev":R,"intents":[I...]} part of the initial state
 *   {"type":"intent","rev":R,"scope":..,"id":..,"intent":{..}}  (gone: true)
 *   {"type":"load","loads":[["id",conns,accepts_total,refused_total,age_ms]..]}
 *   {"type":"balancers","count":N}		live replicas; when it changes,
 *		with the initial state and each ping; not while the registry
 *		is too young to know
 *   {"type":"ping","rev":R}
 *   {"type":"reset","why":".."}		forget all; nodes follow
 *
 * N is the record as registered plus state, conns, accepts_total, age_ms (of
 * the load report; -1 = none yet) and registered_age_ms (since this boot
 * registered; slow start wants it).
 */
#ifndef PERI_LIB_PROTO_FEED_H
#define PERI_LIB_PROTO_FEED_H

#include "lib/proto/intent.h"
#include "lib/proto/node.h"

#define FEED_LINE_MAX	   (256 * 1024) /* bytes of one line */
#define FEED_NODES_BATCH   16		/* nodes in one "nodes" line */
#define FEED_INTENTS_BATCH 256		/* in one "intents" line */
#define FEED_LOADS_BATCH   1024		/* loads in one "load" line */
#define FEED_EPOCH_BYTES   33
#define FEED_BALANCERS_MAX 100000 /* a larger count is a lie */
#define FEED_BIAS_KM_MAX   20000  /* a region's bias: half around the world */

enum feed_type {
	FEED_NODES,
	FEED_REGIONS,
	FEED_SYNCED,
	FEED_NODE,
	FEED_GONE,
	FEED_REGION,
	FEED_INTENTS,
	FEED_INTENT,
	FEED_LOAD,
	FEED_BALANCERS,
	FEED_PING,
	FEED_RESET,
};

/* A node with what the registry knows beside its record. */
struct feed_node {
	struct node_record record;
	enum node_state state;
	uint32_t conns;
	uint64_t accepts_total, refused_total;
	int64_t load_age_ms;	   /* -1 = no report yet */
	int64_t registered_age_ms; /* since this boot registered */
};

struct feed_region {
	char id[NODE_ID_BYTES];
	char title[65]; /* for people: "Sao Paulo" */
	double lat_deg, lon_deg;
	double bias_km;
	bool gone;
};

struct feed_load {
	char id[NODE_ID_BYTES];
	uint32_t conns;
	uint64_t accepts_total, refused_total;
	int64_t age_ms;
};

/* Receives what one line holds, in order. Borrowed for the call. A member may
 * be NULL when the reader does not care. */
struct feed_sink {
	void (*node)(void *arg, const struct feed_node *node, uint64_t rev);
	void (*gone)(void *arg, const char *id, const char *why, uint64_t rev);
	void (*region)(void *arg, const struct feed_region *region,
		       uint64_t rev);
	/* What operators want: gone, or state, weight and bias. */
	void (*intent)(void *arg, const struct intent *intent, uint64_t rev);
	void (*load)(void *arg, const struct feed_load *load);
	void (*balancers)(void *arg, unsigned count);
	void (*synced)(void *arg, const char *epoch, uint64_t rev);
	void (*ping)(void *arg, uint64_t rev);
	void (*reset)(void *arg, const char *why);
	void *arg;
};

/*
 * feed_read_line - decode one line (without its newline) and hand it to @sink.
 *
 * A line is checked whole before anything of it is handed over. Fields and
 * types of a newer registry are ignored (an unknown "type" is no error).
 * Returns 0 or p->rc.
 */
MUST_CHECK int feed_read_line(struct sv line, const struct feed_sink *sink,
			      struct json_problem *p);

/* Writers: append one line with its newline. */
void feed_put_nodes(struct buf *b, const struct feed_node *nodes, size_t count,
		    uint64_t rev);
void feed_put_regions(struct buf *b, const struct feed_region *regions,
		      size_t count, uint64_t rev);
void feed_put_node(struct buf *b, const struct feed_node *node, uint64_t rev);
void feed_put_gone(struct buf *b, const char *id, const char *why,
		   uint64_t rev);
void feed_put_region(struct buf *b, const struct feed_region *region,
		     uint64_t rev);
void feed_put_intents(struct buf *b, const struct intent *intents, size_t count,
		      uint64_t rev);
void feed_put_intent(struct buf *b, const struct intent *intent, uint64_t rev);
void feed_put_loads(struct buf *b, const struct feed_load *loads, size_t count);
void feed_put_balancers(struct buf *b, unsigned count);
void feed_put_synced(struct buf *b, const char *epoch, uint64_t rev);
void feed_put_ping(struct buf *b, uint64_t rev);
void feed_put_reset(struct buf *b, const char *why);

/* feed_region_put - the members of one region into @w's open object. */
void feed_region_put(struct jsonw *w, const struct feed_region *region);
/* feed_region_decode - a region that people wrote: strict, never gone.
 * Returns 0 or p->rc. */
MUST_CHECK int feed_region_decode(const struct json *object,
				  struct feed_region *region_r,
				  struct json_problem *p);
/* feed_region_decode_line - a region of the stream: unknown members ignored,
 * {"id":..,"gone":true} allowed. Returns 0 or p->rc. */
MUST_CHECK int feed_region_decode_line(const struct json *object,
				       struct feed_region *region_r,
				       struct json_problem *p);

/* feed_node_put - the members of one node (N above) into @w's open object. */
void feed_node_put(struct jsonw *w, const struct feed_node *node);
/* feed_node_decode - the reverse; addresses of any unicast class are taken,
 * unknown members ignored. */
MUST_CHECK int feed_node_decode(const struct json *object,
				struct feed_node *node_r,
				struct json_problem *p);

#endif
