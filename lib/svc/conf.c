/*
 * conf.c - puts a daemon's settings together: defaults, file, environment,
 * command line, and the table's own check. Reads the environment; otherwise
 * any thread.
 */
#include "lib/svc/conf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/svc/conf_file.h"
#include "lib/svc/conf_name.h"
#include "lib/svc/conf_value.h"

#define CONF_RULE_BYTES 512
#define CONF_ENV_BYTES	128

/* A value that came as text; @source is named when it is refused. */
static int conf_set(const struct conf_option *option, struct sv text,
		    const char *source, void *settings, struct buf *why)
{
	char storage[CONF_RULE_BYTES];
	struct buf rule;
	int rc;

	buf_init_fixed(&rule, storage, sizeof(storage));
	rc = conf_value_from_text(option, text, settings, &rule);
	if (rc)
		buf_printf(why, "%s %s", source, buf_cstr(&rule));
	return rc;
}

static int conf_load_defaults(const struct conf_table *table, void *settings,
			      struct buf *why)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_option *option = &table->options[i];
		int rc = conf_set(option, sv_str(option->default_text),
				  option->name, settings, why);

		if (rc)
			return rc;
	}
	return 0;
}

static int conf_load_env(const struct conf_table *table, void *settings,
			 struct buf *why)
{
	for (size_t i = 0; i < table->count; i++) {
		char storage[CONF_ENV_BYTES];
		struct buf name;
		const char *value;
		int rc;

		buf_init_fixed(&name, storage, sizeof(storage));
		conf_name_put_env(&name, &table->options[i]);
		value = getenv(buf_cstr(&name));
		if (!value)
			continue;
		rc = conf_set(&table->options[i], sv_str(value),
			      buf_cstr(&name), settings, why);
		if (rc)
			return rc;
	}
	return 0;
}

static bool conf_is_flag(const char *arg)
{
	return arg[0] == '-' && arg[1] == '-';
}

/*
 * The value of the option at argv[*i]: behind '=', or the next argument. A
 * bool without a value is true. Returns 0, or ERR_SYNTAX when there is none.
 */
static int conf_arg_value(const struct conf_option *option, struct sv arg,
			  size_t name_len, int argc, char *const *argv, int *i,
			  struct sv *value_r)
{
	bool more = *i + 1 < argc && !conf_is_flag(argv[*i + 1]);

	if (name_len < arg.len) {
		*value_r =
			sv_of(arg.ptr + name_len + 1, arg.len - name_len - 1);
		return 0;
	}
	if (!more && option->kind != CONF_BOOL)
		return ERR_SYNTAX;
	*value_r = more ? sv_str(argv[++*i]) : SV("true");
	return 0;
}

static int conf_load_arg(const struct conf_table *table, int argc,
			 char *const *argv, int *i, void *settings,
			 struct buf *why)
{
	struct sv arg = sv_str(argv[*i]), rest, name, value;
	const struct conf_option *option;
	char source[CONF_ENV_BYTES];
	struct buf b;

	if (!conf_is_flag(argv[*i])) {
		buf_str(why, "unexpected argument ");
		buf_json_str(why, arg);
		return ERR_SYNTAX;
	}
	rest = arg = sv_of(arg.ptr + 2, arg.len - 2);
	name = sv_cut(&rest, '=');
	option = conf_name_find(table, name);
	if (!option) {
		conf_name_put_unknown(why, table, "option", name);
		return ERR_UNKNOWN_FIELD;
	}
	buf_init_fixed(&b, source, sizeof(source));
	conf_name_put_flag(&b, option);
	if (conf_arg_value(option, arg, name.len, argc, argv, i, &value)) {
		buf_printf(why, "%s needs a value", buf_cstr(&b));
		return ERR_SYNTAX;
	}
	return conf_set(option, value, buf_cstr(&b), settings, why);
}

static int conf_load_args(const struct conf_table *table, int argc,
			  char *const *argv, void *settings, struct buf *why)
{
	for (int i = 1; i < argc; i++) {
		int rc = conf_load_arg(table, argc, argv, &i, settings, why);

		if (rc)
			return rc;
	}
	return 0;
}

int conf_load(const struct conf_table *table, const char *path, int argc,
	      char *const *argv, void *settings_r, struct buf *why)
{
	int rc = conf_load_defaults(table, settings_r, why);

	if (rc == 0 && path)
		rc = conf_file_load(table, path, settings_r, why);
	if (rc == 0)
		rc = conf_load_env(table, settings_r, why);
	if (rc == 0)
		rc = conf_load_args(table, argc, argv, settings_r, why);
	if (rc == 0 && table->check)
		rc = table->check(settings_r, why);
	return rc;
}

void conf_reload(const struct conf_table *table, void *current,
		 const void *fresh, struct buf *fixed_names)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_option *o = &table->options[i];
		char *to = (char *)current + o->offset;
		const char *from = (const char *)fresh + o->offset;

		if (!memcmp(to, from, o->size))
			continue;
		if (o->reloadable) {
			memcpy(to, from, o->size);
			continue;
		}
		if (fixed_names->len)
			buf_char(fixed_names, ',');
		buf_str(fixed_names, o->name);
	}
}
