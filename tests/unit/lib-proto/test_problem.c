/* The one shape of an error answer, and the writer beneath it. */
#include "lib/proto/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/base/err.h"

static void is(const struct problem *problem, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	problem_put(&b, problem);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

static void has_what_is_known(void **state)
{
	struct json_problem p;
	struct problem problem = {
		.status = 400, .type = "unknown-field", .title = "Unknown"};

	(void)state;
	is(&problem, "{\"type\":\"urn:perihelion:unknown-field\","
		     "\"title\":\"Unknown\",\"status\":400}");
	problem.detail = "say \"x\"";
	json_problem_set(&p, ERR_UNKNOWN_FIELD, "/a/b", "is not %s", "known");
	problem.errors = &p;
	is(&problem, "{\"type\":\"urn:perihelion:unknown-field\","
		     "\"title\":\"Unknown\",\"status\":400,"
		     "\"detail\":\"say \\\"x\\\"\",\"errors\":[{\"path\":"
		     "\"/a/b\",\"rule\":\"is not known\"}]}");
	p.line = 3;
	p.column = 4;
	problem.detail = NULL;
	is(&problem, "{\"type\":\"urn:perihelion:unknown-field\","
		     "\"title\":\"Unknown\",\"status\":400,"
		     "\"errors\":[{\"path\":\"/a/b\",\"rule\":\"is not known\","
		     "\"line\":3,\"column\":4}]}");
	p.rc = 0; /* no problem: no errors */
	is(&problem, "{\"type\":\"urn:perihelion:unknown-field\","
		     "\"title\":\"Unknown\",\"status\":400}");
}

static void bytes_of_others_stay_json(void **state)
{
	struct json_problem p;
	struct problem problem = {.status = 400, .type = "t", .title = "T"};

	(void)state;
	json_problem_set(&p, ERR_RANGE, "/\xff\n", "r");
	problem.errors = &p;
	is(&problem,
	   "{\"type\":\"urn:perihelion:t\",\"title\":\"T\","
	   "\"status\":400,\"errors\":[{\"path\":\"/\xef\xbf\xbd\\n\","
	   "\"rule\":\"r\"}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_what_is_known),
		cmocka_unit_test(bytes_of_others_stay_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
