/*
 * goodbye.c - reads the body of op 6. Pure, any thread.
 */
#include "client/goodbye.h"

#include "lib/base/mem.h"
#include "lib/proto/json.h"

static void read_reason(const struct json *root, struct goodbye *g)
{
	const struct json *reason = json_member(root, "reason");
	struct sv text;

	if (!reason || json_get_text(reason, &text) != 0)
		return;
	if (text.len > sizeof(g->reason) - 1)
		text.len = sizeof(g->reason) - 1;
	if (sv_copy(text, g->reason, sizeof(g->reason)) != 0)
		g->reason[0] = '\0';
	for (char *c = g->reason; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = ' ';
	}
}

static int64_t read_number(const struct json *root, const char *name,
			   int64_t min, int64_t max)
{
	const struct json *value = json_member(root, name);
	int64_t number;

	if (!value || json_get_i64(value, &number) != 0)
		return 0;
	if (number < min)
		return min;
	return number > max ? max : number;
}

/* The nodes have the form of an answer's, so its reader reads them. */
static void read_nodes(struct sv body, enum targets_families families,
		       struct goodbye *g)
{
	struct reply *reply = mem_alloc(sizeof(*reply));
	struct json_problem p;

	if (reply_decode(body, reply, &p) == 0 && reply->node_count > 0) {
		g->targets = mem_alloc(sizeof(*g->targets));
		targets_fill(g->targets, reply, families, NULL);
	}
	mem_free(reply);
}

void goodbye_read(struct sv body, enum targets_families families,
		  struct goodbye *goodbye_r)
{
	struct json_problem p;
	struct json *root;

	*goodbye_r = (struct goodbye){0};
	if (json_parse(body, &root, &p) != 0)
		return;
	if (json_is_object(root)) {
		goodbye_r->code = (int32_t)read_number(root, "code", INT32_MIN,
						       INT32_MAX);
		goodbye_r->retry_ms =
			read_number(root, "retry_ms", 0, GOODBYE_RETRY_MAX_MS);
		read_reason(root, goodbye_r);
		if (json_array_len(json_member(root, "nodes")) > 0)
			read_nodes(body, families, goodbye_r);
	}
	json_free(&root);
}

void goodbye_fini(struct goodbye *goodbye)
{
	mem_free(goodbye->targets);
	goodbye->targets = NULL;
}
