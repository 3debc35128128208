/*
 * event_source.h - writes the event log: of leases and balancers as it is told
 * of them, of regions, store, places and spill by looking once a second. Loop
 * thread.
 */
#ifndef PERI_REGISTRY_EVENT_SOURCE_H
#define PERI_REGISTRY_EVENT_SOURCE_H

#include "registry/balancer_table.h"
#include "registry/event_log.h"
#include "registry/lease.h"
#include "registry/override.h"

struct registry;

/* What was so when it was last looked at; part of struct registry. */
struct event_source {
	bool store_is_down, is_spilling, misses_places;
};

/* event_source_begin - the store has been read: what is so now is no news. */
void event_source_begin(struct registry *r);

/* event_source_lease - as lease_event_cb. */
void event_source_lease(struct registry *r, const struct lease *lease,
			enum lease_event event, enum node_state before);

/* event_source_intent - as override_event_cb. */
void event_source_intent(struct registry *r, const struct intent *intent,
			 enum override_event what);

/* event_source_balancer - a balancer_event_cb; @arg is the registry. */
void event_source_balancer(const struct balancer_entry *entry,
			   enum balancer_event event, void *arg);

/* event_source_look - once a second. */
void event_source_look(struct registry *r);

/*
 * event_source_share_crosses - whether a share of queries has become bad, or
 * good again: bad from a tenth on, good below a twentieth, never judged from
 * less than a query a second. Pure.
 *
 * @is_bad  as judged before
 */
bool event_source_share_crosses(double hits_per_s, double queries_per_s,
				bool is_bad);

#endif
