/*
 * when.h - points in time and ages for people. UTC, so that two operators mean
 * the same. Pure.
 */
#ifndef PERI_CLIENT_CLI_WHEN_H
#define PERI_CLIENT_CLI_WHEN_H

#include <stdint.h>

#include "lib/base/buf.h"

/* when_put - append "2026-11-22 23:13:21Z". */
void when_put(struct buf *b, int64_t wall_s);

/* when_put_age - append "12s", "3m", "5h" or "2d": whole units, cut off. */
void when_put_age(struct buf *b, int64_t age_s);

/*
 * when_parse - "2026-11-23T06:00Z" (seconds allowed, a space for the T, no Z)
 * or "06:00", the next time that it is so late.
 *
 * @now_wall_s	for the second form
 *
 * Returns 0 or ERR_SYNTAX.
 */
MUST_CHECK int when_parse(struct sv text, int64_t now_wall_s,
			  int64_t *wall_s_r);

#endif
