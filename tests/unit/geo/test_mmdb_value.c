/* test_mmdb_value.c - single values of a data section, well-formed and not. */
#include "geo/mmdb_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/err.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct row {
	const char *rule;
	const char *bytes;
	size_t size;
	int rc, type;
	double number;
	uint32_t next;
} rows[] = {
	{"text of two bytes", BYTES("\x42hi"), 0, MMDB_VALUE_TEXT, 0, 3},
	{"empty text", BYTES("\x40"), 0, MMDB_VALUE_TEXT, 0, 1},
	{"text beyond the end", BYTES("\x43hi"), ERR_CORRUPT, 0, 0, 0},
	{"size byte is missing", BYTES("\x5d"), ERR_CORRUPT, 0, 0, 0},
	{"text of 29 bytes",
	 BYTES("\x5d\0"
	       "aaaaaaaaaabbbbbbbbbbccccccccc"),
	 0, MMDB_VALUE_TEXT, 0, 31},
	{"16 MB of text that are not there", BYTES("\x5f\xff\xff\xff"),
	 ERR_CORRUPT, 0, 0, 0},
	{"double", BYTES("\x68\x3f\xf8\0\0\0\0\0\0"), 0, MMDB_VALUE_DOUBLE, 1.5,
	 9},
	{"double of 4 bytes", BYTES("\x64\x3f\xf8\0\0"), ERR_CORRUPT, 0, 0, 0},
	{"float", BYTES("\x04\x08\x3f\xc0\0\0"), 0, MMDB_VALUE_FLOAT, 1.5, 6},
	{"float of 8 bytes", BYTES("\x08\x08\0\0\0\0\0\0\0\0"), ERR_CORRUPT, 0,
	 0, 0},
	{"unsigned of no bytes is 0", BYTES("\xa0"), 0, MMDB_VALUE_U16, 0, 1},
	{"16 bits", BYTES("\xa2\x01\x02"), 0, MMDB_VALUE_U16, 258, 3},
	{"16 bits of 3 bytes", BYTES("\xa3\1\1\1"), ERR_CORRUPT, 0, 0, 0},
	{"32 bits", BYTES("\xc4\xff\xff\xff\xff"), 0, MMDB_VALUE_U32,
	 4294967295.0, 5},
	{"signed", BYTES("\x04\x01\xff\xff\xff\xfe"), 0, MMDB_VALUE_I32, -2, 6},
	{"64 bits", BYTES("\x01\x02\x07"), 0, MMDB_VALUE_U64, 7, 3},
	{"128 bits are known", BYTES("\x01\x03\x07"), 0, MMDB_VALUE_U128, 0, 3},
	{"true", BYTES("\x01\x07"), 0, MMDB_VALUE_BOOL, 1, 2},
	{"neither true nor false", BYTES("\x02\x07"), ERR_CORRUPT, 0, 0, 0},
	{"empty map", BYTES("\xe0"), 0, MMDB_VALUE_MAP, 0, 1},
	{"array of one", BYTES("\x01\x04\xe0"), 0, MMDB_VALUE_ARRAY, 0, 0},
	{"extended type is missing", BYTES("\x00"), ERR_CORRUPT, 0, 0, 0},
	{"type 12 never stands in data", BYTES("\x00\x05"), ERR_CORRUPT, 0, 0,
	 0},
	{"type 16 does not exist", BYTES("\x00\x09"), ERR_CORRUPT, 0, 0, 0},
	{"pointer of 11 bits", BYTES("\x20\x02\x42hi"), 0, MMDB_VALUE_TEXT, 0,
	 2},
	{"pointer to itself", BYTES("\x20\x00"), ERR_CORRUPT, 0, 0, 0},
	{"pointer to a pointer", BYTES("\x20\x02\x20\x04\x42hi"), ERR_CORRUPT,
	 0, 0, 0},
	{"pointer behind the end", BYTES("\x20\x05\x42hi"), ERR_CORRUPT, 0, 0,
	 0},
	{"pointer cut short", BYTES("\x28\x00"), ERR_CORRUPT, 0, 0, 0},
	{"pointer of 32 bits", BYTES("\x38\0\0\0\x05\x42hi"), 0,
	 MMDB_VALUE_TEXT, 0, 5},
	{"pointer of 19 bits starts at 2048", BYTES("\x28\0\0"), ERR_CORRUPT, 0,
	 0, 0},
	{"nothing at all", BYTES(""), ERR_CORRUPT, 0, 0, 0},
};

static struct mmdb_value_reader reader_of(const char *bytes, size_t size,
					  uint32_t budget)
{
	return (struct mmdb_value_reader){(const uint8_t *)bytes,
					  (uint32_t)size, budget};
}

static void single_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct mmdb_value_reader reader =
			reader_of(r->bytes, r->size, 10);
		struct mmdb_value v;
		int rc = mmdb_value_read(&reader, 0, &v);

		if (rc != r->rc)
			fail_msg("%s: %s", r->rule, err_str(rc));
		if (rc == 0 && ((int)v.type != r->type || v.next != r->next ||
				v.number < r->number || v.number > r->number))
			fail_msg("%s: type %d, next %u, number %f", r->rule,
				 v.type, v.next, v.number);
	}
}

/* {"a": {"x": [1, {}]}, "b": true} */
static const char nested[] = "\xe2\x41"
			     "a\xe1\x41"
			     "x\x02\x04\xa1\x01\xe0\x41"
			     "b\x01\x07";

static void a_walk_steps_over_inner_containers(void **state)
{
	struct mmdb_value_reader r = reader_of(BYTES(nested), 100);
	struct mmdb_value_iter iter;
	struct mmdb_value map, v;
	struct sv key;

	(void)state;
	assert_int_equal(mmdb_value_read(&r, 0, &map), 0);
	iter = mmdb_value_iter(&map);
	assert_int_equal(mmdb_value_next_pair(&r, &iter, &key, &v), 1);
	assert_true(sv_eq(key, SV("a")) && v.type == MMDB_VALUE_MAP);
	assert_int_equal(mmdb_value_next_pair(&r, &iter, &key, &v), 1);
	assert_true(sv_eq(key, SV("b")) && v.type == MMDB_VALUE_BOOL);
	assert_int_equal(mmdb_value_next_pair(&r, &iter, &key, &v), 0);
}

static void the_budget_ends_a_walk(void **state)
{
	struct mmdb_value_reader r;

	(void)state;
	r = reader_of(BYTES(nested), 100);
	assert_int_equal(mmdb_value_check(&r, 0, 4), 0);
	r = reader_of(BYTES(nested), 8);
	assert_int_equal(mmdb_value_check(&r, 0, 4), ERR_LIMIT);
	r = reader_of(BYTES(nested), 100);
	assert_int_equal(mmdb_value_check(&r, 0, 2), ERR_LIMIT);
}

static void a_key_must_be_a_text(void **state)
{
	struct mmdb_value_reader r =
		reader_of(BYTES("\xe1\xa1\x01\xa1\x01"), 9);

	(void)state;
	assert_int_equal(mmdb_value_check(&r, 0, 4), ERR_CORRUPT);
}

/* A map whose value is a pointer to the map: deep for ever, but for the cap. */
static void a_cycle_of_pointers_ends(void **state)
{
	struct mmdb_value_reader r = reader_of(BYTES("\xe1\x41"
						     "a\x20\x00"),
					       1000);

	(void)state;
	assert_int_equal(mmdb_value_check(&r, 0, 16), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_values),
		cmocka_unit_test(a_walk_steps_over_inner_containers),
		cmocka_unit_test(the_budget_ends_a_walk),
		cmocka_unit_test(a_key_must_be_a_text),
		cmocka_unit_test(a_cycle_of_pointers_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
