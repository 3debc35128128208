/*
 * reply.h - the answer of /resolve: what peri-balancer writes out of
 * pre-rendered fragments and what clients read. Codec only; pure.
 */
#ifndef PERI_LIB_PROTO_REPLY_H
#define PERI_LIB_PROTO_REPLY_H

#include "lib/proto/node.h"

#define REPLY_NODES_MAX	   16
#define REPLY_FALLBACK_MAX 4
#define REPLY_ETAG_BYTES   72 /* longer ones are left out */
#define REPLY_JSON_MAX	   16384
#define REPLY_ID_BYTES	   97 /* opaque; ours have 68 at most */

struct reply_heartbeat {
	uint32_t start_s, min_s, max_s, step_s, max_missed;
};

struct reply_backoff {
	uint32_t base_ms, max_ms;
	double factor, jitter;
};

struct reply_node {
	char id[NODE_ID_BYTES];
	char region[NODE_ID_BYTES];
	char host[NODE_HOST_BYTES];
	struct addr ipv4[NODE_ADDRS_MAX], ipv6[NODE_ADDRS_MAX];
	uint8_t ipv4_count, ipv6_count;
	struct node_ports ports;
	int32_t km; /* -1 = not said */
};

struct reply {
	char host[NODE_HOST_BYTES];
	char id[REPLY_ID_BYTES];
	uint32_t ttl_s;
	char client_country[3];
	char client_area[65];
	char client_source[17];
	bool client_has_position;
	double client_lat_deg, client_lon_deg; /* valid when has_position */
	struct reply_node nodes[REPLY_NODES_MAX];
	unsigned node_count;
	struct reply_heartbeat heartbeat;
	struct reply_backoff backoff;
	char fallback[REPLY_FALLBACK_MAX][NODE_HOST_BYTES];
	unsigned fallback_count;
	char etag[REPLY_ETAG_BYTES]; /* not of the body: the header ETag, for
				      * who keeps answers; "" = none */
};

enum reply_families { REPLY_V46, REPLY_V4, REPLY_V6 };

/*
 * reply_put_node - one node's fragment, rendered once per snapshot:
 * {"id":..,"region":..,"host":..,"ipv4":[..],"ipv6":[..],"tcp":..,"ws":..,
 * "wss":..  without the end: the query path adds ,"km":N} or }.
 */
void reply_put_node(struct buf *b, const struct node_record *record,
		    enum reply_families families);

/* Where parts of a fragment begin, as lengths of its buf. */
struct reply_marks {
	size_t ipv4, ipv6, ports;
};

/* reply_put_node_marked - as reply_put_node() for both families; without
 * [ipv6, ports) or [ipv4, ipv6) it is what the others give. */
void reply_put_node_marked(struct buf *b, const struct node_record *record,
			   struct reply_marks *marks_r);

/*
 * reply_decode - read an answer (the client's side). Unknown members are
 * ignored; nodes beyond REPLY_NODES_MAX too.
 *
 * Returns 0 or p->rc.
 */
MUST_CHECK int reply_decode(struct sv text, struct reply *reply_r,
			    struct json_problem *p);

#endif
