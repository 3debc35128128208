/*
 * question.c - takes what is its own off the query and leaves the rest to
 * query_parse(). Strict: a change that cannot be meant is refused by name.
 */
#include "balancer/question.h"

#include "lib/base/num.h"
#include "lib/proto/url.h"

/* Of all changes of one kind, decoded. */
#define TEXT_MAX (WHAT_IF_CHANGES_MAX * (NODE_ID_BYTES + 32))

/* Why a question is refused. */
enum refusal {
	BAD_ID,
	BESIDE_ID,
	BAD_CHANGE,
	BAD_WEIGHT,
	BAD_BIAS,
	SAME_AGAIN,
	TOO_MANY,
	NO_CLIENT,
	NO_CHANGE,
	BESIDE_CHANGES,
};

static const struct query_refusal_row refusals[] = {
	[BAD_ID] = {"bad_id", 400, "bad-parameter", "Bad parameter",
		    "id is the id of an answer, whole and once"},
	[BESIDE_ID] = {"beside_id", 400, "bad-parameter", "Bad parameter",
		       "an id says host, n, family and device itself: beside "
		       "it only ip, without, drained, release, weight and bias "
		       "may stand"},
	[BAD_CHANGE] =
		{"bad_change", 400, "bad-parameter", "Bad parameter",
		 "without is a node's id, drained and release a region's "
		 "or node's: 1 to 64 of a-z 0-9 . - _"},
	[BAD_WEIGHT] = {"bad_weight", 400, "bad-parameter", "Bad parameter",
			"weight is NODE:WEIGHT, a node's or region's id and 0 "
			"to 1000"},
	[BAD_BIAS] = {"bad_bias", 400, "bad-parameter", "Bad parameter",
		      "bias is REGION:KM, a region's or node's id and -20000 "
		      "to 20000"},
	[SAME_AGAIN] = {"same_again", 400, "repeated-parameter",
			"Parameter given twice",
			"each change once for a node or region, and nothing "
			"else of a node that is gone"},
	[TOO_MANY] = {"too_many", 400, "bad-parameter", "Bad parameter",
		      "at most 16 changes at a time"},
	[NO_CLIENT] = {"no_client", 400, "ip-required", "Which client?",
		       "say ip= of a client or id= of an answer"},
	[NO_CHANGE] = {"no_change", 400, "change-required", "Which change?",
		       "say what to look at: without, drained, release, weight "
		       "or bias"},
	[BESIDE_CHANGES] =
		{"beside_changes", 400, "unknown-parameter",
		 "Unknown parameter",
		 "only without, drained, release, weight and bias: it "
		 "is about all clients"},
};

static const struct query_refusal_row *read_id(struct sv value,
					       struct question *q)
{
	size_t len;

	if (q->has_id || value.len > sizeof(q->id_text) ||
	    url_decode(value, q->id_text, &len) != 0 ||
	    answer_id_parse(sv_of(q->id_text, len), &q->id) != 0)
		return &refusals[BAD_ID];
	q->has_id = true;
	return NULL;
}

/* -- changes ------------------------------------------------------------- */

/* "ID", or "node/ID" or "region/ID" where both have the name. */
static bool read_name(struct sv name, struct what_if_change *change)
{
	struct sv id = name, scope = sv_cut(&id, '/');

	change->scope = what_if_scope(change->kind);
	if (scope.len < name.len) {
		change->scope_is_said = true;
		if (intent_scope_parse(scope, &change->scope) != 0)
			return false;
		name = id;
	}
	if (change->kind == WHAT_IF_WITHOUT && change->scope != INTENT_NODE)
		return false;
	return node_id_is_valid(name) &&
	       sv_copy(name, change->name, sizeof(change->name)) == 0;
}

/* "NAME:50"; ids have no colon. */
static bool read_number(struct sv text, struct what_if_change *change)
{
	struct sv name = sv_cut(&text, ':');
	uint64_t weight;

	if (change->kind == WHAT_IF_BIAS) {
		if (num_double(text, -INTENT_BIAS_KM_MAX, INTENT_BIAS_KM_MAX,
			       &change->bias_km) != 0)
			return false;
	} else {
		if (num_u64(text, NODE_WEIGHT_MAX, &weight) != 0)
			return false;
		change->weight = (uint32_t)weight;
	}
	return read_name(name, change);
}

/* A release, a drain and a weight go together: they are one intent. */
static bool excludes(const struct what_if_change *a,
		     const struct what_if_change *b)
{
	return a->scope == b->scope && strcmp(a->name, b->name) == 0 &&
	       (a->kind == b->kind || a->kind == WHAT_IF_WITHOUT ||
		b->kind == WHAT_IF_WITHOUT);
}

static bool is_excluded(const struct question *q,
			const struct what_if_change *change)
{
	for (unsigned i = 0; i < q->change_count; i++)
		if (excludes(&q->changes[i], change))
			return true;
	return false;
}

static const struct query_refusal_row *
read_change(struct sv text, enum what_if_kind kind, struct question *q)
{
	struct what_if_change change = {.kind = kind};

	if (kind == WHAT_IF_WEIGHT && !read_number(text, &change))
		return &refusals[BAD_WEIGHT];
	if (kind == WHAT_IF_BIAS && !read_number(text, &change))
		return &refusals[BAD_BIAS];
	if (kind < WHAT_IF_WEIGHT && !read_name(text, &change))
		return &refusals[BAD_CHANGE];
	if (is_excluded(q, &change))
		return &refusals[SAME_AGAIN];
	if (q->change_count == WHAT_IF_CHANGES_MAX)
		return &refusals[TOO_MANY];
	q->changes[q->change_count++] = change;
	return NULL;
}

/* One change, or several with commas between them. */
static const struct query_refusal_row *
read_changes(struct sv value, enum what_if_kind kind, struct question *q)
{
	const struct query_refusal_row *why;
	char text[TEXT_MAX];
	struct sv rest;
	size_t len = 0;

	if (value.len > sizeof(text) || url_decode(value, text, &len) != 0)
		len = 0; /* no name is empty */
	rest = sv_of(text, len);
	do {
		why = read_change(sv_cut(&rest, ','), kind, q);
	} while (!why && rest.len > 0);
	return why;
}

/* -- the whole ----------------------------------------------------------- */

static enum what_if_kind kind_of(struct sv name)
{
	unsigned kind = 0;

	while (kind < WHAT_IF_KINDS &&
	       !sv_eq(name, sv_str(what_if_kind_str((enum what_if_kind)kind))))
		kind++;
	return (enum what_if_kind)kind;
}

/* Take what is ours off @text; *@others_r counts what an id says itself. */
static const struct query_refusal_row *
split(struct sv text, struct question *q, struct buf *rest, unsigned *others_r)
{
	const struct query_refusal_row *why = NULL;
	struct sv name, value;

	while (!why && url_query_next(&text, &name, &value)) {
		enum what_if_kind kind = kind_of(name);

		if (sv_eq(name, SV("id"))) {
			why = read_id(value, q);
		} else if (kind < WHAT_IF_KINDS) {
			why = read_changes(value, kind, q);
		} else {
			*others_r += !sv_eq(name, SV("ip"));
			buf_sv(rest, name);
			buf_char(rest, '=');
			buf_sv(rest, value);
			buf_char(rest, '&');
		}
	}
	return why;
}

const struct query_refusal_row *question_parse(struct sv text,
					       struct question *question_r)
{
	struct question *q = question_r;
	const struct query_refusal_row *why;
	enum query_refusal refusal;
	unsigned others = 0;
	struct buf rest;

	memset(q, 0, sizeof(*q));
	buf_init_fixed(&rest, q->query_text, sizeof(q->query_text));
	why = split(text, q, &rest, &others);
	if (why)
		return why;
	if (q->has_id && others > 0)
		return &refusals[BESIDE_ID];
	/* Too long for what may come in a request: the end is missing. */
	refusal = rest.failed ? QUERY_UNKNOWN_PARAMETER
			      : query_parse(buf_view(&rest), &q->query);
	if (refusal != QUERY_OK)
		return query_refusal_row(refusal);
	return q->query.has_ip || q->has_id ? NULL : &refusals[NO_CLIENT];
}

const struct query_refusal_row *
question_parse_changes(struct sv text, struct question *question_r)
{
	struct question *q = question_r;
	const struct query_refusal_row *why = NULL;
	struct sv name, value;

	memset(q, 0, sizeof(*q));
	while (!why && url_query_next(&text, &name, &value)) {
		enum what_if_kind kind = kind_of(name);

		why = kind < WHAT_IF_KINDS ? read_changes(value, kind, q)
					   : &refusals[BESIDE_CHANGES];
	}
	if (!why && q->change_count == 0)
		return &refusals[NO_CHANGE];
	return why;
}
