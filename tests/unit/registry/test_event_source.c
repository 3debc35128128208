/* test_event_source.c - when a share of queries is news. */
#include "registry/event_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct row {
	const char *rule;
	double hits_per_s, queries_per_s;
	bool is_bad, crosses;
} rows[] = {
	{"below a tenth is good", 9.9, 100, false, false},
	{"a tenth is bad", 10, 100, false, true},
	{"a twentieth stays bad", 5, 100, true, false},
	{"below a twentieth it is over", 4.9, 100, true, true},
	{"between the two a good one stays", 7, 100, false, false},
	{"between the two a bad one stays", 7, 100, true, false},
	{"a query a second is enough", 1, 1, false, true},
	{"less says nothing that is bad", 0.9, 0.9, false, false},
	{"less says nothing that is good", 0, 0.9, true, false},
	{"nobody asks", 0, 0, true, false},
};

static void test_shares(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];

		if (event_source_share_crosses(row->hits_per_s,
					       row->queries_per_s,
					       row->is_bad) != row->crosses)
			fail_msg("%s", row->rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests_name("event_source", tests, NULL, NULL);
}
