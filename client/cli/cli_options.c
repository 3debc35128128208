/*
 * cli_options.c - option tables: defaults, environment, command line, help.
 * One thread.
 */
#include "client/cli/cli_options.h"

#include <getopt.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/base/num.h"

#define HELP_COLUMN 28
#define FIRST_VALUE 256 /* getopt values of long options begin here */

const char *cli_options_variable(const char *name)
{
	static const struct {
		const char *option, *variable;
	} rows[] = {
		{"balancer", "PERI_BALANCER"},
		{"balancer-admin", "PERI_BALANCER_ADMIN"},
		{"registry", "PERI_REGISTRY"},
		{"registry-admin", "PERI_REGISTRY_ADMIN"},
		{"token-file", "PERI_TOKEN_FILE"},
		{"output", "PERI_OUTPUT"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (sv_eq(sv_str(rows[i].option), sv_str(name)))
			return rows[i].variable;
	}
	return NULL;
}

/* What the environment says goes over the default; empty is not said. */
static void take_variable(const struct cli_option *option)
{
	const char *variable = cli_options_variable(option->name);
	const char *value = variable ? getenv(variable) : NULL;

	if (value && value[0])
		*(const char **)option->target = value;
}

static void add_common(struct cli_options *o, struct cli *cli)
{
	const struct cli_option common[] = {
		{"balancer", CLI_TEXT, "URL", "the balancer clients ask",
		 &cli->balancer, 0, 0},
		{"balancer-admin", CLI_TEXT, "URL", "the balancer's admin side",
		 &cli->balancer_admin, 0, 0},
		{"registry", CLI_TEXT, "URL", "the registry's nodes' side",
		 &cli->registry, 0, 0},
		{"registry-admin", CLI_TEXT, "URL", "the registry's admin side",
		 &cli->registry_admin, 0, 0},
		{"token-file", CLI_TEXT, "FILE",
		 "the token for the registry's admin side", &cli->token_file, 0,
		 0},
		{"timeout", CLI_DURATION, "TIME",
		 "how long to wait for an answer [5s]", &cli->timeout_ms, 0, 0},
		{"output", CLI_TEXT, "table|json",
		 "for people or for programs, also -o", &cli->output_text, 0,
		 0},
	};

	for (unsigned i = 0; i < ARRAY_LEN(common); i++) {
		take_variable(&common[i]);
		o->list[o->count++] = common[i];
	}
}

void cli_options_init(struct cli_options *o, struct cli *cli,
		      const struct cli_command *command)
{
	*o = (struct cli_options){.command = command};
	*cli = (struct cli){
		.balancer = "http://127.0.0.1:8053",
		.balancer_admin = "http://127.0.0.1:8054",
		.registry = "http://127.0.0.1:7171",
		.registry_admin = "http://127.0.0.1:7172",
		.output_text = "table",
		.timeout_ms = 5000,
	};
	o->settings = mem_alloc(command->settings_bytes);
	if (command->options)
		o->own_count = command->options(o->settings, o->list);
	o->count = o->own_count;
	add_common(o, cli);
}

void cli_options_fini(struct cli_options *o)
{
	mem_free(o->settings);
	o->settings = NULL;
}

/* ---- help ---- */

static void put_option(struct buf *b, const struct cli_option *option)
{
	const char *variable = cli_options_variable(option->name);
	size_t start = b->len;

	buf_str(b, "  --");
	buf_str(b, option->name);
	if (option->metavar) {
		buf_char(b, ' ');
		buf_str(b, option->metavar);
	}
	do {
		buf_char(b, ' ');
	} while (!b->failed && b->len - start < HELP_COLUMN);
	buf_str(b, option->help);
	if (variable)
		buf_printf(b, " (%s)", variable);
	if (option->kind == CLI_TEXT && *(const char **)option->target) {
		buf_str(b, " [");
		buf_str(b, *(const char **)option->target);
		buf_char(b, ']');
	}
	buf_char(b, '\n');
}

void cli_options_put_help(struct buf *b, const struct cli_options *o)
{
	buf_str(b, "perictl ");
	buf_str(b, o->command->name);
	buf_str(b, " - ");
	buf_str(b, o->command->summary);
	buf_str(b, "\n\nusage: perictl ");
	buf_str(b, o->command->name);
	buf_str(b, " [options]");
	if (o->command->arguments[0])
		buf_char(b, ' ');
	buf_str(b, o->command->arguments);
	buf_str(b, "\n\n");
	buf_str(b, o->command->details);
	buf_str(b, "\n\noptions:\n");
	for (unsigned i = 0; i < o->count; i++)
		put_option(b, &o->list[i]);
}

/* ---- reading ---- */

static int refuse(const struct cli_option *option, const char *text)
{
	switch (option->kind) {
	case CLI_NUMBER:
		cli_error("--%s takes a whole number from %.0f to %.0f, not "
			  "\"%s\"",
			  option->name, option->min, option->max, text);
		break;
	case CLI_REAL:
		cli_error("--%s takes a number from %g to %g, not \"%s\"",
			  option->name, option->min, option->max, text);
		break;
	default:
		cli_error(
			"--%s takes a time like 250ms, 5, 5s or 2m, not \"%s\"",
			option->name, text);
	}
	return CLI_USAGE;
}

/* A bare number means seconds. */
static int read_duration(const char *text, int64_t *value_ms_r)
{
	uint64_t seconds;

	if (num_u64(sv_str(text), 366 * 86400, &seconds) != 0)
		return num_duration_ms(sv_str(text), value_ms_r);
	*value_ms_r = (int64_t)seconds * 1000;
	return 0;
}

static int set_value(const struct cli_option *option, const char *text)
{
	uint64_t number;
	int rc = 0;

	switch (option->kind) {
	case CLI_TEXT:
		*(const char **)option->target = text;
		break;
	case CLI_FLAG:
		*(uint32_t *)option->target = 1;
		break;
	case CLI_NUMBER:
		rc = num_u64(sv_str(text), (uint64_t)option->max, &number);
		if (rc == 0 && number < (uint64_t)option->min)
			rc = -1;
		if (rc == 0)
			*(uint32_t *)option->target = (uint32_t)number;
		break;
	case CLI_REAL:
		rc = num_double(sv_str(text), option->min, option->max,
				option->target);
		break;
	case CLI_DURATION:
		rc = read_duration(text, option->target);
		break;
	}
	return rc == 0 ? CLI_OK : refuse(option, text);
}

/* getopt's tables: --help, and every option; -f, -n and -o as letters. */
static void fill_tables(const struct cli_options *o, struct option *longs)
{
	unsigned i;

	for (i = 0; i < o->count; i++)
		longs[i] = (struct option){
			.name = o->list[i].name,
			.has_arg = o->list[i].kind == CLI_FLAG
					   ? no_argument
					   : required_argument,
			.val = FIRST_VALUE + (int)i,
		};
	longs[i++] = (struct option){.name = "help", .val = 'h'};
	longs[i] = (struct option){.name = NULL};
}

static int find_option(const struct cli_options *o, const char *name)
{
	for (unsigned i = 0; i < o->count; i++) {
		if (sv_eq(sv_str(o->list[i].name), sv_str(name)))
			return (int)i;
	}
	return -1;
}

/* Which option getopt means, or -1 for one that there is not. */
static int option_index(const struct cli_options *o, int value)
{
	if (value >= FIRST_VALUE)
		return value - FIRST_VALUE;
	if (value == 'n')
		return find_option(o, "n");
	if (value == 'f')
		return find_option(o, "follow");
	return value == 'o' ? find_option(o, "output") : -1;
}

static int show_help(const struct cli_options *o)
{
	struct buf b;

	buf_init(&b, 65536);
	cli_options_put_help(&b, o);
	(void)cli_print(&b);
	return -1;
}

static int usage(const struct cli_options *o, const char *what)
{
	cli_error("%s; see: perictl %s --help", what, o->command->name);
	return CLI_USAGE;
}

/* Words of "NODE WEIGHT [X]" in no brackets. */
static unsigned required_arguments(const struct cli_command *command)
{
	struct sv rest = sv_str(command->arguments);
	unsigned count = 0;

	while (rest.len > 0)
		count += sv_cut(&rest, ' ').ptr[0] != '[';
	return count;
}

int cli_options_read(struct cli_options *o, int argc, char **argv)
{
	struct option longs[CLI_OPTIONS_MAX + 2];
	int value, index, rc;

	fill_tables(o, longs);
	opterr = 0;
	optind = 1;
	while ((value = getopt_long(argc, argv, ":hfn:o:", longs, NULL)) >= 0) {
		if (value == 'h')
			return show_help(o);
		if (value == ':')
			return usage(o, "an option lacks its value");
		index = option_index(o, value);
		if (index < 0)
			return usage(o, "there is no such option");
		rc = set_value(&o->list[index], optarg);
		if (rc != CLI_OK)
			return rc;
	}
	o->arguments = argv + optind;
	o->argument_count = (unsigned)(argc - optind);
	if (o->argument_count < required_arguments(o->command))
		return usage(o, "it lacks an argument");
	if (o->argument_count > o->command->arguments_max)
		return usage(o, "too many arguments");
	return CLI_OK;
}
