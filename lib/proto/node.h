/*
 * node.h - the node record and its renewal: what a comet-agent tells the
 * registry and what the registry tells everybody else. Codec and rules; pure.
 */
#ifndef PERI_LIB_PROTO_NODE_H
#define PERI_LIB_PROTO_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/proto/json.h"
#include "lib/proto/jsonw.h"

#define NODE_ID_BYTES	      65 /* 64 characters and the NUL */
#define NODE_HOST_BYTES	      254
#define NODE_CARRIER_BYTES    33
#define NODE_VERSION_BYTES    33
#define NODE_ADDRS_MAX	      4 /* of each family */
#define NODE_LABELS_MAX	      8
#define NODE_WEIGHT_NORMAL    100
#define NODE_WEIGHT_MAX	      1000
#define NODE_CAPACITY_MAX     100000000
#define NODE_TTL_MIN_MS	      2000
#define NODE_TTL_MAX_MS	      3600000
#define NODE_TTL_DEFAULT_MS   15000
#define NODE_RENEW_DEFAULT_MS 5000
#define NODE_RECORD_JSON_MAX  8192 /* bytes of one record's JSON */

struct node_ports {
	uint16_t tcp, ws, wss; /* 0 = not served */
};

struct node_label {
	char key[33];
	char value[65];
};

/* One node as it registered. Plain data; copies are independent. */
struct node_record {
	char id[NODE_ID_BYTES]; /* 1-64 of a-z 0-9 . - _ */
	char service[NODE_ID_BYTES];
	char region[NODE_ID_BYTES];
	char zone[NODE_ID_BYTES]; /* "" = one zone per region */
	char host[NODE_HOST_BYTES];
	char carrier[NODE_CARRIER_BYTES]; /* "" = multi-line */
	char version[NODE_VERSION_BYTES];
	bool has_position;
	double lat_deg, lon_deg; /* valid when has_position */
	struct addr ipv4[NODE_ADDRS_MAX], ipv6[NODE_ADDRS_MAX];
	uint8_t ipv4_count, ipv6_count;
	struct node_ports ports;
	uint32_t weight;   /* 0..1000, 100 = normal */
	uint32_t capacity; /* connections, hard, > 0 */
	struct node_label labels[NODE_LABELS_MAX];
	uint8_t label_count;
	uint64_t boot_epoch; /* the writer's process; larger wins */
	uint32_t ttl_ms;     /* asked for; NODE_TTL_DEFAULT_MS by default */
};

/* What a renewal reports. */
struct node_load {
	uint64_t boot_epoch;
	uint64_t seq;		/* grows with each renewal of a process */
	uint32_t conns;		/* now */
	uint64_t accepts_total; /* since the process started */
	uint64_t refused_total;
	double cpu_pct; /* 0..100 of all cores; -1 = not said */
};

/* Lease state as others see it. */
enum node_state { NODE_UP, NODE_SUSPECT, NODE_DOWN };

enum node_addr_policy {
	NODE_ADDRS_PUBLIC_ONLY, /* private, loopback, ... are refused */
	NODE_ADDRS_ANY_UNICAST, /* allow_private_addresses */
};

/*
 * node_decode - a registration's JSON object to a checked record.
 *
 * @id	    the id from the path; a different "id" inside is refused
 * @policy  which addresses are allowed
 * @p	    out: path and rule of the first refusal
 *
 * The JSON's "addrs" is an array of texts of both families. Unknown fields,
 * NaN, capacity 0, ports out of range, no address at all, no port at all and
 * wrong characters are refused. Returns 0 or p->rc.
 */
MUST_CHECK int node_decode(const struct json *object, struct sv id,
			   enum node_addr_policy policy,
			   struct node_record *record_r,
			   struct json_problem *p);

/*
 * node_decode_known - as node_decode() for a record that a registry has
 * accepted before (feed, store): the id is the object's own, any unicast
 * address is taken and members of a newer version are ignored.
 */
MUST_CHECK int node_decode_known(const struct json *object,
				 struct node_record *record_r,
				 struct json_problem *p);

/* node_equal - whether both records say the same, order of addresses and
 * labels included; the boot epoch is a part of it. */
bool node_equal(const struct node_record *a, const struct node_record *b);

/* node_put - write @record's members into the open JSON object of @w. */
void node_put(struct jsonw *w, const struct node_record *record);

/* node_load_decode - a renewal's JSON to @load_r; strict as node_decode(). */
MUST_CHECK int node_load_decode(struct sv text, struct node_load *load_r,
				struct json_problem *p);

/* node_load_put - a renewal as JSON text (the agent's side). */
void node_load_put(struct buf *b, const struct node_load *load);

/* node_id_is_valid - 1-64 of a-z 0-9 . - _ */
bool node_id_is_valid(struct sv id);

/* node_state_str - "up", "suspect", "down"; node_state_parse - the reverse. */
const char *node_state_str(enum node_state state);
MUST_CHECK int node_state_parse(struct sv text, enum node_state *state_r);

#endif
