/*
 * test_conf.c - options from defaults, environment and command line: what is
 * taken, what is refused and with which words; reload and documents.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/lib-svc/conf_settings.h"

static void test_defaults(void **state)
{
	struct settings s;
	struct buf why;

	(void)state;
	memset(&s, 0, sizeof(s));
	buf_init(&why, 1000);
	assert_int_equal(conf_load(&TABLE, NULL, 0, NULL, &s, &why), 0);
	assert_string_equal(s.name, "");
	assert_int_equal(s.workers, 2);
	assert_true(s.factor == 1.6);
	assert_false(s.verbose);
	assert_int_equal(s.ttl_ms, 60000);
	assert_true(s.listen_public.on);
	assert_int_equal(s.listen_public.port, 8053);
	assert_int_equal(s.listen_public.at.family, ADDR_NONE);
	assert_int_equal(s.registry.count, 2);
	assert_string_equal(s.registry.items[1], "http://b");
	assert_string_equal(s.token, "");
	assert_int_equal(why.len, 0);
	buf_fini(&why);
}

static const struct arg_row {
	const char *rule;
	const char *args[ARGS_MAX];
	int want;
	const char *why; /* or, when accepted, the settings as JSON have it */
} ARG_ROWS[] = {
	{"a value behind =", {"--name=x"}, 0, "\"name\":\"x\""},
	{"a value as the next argument", {"--name", "x"}, 0, "\"name\":\"x\""},
	{"an empty value", {"--registry="}, 0, "\"registry\":[]"},
	{"only the first = parts", {"--name=a=b"}, 0, "\"name\":\"a=b\""},
	{"dashes in the name",
	 {"--listen-public=1.2.3.4:5"},
	 0,
	 "\"listen_public\":\"1.2.3.4:5\""},
	{"underscores in the name",
	 {"--listen_public", "[2001:db8::1]:5"},
	 0,
	 "\"listen_public\":\"[2001:db8::1]:5\""},
	{"the last one wins",
	 {"--workers=3", "--workers=4"},
	 0,
	 "\"workers\":4"},
	{"a bool alone is true", {"--verbose"}, 0, "\"verbose\":true"},
	{"a bool before another option is true",
	 {"--verbose", "--name=x"},
	 0,
	 "\"verbose\":true"},
	{"a bool with its value", {"--verbose=no"}, 0, "\"verbose\":false"},
	{"a listener may be off",
	 {"--listen-public=off"},
	 0,
	 "\"listen_public\":\"off\""},
	{"any address",
	 {"--listen-public=*:0"},
	 0,
	 "\"listen_public\":\"*:0\""},
	{"a list is cut at commas and trimmed",
	 {"--registry=a, b ,c"},
	 0,
	 "\"registry\":[\"a\",\"b\",\"c\"]"},
	{"a bare number is milliseconds",
	 {"--ttl=1500"},
	 0,
	 "\"ttl\":\"1500ms\""},
	{"the shortest unit that is whole",
	 {"--ttl=120s"},
	 0,
	 "\"ttl\":\"2m\""},
	{"a number may begin with a dash",
	 {"--factor", "-1"},
	 ERR_RANGE,
	 "--factor must be a number within 0..10, not \"-1\""},
	{"nothing behind the name",
	 {"--name"},
	 ERR_SYNTAX,
	 "--name needs a value"},
	{"another option behind the name",
	 {"--listen_public", "--verbose"},
	 ERR_SYNTAX,
	 "--listen-public needs a value"},
	{"an unknown option",
	 {"--listen-pubic=x"},
	 ERR_UNKNOWN_FIELD,
	 "unknown option \"listen-pubic\"; did you mean \"listen_public\"?"},
	{"an option like no other",
	 {"--q=x"},
	 ERR_UNKNOWN_FIELD,
	 "unknown option \"q\""},
	{"no option at all", {"x"}, ERR_SYNTAX, "unexpected argument \"x\""},
	{"a list with an empty item",
	 {"--registry=a,,b"},
	 ERR_SYNTAX,
	 "--registry must not have empty items"},
	{"a list that ends in a comma",
	 {"--registry=a,"},
	 ERR_SYNTAX,
	 "--registry must not have empty items"},
	{"a number that is none",
	 {"--workers=2x"},
	 ERR_SYNTAX,
	 "--workers must be a whole number within 1..64, not \"2x\""},
	{"a number beyond 64 bits",
	 {"--workers=99999999999999999999"},
	 ERR_RANGE,
	 "--workers must be a whole number within 1..64, not "
	 "\"99999999999999999999\""},
	{"not a number",
	 {"--factor=nan"},
	 ERR_SYNTAX,
	 "--factor must be a number within 0..10, not \"nan\""},
	{"a bool that is none",
	 {"--verbose=maybe"},
	 ERR_SYNTAX,
	 "--verbose must be true or false, not \"maybe\""},
	{"the table's own rule",
	 {"--workers=7"},
	 ERR_RANGE,
	 "workers must not be seven"},
};

static void test_args(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ARG_ROWS); i++) {
		const struct arg_row *row = &ARG_ROWS[i];
		struct settings s;
		struct buf why;
		int rc;

		memset(&s, 0, sizeof(s));
		buf_init(&why, 10000);
		rc = load(NULL, row->args, &s, &why);
		if (rc == 0)
			conf_put_json(&why, &TABLE, &s);
		if (rc != row->want)
			fail_msg("%s: %d (%s)", row->rule, rc, buf_cstr(&why));
		if (rc == 0 && !strstr(buf_cstr(&why), row->why))
			fail_msg("%s: %s", row->rule, buf_cstr(&why));
		if (rc)
			assert_string_equal(buf_cstr(&why), row->why);
		buf_fini(&why);
	}
}

static void test_later_sources_win(void **state)
{
	const char *const args[ARGS_MAX] = {"--factor=4"};
	struct settings s;
	struct buf why;

	(void)state;
	memset(&s, 0, sizeof(s));
	buf_init(&why, 1000);
	write_text("{\"workers\":3,\"ttl\":\"3s\",\"factor\":3}");
	setenv("PERI_TTL", "4s", 1);
	setenv("PERI_FACTOR", "5", 1);
	assert_int_equal(load(test_path, args, &s, &why), 0);
	assert_int_equal(s.workers, 3);	  /* file over default */
	assert_int_equal(s.ttl_ms, 4000); /* environment over file */
	assert_true(s.factor == 4);	  /* command line over all */
	setenv("PERI_TTL", "soon", 1);
	assert_int_equal(conf_load(&TABLE, NULL, 0, NULL, &s, &why),
			 ERR_SYNTAX);
	assert_true(
		sv_starts(buf_view(&why), SV("PERI_TTL must be a time like")));
	unsetenv("PERI_TTL");
	unsetenv("PERI_FACTOR");
	buf_fini(&why);
}

static void test_reload_takes_only_what_it_may(void **state)
{
	static struct settings now, fresh;
	const char *const args[ARGS_MAX] = {"--name=new", "--workers=9",
					    "--verbose", "--registry=z"};
	struct buf why;

	(void)state;
	buf_init(&why, 1000);
	assert_int_equal(conf_load(&TABLE, NULL, 0, NULL, &now, &why), 0);
	assert_int_equal(conf_load(&TABLE, NULL, 0, NULL, &fresh, &why), 0);
	conf_reload(&TABLE, &now, &fresh, &why);
	assert_int_equal(why.len, 0);
	assert_int_equal(load(NULL, args, &fresh, &why), 0);
	conf_reload(&TABLE, &now, &fresh, &why);
	assert_string_equal(buf_cstr(&why), "workers,verbose");
	assert_string_equal(now.name, "new");
	assert_int_equal(now.workers, 2);
	assert_false(now.verbose);
	assert_int_equal(now.registry.count, 1);
	buf_fini(&why);
}

static void test_help_and_docs(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	conf_put_help(&b, &TABLE);
	assert_non_null(strstr(buf_cstr(&b),
			       "  --listen-public=ADDR:PORT\n"
			       "        where (default *:8053)\n"));
	assert_non_null(strstr(buf_cstr(&b), "        threads | workers; "
					     "1..64 (default 2)\n"));
	/* The range and the default belong to the sentence. */
	assert_non_null(strstr(buf_cstr(&b),
			       "        Growth, of each. Above 1; "
			       "0..10 (default 1.6)\n"));
	buf_reset(&b);
	conf_put_markdown(&b, &TABLE);
	assert_non_null(strstr(buf_cstr(&b), "\n| `workers` | `2` | N, 1..64 | "
					     "restart | threads \\| workers "
					     "|\n"));
	assert_non_null(strstr(buf_cstr(&b), "\n| `name` | | ID | SIGHUP | "));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_args),
		cmocka_unit_test_setup_teardown(test_later_sources_win,
						make_file, drop_file),
		cmocka_unit_test(test_reload_takes_only_what_it_may),
		cmocka_unit_test(test_help_and_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
