/*
 * conf_settings.h - for the tests of lib/svc/conf.c: settings with an option of
 * each kind, and a file for a test to write. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_LIB_SVC_CONF_SETTINGS_H
#define PERI_TESTS_UNIT_LIB_SVC_CONF_SETTINGS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static inline int check_never_seven(const void *settings, struct buf *why)
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

static inline void write_file(const char *text, size_t len)
{
	FILE *file = fopen(test_path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static inline void write_text(const char *text)
{
	write_file(text, strlen(text));
}

static inline int make_file(void **state)
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

static inline int drop_file(void **state)
{
	(void)state;
	return unlink(test_path);
}

#define ARGS_MAX 5

/* conf_load() with "prog" and the arguments up to NULL. */
static inline int load(const char *path, const char *const *args,
		       struct settings *s, struct buf *why)
{
	char program[] = "prog";
	char *argv[ARGS_MAX + 1] = {program};
	int argc = 1;

	for (; argc <= ARGS_MAX && args[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
	return conf_load(&TABLE, path, argc, argv, s, why);
}

#endif
