/* Registrations and renewals from outside: what is taken keeps its rules and
 * comes back from its own JSON unchanged. */
#include <assert.h>
#include <stdint.h>

#include "lib/proto/node.h"

static void check_record(const struct node_record *record)
{
	struct node_record again;
	struct json_problem p;
	struct json *root;
	struct jsonw w;
	struct buf b;
	int rc;

	buf_init(&b, NODE_RECORD_JSON_MAX);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	node_put(&w, record);
	jsonw_object_end(&w);
	assert(!b.failed);
	rc = json_parse(buf_view(&b), &root, &p);
	assert(rc == 0);
	rc = node_decode_known(root, &again, &p);
	assert(rc == 0);
	assert(node_equal(record, &again));
	json_free(&root);
	buf_fini(&b);
}

static void try_record(struct sv text)
{
	struct node_record record;
	struct json_problem p;
	struct json *root;

	if (json_parse(text, &root, &p) != 0)
		return;
	if (node_decode(root, SV("n-1"), NODE_ADDRS_ANY_UNICAST, &record, &p) ==
	    0)
		check_record(&record);
	else
		assert(p.rc != 0 && p.rule[0]);
	json_free(&root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = sv_of(data, size);
	struct json_problem p;
	struct node_load load;

	if (size > 65536)
		return 0;
	try_record(text);
	if (node_load_decode(text, &load, &p) == 0)
		assert(load.boot_epoch > 0 && load.cpu_pct <= 100);
	return 0;
}
