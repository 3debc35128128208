/*
 * node_load.c - JSON of a renewal: what a node reports every few seconds.
 * Pure, any thread.
 */
#include "lib/proto/node.h"

#define LOAD_AT(member)                                                        \
	.offset = offsetof(struct node_load, member),                          \
	.size = sizeof(((struct node_load *)NULL)->member)

static const struct json_field load_fields[] = {
	{.name = "boot_epoch",
	 .kind = JSON_U64,
	 LOAD_AT(boot_epoch),
	 .min = 1,
	 .max = (double)INT64_MAX,
	 .required = true},
	{.name = "seq", .kind = JSON_U64, LOAD_AT(seq), .required = true},
	{.name = "conns", .kind = JSON_U32, LOAD_AT(conns), .required = true},
	{.name = "accepts_total", .kind = JSON_U64, LOAD_AT(accepts_total)},
	{.name = "refused_total", .kind = JSON_U64, LOAD_AT(refused_total)},
	{.name = "cpu_pct",
	 .kind = JSON_REAL,
	 LOAD_AT(cpu_pct),
	 .min = 0,
	 .max = 100},
};
static const struct json_table load_table = {
	.fields = load_fields,
	.count = ARRAY_LEN(load_fields),
};

int node_load_decode(struct sv text, struct node_load *load_r,
		     struct json_problem *p)
{
	struct node_load load = {.cpu_pct = -1};
	int rc = json_decode_text(text, &load_table, &load, p);

	if (rc == 0)
		*load_r = load;
	return rc;
}

void node_load_put(struct buf *b, const struct node_load *load)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "boot_epoch", load->boot_epoch);
	jsonw_u64(&w, "seq", load->seq);
	jsonw_u64(&w, "conns", load->conns);
	jsonw_u64(&w, "accepts_total", load->accepts_total);
	jsonw_u64(&w, "refused_total", load->refused_total);
	if (load->cpu_pct >= 0)
		jsonw_fixed(&w, "cpu_pct", load->cpu_pct, 1);
	jsonw_object_end(&w);
}
