/* The operator's overrides: what is accepted fits its rules and compiles. */
#include <assert.h>
#include <stdint.h>

#include "geo/cellmap.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cellmap_override *o)
{
	assert((o->asn != 0) != (o->prefix.base.family != ADDR_NONE));
	assert(o->has_place || o->carrier[0]);
	assert(!o->has_place || o->asn == 0);
	assert(!o->carrier[0] || node_id_is_valid(sv_str(o->carrier)));
	if (o->has_place)
		assert(o->lat_deg >= -90 && o->lat_deg <= 90 &&
		       o->lon_deg >= -180 && o->lon_deg <= 180);
}

static void compile(const struct cellmap_override *list, unsigned count)
{
	struct cellmap_config config = {.overrides = list,
					.override_count = count};
	struct cellmap *map = NULL;
	struct buf why;
	int rc;

	buf_init(&why, 1024);
	rc = cellmap_build(&config, &map, &why);
	assert(rc == 0 || (rc == ERR_LIMIT && why.len > 0));
	for (unsigned i = 0; rc == 0 && i < count; i++) {
		struct cellmap_place place;

		cellmap_find(map, &list[i].prefix.base, &place);
		assert(list[i].asn != 0 || !list[i].has_place ||
		       place.source == CELLMAP_OVERRIDE);
		assert(list[i].asn != 0 || !list[i].carrier[0] ||
		       place.carrier.len > 0);
	}
	cellmap_free(&map);
	buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cellmap_override *list = NULL;
	unsigned count = 0;
	struct buf why;

	buf_init(&why, 1024);
	if (cellmap_overrides_parse(sv_of(data, size), &list, &count, &why) ==
	    0) {
		for (unsigned i = 0; i < count; i++)
			check(&list[i]);
		compile(list, count);
	} else {
		assert(why.len > 0 || why.failed);
	}
	mem_free(list);
	buf_fini(&why);
	return 0;
}
