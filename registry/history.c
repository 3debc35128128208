/*
 * history.c - slots and frames. Invariants: a frame stands at its tick modulo
 * the length of its span, so an old one is replaced by the one that follows a
 * whole span later; a point counts only when it is not older than its slot's
 * target. Loop thread.
 */
#include "registry/history.h"

#include <math.h>

#include "lib/base/err.h"
#include "registry/id_hash.h"

#define SILENCE_S    600 /* a target that was silent for so long may go */
#define LOOK_AGAIN_S 60	 /* after no such target was found */

static const struct {
	const char *name;
	int64_t step_s;
	uint32_t length;
} spans[HISTORY_SPAN_COUNT] = {
	[HISTORY_HOUR] = {"hour", 5, 720},
	[HISTORY_DAY] = {"day", 60, 1440},
};

struct slot {
	char name[HISTORY_NAME_BYTES]; /* "" = free */
	int64_t since_s; /* the target's first moment is not before */
	int64_t last_s;	 /* when it last had a point */
	uint64_t serial;
	bool is_held; /* its target is there, silent or not: it may not go */
	UT_hash_handle hh;
};

struct history {
	struct slot *slots; /* owned; slots_max of them */
	struct slot *by_name;
	uint32_t slots_max, slot_count;
	uint64_t serial;
	int64_t look_s; /* no target goes before */
	struct history_frame *frames[HISTORY_SPAN_COUNT]; /* owned rings */
	struct history_frame *open; /* between history_open() and _close() */
	int64_t open_wall_s;
	int64_t last_tick; /* of the last closed moment of the hour; or -1 */
	size_t point_count;
	struct hash_key hash_key;
};

struct history *history_new(uint32_t slots_max)
{
	struct history *history = mem_alloc(sizeof(*history));

	history->slots = mem_array(slots_max, sizeof(history->slots[0]));
	history->slots_max = slots_max;
	history->last_tick = -1;
	history->hash_key = id_hash_key();
	for (unsigned s = 0; s < HISTORY_SPAN_COUNT; s++) {
		history->frames[s] = mem_array(spans[s].length,
					       sizeof(struct history_frame));
		for (uint32_t i = 0; i < spans[s].length; i++)
			history->frames[s][i].tick = -1;
	}
	return history;
}

void history_free(struct history **history)
{
	struct history *self = *history;

	if (!self)
		return;
	for (unsigned s = 0; s < HISTORY_SPAN_COUNT; s++) {
		for (uint32_t i = 0; i < spans[s].length; i++)
			mem_free(self->frames[s][i].points);
		mem_free(self->frames[s]);
	}
	HASH_CLEAR(hh, self->by_name);
	mem_free(self->slots);
	mem_free(self);
	*history = NULL;
}

int64_t history_step_s(enum history_span span)
{
	return spans[span].step_s;
}

uint32_t history_length(enum history_span span)
{
	return spans[span].length;
}

const char *history_span_str(enum history_span span)
{
	return spans[span].name;
}

int history_span_parse(struct sv text, enum history_span *span_r)
{
	for (unsigned s = 0; s < HISTORY_SPAN_COUNT; s++) {
		if (!sv_eq(text, sv_str(spans[s].name)))
			continue;
		*span_r = (enum history_span)s;
		return 0;
	}
	return ERR_RANGE;
}

static int64_t tick_of(enum history_span span, int64_t wall_s)
{
	return wall_s > 0 ? wall_s / spans[span].step_s : 0;
}

static struct history_frame *frame_at(const struct history *history,
				      enum history_span span, int64_t tick)
{
	return &history->frames[span][tick % spans[span].length];
}

uint32_t history_find(const struct history *history, struct sv name)
{
	const struct slot *slot;
	unsigned hash = id_hash(&history->hash_key, name);

	HASH_FIND_BYHASHVALUE(hh, history->by_name, name.ptr, name.len, hash,
			      slot);
	return slot ? (uint32_t)(slot - history->slots) : HISTORY_NONE;
}

static void give(struct history *history, struct slot *slot, struct sv name,
		 int64_t since_s)
{
	unsigned hash = id_hash(&history->hash_key, name);
	int rc;

	if (slot->name[0])
		HASH_DEL(history->by_name, slot);
	rc = sv_copy(name, slot->name, sizeof(slot->name));
	(void)rc; /* the callers have looked at its length */
	slot->since_s = slot->last_s = since_s;
	slot->serial = ++history->serial;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, history->by_name, slot->name, name.len,
				    hash, slot);
}

/* The target that was silent for longest, if that is long enough. */
static struct slot *oldest(struct history *history, int64_t wall_s)
{
	struct slot *found = NULL;

	if (wall_s < history->look_s)
		return NULL;
	for (uint32_t i = 0; i < history->slot_count; i++) {
		struct slot *slot = &history->slots[i];

		if (!slot->is_held && (!found || slot->last_s < found->last_s))
			found = slot;
	}
	if (found && found->last_s + SILENCE_S <= wall_s)
		return found;
	history->look_s = wall_s + LOOK_AGAIN_S;
	return NULL;
}

uint32_t history_slot(struct history *history, struct sv name, int64_t wall_s)
{
	uint32_t known = history_find(history, name);
	struct slot *slot;

	if (known != HISTORY_NONE)
		return known;
	if (name.len == 0 || name.len >= HISTORY_NAME_BYTES)
		return HISTORY_NONE;
	if (history->slot_count < history->slots_max)
		slot = &history->slots[history->slot_count++];
	else
		slot = oldest(history, wall_s);
	if (!slot)
		return HISTORY_NONE;
	give(history, slot, name, wall_s);
	return (uint32_t)(slot - history->slots);
}

void history_hold(struct history *history, uint32_t slot)
{
	history->slots[slot].is_held = true;
}

void history_let_go(struct history *history, uint32_t slot)
{
	history->slots[slot].is_held = false;
}

uint32_t history_slot_count(const struct history *history)
{
	return history->slot_count;
}

const char *history_slot_name(const struct history *history, uint32_t slot)
{
	return history->slots[slot].name;
}

int64_t history_slot_since_s(const struct history *history, uint32_t slot)
{
	return history->slots[slot].since_s;
}

uint64_t history_serial(const struct history *history)
{
	return history->serial;
}

uint64_t history_slot_serial(const struct history *history, uint32_t slot)
{
	return history->slots[slot].serial;
}

static void unknown(struct history_point *points, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (unsigned v = 0; v < HISTORY_VALUES; v++)
			points[i].value[v] = NAN;
	}
}

/* Make @frame that of @tick, with room for the slots there are. */
static void renew(struct history *history, struct history_frame *frame,
		  int64_t tick)
{
	if (frame->count != history->slot_count) {
		history->point_count += history->slot_count;
		history->point_count -= frame->count;
		mem_free(frame->points);
		frame->points = mem_array(history->slot_count,
					  sizeof(frame->points[0]));
		frame->count = history->slot_count;
	}
	frame->tick = tick;
	unknown(frame->points, frame->count);
}

bool history_open(struct history *history, int64_t wall_s)
{
	int64_t tick = tick_of(HISTORY_HOUR, wall_s);

	if (tick == history->last_tick)
		return false;
	history->open = frame_at(history, HISTORY_HOUR, tick);
	history->open_wall_s = wall_s;
	renew(history, history->open, tick);
	return true;
}

void history_set(struct history *history, uint32_t slot,
		 const struct history_point *point)
{
	if (slot >= history->open->count)
		return; /* newer than the frame: it begins with the next one */
	history->open->points[slot] = *point;
	history->slots[slot].last_s = history->open_wall_s;
}

/* The point of @slot in the moment of @tick, or NULL. */
static const struct history_point *point_at(const struct history *history,
					    enum history_span span,
					    int64_t tick, uint32_t slot)
{
	const struct history_frame *frame;

	if (tick < 0)
		return NULL;
	frame = frame_at(history, span, tick);
	/* A minute in which the target began counts as its own. */
	if (frame->tick != tick || slot >= frame->count ||
	    (tick + 1) * spans[span].step_s <= history->slots[slot].since_s)
		return NULL;
	return &frame->points[slot];
}

/* The mean of what is known of @slot in the hour's @count ticks from @tick. */
static void mean(const struct history *history, uint32_t slot, int64_t tick,
		 unsigned count, struct history_point *mean_r)
{
	float sum[HISTORY_VALUES] = {0};
	unsigned known[HISTORY_VALUES] = {0};

	for (unsigned i = 0; i < count; i++) {
		const struct history_point *point =
			point_at(history, HISTORY_HOUR, tick + i, slot);

		for (unsigned v = 0; point && v < HISTORY_VALUES; v++) {
			if (isnan(point->value[v]))
				continue;
			sum[v] += point->value[v];
			known[v]++;
		}
	}
	for (unsigned v = 0; v < HISTORY_VALUES; v++) {
		if (known[v] > 0)
			mean_r->value[v] = sum[v] / (float)known[v];
	}
}

/* The frame of @minute from the hour's. */
static const struct history_frame *sum_up(struct history *history,
					  int64_t minute)
{
	struct history_frame *frame = frame_at(history, HISTORY_DAY, minute);
	unsigned count = (unsigned)(spans[HISTORY_DAY].step_s /
				    spans[HISTORY_HOUR].step_s);

	renew(history, frame, minute);
	for (uint32_t slot = 0; slot < frame->count; slot++)
		mean(history, slot, minute * count, count,
		     &frame->points[slot]);
	return frame;
}

void history_close(struct history *history, const struct history_frame **hour_r,
		   const struct history_frame **day_r)
{
	int64_t before_s = history->last_tick * spans[HISTORY_HOUR].step_s;
	int64_t minute = tick_of(HISTORY_DAY, before_s);

	*hour_r = history->open;
	*day_r = NULL;
	if (history->last_tick >= 0 &&
	    minute != tick_of(HISTORY_DAY, history->open_wall_s))
		*day_r = sum_up(history, minute);
	history->last_tick = history->open->tick;
	history->open = NULL;
}

void history_read(const struct history *history, uint32_t slot,
		  enum history_span span, int64_t wall_s,
		  struct history_course *course_r)
{
	int64_t first = tick_of(span, wall_s) - spans[span].length + 1;

	course_r->from_wall_s = first * spans[span].step_s;
	course_r->count = spans[span].length;
	course_r->points =
		mem_array(course_r->count, sizeof(course_r->points[0]));
	unknown(course_r->points, course_r->count);
	for (uint32_t i = 0; i < course_r->count; i++) {
		const struct history_point *point =
			point_at(history, span, first + i, slot);

		if (point)
			course_r->points[i] = *point;
	}
}

void history_course_fini(struct history_course *course)
{
	mem_free(course->points);
	course->points = NULL;
}

int history_restore_slot(struct history *history, uint32_t slot, struct sv name,
			 int64_t since_s, int64_t wall_s)
{
	if (slot >= history->slots_max || name.len == 0 ||
	    name.len >= HISTORY_NAME_BYTES || history->slots[slot].name[0] ||
	    history_find(history, name) != HISTORY_NONE)
		return ERR_RANGE;
	give(history, &history->slots[slot], name, since_s);
	history->slots[slot].last_s = wall_s;
	if (history->slot_count <= slot)
		history->slot_count = slot + 1;
	return 0;
}

void history_restore_frame(struct history *history, enum history_span span,
			   int64_t tick, struct history_point *points,
			   uint32_t count)
{
	struct history_frame *frame;

	if (tick < 0) {
		mem_free(points);
		return;
	}
	if (count > history->slot_count)
		count = history->slot_count; /* fewer targets than before */
	if (span == HISTORY_HOUR && tick > history->last_tick)
		history->last_tick = tick;
	frame = frame_at(history, span, tick);
	mem_free(frame->points);
	history->point_count += count;
	history->point_count -= frame->count;
	*frame = (struct history_frame){tick, count, points};
}

size_t history_bytes(const struct history *history)
{
	return history->point_count * sizeof(struct history_point) +
	       history->slots_max * sizeof(struct slot);
}
