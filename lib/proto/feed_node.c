/*
 * feed_node.c - one node as the registry tells it: the record and what it
 * knows beside it. Pure, any thread.
 */
#include "lib/proto/feed.h"

#include "lib/base/err.h"

#define NODE_AT(member)                                                        \
	.offset = offsetof(struct feed_node, member),                          \
	.size = sizeof(((struct feed_node *)NULL)->member)

static int decode_state(const struct json *v, void *member,
			struct json_problem *p)
{
	struct sv text;

	if (json_get_text(v, &text) != 0)
		return json_problem_set(p, ERR_TYPE, "", "must be a text");
	if (node_state_parse(text, member) != 0)
		return json_problem_set(p, ERR_RANGE, "",
					"must be up, suspect or down");
	return 0;
}

static const struct json_field node_fields[] = {
	{.name = "state",
	 .kind = JSON_CUSTOM,
	 NODE_AT(state),
	 .decode = decode_state,
	 .required = true},
	{.name = "conns", .kind = JSON_U32, NODE_AT(conns)},
	{.name = "accepts_total", .kind = JSON_U64, NODE_AT(accepts_total)},
	{.name = "refused_total", .kind = JSON_U64, NODE_AT(refused_total)},
	{.name = "age_ms",
	 .kind = JSON_I64,
	 NODE_AT(load_age_ms),
	 .min = -1,
	 .max = (double)INT64_MAX},
	{.name = "registered_age_ms",
	 .kind = JSON_I64,
	 NODE_AT(registered_age_ms),
	 .min = 0,
	 .max = (double)INT64_MAX},
};
static const struct json_table node_table = {
	.fields = node_fields,
	.count = ARRAY_LEN(node_fields),
	.allow_unknown = true,
};

int feed_node_decode(const struct json *object, struct feed_node *node_r,
		     struct json_problem *p)
{
	struct feed_node node = {.load_age_ms = -1};
	int rc = node_decode_known(object, &node.record, p);

	if (rc == 0)
		rc = json_decode(object, &node_table, &node, p);
	if (rc == 0)
		*node_r = node;
	return rc;
}

void feed_node_put(struct jsonw *w, const struct feed_node *node)
{
	node_put(w, &node->record);
	jsonw_str(w, "state", node_state_str(node->state));
	jsonw_u64(w, "conns", node->conns);
	jsonw_u64(w, "accepts_total", node->accepts_total);
	jsonw_u64(w, "refused_total", node->refused_total);
	jsonw_i64(w, "age_ms", node->load_age_ms);
	jsonw_i64(w, "registered_age_ms", node->registered_age_ms);
}
