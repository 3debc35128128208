/*
 * test_alignment.c - letters that came, went and stayed.
 */
#include "balancer/alignment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/def.h"
#include "lib/base/mem.h"

static const struct row {
	const char *rule, *target, *base;
	const char *want; /* what is taken from the base; '.' = nothing */
	unsigned segments;
	bool same;
} rows[] = {
	{"equal arrays are one segment", "abcd", "abcd", "abcd", 1, true},
	{"nothing and nothing are the same", "", "", "", 0, true},
	{"all are new", "abc", "", "...", 1, false},
	{"all are gone", "", "abc", "", 0, false},
	{"one at the end is gone", "abc", "abcd", "abc", 1, false},
	{"one at the front is gone", "bcd", "abcd", "bcd", 1, false},
	{"one in the middle is gone", "abd", "abcd", "abd", 2, false},
	{"one in the middle is new", "abxcd", "abcd", "ab.cd", 3, false},
	{"one for another", "abxd", "abcd", "ab.d", 3, false},
	{"another order costs, but is right", "ba", "ab", "b.", 2, false},
	{"nothing in common", "xyz", "abc", "...", 1, false},
};

static bool same_letter(const void *arg, uint32_t target, uint32_t base)
{
	const struct row *row = arg;

	return row->target[target] == row->base[base];
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct alignment_range range = {
			.target_count = (uint32_t)strlen(row->target),
			.base_count = (uint32_t)strlen(row->base),
		};
		struct alignment a = {0};
		char *got;

		alignment_find(&a, &range, same_letter, row);
		assert_int_equal(a.target_count, range.target_count);
		got = alignment_apply(&a, row->base, 1);
		for (uint32_t c = 0; c < a.target_count; c++)
			if (got[c] != (row->want[c] == '.' ? 0 : row->want[c]))
				fail_msg("%s: %u", row->rule, c);
		assert_int_equal(a.count, row->segments);
		if (alignment_is_same(&a, range.base_count) != row->same)
			fail_msg("%s", row->rule);
		mem_free(got);
		alignment_fini(&a);
	}
}

/* 63 gone ones are looked over, 64 are not. */
static void test_it_looks_a_little_ahead(void **state)
{
	static char base[70], target[] = "z";
	const struct row row = {.base = base, .target = target};

	(void)state;
	memset(base, 'a', sizeof(base));
	base[63] = 'z';
	for (uint32_t skip = 0; skip < 2; skip++) {
		struct alignment_range range = {.target_count = 1,
						.base_count = 64};
		struct alignment a = {0};

		if (skip) {
			base[63] = 'a';
			base[64] = 'z';
			range.base_count = 65;
		}
		alignment_find(&a, &range, same_letter, &row);
		assert_int_equal(a.segments[0].base,
				 skip ? ALIGNMENT_NONE : 63U);
		alignment_fini(&a);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_it_looks_a_little_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
