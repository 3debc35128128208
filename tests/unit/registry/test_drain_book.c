/* How far a drain is, from its first number of clients. */
#include "registry/drain_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct row {
	const char *rule;
	uint32_t at_start, now;
	double want;
} rows[] = {
	{"nobody has gone yet", 200, 200, 0},
	{"a quarter has gone", 200, 150, 0.25},
	{"the last one is still there", 200, 1, 0.995},
	{"all have gone", 200, 0, 1},
	{"it was empty from the beginning", 0, 0, 1},
	{"more than at the start is no progress", 200, 300, 0},
	{"one came to an empty node", 0, 1, 0},
};

static void tells_the_share_that_has_gone(void **state)
{
	struct drain_book *book = drain_book_new();
	struct drain_progress progress;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];

		drain_book_note(book, "a", row->at_start);
		if (!drain_book_find(book, "a", row->now, &progress) ||
		    progress.share < row->want - 1e-9 ||
		    progress.share > row->want + 1e-9)
			fail_msg("%s: %f", row->rule, progress.share);
		assert_int_equal(progress.conns_at_start, row->at_start);
		drain_book_forget(book, "a");
	}
	drain_book_free(&book);
	assert_null(book);
}

static void begins_once(void **state)
{
	struct drain_book *book = drain_book_new();
	struct drain_progress progress;

	(void)state;
	assert_false(drain_book_find(book, "a", 1, &progress));
	drain_book_forget(book, "a");
	drain_book_note(book, "a", 100);
	drain_book_note(book, "a", 50);
	drain_book_note(book, "b", 10);
	assert_true(drain_book_find(book, "a", 50, &progress));
	assert_int_equal(progress.conns_at_start, 100);
	drain_book_forget(book, "a");
	assert_false(drain_book_find(book, "a", 50, &progress));
	assert_true(drain_book_find(book, "b", 10, &progress));
	drain_book_note(book, "a", 50);
	assert_true(drain_book_find(book, "a", 50, &progress));
	assert_int_equal(progress.conns_at_start, 50);
	drain_book_free(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_share_that_has_gone),
		cmocka_unit_test(begins_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
