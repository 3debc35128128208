/*
 * api_view.h - the calls of the dashboard that look at the fleet. Loop thread.
 */
#ifndef PERI_REGISTRY_API_VIEW_H
#define PERI_REGISTRY_API_VIEW_H

#include "registry/api.h"

/* api_view_state - GET /v1/state: the whole picture. */
void api_view_state(const struct api_call *call);
/* api_view_events - GET /v1/events?from=&only=: what changes, as server-sent
 * events; the header Last-Event-ID counts as from. */
void api_view_events(const struct api_call *call);
/* api_view_log - an event_log_cb: viewers hear of new events; @arg is the
 * registry. */
void api_view_log(const struct event *event, void *arg);

#endif
