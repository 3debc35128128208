/* Commas, keys and values of JSON that we write. */
#include "lib/proto/jsonw.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void writes_every_kind(void **state)
{
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_array(&w, "empty");
	jsonw_array_end(&w);
	jsonw_object(&w, "none");
	jsonw_object_end(&w);
	jsonw_array(&w, "list");
	jsonw_u64(&w, NULL, UINT64_MAX);
	jsonw_i64(&w, NULL, INT64_MIN);
	jsonw_bool(&w, NULL, true);
	jsonw_bool(&w, NULL, false);
	jsonw_null(&w, NULL);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "a\"b", "c\n");
	jsonw_object_end(&w);
	jsonw_array_end(&w);
	jsonw_real(&w, "real", 0.1);
	jsonw_fixed(&w, "fixed", 1.005, 1);
	jsonw_text(&w, "text", SV("x"));
	jsonw_object_end(&w);
	assert_string_equal(
		buf_cstr(&b),
		"{\"empty\":[],\"none\":{},\"list\":[18446744073709551615,"
		"-9223372036854775808,true,false,null,{\"a\\\"b\":\"c\\n\"}],"
		"\"real\":0.1,\"fixed\":1.0,\"text\":\"x\"}");
	buf_fini(&b);
}

static void a_full_buffer_is_marked(void **state)
{
	char storage[8];
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init_fixed(&b, storage, sizeof(storage));
	jsonw_init(&w, &b);
	jsonw_array(&w, NULL);
	jsonw_str(&w, NULL, "too long for it");
	jsonw_array_end(&w);
	assert_true(b.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_every_kind),
		cmocka_unit_test(a_full_buffer_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
