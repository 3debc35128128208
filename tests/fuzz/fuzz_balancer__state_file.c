/* Any bytes as a saved state, as they are and with a checksum that fits: the
 * second gets past the first line of defence. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "balancer/state_file.h"
#include "lib/base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct sv text)
{
	struct fleet *fleet = fleet_new();
	struct state_file_mark mark;
	char why_text[512];
	struct buf why;
	unsigned count;

	buf_init_fixed(&why, why_text, sizeof(why_text));
	if (state_file_take(text, fleet, 1000000, 2000000, &mark, &why) != 0) {
		assert(why.len > 0);
		fleet_nodes(fleet, &count);
		assert(count == 0);
	}
	fleet_free(&fleet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv raw = sv_of(data, size);
	struct buf b;

	if (size > 65536)
		return 0;
	take(raw);
	buf_init(&b, 1 << 20);
	buf_str(&b, "{\"type\":\"saved\",\"wall_ms\":1000}\n");
	buf_sv(&b, raw);
	if (size > 0 && data[size - 1] != '\n')
		buf_char(&b, '\n');
	raw = buf_view(&b);
	size = raw.len;
	buf_str(&b, "{\"type\":\"end\",\"bytes\":");
	buf_u64(&b, size);
	buf_str(&b, ",\"sum\":\"");
	buf_hex(&b, hash_text(sv_of(b.data, size)), 16);
	buf_str(&b, "\"}\n");
	take(buf_view(&b));
	buf_fini(&b);
	return 0;
}
