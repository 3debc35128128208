/*
 * lease_reply.c - decodes the registry's answers by table. No state.
 */
#include "comet-agent/lease_reply.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/node.h"

#define AT(member) offsetof(struct lease_reply, member)

static int decode_state(const struct json *value, void *member,
			struct json_problem *p)
{
	struct sv state;

	if (json_get_text(value, &state))
		return json_problem_set(p, ERR_TYPE, "", "must be a text");
	if (sv_eq(state, SV("drain")) || sv_eq(state, SV("maintenance")))
		*(enum lease_intent *)member = LEASE_INTENT_DRAIN;
	else if (sv_eq(state, SV("up")))
		*(enum lease_intent *)member = LEASE_INTENT_UP;
	else
		return json_problem_set(p, ERR_RANGE, "",
					"must be up, drain or maintenance");
	return 0;
}

static const struct json_field intent_fields[] = {
	{.name = "state",
	 .kind = JSON_CUSTOM,
	 .offset = AT(intent),
	 .decode = decode_state},
	{.name = "shed_per_min",
	 .kind = JSON_U32,
	 .offset = AT(shed_per_min),
	 .size = sizeof(uint32_t)},
	{.name = "deadline_ms",
	 .kind = JSON_U32,
	 .offset = AT(deadline_ms),
	 .size = sizeof(uint32_t)},
};
static const struct json_table intent_table = {intent_fields,
					       ARRAY_LEN(intent_fields), true};

#define TERMS_FIELDS                                                           \
	{.name = "ttl_ms",                                                     \
	 .kind = JSON_U32,                                                     \
	 .offset = AT(ttl_ms),                                                 \
	 .size = sizeof(uint32_t),                                             \
	 .min = 1,                                                             \
	 .max = NODE_TTL_MAX_MS},                                              \
	{                                                                      \
		.name = "renew_ms", .kind = JSON_U32, .offset = AT(renew_ms),  \
		.size = sizeof(uint32_t), .min = 1, .max = NODE_TTL_MAX_MS     \
	}

static const struct json_field terms_fields[] = {TERMS_FIELDS};
static const struct json_table terms_table = {terms_fields,
					      ARRAY_LEN(terms_fields), true};

/* All members are at the offsets of one struct lease_reply: nested ones too. */
static const struct json_field reply_fields[] = {
	{.name = "lease",
	 .kind = JSON_NESTED,
	 .size = sizeof(struct lease_reply),
	 .table = &terms_table},
	{.name = "intent",
	 .kind = JSON_NESTED,
	 .size = sizeof(struct lease_reply),
	 .table = &intent_table},
	TERMS_FIELDS,
};
static const struct json_table reply_table = {reply_fields,
					      ARRAY_LEN(reply_fields), true};

int lease_reply_decode(struct sv text, struct lease_reply *reply_r,
		       struct json_problem *p)
{
	memset(reply_r, 0, sizeof(*reply_r));
	return json_decode_text(text, &reply_table, reply_r, p);
}

bool lease_reply_is_stale(struct sv text)
{
	static const struct json_field fields[] = {
		{.name = "type", .kind = JSON_TEXT, .size = 64},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						true};
	struct json_problem problem;
	char type[64] = "";

	return !json_decode_text(text, &table, type, &problem) &&
	       sv_eq(sv_str(type), SV("urn:perihelion:stale-seq"));
}
