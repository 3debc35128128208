/* Revisions, and where a watcher that comes back goes on. */
#include "registry/feed_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

#define EPOCH "abc123"

/* A ring of 4 changes that has seen 10: revisions 2..11, held 8..11. */
static const struct resume_row {
	const char *rule, *from;
	int rc;
	uint64_t rev;
	const char *why;
} resume_rows[] = {
	{"up to date", EPOCH ":11", 0, 11, NULL},
	{"one behind", EPOCH ":10", 0, 10, NULL},
	{"just held", EPOCH ":7", 0, 7, NULL},
	{"just too old", EPOCH ":6", ERR_EXPIRED, 0, "too old"},
	{"the beginning", EPOCH ":1", ERR_EXPIRED, 0, "too old"},
	{"before the beginning", EPOCH ":0", ERR_EXPIRED, 0, "too old"},
	{"one from the future", EPOCH ":12", ERR_RANGE, 0, "from the future"},
	{"the far future", EPOCH ":18446744073709551615", ERR_RANGE, 0,
	 "from the future"},
	{"another epoch", "abc124:11", ERR_CONFLICT, 0, "another epoch"},
	{"a part of the epoch", "abc12:11", ERR_CONFLICT, 0, "another epoch"},
	{"no revision", EPOCH, ERR_SYNTAX, 0, NULL},
	{"an empty revision", EPOCH ":", ERR_SYNTAX, 0, NULL},
	{"no epoch", ":11", ERR_SYNTAX, 0, NULL},
	{"a negative revision", EPOCH ":-1", ERR_SYNTAX, 0, NULL},
	{"a revision beyond 64 bits", EPOCH ":18446744073709551616", ERR_SYNTAX,
	 0, NULL},
	{"text for a revision", EPOCH ":x", ERR_SYNTAX, 0, NULL},
	{"a very long epoch", "000000000000000000000000000000000:1", ERR_SYNTAX,
	 0, NULL},
};

static void resumes_or_says_why_not(void **state)
{
	struct feed_ring *ring = feed_ring_new(4, EPOCH);

	(void)state;
	for (int i = 0; i < 10; i++)
		feed_ring_add(ring, FEED_RING_NODE, "n", NULL);
	assert_int_equal(feed_ring_rev(ring), 11);
	for (size_t i = 0; i < ARRAY_LEN(resume_rows); i++) {
		const struct resume_row *row = &resume_rows[i];
		const char *why = NULL;
		uint64_t rev = 0;
		int rc = feed_ring_resume(ring, sv_str(row->from), &rev, &why);

		if (rc != row->rc || rev != row->rev)
			fail_msg("%s: rc %d rev %d", row->rule, rc, (int)rev);
		if (row->why)
			assert_string_equal(why, row->why);
	}
	feed_ring_free(&ring);
	assert_null(ring);
	feed_ring_free(&ring);
}

static void holds_the_last_changes(void **state)
{
	struct feed_ring *ring = feed_ring_new(2, EPOCH);
	const struct feed_ring_change *change;

	(void)state;
	assert_int_equal(feed_ring_rev(ring), 1);
	assert_null(feed_ring_at(ring, 0));
	assert_null(feed_ring_at(ring, 1));
	assert_int_equal(feed_ring_add(ring, FEED_RING_NODE, "a", NULL), 2);
	assert_int_equal(feed_ring_add(ring, FEED_RING_REGION, "b", NULL), 3);
	assert_int_equal(feed_ring_add(ring, FEED_RING_NODE, "a", "left"), 4);
	assert_null(feed_ring_at(ring, 2));
	assert_null(feed_ring_at(ring, 5));
	change = feed_ring_at(ring, 3);
	assert_int_equal(change->kind, FEED_RING_REGION);
	assert_string_equal(change->id, "b");
	assert_null(change->gone_why);
	change = feed_ring_at(ring, 4);
	assert_string_equal(change->gone_why, "left");
	feed_ring_free(&ring);
}

static void nothing_happened_yet(void **state)
{
	struct feed_ring *ring = feed_ring_new(2, EPOCH);
	const char *why;
	uint64_t rev = 0;

	(void)state;
	assert_int_equal(feed_ring_resume(ring, SV(EPOCH ":1"), &rev, &why), 0);
	assert_int_equal(rev, 1);
	assert_int_equal(feed_ring_resume(ring, SV(EPOCH ":2"), &rev, &why),
			 ERR_RANGE);
	feed_ring_free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumes_or_says_why_not),
		cmocka_unit_test(holds_the_last_changes),
		cmocka_unit_test(nothing_happened_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
