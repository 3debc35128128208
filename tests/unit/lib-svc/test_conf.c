/*
 * test_conf.c - options from defaults, file, environment and command line:
 * what is taken, what is refused and with which words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/svc/conf.h"

struct settings {
	char name[9];
	uint32_t workers;
	double factor;
	bool verbose;
	int64_t ttl_ms;
	struct conf_listen listen_public;
	struct conf_list registry;
	char token[8];
};

#define AT(member)                                                             \
	.offset = offsetof(struct settings, member),                           \
	.size = sizeof(((struct settings *)0)->member)

static const struct conf_option OPTIONS[] = {
	{.name = "name",
	 .kind = CONF_TEXT,
	 AT(name),
	 .default_text = "",
	 .metavar = "ID",
	 .help = "this program's name",
	 .reloadable = true},
	{.name = "workers",
	 .kind = CONF_U32,
	 AT(workers),
	 .default_text = "2",
	 .min = 1,
	 .max = 64,
	 .metavar = "N",
	 .help = "threads | workers"},
	{.name = "factor",
	 .kind = CONF_REAL,
	 AT(factor),
	 .default_text = "1.6",
	 .min = 0,
	 .max = 10,
	 .reloadable = true,
	 .metavar = "X",
	 .help = "Growth, of each. Above 1."},
	{.name = "verbose",
	 .kind = CONF_BOOL,
	 AT(verbose),
	 .default_text = "no",
	 .metavar = "BOOL",
	 .help = "say more"},
	{.name = "ttl",
	 .kind = CONF_DURATION,
	 AT(ttl_ms),
	 .default_text = "60s",
	 .min = 1000,
	 .max = 86400000,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "how long"},
	{.name = "listen_public",
	 .kind = CONF_LISTEN,
	 AT(listen_public),
	 .default_text = "*:8053",
	 .metavar = "ADDR:PORT",
	 .help = "where"},
	{.name = "registry",
	 .kind = CONF_LIST,
	 AT(registry),
	 .default_text = "http://a,http://b",
	 .metavar = "URL,...",
	 .help = "who",
	 .reloadable = true},
	{.name = "token",
	 .kind = CONF_SECRET,
	 AT(token),
	 .default_text = "",
	 .metavar = "SECRET",
	 .help = "what nobody may know"},
};

static int check_never_seven(const void *settings, struct buf *why)
{
	const struct settings *s = settings;

	if (s->workers != 7)
		return 0;
	buf_str(why, "workers must not be seven");
	return ERR_RANGE;
}

static const struct conf_table TABLE = {OPTIONS, ARRAY_LEN(OPTIONS),
					check_never_seven};

/* A file in the test's folder, gone when the test ends. */
static char test_path[] = "/tmp/peri-test-conf-XXXXXX";

static void write_file(const char *text, size_t len)
{
	FILE *file = fopen(test_path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void write_text(const char *text)
{
	write_file(text, strlen(text));
}

static int make_file(void **state)
{
	int fd;

	(void)state;
	strcpy(test_path + sizeof(test_path) - 7, "XXXXXX");
	fd = mkstemp(test_path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int drop_file(void **state)
{
	(void)state;
	return unlink(test_path);
}

#define ARGS_MAX 5

/* conf_load() with "prog" and the arguments up to NULL. */
static int load(const char *path, const char *const *args, struct settings *s,
		struct buf *why)
{
	char program[] = "prog";
	char *argv[ARGS_MAX + 1] = {program};
	int argc = 1;

	for (; argc <= ARGS_MAX && args[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
	return conf_load(&TABLE, path, argc, argv, s, why);
}

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
		cmocka_unit_test(test_args),
		cmocka_unit_test_setup_teardown(test_later_sources_win,
						make_file, drop_file),
		cmocka_unit_test_setup_teardown(test_secret_from_file,
						make_file, drop_file),
		cmocka_unit_test(test_reload_takes_only_what_it_may),
		cmocka_unit_test(test_help_and_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
