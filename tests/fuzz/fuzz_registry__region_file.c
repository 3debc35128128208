/* The regions file as an operator may have written it. */
#include <assert.h>
#include <stdint.h>

#include "lib/base/mem.h"
#include "registry/region_file.h"
#include "registry/region_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup(data, size);
	struct feed_region *regions;
	char storage[512];
	struct buf why;
	size_t count;

	buf_init_fixed(&why, storage, sizeof(storage));
	if (region_file_parse(text, size, &why, &regions, &count) == 0) {
		assert(count <= REGION_TABLE_MAX);
		for (size_t i = 0; i < count; i++)
			assert(node_id_is_valid(sv_str(regions[i].id)));
		mem_free(regions);
	} else {
		assert(why.len > 0 || why.failed);
	}
	mem_free(text);
	return 0;
}
