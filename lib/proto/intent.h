/*
 * intent.h - what an operator wants of a node or a region: drain, maintenance,
 * weight, bias. Codec and the one rule how a node's and its region's intent
 * come together; pure. What is said here wins over what nodes report.
 *
 *   INTENT = {"scope":"node|region","id","state":"up|drain|maintenance",
 *	       "weight":null|0..1000,"bias_km":null|number,
 *	       "shed_per_min":null|1..100,"deadline_s":null|1..604800,"by",
 *	       "reason","since_wall_s","until_wall_s":null|seconds}
 */
#ifndef PERI_LIB_PROTO_INTENT_H
#define PERI_LIB_PROTO_INTENT_H

#include "lib/proto/node.h"

#define INTENT_REASON_BYTES   257 /* 256 bytes and the NUL */
#define INTENT_BY_BYTES	      65
#define INTENT_BIAS_KM_MAX    20000    /* half around the world */
#define INTENT_DEADLINE_MAX_S 604800   /* a week */
#define INTENT_FOR_MAX_S      31622400 /* a year: longer is for ever */
#define INTENT_SHED_DEFAULT   10   /* percent a minute that a drain lets go */
#define INTENT_JSON_MAX	      4096 /* bytes of one INTENT */
#define INTENT_TARGET_BYTES   (NODE_ID_BYTES + 8) /* "region/ID" */

enum intent_scope { INTENT_NODE, INTENT_REGION };

/* drain: no new client, those that are connected go at a pace. maintenance:
 * the same, and the node is no capacity and its absence no alarm. */
enum intent_state { INTENT_UP, INTENT_DRAIN, INTENT_MAINTENANCE };

/* One intent. Plain data. The stream carries state, weight and bias only. */
struct intent {
	enum intent_scope scope;
	char id[NODE_ID_BYTES];
	enum intent_state state; /* INTENT_UP says nothing about draining */
	bool has_weight, has_bias;
	uint32_t weight;       /* 0..1000; valid when has_weight */
	double bias_km;	       /* valid when has_bias */
	uint32_t shed_per_min; /* percent of the clients; 0 = not said */
	uint32_t deadline_s;   /* that a drain may take; 0 = not said */
	char by[INTENT_BY_BYTES];
	char reason[INTENT_REASON_BYTES];
	int64_t since_wall_s;
	int64_t until_wall_s; /* 0 = until it is released */
	bool gone;	      /* of a line of the stream: released or expired */
};

/* What holds for a node when its own intent and its region's are combined. */
struct intent_effect {
	enum intent_state state;
	bool has_weight, has_bias;
	uint32_t weight;
	double bias_km;
	uint32_t shed_per_min;	 /* 0 = not said */
	int64_t deadline_wall_s; /* a drain is over by then; 0 = not said */
};

/* intent_scope_str, intent_state_str - constant texts as in JSON;
 * intent_scope_parse, intent_state_parse - the reverse: 0 or ERR_RANGE. */
const char *intent_scope_str(enum intent_scope scope);
const char *intent_state_str(enum intent_state state);
MUST_CHECK int intent_scope_parse(struct sv text, enum intent_scope *scope_r);
MUST_CHECK int intent_state_parse(struct sv text, enum intent_state *state_r);

/* intent_put_target - "node/ID" or "region/ID". */
void intent_put_target(struct buf *b, enum intent_scope scope, const char *id);

/* intent_put - the members of INTENT into @w's open object. */
void intent_put(struct jsonw *w, const struct intent *intent);

/*
 * intent_decode - what a person asks for: the body of a PUT. Strict.
 *
 * @now_wall_s	begins the intent; "for_s" counts from it, "until_wall_s" must
 *		be later
 *
 * "reason" is required; "state" is up when it is absent. Scope, id and by are
 * the caller's to fill; they are empty. Returns 0 or p->rc.
 */
MUST_CHECK int intent_decode(struct sv text, int64_t now_wall_s,
			     struct intent *intent_r, struct json_problem *p);

/* intent_decode_known - an INTENT that a registry made (store, answers);
 * members of a newer version are ignored. Returns 0 or p->rc. */
MUST_CHECK int intent_decode_known(const struct json *object,
				   struct intent *intent_r,
				   struct json_problem *p);

/* intent_put_line - scope, id and {"intent":{state,weight,bias_km}}, or
 * "gone":true, into @w's open object. */
void intent_put_line(struct jsonw *w, const struct intent *intent);
/* intent_decode_line - the reverse; newer members are ignored. Returns 0 or
 * p->rc. */
MUST_CHECK int intent_decode_line(const struct json *object,
				  struct intent *intent_r,
				  struct json_problem *p);

/*
 * intent_combine - what holds for a node.
 *
 * @own, @region  NULL = none
 *
 * The node's own intent wins member by member. "up" is no member: a node with
 * only a weight of its own drains with its region. The deadline belongs to the
 * drain whose state holds.
 */
void intent_combine(const struct intent *own, const struct intent *region,
		    struct intent_effect *effect_r);

#endif
