/*
 * conf_file.h - the configuration file, for conf.c. Any thread.
 */
#ifndef PERI_LIB_SVC_CONF_FILE_H
#define PERI_LIB_SVC_CONF_FILE_H

#include "lib/svc/conf.h"

/*
 * conf_file_load - the options of a JSON file with comments into @settings.
 *
 * Returns 0, -errno, or an enum err value with "path:line:column: rule" in
 * @why (line and column from 1, columns count characters).
 */
MUST_CHECK int conf_file_load(const struct conf_table *table, const char *path,
			      void *settings, struct buf *why);

/* conf_file_parse - the same from memory; @text is changed, @path is only for
 * messages. */
MUST_CHECK int conf_file_parse(const struct conf_table *table, const char *path,
			       struct buf *text, void *settings,
			       struct buf *why);

#endif
