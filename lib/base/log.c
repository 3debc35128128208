/*
 * log.c - one line, one write(2): lines of several threads never mix as long
 * as they are shorter than PIPE_BUF. No lock, no heap. Owns the only mutable
 * variables besides clk.c's: name and level, both atomic.
 */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"

#define LOG_LINE_BYTES	   2048 /* below PIPE_BUF (4096) */
#define LOG_RATE_LINES	   10
#define LOG_RATE_WINDOW_MS 10000

static _Atomic(const char *) log_program = "peri";
static _Atomic int log_min_level = LOG_INFO;

static const char *const LOG_LEVELS[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERR] = "err",
};

void log_init(const char *program)
{
	atomic_store(&log_program, program);
}

void log_set_level(enum log_level level)
{
	atomic_store(&log_min_level, (int)level);
}

int log_parse_level(struct sv text, enum log_level *level_r)
{
	for (size_t i = 0; i < ARRAY_LEN(LOG_LEVELS); i++) {
		if (!sv_eq(text, sv_str(LOG_LEVELS[i])))
			continue;
		*level_r = (enum log_level)i;
		return 0;
	}
	return ERR_SYNTAX;
}

static void log_put_head(struct buf *b, enum log_level level)
{
	int64_t wall_ms = clk_wall_ms();
	time_t wall_s = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&wall_s, &tm);
	buf_printf(b,
		   "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ level=%s prog=%s "
		   "event=",
		   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		   tm.tm_min, tm.tm_sec, (int)(wall_ms % 1000),
		   LOG_LEVELS[level], atomic_load(&log_program));
}

/* The message behind the head, cut to the room there is. */
static size_t log_put_message(char *line, size_t at, const char *fmt,
			      va_list args)
{
	size_t room = LOG_LINE_BYTES - at;
	int n = vsnprintf(line + at, room, fmt, args);

	if (n < 0)
		n = 0;
	if ((size_t)n >= room) {
		memcpy(line + LOG_LINE_BYTES - 4, "...", 3);
		n = (int)room - 1;
	}
	for (size_t i = at; i < at + (size_t)n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	return at + (size_t)n;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	int saved_errno = errno;
	char line[LOG_LINE_BYTES];
	struct buf b;
	ssize_t written;
	va_list args;
	size_t len;

	if ((int)level <
	    atomic_load_explicit(&log_min_level, memory_order_relaxed))
		return;
	buf_init_fixed(&b, line, sizeof(line) / 2);
	log_put_head(&b, level);
	errno = saved_errno; /* for %m */
	va_start(args, fmt);
	len = log_put_message(line, b.len, fmt, args);
	va_end(args);
	line[len++] = '\n';
	written = write(STDERR_FILENO, line, len);
	(void)written; /* nobody is left to tell when stderr is gone */
	errno = saved_errno;
}

bool log_rate_pass(struct log_rate *rate, int64_t now_ms, uint32_t *dropped_r)
{
	if (now_ms - rate->window_start_ms >= LOG_RATE_WINDOW_MS) {
		rate->window_start_ms = now_ms;
		rate->in_window = 0;
	}
	if (rate->in_window >= LOG_RATE_LINES) {
		rate->dropped++;
		return false;
	}
	rate->in_window++;
	*dropped_r = rate->dropped;
	rate->dropped = 0;
	return true;
}
