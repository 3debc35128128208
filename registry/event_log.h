/*
 * event_log.h - what happened to the fleet, for people: the newest events in
 * memory, each with a number that only grows. Who adds is told to one listener
 * (the admin page's stream); event_store keeps them over restarts. Pure; loop
 * thread.
 */
#ifndef PERI_REGISTRY_EVENT_LOG_H
#define PERI_REGISTRY_EVENT_LOG_H

#include "registry/event.h"

struct event_log;

/* Called for each new event; @event is borrowed for the call. */
typedef void event_log_cb(const struct event *event, void *arg);

/* event_log_new - room for @events_max events, at least 1. */
struct event_log *event_log_new(size_t events_max);
void event_log_free(struct event_log **log);

/* event_log_listen - who hears of new events; replaces the one before. */
void event_log_listen(struct event_log *log, event_log_cb *cb, void *arg);

/*
 * event_log_add - append a copy of @event.
 *
 * @event  its id is ignored: the copy's is the wall clock in microseconds, or
 *	   one more than the last. So ids grow over restarts, whatever of the
 *	   log is lost, and stay below 2^53.
 *
 * The oldest event goes when there is no room. Returns the id.
 */
uint64_t event_log_add(struct event_log *log, const struct event *event);

/*
 * event_log_restore - put back events as they were kept, before those that
 * were added meanwhile; the listener is not told.
 *
 * @events  in the order of their ids; of those that are not older than what
 *	    the log holds, and of what finds no room, none is taken
 */
void event_log_restore(struct event_log *log, const struct event *events,
		       size_t count);

/*
 * event_log_read - up to @limit events that pass, in the order of their ids.
 *
 * With filter->after set these are the first ones behind it, else the newest.
 *
 * @events_r  out: room for @limit; borrowed until the next event_log_add()
 * @more_r    out: whether others pass that did not fit
 *
 * Returns how many.
 */
size_t event_log_read(const struct event_log *log,
		      const struct event_filter *filter, size_t limit,
		      const struct event **events_r, bool *more_r);

/* event_log_oldest_id, _newest_id - of what is held; 0 = nothing yet. */
uint64_t event_log_oldest_id(const struct event_log *log);
uint64_t event_log_newest_id(const struct event_log *log);
/* event_log_total - added of @kind since the start, restored ones not. */
uint64_t event_log_total(const struct event_log *log, enum event_kind kind);

#endif
