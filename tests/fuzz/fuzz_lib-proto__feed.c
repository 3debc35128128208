/* Watch lines from a registry that may be anything. */
#include <assert.h>
#include <stdint.h>

#include "lib/proto/feed.h"

static void on_node(void *arg, const struct feed_node *node, uint64_t rev)
{
	unsigned *handed = arg;

	(void)rev;
	assert(node_id_is_valid(sv_str(node->record.id)));
	assert(node->record.capacity > 0);
	++*handed;
}

static void on_gone(void *arg, const char *id, const char *why, uint64_t rev)
{
	unsigned *handed = arg;

	(void)why;
	(void)rev;
	assert(node_id_is_valid(sv_str(id)));
	++*handed;
}

static void on_region(void *arg, const struct feed_region *region, uint64_t rev)
{
	unsigned *handed = arg;

	(void)rev;
	assert(region->lat_deg >= -90 && region->lat_deg <= 90);
	++*handed;
}

static void on_intent(void *arg, const struct intent *intent, uint64_t rev)
{
	unsigned *handed = arg;

	(void)rev;
	assert(node_id_is_valid(sv_str(intent->id)));
	assert(intent->weight <= NODE_WEIGHT_MAX);
	assert(intent->bias_km >= -INTENT_BIAS_KM_MAX);
	++*handed;
}

static void on_load(void *arg, const struct feed_load *load)
{
	unsigned *handed = arg;

	assert(node_id_is_valid(sv_str(load->id)));
	++*handed;
}

static void on_balancers(void *arg, unsigned count)
{
	unsigned *handed = arg;

	assert(count <= FEED_BALANCERS_MAX);
	++*handed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned handed = 0;
	struct feed_sink sink = {
		.node = on_node,
		.gone = on_gone,
		.region = on_region,
		.intent = on_intent,
		.load = on_load,
		.balancers = on_balancers,
		.arg = &handed,
	};
	struct json_problem p = {.rc = 0};
	int rc = feed_read_line(sv_of(data, size), &sink, &p);

	assert(rc == 0 || (handed == 0 && p.rc == rc));
	return 0;
}
