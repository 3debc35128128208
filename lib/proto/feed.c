/*
 * feed.c - JSON lines of the registry's change stream, both directions. Pure,
 * any thread. A line is decoded into heap structs first and handed over only
 * when all of it is good, so a sink never sees half a line.
 */
#include "lib/proto/feed.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

/* More than our writers put into a line: a newer registry may batch more, a
 * hostile one must not make the reader allocate without bound. */
#define READ_NODES_MAX	 1024
#define READ_REGIONS_MAX 4096
#define READ_INTENTS_MAX 4096
#define READ_LOADS_MAX	 16384

#define LINE_AT(member)                                                        \
	.offset = offsetof(struct line, member),                               \
	.size = sizeof(((struct line *)NULL)->member)

/* The members of all types of line; arrays stay in the JSON. */
struct line {
	char type[16];
	uint64_t rev;
	char epoch[FEED_EPOCH_BYTES];
	char id[NODE_ID_BYTES];
	char why[65];
	uint32_t count;
};

struct reader {
	const struct json *root;
	struct line line;
	const struct feed_sink *sink;
	struct json_problem *problem;
};

static const struct json_field line_fields[] = {
	{.name = "type", .kind = JSON_TEXT, LINE_AT(type), .required = true},
	{.name = "rev", .kind = JSON_U64, LINE_AT(rev)},
	{.name = "epoch", .kind = JSON_TEXT, LINE_AT(epoch)},
	{.name = "id", .kind = JSON_TEXT, LINE_AT(id)},
	{.name = "why", .kind = JSON_TEXT, LINE_AT(why)},
	{.name = "count", .kind = JSON_U32, LINE_AT(count)},
};
static const struct json_table line_table = {
	.fields = line_fields,
	.count = ARRAY_LEN(line_fields),
	.allow_unknown = true,
};

/* The array at @path of the line; NULL and p->rc when there is none or it is
 * too long. */
static const struct json *line_array(struct reader *r, const char *path,
				     size_t max)
{
	const struct json *list = json_member(r->root, path + 1);

	if (!json_is_array(list))
		json_problem_set(r->problem, ERR_TYPE, path,
				 "must be an array");
	else if (json_array_len(list) > max)
		json_problem_set(r->problem, ERR_LIMIT, path,
				 "at most %zu elements", max);
	else
		return list;
	return NULL;
}

static int read_nodes(struct reader *r)
{
	const struct json *list = line_array(r, "/nodes", READ_NODES_MAX);
	size_t count = json_array_len(list);
	struct feed_node *nodes;
	int rc = 0;

	if (!list)
		return r->problem->rc;
	nodes = mem_array(count, sizeof(*nodes));
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = feed_node_decode(json_array_at(list, i), &nodes[i],
				      r->problem);
	for (size_t i = 0; rc == 0 && r->sink->node && i < count; i++)
		r->sink->node(r->sink->arg, &nodes[i], r->line.rev);
	mem_free(nodes);
	return rc;
}

static int read_node(struct reader *r)
{
	struct feed_node node;
	int rc = feed_node_decode(json_member(r->root, "node"), &node,
				  r->problem);

	if (rc == 0 && r->sink->node)
		r->sink->node(r->sink->arg, &node, r->line.rev);
	return rc;
}

static int read_regions(struct reader *r)
{
	const struct json *list = line_array(r, "/regions", READ_REGIONS_MAX);
	size_t count = json_array_len(list);
	struct feed_region *regions;
	int rc = 0;

	if (!list)
		return r->problem->rc;
	regions = mem_array(count, sizeof(*regions));
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = feed_region_decode_line(json_array_at(list, i),
					     &regions[i], r->problem);
	for (size_t i = 0; rc == 0 && r->sink->region && i < count; i++)
		r->sink->region(r->sink->arg, &regions[i], r->line.rev);
	mem_free(regions);
	return rc;
}

static int read_region(struct reader *r)
{
	struct feed_region region;
	int rc = feed_region_decode_line(json_member(r->root, "region"),
					 &region, r->problem);

	if (rc == 0 && r->sink->region)
		r->sink->region(r->sink->arg, &region, r->line.rev);
	return rc;
}

static int read_intents(struct reader *r)
{
	const struct json *list = line_array(r, "/intents", READ_INTENTS_MAX);
	size_t count = json_array_len(list);
	struct intent *intents;
	int rc = 0;

	if (!list)
		return r->problem->rc;
	intents = mem_array(count, sizeof(*intents));
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = intent_decode_line(json_array_at(list, i), &intents[i],
					r->problem);
	for (size_t i = 0; rc == 0 && r->sink->intent && i < count; i++)
		r->sink->intent(r->sink->arg, &intents[i], r->line.rev);
	mem_free(intents);
	return rc;
}

static int read_intent(struct reader *r)
{
	struct intent intent;
	int rc = intent_decode_line(r->root, &intent, r->problem);

	if (rc == 0 && r->sink->intent)
		r->sink->intent(r->sink->arg, &intent, r->line.rev);
	return rc;
}

static int read_gone(struct reader *r)
{
	if (!node_id_is_valid(sv_str(r->line.id)))
		return json_problem_set(r->problem, ERR_RANGE, "/id",
					"must be 1-64 of a-z 0-9 . - _");
	if (r->sink->gone)
		r->sink->gone(r->sink->arg, r->line.id, r->line.why,
			      r->line.rev);
	return 0;
}

static int decode_load(const struct json *v, struct feed_load *load,
		       struct json_problem *p)
{
	int64_t conns = -1, accepts = -1, refused = -1, age_ms = -2;
	struct sv id;

	if (json_get_text(json_array_at(v, 0), &id) != 0 ||
	    !node_id_is_valid(id) ||
	    sv_copy(id, load->id, sizeof(load->id)) != 0)
		return json_problem_set(p, ERR_TYPE, "/loads",
					"an id comes first");
	if (json_get_i64(json_array_at(v, 1), &conns) != 0 ||
	    json_get_i64(json_array_at(v, 2), &accepts) != 0 ||
	    json_get_i64(json_array_at(v, 3), &refused) != 0 ||
	    json_get_i64(json_array_at(v, 4), &age_ms) != 0)
		return json_problem_set(p, ERR_TYPE, "/loads",
					"four integers follow the id");
	if (conns < 0 || conns > UINT32_MAX || accepts < 0 || refused < 0 ||
	    age_ms < -1)
		return json_problem_set(p, ERR_RANGE, "/loads",
					"a number is out of range");
	load->conns = (uint32_t)conns;
	load->accepts_total = (uint64_t)accepts;
	load->refused_total = (uint64_t)refused;
	load->age_ms = age_ms;
	return 0;
}

static int read_loads(struct reader *r)
{
	const struct json *list = line_array(r, "/loads", READ_LOADS_MAX);
	size_t count = json_array_len(list);
	struct feed_load *loads;
	int rc = 0;

	if (!list)
		return r->problem->rc;
	loads = mem_array(count, sizeof(*loads));
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = decode_load(json_array_at(list, i), &loads[i], r->problem);
	for (size_t i = 0; rc == 0 && r->sink->load && i < count; i++)
		r->sink->load(r->sink->arg, &loads[i]);
	mem_free(loads);
	return rc;
}

static int read_balancers(struct reader *r)
{
	if (!json_member(r->root, "count"))
		return json_problem_set(r->problem, ERR_MISSING_FIELD, "/count",
					"is required");
	if (r->line.count > FEED_BALANCERS_MAX)
		return json_problem_set(r->problem, ERR_RANGE, "/count",
					"at most %d", FEED_BALANCERS_MAX);
	if (r->sink->balancers)
		r->sink->balancers(r->sink->arg, r->line.count);
	return 0;
}

static int read_synced(struct reader *r)
{
	if (r->line.epoch[0] == '\0')
		return json_problem_set(r->problem, ERR_MISSING_FIELD, "/epoch",
					"is required");
	if (r->sink->synced)
		r->sink->synced(r->sink->arg, r->line.epoch, r->line.rev);
	return 0;
}

static int read_ping(struct reader *r)
{
	if (r->sink->ping)
		r->sink->ping(r->sink->arg, r->line.rev);
	return 0;
}

static int read_reset(struct reader *r)
{
	if (r->sink->reset)
		r->sink->reset(r->sink->arg, r->line.why);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct reader *r);
} line_types[] = {
	[FEED_NODES] = {"nodes", read_nodes},
	[FEED_REGIONS] = {"regions", read_regions},
	[FEED_SYNCED] = {"synced", read_synced},
	[FEED_NODE] = {"node", read_node},
	[FEED_GONE] = {"gone", read_gone},
	[FEED_REGION] = {"region", read_region},
	[FEED_INTENTS] = {"intents", read_intents},
	[FEED_INTENT] = {"intent", read_intent},
	[FEED_LOAD] = {"load", read_loads},
	[FEED_BALANCERS] = {"balancers", read_balancers},
	[FEED_PING] = {"ping", read_ping},
	[FEED_RESET] = {"reset", read_reset},
};

static int read_object(struct reader *r)
{
	int rc = json_decode(r->root, &line_table, &r->line, r->problem);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(line_types); i++) {
		if (strcmp(r->line.type, line_types[i].name) == 0)
			return line_types[i].read(r);
	}
	return 0;
}

int feed_read_line(struct sv line, const struct feed_sink *sink,
		   struct json_problem *p)
{
	struct reader r = {.sink = sink, .problem = p};
	struct json *root;
	int rc;

	if (line.len > FEED_LINE_MAX)
		return json_problem_set(p, ERR_TOOBIG, "",
					"a line has at most %d bytes",
					FEED_LINE_MAX);
	rc = json_parse(line, &root, p);
	if (rc != 0)
		return rc;
	r.root = root;
	rc = read_object(&r);
	json_free(&root);
	return rc;
}
