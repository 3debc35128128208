/*
 * conf.h - a daemon's configuration by table: JSON with comments in a file,
 * the same names as command-line options (--listen-public=...) and environment
 * (PERI_LISTEN_PUBLIC). Unknown keys are refused with line:column. The table
 * also makes --help and docs/CONFIG.md.
 *
 * Order, later wins: default, file, environment, command line.
 */
#ifndef PERI_LIB_SVC_CONF_H
#define PERI_LIB_SVC_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/buf.h"

enum conf_kind {
	CONF_TEXT,     /* char member[size] */
	CONF_U32,      /* uint32_t within [min, max] */
	CONF_REAL,     /* double within [min, max] */
	CONF_BOOL,     /* bool; true/false/yes/no/1/0 on the command line */
	CONF_DURATION, /* int64_t milliseconds: "5s", or a number of ms */
	CONF_LISTEN, /* struct conf_listen: "127.0.0.1:8053", "*:8053", "off" */
	CONF_LIST,   /* struct conf_list: JSON array of texts; a,b,c outside */
	CONF_SECRET, /* char member[size], never shown; or "@/path/of/file" */
};

struct conf_listen {
	struct addr at; /* ADDR_NONE = both families, any address */
	uint16_t port;
	bool on;
};

#define CONF_LIST_MAX 16
struct conf_list {
	char items[CONF_LIST_MAX][256];
	unsigned count;
};

struct conf_option {
	const char *name; /* snake_case: listen_public */
	enum conf_kind kind;
	size_t offset, size;	    /* of the member in the settings struct */
	const char *default_text;   /* as written on the command line */
	double min, max;	    /* numbers, durations in ms; both 0: none */
	bool reloadable;	    /* SIGHUP takes it over */
	const char *metavar, *help; /* "ADDR:PORT", one sentence */
};

struct conf_table {
	const struct conf_option *options;
	size_t count;
	/* Rules between options; NULL = none. Fills @why and returns an error.
	 */
	int (*check)(const void *settings, struct buf *why);
};

/*
 * conf_load - defaults, then @path (may be NULL), the environment, the options
 * in @argv, then table->check.
 *
 * @argv	argv[0] is skipped; --name=value or --name value, with '-' or
 *		'_' in names; a bool without a value is true
 * @settings_r	caller's struct, filled even on error (do not use it then)
 * @why		out: "peri.jsonc:3:7: unknown key \"prot\"; did you mean ..."
 *
 * Returns 0, -errno (file), ERR_SYNTAX, ERR_UNKNOWN_FIELD, ERR_TYPE, ERR_RANGE.
 */
MUST_CHECK int conf_load(const struct conf_table *table, const char *path,
			 int argc, char *const *argv, void *settings_r,
			 struct buf *why);

/*
 * conf_reload - take the changed reloadable options of @fresh over.
 *
 * @current	 in force; out: with the new values
 * @fresh	 from conf_load(), zeroed before it (members are compared whole)
 * @fixed_names  out: "a,b" of options that changed but need a restart
 */
void conf_reload(const struct conf_table *table, void *current,
		 const void *fresh, struct buf *fixed_names);

/* conf_put_json - the settings in force as JSON, secrets as "***". */
void conf_put_json(struct buf *b, const struct conf_table *table,
		   const void *settings);
/* conf_put_help - the option lines for --help. */
void conf_put_help(struct buf *b, const struct conf_table *table);
/* conf_put_mdoc - the options as a list of a manual page (mdoc.h). */
void conf_put_mdoc(struct buf *b, const struct conf_table *table);
/* conf_put_markdown - a table for docs/CONFIG.md. */
void conf_put_markdown(struct buf *b, const struct conf_table *table);

#endif
