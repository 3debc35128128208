/*
 * event_log.c - a ring of events. Invariant: ids grow from the oldest to the
 * newest, so a bound of ids is found by bisection. Loop thread.
 */
#include "registry/event_log.h"

#include <assert.h>

#include "lib/base/mem.h"

struct event_log {
	struct event *events; /* a ring; owned */
	size_t events_max;
	size_t first, count; /* of the oldest; how many are held */
	uint64_t newest_id;  /* of the last one that was ever held */
	uint64_t totals[EVENT_KIND_COUNT];
	event_log_cb *cb; /* may be NULL */
	void *arg;
};

struct event_log *event_log_new(size_t events_max)
{
	struct event_log *log = mem_alloc(sizeof(*log));

	assert(events_max > 0);
	log->events = mem_array(events_max, sizeof(log->events[0]));
	log->events_max = events_max;
	return log;
}

void event_log_free(struct event_log **log)
{
	if (!*log)
		return;
	mem_free((*log)->events);
	mem_free(*log);
	*log = NULL;
}

void event_log_listen(struct event_log *log, event_log_cb *cb, void *arg)
{
	log->cb = cb;
	log->arg = arg;
}

/* Number @index from the oldest. */
static const struct event *at(const struct event_log *log, size_t index)
{
	return &log->events[(log->first + index) % log->events_max];
}

static struct event *append(struct event_log *log, const struct event *event,
			    uint64_t id)
{
	struct event *place;

	if (log->count == log->events_max) {
		log->first = (log->first + 1) % log->events_max;
		log->count--;
	}
	place = &log->events[(log->first + log->count++) % log->events_max];
	*place = *event;
	place->id = log->newest_id = id;
	if (place->severity == EVENT_USUAL)
		place->severity = event_kind_severity(place->kind);
	return place;
}

uint64_t event_log_add(struct event_log *log, const struct event *event)
{
	uint64_t id = log->newest_id + 1;
	const struct event *added;

	if (event->wall_ms > 0 && (uint64_t)event->wall_ms * 1000 > id)
		id = (uint64_t)event->wall_ms * 1000;
	added = append(log, event, id);
	log->totals[event->kind]++;
	if (log->cb)
		log->cb(added, log->arg);
	return id;
}

void event_log_restore(struct event_log *log, const struct event *events,
		       size_t count)
{
	uint64_t oldest_id = event_log_oldest_id(log);

	if (count > 0 && events[count - 1].id > log->newest_id)
		log->newest_id = events[count - 1].id;
	while (count > 0 && log->count < log->events_max) {
		const struct event *event = &events[--count];

		if (oldest_id > 0 && event->id >= oldest_id)
			continue;
		log->first =
			(log->first + log->events_max - 1) % log->events_max;
		log->events[log->first] = *event;
		log->count++;
		oldest_id = event->id;
	}
}

/* Index of the first event whose id is greater than @id. */
static size_t index_after(const struct event_log *log, uint64_t id)
{
	size_t low = 0, high = log->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (at(log, middle)->id > id)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* From index @from on, upwards, until @limit are found. */
static size_t read_up(const struct event_log *log,
		      const struct event_filter *filter, size_t limit,
		      const struct event **events_r, bool *more_r)
{
	size_t count = 0;

	for (size_t i = index_after(log, filter->after); i < log->count; i++) {
		if (!event_passes(filter, at(log, i)))
			continue;
		*more_r = count == limit;
		if (*more_r)
			break;
		events_r[count++] = at(log, i);
	}
	return count;
}

/* The newest, found downwards, given upwards. */
static size_t read_down(const struct event_log *log,
			const struct event_filter *filter, size_t limit,
			const struct event **events_r, bool *more_r)
{
	size_t count = 0, i = log->count;

	if (filter->before > 0)
		i = index_after(log, filter->before - 1);
	while (i-- > 0) {
		if (!event_passes(filter, at(log, i)))
			continue;
		*more_r = count == limit;
		if (*more_r)
			break;
		events_r[count++] = at(log, i);
	}
	for (size_t low = 0; low < count / 2; low++) {
		const struct event *swap = events_r[low];

		events_r[low] = events_r[count - 1 - low];
		events_r[count - 1 - low] = swap;
	}
	return count;
}

size_t event_log_read(const struct event_log *log,
		      const struct event_filter *filter, size_t limit,
		      const struct event **events_r, bool *more_r)
{
	*more_r = false;
	return filter->after > 0
		       ? read_up(log, filter, limit, events_r, more_r)
		       : read_down(log, filter, limit, events_r, more_r);
}

uint64_t event_log_oldest_id(const struct event_log *log)
{
	return log->count > 0 ? at(log, 0)->id : 0;
}

uint64_t event_log_newest_id(const struct event_log *log)
{
	return log->newest_id;
}

uint64_t event_log_total(const struct event_log *log, enum event_kind kind)
{
	return log->totals[kind];
}
