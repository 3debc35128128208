/*
 * test_service_options.c - which arguments are the runner's own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/err.h"
#include "lib/svc/service_options.h"

static const struct row {
	const char *rule;
	const char *args[6];
	int rc;
	enum service_action action;
	const char *config;
	enum log_level level;
	const char *rest; /* joined by spaces */
} rows[] = {
	{"nothing: run", {"p"}, 0, SERVICE_RUN, NULL, LOG_INFO, "p"},
	{"the settings' own are left",
	 {"p", "--listen-admin=*:1", "--name", "x"},
	 0,
	 SERVICE_RUN,
	 NULL,
	 LOG_INFO,
	 "p --listen-admin=*:1 --name x"},
	{"a file, apart",
	 {"p", "--config", "f"},
	 0,
	 SERVICE_RUN,
	 "f",
	 LOG_INFO,
	 "p"},
	{"a file, joined",
	 {"p", "--config=f", "--a"},
	 0,
	 SERVICE_RUN,
	 "f",
	 LOG_INFO,
	 "p --a"},
	{"not a prefix",
	 {"p", "--configure=f"},
	 0,
	 SERVICE_RUN,
	 NULL,
	 LOG_INFO,
	 "p --configure=f"},
	{"a file is missing",
	 {"p", "--config"},
	 ERR_SYNTAX,
	 SERVICE_RUN,
	 NULL,
	 LOG_INFO,
	 ""},
	{"an empty file",
	 {"p", "--config="},
	 ERR_SYNTAX,
	 SERVICE_RUN,
	 NULL,
	 LOG_INFO,
	 ""},
	{"a level",
	 {"p", "--log-level=debug"},
	 0,
	 SERVICE_RUN,
	 NULL,
	 LOG_DEBUG,
	 "p"},
	{"no level",
	 {"p", "--log-level", "loud"},
	 ERR_SYNTAX,
	 SERVICE_RUN,
	 NULL,
	 LOG_INFO,
	 ""},
	{"a level is missing",
	 {"p", "--log-level"},
	 ERR_SYNTAX,
	 SERVICE_RUN,
	 NULL,
	 LOG_INFO,
	 ""},
	{"--help", {"p", "--help"}, 0, SERVICE_HELP, NULL, LOG_INFO, "p"},
	{"-h", {"p", "-h"}, 0, SERVICE_HELP, NULL, LOG_INFO, "p"},
	{"--version",
	 {"p", "--version"},
	 0,
	 SERVICE_VERSION_LINE,
	 NULL,
	 LOG_INFO,
	 "p"},
	{"--check-config",
	 {"p", "--check-config", "--config", "f"},
	 0,
	 SERVICE_CHECK_CONFIG,
	 "f",
	 LOG_INFO,
	 "p"},
	{"--show-config",
	 {"p", "--show-config"},
	 0,
	 SERVICE_SHOW_CONFIG,
	 NULL,
	 LOG_INFO,
	 "p"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct service_options options;
		char *argv[6];
		struct buf why, rest;
		int argc = 0;

		print_message("%s\n", row->rule);
		for (; argc < 6 && row->args[argc]; argc++)
			argv[argc] = (char *)(uintptr_t)row->args[argc];
		buf_init(&why, 1000);
		buf_init(&rest, 1000);
		assert_int_equal(
			service_options_read(argc, argv, &options, &why),
			row->rc);
		assert_int_equal(why.len > 0, row->rc != 0);
		for (int n = 0; row->rc == 0 && n < options.argc; n++) {
			if (n)
				buf_char(&rest, ' ');
			buf_str(&rest, options.argv[n]);
		}
		assert_string_equal(buf_cstr(&rest), row->rest);
		if (row->rc == 0) {
			assert_null(options.argv[options.argc]);
			assert_int_equal(options.action, row->action);
			assert_int_equal(options.log_level, row->level);
			if (row->config)
				assert_string_equal(options.config_path,
						    row->config);
			else
				assert_null(options.config_path);
		}
		service_options_fini(&options);
		buf_fini(&why);
		buf_fini(&rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
