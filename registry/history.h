/*
 * history.h - the numbers behind the charts: what targets ("fleet",
 * "region/x", "node/y") had at each 5 s of the last hour and each minute of
 * the last day. A target has a slot, a moment has a frame with a point for
 * every slot; memory is 35 KB a target. Pure: wall time is a parameter, since
 * it is for people; files are history_file's business. One thread.
 */
#ifndef PERI_REGISTRY_HISTORY_H
#define PERI_REGISTRY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/sv.h"

#define HISTORY_NAME_BYTES 80 /* "region/" and an id */
#define HISTORY_VALUES	   4  /* of a point; what they mean is the source's */
#define HISTORY_NONE	   UINT32_MAX /* no slot */

enum history_span { HISTORY_HOUR, HISTORY_DAY, HISTORY_SPAN_COUNT };

struct history_point {
	float value[HISTORY_VALUES]; /* NaN: nothing is known */
};

/* One moment; read-only for everybody but history.c. */
struct history_frame {
	int64_t tick; /* wall time over the span's step; -1 = none yet */
	uint32_t count;
	struct history_point *points; /* by slot; owned */
};

struct history;

/* history_new - room for @slots_max targets. */
struct history *history_new(uint32_t slots_max);
void history_free(struct history **history);

/* history_step_s, history_length - seconds between the moments of a span, and
 * how many there are: 5 and 720, 60 and 1440. */
int64_t history_step_s(enum history_span span);
uint32_t history_length(enum history_span span);
/* history_span_str - "hour", "day"; history_span_parse: 0 or ERR_RANGE. */
const char *history_span_str(enum history_span span);
MUST_CHECK int history_span_parse(struct sv text, enum history_span *span_r);

/*
 * history_slot - the slot of target @name, which gets one if need be: a free
 * one, else that of the target that was silent for longest, if it was for ten
 * minutes and nobody holds it.
 *
 * Returns HISTORY_NONE when all are in use.
 */
uint32_t history_slot(struct history *history, struct sv name, int64_t wall_s);
/* history_hold, history_let_go - @slot stays its target's meanwhile, however
 * long that is silent and whatever the clock does. */
void history_hold(struct history *history, uint32_t slot);
void history_let_go(struct history *history, uint32_t slot);
/* history_find - the slot of @name, or HISTORY_NONE. */
uint32_t history_find(const struct history *history, struct sv name);
/* history_slot_count - slots that were ever used: all are below it. */
uint32_t history_slot_count(const struct history *history);
/* history_slot_name - borrowed; "" for one that is free.
 * history_slot_since_s - from when on it has been its present target's. */
const char *history_slot_name(const struct history *history, uint32_t slot);
int64_t history_slot_since_s(const struct history *history, uint32_t slot);
/* history_serial - grows whenever a slot gets a target; history_slot_serial -
 * what it was then. So a keeper knows which slots it has not written. */
uint64_t history_serial(const struct history *history);
uint64_t history_slot_serial(const struct history *history, uint32_t slot);

/*
 * history_open - begin the moment of @wall_s: nothing is known yet.
 *
 * Returns whether it is a new moment; else (the last one's 5 s are not over)
 * nothing has happened.
 */
bool history_open(struct history *history, int64_t wall_s);
/* history_set - the point of @slot in the open moment. */
void history_set(struct history *history, uint32_t slot,
		 const struct history_point *point);
/*
 * history_close - the moment is complete.
 *
 * @hour_r  out: its frame
 * @day_r   out: the frame of the minute that ended with the moment before, a
 *	    mean of what was known in it; or NULL
 *
 * Both are borrowed until the next history_open().
 */
void history_close(struct history *history, const struct history_frame **hour_r,
		   const struct history_frame **day_r);

/* One target's course; free with history_course_fini(). */
struct history_course {
	int64_t from_wall_s;
	uint32_t count;		      /* history_length() of the span */
	struct history_point *points; /* owned; NaN where nothing is known */
};

/* history_read - the course of @slot up to @wall_s. */
void history_read(const struct history *history, uint32_t slot,
		  enum history_span span, int64_t wall_s,
		  struct history_course *course_r);
void history_course_fini(struct history_course *course);

/* history_restore_slot - a target as it was kept, before anything else; at
 * @wall_s its silence begins. Returns 0, or ERR_RANGE for what does not fit. */
MUST_CHECK int history_restore_slot(struct history *history, uint32_t slot,
				    struct sv name, int64_t since_s,
				    int64_t wall_s);
/* history_restore_frame - a moment as it was kept, when all slots are back.
 * @points is taken over, one for each of @count slots. */
void history_restore_frame(struct history *history, enum history_span span,
			   int64_t tick, struct history_point *points,
			   uint32_t count);

/* history_bytes - memory of all slots and frames. */
size_t history_bytes(const struct history *history);

#endif
