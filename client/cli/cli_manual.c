/*
 * cli_manual.c - see the header. Options that every command has are described
 * once. One thread.
 */
#include "client/cli/cli_manual.h"

#include "client/cli/cli_options.h"
#include "client/cli/credential.h"
#include "lib/base/mdoc.h"

static void put_options(struct buf *b, const struct cli_option *options,
			unsigned count)
{
	if (count == 0)
		return;
	mdoc_list(b);
	for (unsigned i = 0; i < count; i++) {
		mdoc_option(b, options[i].name, options[i].metavar);
		mdoc_text(b, options[i].help);
	}
	mdoc_list_end(b);
}

static void put_command(struct buf *b, const struct cli_command *command)
{
	struct cli_options options;
	struct cli unused;
	char title[128];
	struct buf text;

	buf_init_fixed(&text, title, sizeof(title));
	buf_printf(&text, "perictl %s%s%s", command->name,
		   command->arguments[0] ? " " : "", command->arguments);
	mdoc_subsection(b, buf_cstr(&text));
	mdoc_text(b, command->summary);
	buf_str(b, ".Pp\n");
	mdoc_body(b, command->details);
	cli_options_init(&options, &unused, command);
	put_options(b, options.list, options.own_count);
	cli_options_fini(&options);
}

static void put_chapter(struct buf *b, unsigned chapter)
{
	const struct cli_command *command;
	char title[64];
	struct buf text;

	buf_init_fixed(&text, title, sizeof(title));
	buf_printf(&text, "COMMANDS: %s", cli_chapter_str(chapter));
	mdoc_section(b, buf_cstr(&text));
	for (unsigned i = 0; (command = cli_command_at(i)) != NULL; i++) {
		if (command->chapter == chapter)
			put_command(b, command);
	}
}

static void put_common(struct buf *b)
{
	struct cli_options options;
	struct cli unused;

	cli_options_init(&options, &unused, cli_command_at(0));
	mdoc_section(b, "OPTIONS OF EVERY COMMAND");
	put_options(b, options.list + options.own_count,
		    options.count - options.own_count);
	mdoc_section(b, "ENVIRONMENT");
	mdoc_list(b);
	for (unsigned i = options.own_count; i < options.count; i++) {
		const char *name = options.list[i].name;

		if (!cli_options_variable(name))
			continue;
		mdoc_term(b, cli_options_variable(name), NULL);
		buf_str(b, "As\n");
		buf_printf(b, ".Fl \\-%s .\n", name);
	}
	mdoc_term(b, CREDENTIAL_VARIABLE, NULL);
	mdoc_text(b, "The token itself, when no file is said.");
	mdoc_list_end(b);
	cli_options_fini(&options);
}

void cli_manual_put(struct buf *b)
{
	mdoc_head(b, "perictl", 1, "clients and operators of Perihelion");
	mdoc_section(b, "SYNOPSIS");
	buf_str(b,
		".Nm\n.Ar COMMAND\n.Op Ar OPTION ...\n.Op Ar ARGUMENT ...\n");
	mdoc_section(b, "DESCRIPTION");
	buf_str(b, ".Nm\n");
	mdoc_text(b, "asks the daemons of Perihelion, is a client of its own, "
		     "and holds the operator's hand on the fleet. "
		     "Tables are for people, JSON is for programs.");
	for (unsigned i = 0; i < CLI_CHAPTERS; i++)
		put_chapter(b, i);
	put_common(b);
	mdoc_section(b, "FILES");
	mdoc_list(b);
	mdoc_term(b, CREDENTIAL_FILE, NULL);
	mdoc_text(b,
		  "The registry's own token, used when readable and no other "
		  "is said.");
	mdoc_list_end(b);
	mdoc_section(b, "EXIT STATUS");
	mdoc_list(b);
	for (int code = 0; cli_exit_str(code); code++) {
		const char digit[] = {(char)('0' + code), '\0'};

		mdoc_term(b, digit, NULL);
		mdoc_text(b, cli_exit_str(code));
	}
	mdoc_list_end(b);
	mdoc_see_also(b, "perictl");
}
