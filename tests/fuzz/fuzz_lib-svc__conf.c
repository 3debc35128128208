/*
 * fuzz_lib-svc__conf.c - a configuration file of any bytes: taken or refused
 * with words, and what is taken keeps the table's limits. A refusal names a
 * line that exists.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/svc/conf.h"
#include "lib/svc/conf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct settings {
	char name[9];
	uint32_t workers;
	double factor;
	bool verbose;
	int64_t ttl_ms;
	struct conf_listen listen_public;
	struct conf_list registry;
};

#define AT(member)                                                             \
	.offset = offsetof(struct settings, member),                           \
	.size = sizeof(((struct settings *)0)->member)

/* No CONF_SECRET: it could read any file of the machine. */
static const struct conf_option OPTIONS[] = {
	{.name = "name", .kind = CONF_TEXT, AT(name), .default_text = ""},
	{.name = "workers",
	 .kind = CONF_U32,
	 AT(workers),
	 .default_text = "2",
	 .min = 1,
	 .max = 64},
	{.name = "factor",
	 .kind = CONF_REAL,
	 AT(factor),
	 .default_text = "1",
	 .min = 0.5,
	 .max = 10},
	{.name = "verbose",
	 .kind = CONF_BOOL,
	 AT(verbose),
	 .default_text = "no"},
	{.name = "ttl",
	 .kind = CONF_DURATION,
	 AT(ttl_ms),
	 .default_text = "60s",
	 .min = 1000,
	 .max = 86400000},
	{.name = "listen_public",
	 .kind = CONF_LISTEN,
	 AT(listen_public),
	 .default_text = "*:8053"},
	{.name = "registry",
	 .kind = CONF_LIST,
	 AT(registry),
	 .default_text = ""},
};

static const struct conf_table TABLE = {OPTIONS, ARRAY_LEN(OPTIONS), NULL};

static void check_settings(const struct settings *s)
{
	struct buf json;

	assert(memchr(s->name, '\0', sizeof(s->name)));
	assert(s->workers >= 1 && s->workers <= 64);
	assert(s->factor >= 0.5 && s->factor <= 10);
	assert(s->ttl_ms >= 1000 && s->ttl_ms <= 86400000);
	assert(s->registry.count <= CONF_LIST_MAX);
	buf_init(&json, 100000);
	conf_put_json(&json, &TABLE, s);
	assert(!json.failed);
	buf_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings s;
	struct buf text, why;
	int rc;

	if (size > 65536)
		return 0;
	buf_init(&text, 65536);
	buf_init(&why, 100000);
	buf_put(&text, data, size);
	memset(&s, 0, sizeof(s));
	rc = conf_load(&TABLE, NULL, 0, NULL, &s, &why);
	assert(rc == 0);
	rc = conf_file_parse(&TABLE, "fuzz", &text, &s, &why);
	if (rc == 0)
		check_settings(&s);
	else
		assert(sv_starts(buf_view(&why), SV("fuzz:")));
	assert(!why.failed);
	buf_fini(&text);
	buf_fini(&why);
	return 0;
}
