/*
 * conf_value.h - one option's value: from text, from JSON and back, for conf's
 * own files. Every function that refuses appends the rule that was broken to
 * @rule ("must be a whole number within 1..64, not \"x\""); a secret is never
 * part of it. Any thread.
 */
#ifndef PERI_LIB_SVC_CONF_VALUE_H
#define PERI_LIB_SVC_CONF_VALUE_H

#include "lib/svc/conf.h"

struct json;

/*
 * conf_value_from_text - as written on the command line, into the member.
 *
 * Returns 0, ERR_SYNTAX, ERR_RANGE, or -errno when a secret's file cannot be
 * read (a file that everybody may read is told to the log).
 */
MUST_CHECK int conf_value_from_text(const struct conf_option *option,
				    struct sv text, void *settings,
				    struct buf *rule);

/* conf_value_from_json - the same; ERR_TYPE for another JSON type. */
MUST_CHECK int conf_value_from_json(const struct conf_option *option,
				    const struct json *value, void *settings,
				    struct buf *rule);

/*
 * conf_value_secret_from_file - the text behind '@' of a secret: its file's
 * content without the line end. Returns as conf_value_from_text().
 */
MUST_CHECK int conf_value_secret_from_file(const char *path, char *secret_r,
					   size_t secret_bytes,
					   struct buf *rule);

/* conf_value_put_range - "1..64", "500ms..1h"; nothing without limits. */
void conf_value_put_range(struct buf *b, const struct conf_option *option);

/* conf_value_put_duration - "90s", "2m", "1500ms". */
void conf_value_put_duration(struct buf *b, int64_t duration_ms);

/* conf_value_put_listen - "[::1]:80", "*:80", "off". */
void conf_value_put_listen(struct buf *b, const struct conf_listen *listen);

#endif
