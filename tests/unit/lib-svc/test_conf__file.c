/*
 * test_conf__file.c - options from a file, and secrets from files of their own:
 * what is taken, what is refused and where.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "tests/unit/lib-svc/conf_settings.h"

static const struct file_row {
	const char *rule;
	const char *text;
	int want;
	const char *why; /* behind "PATH"; NULL = accepted */
} FILE_ROWS[] = {
	{"an empty object changes nothing", "{}", 0, NULL},
	{"comments of both kinds are blank",
	 "// a\n{ /* b\n */ \"workers\": 3 // \"workers\": 4\n}", 0, NULL},
	{"a comment inside a text is text", "{\"name\": \"a//b\"}", 0, NULL},
	{"every kind by its JSON type",
	 "{\"name\":\"x\",\"workers\":64,\"factor\":2,\"verbose\":true,"
	 "\"ttl\":\"5m\",\"listen_public\":\"[::1]:0\","
	 "\"registry\":[\"a\",\"b\",\"c\"],\"token\":\"s\"}",
	 0, NULL},
	{"a duration may be a number of milliseconds", "{\"ttl\":1000}", 0,
	 NULL},
	{"an empty list is a list", "{\"registry\":[]}", 0, NULL},
	{"an unknown key is refused where it stands",
	 "{\n  \"workers\": 3,\n  \"zzz\": 1\n}", ERR_UNKNOWN_FIELD,
	 ":3:3: unknown key \"zzz\""},
	{"a near name is offered", "// \xc3\xa4 comment\n{ \"workres\": 3 }",
	 ERR_UNKNOWN_FIELD,
	 ":2:3: unknown key \"workres\"; did you mean \"workers\"?"},
	{"columns count characters, not bytes",
	 "{\"name\":\"\xe4\xbd\xa0\", \"ttk\":1}", ERR_UNKNOWN_FIELD,
	 ":1:14: unknown key \"ttk\"; did you mean \"ttl\"?"},
	{"a key of the same name deeper down is not mistaken",
	 "{\"registry\":[\"\\\"zz\"],\n \"zz\":{\"zz\":1}}", ERR_UNKNOWN_FIELD,
	 ":2:2: unknown key \"zz\""},
	{"a text is no number", "{\"workers\":\"3\"}", ERR_TYPE,
	 ":1:2: workers must be a whole number"},
	{"a fraction is no whole number", "{\"workers\":3.5}", ERR_TYPE,
	 ":1:2: workers must be a whole number"},
	{"null is no value", "{\"name\":null}", ERR_TYPE,
	 ":1:2: name must be a text"},
	{"below the minimum", "{\"workers\":0}", ERR_RANGE,
	 ":1:2: workers must be a whole number within 1..64, not \"0\""},
	{"above the maximum", "{\"workers\":65}", ERR_RANGE,
	 ":1:2: workers must be a whole number within 1..64, not \"65\""},
	{"a negative number", "{\"workers\":-1}", ERR_SYNTAX,
	 ":1:2: workers must be a whole number within 1..64, not \"-1\""},
	{"a duration below its minimum", "{\"ttl\":\"999ms\"}", ERR_RANGE,
	 ":1:2: ttl must be a time like 500ms, 5s, 2m or 1h within 1s..24h, "
	 "not \"999ms\""},
	{"a text that is longer than its member", "{\"name\":\"123456789\"}",
	 ERR_RANGE, ":1:2: name must have at most 8 bytes, not 9"},
	{"a text of full length", "{\"name\":\"12345678\"}", 0, NULL},
	{"control characters", "{\"name\":\"a\\nb\"}", ERR_SYNTAX,
	 ":1:2: name must not have control characters"},
	{"a listener without a port", "{\"listen_public\":\"::1\"}", ERR_SYNTAX,
	 ":1:2: listen_public must be ADDR:PORT, *:PORT or off, not \"::1\""},
	{"a list with something else in it", "{\"registry\":[1]}", ERR_TYPE,
	 ":1:2: registry must be a list of texts"},
	{"a list with an empty text", "{\"registry\":[\"\"]}", ERR_SYNTAX,
	 ":1:2: registry must not have empty items"},
	{"a list of 17",
	 "{\"registry\":[\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\","
	 "\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"]}",
	 ERR_RANGE, ":1:2: registry must have at most 16 items"},
	{"a secret that is too long is not shown",
	 "{\"token\":\"secret-secret\"}", ERR_RANGE,
	 ":1:2: token must have at most 7 bytes, not 13"},
	{"a number is no bool", "{\"verbose\":1}", ERR_TYPE,
	 ":1:2: verbose must be true or false"},
	{"a bool is no duration", "{\"ttl\":true}", ERR_TYPE,
	 ":1:2: ttl must be a time like 500ms, 5s, 2m or 1h, or a number of "
	 "milliseconds"},
	{"a text is no list", "{\"registry\":\"a,b\"}", ERR_TYPE,
	 ":1:2: registry must be a list of texts"},
	{"a number is no listener", "{\"listen_public\":80}", ERR_TYPE,
	 ":1:2: listen_public must be ADDR:PORT, *:PORT or off"},
	{"a whole number beyond 32 bits", "{\"workers\":4294967298}", ERR_RANGE,
	 ":1:2: workers must be a whole number within 1..64, not "
	 "\"4294967298\""},
	{"a negative time", "{\"ttl\":-1}", ERR_RANGE,
	 ":1:2: ttl must be a time like 500ms, 5s, 2m or 1h within 1s..24h, "
	 "not \"-1\""},
	{"an unknown name is cut",
	 "{\"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
	 "aaaaaaaaaabbbbbbbbbbccc\":1}",
	 ERR_UNKNOWN_FIELD,
	 ":1:2: unknown key "
	 "\"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaa"
	 "bbbbbbbbbbaaaaaaaaaabbbbbbbbbb\""},
	{"a refused value is cut",
	 "{\"listen_public\":\"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
	 "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbccc\"}",
	 ERR_SYNTAX,
	 ":1:2: listen_public must be ADDR:PORT, *:PORT or off, not "
	 "\"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb"
	 "aaaaaaaaaabbbbbbbbbb\""},
	{"no object", "[1]", ERR_TYPE, ":1:1: must be one object { ... }"},
	{"a comment that never ends", "{} /* ", ERR_SYNTAX,
	 ": a comment never ends"},
	{"the table's own rule", "{\"workers\":7}", ERR_RANGE, NULL},
};

static void test_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(FILE_ROWS); i++) {
		const struct file_row *row = &FILE_ROWS[i];
		struct settings s;
		struct buf why;
		int rc;

		memset(&s, 0, sizeof(s));
		buf_init(&why, 1000);
		write_text(row->text);
		rc = conf_load(&TABLE, test_path, 0, NULL, &s, &why);
		if (rc != row->want)
			fail_msg("%s: %d (%s), want %d", row->rule, rc,
				 buf_cstr(&why), row->want);
		if (row->why) {
			assert_true(
				sv_starts(buf_view(&why), sv_str(test_path)));
			assert_string_equal(buf_cstr(&why) + strlen(test_path),
					    row->why);
		}
		buf_fini(&why);
	}
}

static void test_file_values(void **state)
{
	struct settings s;
	struct buf why;
	const char *text =
		"{\"name\":\"x\",\"workers\":64,\"factor\":2.5,"
		"\"verbose\":true,\"ttl\":\"5m\",\"listen_public\":\"off\","
		"\"registry\":[\"a\"],\"token\":\"s\"}";

	(void)state;
	memset(&s, 0, sizeof(s));
	buf_init(&why, 1000);
	write_text(text);
	assert_int_equal(conf_load(&TABLE, test_path, 0, NULL, &s, &why), 0);
	assert_string_equal(s.name, "x");
	assert_int_equal(s.workers, 64);
	assert_true(s.factor == 2.5);
	assert_true(s.verbose);
	assert_int_equal(s.ttl_ms, 300000);
	assert_false(s.listen_public.on);
	assert_int_equal(s.registry.count, 1);
	assert_string_equal(s.registry.items[0], "a");
	assert_string_equal(s.token, "s");
	buf_fini(&why);
}

static void test_syntax_error_has_its_place(void **state)
{
	struct settings s;
	struct buf why;

	(void)state;
	buf_init(&why, 1000);
	write_text("{\n \"name\": }\n");
	assert_int_equal(conf_load(&TABLE, test_path, 0, NULL, &s, &why),
			 ERR_SYNTAX);
	assert_non_null(strstr(buf_cstr(&why), ":2:"));
	buf_reset(&why);
	write_text("{\"name\":\"a\",\"name\":\"b\"}");
	assert_int_equal(conf_load(&TABLE, test_path, 0, NULL, &s, &why),
			 ERR_SYNTAX);
	buf_fini(&why);
}

static void test_files_that_cannot_be(void **state)
{
	struct settings s;
	struct buf why;
	FILE *file;

	(void)state;
	buf_init(&why, 1000);
	assert_int_equal(conf_load(&TABLE, "/tmp", 0, NULL, &s, &why), -EISDIR);
	assert_string_equal(buf_cstr(&why), "/tmp: is a directory");
	buf_reset(&why);
	file = fopen(test_path, "wb");
	assert_non_null(file);
	for (int i = 0; i <= 1 << 20; i++)
		fputc(' ', file);
	fclose(file);
	assert_int_equal(conf_load(&TABLE, test_path, 0, NULL, &s, &why),
			 ERR_TOOBIG);
	buf_fini(&why);
}

static void test_secret_that_all_may_read_is_told(void **state)
{
	char arg[100], said[1000];
	const char *const args[ARGS_MAX] = {arg};
	int real_stderr = dup(STDERR_FILENO);
	FILE *capture = tmpfile();
	struct settings s;
	struct buf why, b;
	ssize_t n;

	(void)state;
	buf_init(&why, 1000);
	buf_init_fixed(&b, arg, sizeof(arg));
	buf_printf(&b, "--token=@%s", test_path);
	buf_cstr(&b);
	write_text("hush");
	assert_non_null(capture);
	fflush(stderr);
	dup2(fileno(capture), STDERR_FILENO);
	chmod(test_path, 0600);
	assert_int_equal(load(NULL, args, &s, &why), 0);
	n = pread(fileno(capture), said, sizeof(said) - 1, 0);
	chmod(test_path, 0644);
	assert_int_equal(load(NULL, args, &s, &why), 0);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	assert_int_equal(n, 0);
	n = pread(fileno(capture), said, sizeof(said) - 1, 0);
	fclose(capture);
	assert_true(n > 0);
	said[n] = '\0';
	assert_non_null(strstr(said, "level=warn"));
	assert_non_null(strstr(said, "event=conf.secret_readable_by_all"));
	assert_non_null(strstr(said, "mode=0644"));
	assert_null(strstr(said, "hush"));
	buf_fini(&why);
}

static void test_missing_file_is_named(void **state)
{
	struct settings s;
	struct buf why;

	(void)state;
	buf_init(&why, 1000);
	assert_int_equal(
		conf_load(&TABLE, "/nowhere/x.jsonc", 0, NULL, &s, &why),
		-ENOENT);
	assert_string_equal(buf_cstr(&why), "/nowhere/x.jsonc: no such file "
					    "or directory");
	buf_fini(&why);
}

static const struct secret_row {
	const char *rule;
	const char *content;
	size_t len;
	int want;
} SECRET_ROWS[] = {
	{"a line end does not count", "hush\n", 5, 0},
	{"nor a carriage return", "hush\r\n", 6, 0},
	{"no line end", "hush", 4, 0},
	{"nothing", "", 0, ERR_SYNTAX},
	{"only a line end", "\n", 1, ERR_SYNTAX},
	{"a NUL inside", "hu\0h", 4, ERR_SYNTAX},
	{"too long", "12345678", 8, ERR_RANGE},
};

static void test_secret_from_file(void **state)
{
	char arg[100];
	const char *const args[ARGS_MAX] = {arg};
	struct settings s;
	struct buf why, b;

	(void)state;
	buf_init_fixed(&b, arg, sizeof(arg));
	buf_printf(&b, "--token=@%s", test_path);
	buf_cstr(&b);
	for (size_t i = 0; i < ARRAY_LEN(SECRET_ROWS); i++) {
		const struct secret_row *row = &SECRET_ROWS[i];
		int rc;

		memset(&s, 0, sizeof(s));
		buf_init(&why, 10000);
		write_file(row->content, row->len);
		rc = load(NULL, args, &s, &why);
		if (rc != row->want)
			fail_msg("%s: %d %s", row->rule, rc, buf_cstr(&why));
		if (rc == 0) {
			assert_string_equal(s.token, "hush");
			conf_put_json(&why, &TABLE, &s);
			assert_non_null(
				strstr(buf_cstr(&why), "\"token\":\"***\""));
		}
		assert_null(strstr(buf_cstr(&why), "hush"));
		assert_null(strstr(buf_cstr(&why), "1234567"));
		buf_fini(&why);
	}
	unlink(test_path);
	buf_init(&why, 1000);
	assert_int_equal(load(NULL, args, &s, &why), -ENOENT);
	assert_true(sv_starts(buf_view(&why),
			      SV("--token cannot be read from \"/tmp/")));
	buf_fini(&why);
	write_text("x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file, make_file,
						drop_file),
		cmocka_unit_test_setup_teardown(test_file_values, make_file,
						drop_file),
		cmocka_unit_test_setup_teardown(test_syntax_error_has_its_place,
						make_file, drop_file),
		cmocka_unit_test_setup_teardown(test_files_that_cannot_be,
						make_file, drop_file),
		cmocka_unit_test_setup_teardown(
			test_secret_that_all_may_read_is_told, make_file,
			drop_file),
		cmocka_unit_test(test_missing_file_is_named),
		cmocka_unit_test_setup_teardown(test_secret_from_file,
						make_file, drop_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
