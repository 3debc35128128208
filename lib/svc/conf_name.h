/*
 * conf_name.h - finding options by name, for conf's own files. Names from
 * outside may have '-' where the table has '_'. Pure, any thread.
 */
#ifndef PERI_LIB_SVC_CONF_NAME_H
#define PERI_LIB_SVC_CONF_NAME_H

#include "lib/svc/conf.h"

/* conf_name_find - the option called @name, or NULL. */
const struct conf_option *conf_name_find(const struct conf_table *table,
					 struct sv name);

/*
 * conf_name_put_unknown - append: unknown key "prot"; did you mean "port"?
 *
 * @what  "key" or "option"
 */
void conf_name_put_unknown(struct buf *b, const struct conf_table *table,
			   const char *what, struct sv name);

/* conf_name_put_env - append the environment variable's name. */
void conf_name_put_env(struct buf *b, const struct conf_option *option);

/* conf_name_put_flag - append the name as on the command line, with dashes. */
void conf_name_put_flag(struct buf *b, const struct conf_option *option);

#endif
