/* An operator's wish: what is taken says the same when it is written and read
 * again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/proto/intent.h"

#define NOW_WALL_S 1000000

static void reads_back(const struct intent *intent)
{
	char storage[INTENT_JSON_MAX], again[INTENT_JSON_MAX];
	struct intent back;
	struct json_problem p;
	struct json *root;
	struct buf b, c;
	struct jsonw w;
	int rc;

	buf_init_fixed(&b, storage, sizeof(storage));
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	intent_put(&w, intent);
	jsonw_object_end(&w);
	assert(!b.failed);
	rc = json_parse(buf_view(&b), &root, &p);
	assert(rc == 0);
	rc = intent_decode_known(root, &back, &p);
	assert(rc == 0);
	json_free(&root);
	buf_init_fixed(&c, again, sizeof(again));
	jsonw_init(&w, &c);
	jsonw_object(&w, NULL);
	intent_put(&w, &back);
	jsonw_object_end(&w);
	assert(sv_eq(buf_view(&b), buf_view(&c)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = sv_of(data, size);
	struct json_problem p = {.rc = 0};
	struct intent intent;
	int rc = intent_decode(text, NOW_WALL_S, &intent, &p);

	if (rc != 0) {
		assert(p.rc == rc);
		return 0;
	}
	assert(intent.reason[0] != '\0');
	assert(intent.until_wall_s == 0 || intent.until_wall_s > NOW_WALL_S);
	memcpy(intent.id, "a", 2);
	reads_back(&intent);
	return 0;
}
