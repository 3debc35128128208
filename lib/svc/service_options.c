/*
 * service_options.c - see the header. What is not known here is left to the
 * settings' table, which refuses what nobody knows.
 */
#include "lib/svc/service_options.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mdoc.h"
#include "lib/base/mem.h"

struct action_row {
	const char *flag;
	enum service_action action;
	const char *help;
};

static const struct action_row actions[] = {
	{"--check-config", SERVICE_CHECK_CONFIG,
	 "check the configuration and exit (0 or 2)"},
	{"--show-config", SERVICE_SHOW_CONFIG,
	 "print the settings in force as JSON and exit"},
	{"--help", SERVICE_HELP, "print this and exit"},
	{"--version", SERVICE_VERSION_LINE, "print the version and exit"},
	{"--config-markdown", SERVICE_CONFIG_MARKDOWN,
	 "print the table of options for docs/CONFIG.md"},
	{"--metrics-markdown", SERVICE_METRICS_MARKDOWN,
	 "print the table of metrics for docs/METRICS.md"},
	{"--manual", SERVICE_MANUAL, "print the manual page (mdoc)"},
};

/* Whether argv[*i] is @name; its value is behind '=' or the next argument. */
static bool is_option(const char *name, int argc, char *const *argv, int *i,
		      const char **value_r)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0)
		return false;
	if (argv[*i][len] == '=') {
		*value_r = argv[*i] + len + 1;
		return true;
	}
	if (argv[*i][len] != '\0')
		return false;
	*value_r = *i + 1 < argc ? argv[++*i] : NULL;
	return true;
}

static bool is_action(const char *arg, enum service_action *action_r)
{
	if (strcmp(arg, "-h") == 0)
		arg = "--help";
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcmp(arg, actions[i].flag) == 0) {
			*action_r = actions[i].action;
			return true;
		}
	}
	return false;
}

int service_options_read(int argc, char *const *argv,
			 struct service_options *options_r, struct buf *why)
{
	*options_r = (struct service_options){.log_level = LOG_INFO};
	options_r->argv = mem_array((size_t)argc + 1, sizeof(char *));
	for (int i = 0; i < argc; i++) {
		const char *value = NULL;

		if (i > 0 && is_action(argv[i], &options_r->action))
			continue;
		if (i > 0 && is_option("--config", argc, argv, &i, &value)) {
			if (!value || !value[0]) {
				buf_str(why, "--config needs a file");
				return ERR_SYNTAX;
			}
			options_r->config_path = value;
			continue;
		}
		if (i > 0 && is_option("--log-level", argc, argv, &i, &value)) {
			if (log_parse_level(sv_str(value),
					    &options_r->log_level)) {
				buf_str(why, "--log-level must be debug, info, "
					     "warn or err");
				return ERR_SYNTAX;
			}
			continue;
		}
		options_r->argv[options_r->argc++] = argv[i];
	}
	return 0;
}

void service_options_fini(struct service_options *options)
{
	mem_free(options->argv);
	options->argv = NULL;
	options->argc = 0;
}

/* Options with a value; both name and meaning of it. */
static const struct {
	const char *name, *value, *help;
} valued[] = {
	{"config", "FILE", "read the settings from FILE"},
	{"log-level", "LEVEL", "debug, info (default), warn or err"},
};

void service_options_put_help(struct buf *b)
{
	char storage[32];
	struct buf option;

	for (size_t i = 0; i < ARRAY_LEN(valued); i++) {
		buf_init_fixed(&option, storage, sizeof(storage));
		buf_printf(&option, "--%s %s", valued[i].name, valued[i].value);
		buf_printf(b, "  %-28s %s\n", buf_cstr(&option),
			   valued[i].help);
	}
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		buf_printf(b, "  %-28s %s\n", actions[i].flag, actions[i].help);
}

void service_options_put_mdoc(struct buf *b)
{
	mdoc_list(b);
	for (size_t i = 0; i < ARRAY_LEN(valued); i++) {
		mdoc_option(b, valued[i].name, valued[i].value);
		mdoc_text(b, valued[i].help);
	}
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		mdoc_option(b, actions[i].flag + 2, NULL);
		mdoc_text(b, actions[i].help);
	}
	mdoc_list_end(b);
}
