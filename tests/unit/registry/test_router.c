/* Paths with ids in them. */
#include "registry/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void paths_match_whole(void **state)
{
	static const struct {
		const char *rule, *pattern, *path;
		bool match;
		const char *first, *second;
	} rows[] = {
		{"no star: equal", "/v1/nodes", "/v1/nodes", true, "", ""},
		{"no star: longer path", "/v1/nodes", "/v1/nodes/", false, "",
		 ""},
		{"no star: shorter path", "/v1/nodes", "/v1/node", false, "",
		 ""},
		{"a star is a segment", "/v1/nodes/*", "/v1/nodes/a-1", true,
		 "a-1", ""},
		{"a star is not empty", "/v1/nodes/*", "/v1/nodes/", false, "",
		 ""},
		{"a star ends at the slash", "/v1/nodes/*", "/v1/nodes/a/b",
		 false, "", ""},
		{"text after the star", "/v1/nodes/*/renew",
		 "/v1/nodes/a/renew", true, "a", ""},
		{"other text after the star", "/v1/nodes/*/renew",
		 "/v1/nodes/a/renews", false, "", ""},
		{"two stars", "/v1/intent/*/*", "/v1/intent/node/x", true,
		 "node", "x"},
		{"two stars, one segment", "/v1/intent/*/*", "/v1/intent/node",
		 false, "", ""},
		{"a word before a star", "/v1/intent/node/*",
		 "/v1/intent/region/x", false, "", ""},
		{"empty path", "/", "", false, "", ""},
		{"the root", "/", "/", true, "", ""},
	};
	struct sv ids[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (router_matches(rows[i].pattern, sv_str(rows[i].path),
				   ids) != rows[i].match)
			fail_msg("%s", rows[i].rule);
		if (!rows[i].match)
			continue;
		if (!sv_eq(ids[0], sv_str(rows[i].first)) ||
		    !sv_eq(ids[1], sv_str(rows[i].second)))
			fail_msg("%s: ids", rows[i].rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_match_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
