/*
 * test_cli_options.c - the command line by table: kinds, ranges, refusals,
 * defaults from the environment.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "client/cli/cli_options.h"

struct settings {
	const char *text;
	uint32_t number, flag;
	double real;
	int64_t time_ms;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"text", CLI_TEXT, "T", "a text", &s->text, 0, 0},
		{"n", CLI_NUMBER, "N", "a number", &s->number, 1, 16},
		{"real", CLI_REAL, "R", "a real", &s->real, 0.5, 2},
		{"time", CLI_DURATION, "D", "a time", &s->time_ms, 0, 0},
		{"flag", CLI_FLAG, NULL, "a flag", &s->flag, 0, 0},
	};

	s->number = 5;
	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static const struct cli_command command = {
	.name = "test",
	.arguments = "[A]",
	.summary = "s",
	.details = "d",
	.arguments_max = 1,
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
};

#define ARGS_MAX 6

static const struct row {
	const char *rule;
	const char *args[ARGS_MAX];
	int want;
	struct settings settings;
	unsigned argument_count;
} rows[] = {
	{"nothing: the defaults", {NULL}, CLI_OK, {.number = 5}, 0},
	{"a long option", {"--text", "x"}, CLI_OK, {"x", 5, 0, 0, 0}, 0},
	{"with =", {"--text=x"}, CLI_OK, {"x", 5, 0, 0, 0}, 0},
	{"a short one", {"-n", "16"}, CLI_OK, {.number = 16}, 0},
	{"an argument", {"arg"}, CLI_OK, {.number = 5}, 1},
	{"options behind it", {"arg", "--flag"}, CLI_OK, {NULL, 5, 1, 0, 0}, 1},
	{"seconds without a unit",
	 {"--time", "30"},
	 CLI_OK,
	 {.number = 5, .time_ms = 30000},
	 0},
	{"a time with a unit",
	 {"--time", "250ms"},
	 CLI_OK,
	 {.number = 5, .time_ms = 250},
	 0},
	{"a real at its limit",
	 {"--real", "0.5"},
	 CLI_OK,
	 {.number = 5, .real = 0.5},
	 0},
	{"a number below its range", {"-n", "0"}, CLI_USAGE, {.number = 5}, 0},
	{"a number above it", {"-n", "17"}, CLI_USAGE, {.number = 5}, 0},
	{"a number with a tail", {"-n", "3x"}, CLI_USAGE, {.number = 5}, 0},
	{"a real below its range",
	 {"--real", "0.4"},
	 CLI_USAGE,
	 {.number = 5},
	 0},
	{"a time without sense",
	 {"--time", "soon"},
	 CLI_USAGE,
	 {.number = 5},
	 0},
	{"an option that there is not",
	 {"--nope"},
	 CLI_USAGE,
	 {.number = 5},
	 0},
	{"a letter that there is not", {"-x"}, CLI_USAGE, {.number = 5}, 0},
	{"a missing value", {"--text"}, CLI_USAGE, {.number = 5}, 0},
	{"too many arguments", {"a", "b"}, CLI_USAGE, {.number = 5}, 0},
	{"help", {"--help"}, -1, {.number = 5}, 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		char *argv[ARGS_MAX + 2] = {(char *)"test"};
		const struct settings *s;
		struct cli_options o;
		struct cli cli;
		int argc = 1, rc;

		while (argc <= ARGS_MAX && row->args[argc - 1]) {
			argv[argc] = (char *)row->args[argc - 1];
			argc++;
		}
		cli_options_init(&o, &cli, &command);
		rc = cli_options_read(&o, argc, argv);
		s = o.settings;
		if (rc != row->want || s->number != row->settings.number ||
		    s->flag != row->settings.flag ||
		    s->time_ms != row->settings.time_ms ||
		    !sv_eq(sv_str(s->text), sv_str(row->settings.text)))
			fail_msg("%s: %d", row->rule, rc);
		if (rc == CLI_OK)
			assert_int_equal(o.argument_count, row->argument_count);
		cli_options_fini(&o);
	}
}

static void test_environment(void **state)
{
	struct cli_options o;
	struct cli cli;

	(void)state;
	unsetenv("PERI_REGISTRY_ADMIN");
	setenv("PERI_BALANCER", "http://b", 1);
	setenv("PERI_BALANCER_ADMIN", "", 1); /* empty is not set */
	cli_options_init(&o, &cli, &command);
	assert_string_equal(cli.balancer, "http://b");
	assert_string_equal(cli.balancer_admin, "http://127.0.0.1:8054");
	assert_string_equal(cli.registry_admin, "http://127.0.0.1:7172");
	cli_options_fini(&o);
	unsetenv("PERI_BALANCER");
	unsetenv("PERI_BALANCER_ADMIN");
}

static void test_required_arguments(void **state)
{
	struct cli_command needs = command;
	char *argv[] = {(char *)"test", (char *)"a", NULL};
	struct cli_options o;
	struct cli cli;

	(void)state;
	needs.arguments = "A [B]";
	cli_options_init(&o, &cli, &needs);
	assert_int_equal(cli_options_read(&o, 1, argv), CLI_USAGE);
	assert_int_equal(cli_options_read(&o, 2, argv), CLI_OK);
	cli_options_fini(&o);
}

static void test_every_command_has_help(void **state)
{
	const struct cli_command *one;

	(void)state;
	for (unsigned i = 0; (one = cli_command_at(i)) != NULL; i++) {
		struct cli_options o;
		struct cli cli;
		struct buf b;

		buf_init(&b, 65536);
		cli_options_init(&o, &cli, one);
		assert_true(o.count <= CLI_OPTIONS_MAX);
		cli_options_put_help(&b, &o);
		assert_false(b.failed);
		assert_non_null(strstr(buf_cstr(&b), "usage: perictl "));
		assert_non_null(strstr(buf_cstr(&b), "--timeout"));
		assert_non_null(strstr(one->details, "perictl "));
		cli_options_fini(&o);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_required_arguments),
		cmocka_unit_test(test_every_command_has_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
