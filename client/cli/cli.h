/*
 * cli.h - perictl's frame: commands, their options by table, exit codes and
 * errors that say what to do. One thread.
 */
#ifndef PERI_CLIENT_CLI_CLI_H
#define PERI_CLIENT_CLI_CLI_H

#include <stdint.h>

#include "lib/base/buf.h"

/* Exit codes, documented in `perictl help`. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,	     /* it was tried and did not work */
	CLI_USAGE = 2,	     /* the command line makes no sense */
	CLI_UNREACHABLE = 3, /* no answer: is the daemon running? */
	CLI_REFUSED = 4,     /* answered, but with a refusal */
};

enum cli_output { CLI_TABLE, CLI_JSON };

/* What every command gets. Texts are borrowed from argv or environment. */
struct cli {
	const char *balancer;
	const char *balancer_admin;
	const char *registry;
	const char *registry_admin;
	const char *token_file;	 /* NULL = not said (credential.h) */
	const char *output_text; /* -o, as given */
	enum cli_output output;
	int64_t timeout_ms;
};

enum cli_option_kind {
	CLI_TEXT,     /* const char * */
	CLI_NUMBER,   /* uint32_t within [min, max] */
	CLI_REAL,     /* double within [min, max] */
	CLI_DURATION, /* int64_t milliseconds: "250ms", "5s", "2m" */
	CLI_FLAG,     /* uint32_t, set to 1; takes no value */
};

struct cli_option {
	const char *name; /* "host": --host; "n": -n too */
	enum cli_option_kind kind;
	const char *metavar; /* "NAME"; NULL for a flag */
	const char *help;
	void *target; /* where the value goes; the default stands there */
	double min, max;
};

/* The help's and the manual's chapters. */
enum cli_chapter { CLI_CLIENTS, CLI_FLEET, CLI_OPERATORS, CLI_TOOLS };

struct cli_command {
	const char *name;
	enum cli_chapter chapter;
	/* "NODE [WEIGHT]", "" for none: what stands in no brackets is
	 * required; the words say how to complete them (complete.h). */
	const char *arguments;
	const char *summary; /* one line */
	const char *details; /* what it shows, with examples */
	unsigned arguments_max;
	size_t settings_bytes; /* what its options are read into; zeroed */
	/* Puts the defaults into @settings and fills @options_r (room for
	 * CLI_OPTIONS_MAX less the common ones); returns their count. */
	unsigned (*options)(void *settings, struct cli_option *options_r);
	int (*run)(const struct cli *cli, const void *settings,
		   char *const *arguments, unsigned argument_count);
};

#define CLI_OPTIONS_MAX 24
#define CLI_CHAPTERS	4

/* cli_chapter_str - "operators"; NULL for no chapter. */
const char *cli_chapter_str(unsigned chapter);

/* cli_exit_str - what an exit code means; NULL for none of ours. */
const char *cli_exit_str(int code);

/* cli_command_find - by name, or NULL. */
const struct cli_command *cli_command_find(struct sv name);

/* cli_main - perictl; returns its exit code. */
int cli_main(int argc, char **argv);

/* cli_command_at - the commands in the order of the help; NULL at the end. */
const struct cli_command *cli_command_at(unsigned index);

/* cli_error - "perictl: ..." to stderr. */
void cli_error(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* cli_print - @b to stdout, flushed; frees @b. Returns CLI_OK, or CLI_FAILED
 * when stdout takes no more. */
int cli_print(struct buf *b);

/* cli_write - as cli_print(), but keeps and empties @b. */
int cli_write(struct buf *b);

#endif
