/* Comments, parsing and table decoding of any text, as configuration files and
 * bodies go through them. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/json.h"

struct out {
	char text[8];
	uint16_t port;
	double real;
	int64_t number;
	bool flag;
};

#define AT(member)                                                             \
	.offset = offsetof(struct out, member),                                \
	.size = sizeof(((struct out *)NULL)->member)

static const struct json_field fields[] = {
	{.name = "text", .kind = JSON_TEXT, AT(text)},
	{.name = "port", .kind = JSON_U16, AT(port), .min = 1, .max = 65535},
	{.name = "real", .kind = JSON_REAL, AT(real), .min = -1, .max = 1},
	{.name = "number", .kind = JSON_I64, AT(number)},
	{.name = "flag", .kind = JSON_BOOL, AT(flag)},
	{.name = "rest", .kind = JSON_IGNORE},
};
static const struct json_table table = {
	.fields = fields,
	.count = ARRAY_LEN(fields),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup(data, size);
	struct json_problem p = {.rc = 0};
	struct out out = {.port = 1};
	int rc;

	if (json_blank_comments(text, size) == 0) {
		rc = json_decode_text(sv_of(text, size), &table, &out, &p);
		assert(rc == p.rc);
		assert(memchr(out.text, 0, sizeof(out.text)));
		assert(out.port > 0 && out.real >= -1 && out.real <= 1);
		assert(memchr(p.path, 0, sizeof(p.path)));
	}
	mem_free(text);
	return 0;
}
