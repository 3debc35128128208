/*
 * service_options.h - the command-line options that every daemon has, taken
 * out of argv before the settings' own. Pure.
 */
#ifndef PERI_LIB_SVC_SERVICE_OPTIONS_H
#define PERI_LIB_SVC_SERVICE_OPTIONS_H

#include "lib/base/buf.h"
#include "lib/base/log.h"

/* What the program is asked to do. */
enum service_action {
	SERVICE_RUN,
	SERVICE_CHECK_CONFIG,
	SERVICE_SHOW_CONFIG,
	SERVICE_HELP,
	SERVICE_VERSION_LINE,
	SERVICE_CONFIG_MARKDOWN,
	SERVICE_METRICS_MARKDOWN,
	SERVICE_MANUAL,
};

struct service_options {
	enum service_action action;
	const char *config_path; /* borrowed from argv; NULL = not given */
	enum log_level log_level;
	int argc;    /* what is left for conf_load(), argv[0] included */
	char **argv; /* owned array of borrowed texts, ends with NULL */
};

/*
 * service_options_read - sort the arguments.
 *
 * @why  out: what is wrong
 *
 * Returns 0 or ERR_SYNTAX. service_options_fini() in both cases.
 */
MUST_CHECK int service_options_read(int argc, char *const *argv,
				    struct service_options *options_r,
				    struct buf *why);
void service_options_fini(struct service_options *options);

/* service_options_put_help - the lines about these options for --help. */
void service_options_put_help(struct buf *b);
/* service_options_put_mdoc - the same as a list of a manual page. */
void service_options_put_mdoc(struct buf *b);

#endif
