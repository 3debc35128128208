/*
 * log.h - logfmt lines to stderr: ts= level= prog= event= key=value. The
 * format begins with the event's name: log_info("lease.expire node=%s", id).
 * Any thread; a line is one write(2). Never on a request path, never a secret.
 */
#ifndef PERI_LIB_BASE_LOG_H
#define PERI_LIB_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/sv.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERR };

/* log_init - name of the program, borrowed for ever; default level info. */
void log_init(const char *program);
/* log_set_level - lines below @level are dropped. */
void log_set_level(enum log_level level);
/* log_parse_level - "debug", "info", "warn", "err". Returns 0 or ERR_SYNTAX. */
MUST_CHECK int log_parse_level(struct sv text, enum log_level *level_r);

/* log_line - write one line; control bytes in values are blanked. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_err(...)   log_line(LOG_ERR, __VA_ARGS__)

/* Budget for lines that peers can cause; one per call site, zeroed. */
struct log_rate {
	int64_t window_start_ms;
	uint32_t in_window;
	uint32_t dropped; /* since the last line that passed */
};

/*
 * log_rate_pass - whether a peer-caused line may be written now: at most 10 in
 * 10 s. *@dropped_r is how many were held back since the last that passed.
 */
bool log_rate_pass(struct log_rate *rate, int64_t now_ms, uint32_t *dropped_r);

#endif
