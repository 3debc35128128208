/*
 * intent.c - JSON of operators' intents: strict for people, lenient for what a
 * registry wrote, short in the change stream. Pure, any thread.
 */
#include "lib/proto/intent.h"

#include <stddef.h>

#include "lib/base/err.h"

#define INTENT_AT(member)                                                      \
	.offset = offsetof(struct draft, intent.member),                       \
	.size = sizeof(((struct draft *)NULL)->intent.member)

/* What was read, with what becomes another form or a mark. */
struct draft {
	struct intent intent;
	int64_t weight; /* -1 = not said */
	int64_t for_s;	/* 0 = not said */
};

#define NOT_SAID_KM (-1e9)

static const char *const scopes[] = {"node", "region"};
static const char *const states[] = {"up", "drain", "maintenance"};

static int parse_name(struct sv text, const char *const *names, size_t count,
		      unsigned *index_r)
{
	for (unsigned i = 0; i < count; i++) {
		if (sv_eq(text, sv_str(names[i]))) {
			*index_r = i;
			return 0;
		}
	}
	return ERR_RANGE;
}

const char *intent_scope_str(enum intent_scope scope)
{
	return scopes[scope];
}

const char *intent_state_str(enum intent_state state)
{
	return states[state];
}

int intent_scope_parse(struct sv text, enum intent_scope *scope_r)
{
	unsigned index;
	int rc = parse_name(text, scopes, ARRAY_LEN(scopes), &index);

	if (rc == 0)
		*scope_r = (enum intent_scope)index;
	return rc;
}

int intent_state_parse(struct sv text, enum intent_state *state_r)
{
	unsigned index;
	int rc = parse_name(text, states, ARRAY_LEN(states), &index);

	if (rc == 0)
		*state_r = (enum intent_state)index;
	return rc;
}

void intent_put_target(struct buf *b, enum intent_scope scope, const char *id)
{
	buf_str(b, intent_scope_str(scope));
	buf_char(b, '/');
	buf_str(b, id);
}

static int decode_scope(const struct json *v, void *member,
			struct json_problem *p)
{
	struct sv text;

	if (json_get_text(v, &text) != 0 ||
	    intent_scope_parse(text, member) != 0)
		return json_problem_set(p, ERR_RANGE, "",
					"must be node or region");
	return 0;
}

static int decode_state(const struct json *v, void *member,
			struct json_problem *p)
{
	struct sv text;

	if (json_get_text(v, &text) != 0)
		return json_problem_set(p, ERR_TYPE, "", "must be a text");
	if (intent_state_parse(text, member) != 0)
		return json_problem_set(p, ERR_RANGE, "",
					"must be up, drain or maintenance");
	return 0;
}

/* clang-format off */
#define EFFECT_FIELDS                                                          \
	{.name = "state", .kind = JSON_CUSTOM, INTENT_AT(state),               \
	 .decode = decode_state},                                              \
	{.name = "weight", .kind = JSON_I64,                                   \
	 .offset = offsetof(struct draft, weight), .size = sizeof(int64_t),    \
	 .min = 0, .max = NODE_WEIGHT_MAX},                                    \
	{.name = "bias_km", .kind = JSON_REAL, INTENT_AT(bias_km),             \
	 .min = -INTENT_BIAS_KM_MAX, .max = INTENT_BIAS_KM_MAX}
#define ASKED_FIELDS                                                           \
	EFFECT_FIELDS,                                                         \
	{.name = "shed_per_min", .kind = JSON_U32, INTENT_AT(shed_per_min),    \
	 .min = 1, .max = 100},                                                \
	{.name = "deadline_s", .kind = JSON_U32, INTENT_AT(deadline_s),        \
	 .min = 1, .max = INTENT_DEADLINE_MAX_S},                              \
	{.name = "reason", .kind = JSON_TEXT, INTENT_AT(reason),               \
	 .min = 1, .max = INTENT_REASON_BYTES - 1, .required = true},          \
	{.name = "until_wall_s", .kind = JSON_I64, INTENT_AT(until_wall_s),    \
	 .min = 1, .max = 1e11}
/* clang-format on */

static const struct json_field effect_fields[] = {EFFECT_FIELDS};
static const struct json_table effect_table = {
	.fields = effect_fields,
	.count = ARRAY_LEN(effect_fields),
	.allow_unknown = true,
};

static const struct json_field asked_fields[] = {
	ASKED_FIELDS,
	{.name = "for_s",
	 .kind = JSON_I64,
	 .offset = offsetof(struct draft, for_s),
	 .size = sizeof(int64_t),
	 .min = 1,
	 .max = INTENT_FOR_MAX_S},
};
static const struct json_table asked_table = {
	.fields = asked_fields,
	.count = ARRAY_LEN(asked_fields),
};

static const struct json_field known_fields[] = {
	ASKED_FIELDS,
	{.name = "scope",
	 .kind = JSON_CUSTOM,
	 INTENT_AT(scope),
	 .decode = decode_scope,
	 .required = true},
	{.name = "id", .kind = JSON_TEXT, INTENT_AT(id), .required = true},
	{.name = "by", .kind = JSON_TEXT, INTENT_AT(by)},
	{.name = "since_wall_s",
	 .kind = JSON_I64,
	 INTENT_AT(since_wall_s),
	 .min = 0,
	 .max = 1e11},
};
static const struct json_table known_table = {
	.fields = known_fields,
	.count = ARRAY_LEN(known_fields),
	.allow_unknown = true,
};

static const struct json_field line_fields[] = {
	{.name = "scope",
	 .kind = JSON_CUSTOM,
	 INTENT_AT(scope),
	 .decode = decode_scope,
	 .required = true},
	{.name = "id", .kind = JSON_TEXT, INTENT_AT(id), .required = true},
	{.name = "gone", .kind = JSON_BOOL, INTENT_AT(gone)},
};
static const struct json_table line_table = {
	.fields = line_fields,
	.count = ARRAY_LEN(line_fields),
	.allow_unknown = true,
};

static const struct draft blank = {
	.intent.bias_km = NOT_SAID_KM,
	.weight = -1,
};

/* Marks instead of values outside their range. */
static void finish(struct draft *draft)
{
	struct intent *intent = &draft->intent;

	intent->has_weight = draft->weight >= 0;
	intent->weight = intent->has_weight ? (uint32_t)draft->weight : 0;
	intent->has_bias = intent->bias_km != NOT_SAID_KM;
	if (!intent->has_bias)
		intent->bias_km = 0;
}

static int check_id(const struct intent *intent, struct json_problem *p)
{
	if (!node_id_is_valid(sv_str(intent->id)))
		return json_problem_set(p, ERR_RANGE, "/id",
					"must be 1-64 of a-z 0-9 . - _");
	return 0;
}

/* Since when, why, and the two ways to say how long. */
static int settle(struct draft *draft, int64_t now_wall_s,
		  struct json_problem *p)
{
	struct intent *intent = &draft->intent;

	intent->since_wall_s = now_wall_s;
	if (sv_trim(sv_str(intent->reason)).len == 0)
		return json_problem_set(p, ERR_RANGE, "/reason",
					"must say why");
	if (draft->for_s > 0 && intent->until_wall_s > 0)
		return json_problem_set(p, ERR_RANGE, "/for_s",
					"not together with until_wall_s");
	if (draft->for_s > 0)
		intent->until_wall_s = now_wall_s + draft->for_s;
	if (intent->until_wall_s > 0 && intent->until_wall_s <= now_wall_s)
		return json_problem_set(p, ERR_RANGE, "/until_wall_s",
					"must be in the future");
	return 0;
}

int intent_decode(struct sv text, int64_t now_wall_s, struct intent *intent_r,
		  struct json_problem *p)
{
	struct draft draft = blank;
	int rc = json_decode_text(text, &asked_table, &draft, p);

	if (rc == 0)
		rc = settle(&draft, now_wall_s, p);
	if (rc != 0)
		return rc;
	finish(&draft);
	*intent_r = draft.intent;
	return 0;
}

/* What a registry wrote, whose id is checked. */
static int decode_written(const struct json *object,
			  const struct json_table *table, struct draft *draft,
			  struct json_problem *p)
{
	int rc;

	*draft = blank;
	rc = json_decode(object, table, draft, p);
	return rc == 0 ? check_id(&draft->intent, p) : rc;
}

int intent_decode_known(const struct json *object, struct intent *intent_r,
			struct json_problem *p)
{
	struct draft draft;
	int rc = decode_written(object, &known_table, &draft, p);

	if (rc != 0)
		return rc;
	finish(&draft);
	*intent_r = draft.intent;
	return 0;
}

int intent_decode_line(const struct json *object, struct intent *intent_r,
		       struct json_problem *p)
{
	struct draft draft;
	int rc = decode_written(object, &line_table, &draft, p);

	if (rc == 0 && !draft.intent.gone)
		rc = json_decode(json_member(object, "intent"), &effect_table,
				 &draft, p);
	if (rc != 0)
		return rc;
	finish(&draft);
	*intent_r = draft.intent;
	return 0;
}

/* A number, or null for one that is not said. */
static void put_number(struct jsonw *w, const char *key, uint64_t value)
{
	if (value > 0)
		jsonw_u64(w, key, value);
	else
		jsonw_null(w, key);
}

static void put_effect(struct jsonw *w, const struct intent *intent)
{
	jsonw_str(w, "state", intent_state_str(intent->state));
	if (intent->has_weight)
		jsonw_u64(w, "weight", intent->weight);
	else
		jsonw_null(w, "weight");
	if (intent->has_bias)
		jsonw_real(w, "bias_km", intent->bias_km);
	else
		jsonw_null(w, "bias_km");
}

void intent_put(struct jsonw *w, const struct intent *intent)
{
	jsonw_str(w, "scope", intent_scope_str(intent->scope));
	jsonw_str(w, "id", intent->id);
	put_effect(w, intent);
	put_number(w, "shed_per_min", intent->shed_per_min);
	put_number(w, "deadline_s", intent->deadline_s);
	jsonw_str(w, "by", intent->by);
	jsonw_str(w, "reason", intent->reason);
	jsonw_i64(w, "since_wall_s", intent->since_wall_s);
	put_number(w, "until_wall_s", (uint64_t)intent->until_wall_s);
}

void intent_put_line(struct jsonw *w, const struct intent *intent)
{
	jsonw_str(w, "scope", intent_scope_str(intent->scope));
	jsonw_str(w, "id", intent->id);
	if (intent->gone) {
		jsonw_bool(w, "gone", true);
		return;
	}
	jsonw_object(w, "intent");
	put_effect(w, intent);
	jsonw_object_end(w);
}

/* What @intent says goes over what was there. */
static void lay_over(const struct intent *intent, struct intent_effect *effect)
{
	if (intent->state != INTENT_UP) {
		effect->state = intent->state;
		effect->deadline_wall_s =
			intent->deadline_s > 0
				? intent->since_wall_s + intent->deadline_s
				: 0;
	}
	if (intent->shed_per_min > 0)
		effect->shed_per_min = intent->shed_per_min;
	if (intent->has_weight) {
		effect->has_weight = true;
		effect->weight = intent->weight;
	}
	if (intent->has_bias) {
		effect->has_bias = true;
		effect->bias_km = intent->bias_km;
	}
}

void intent_combine(const struct intent *own, const struct intent *region,
		    struct intent_effect *effect_r)
{
	*effect_r = (struct intent_effect){.state = INTENT_UP};
	if (region)
		lay_over(region, effect_r);
	if (own)
		lay_over(own, effect_r);
}
