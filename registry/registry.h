/*
 * registry.h - the daemon: its parts in one struct, how they start, stop and
 * tell each other about changes. Everything runs on the main loop; only the
 * store has a thread behind it.
 */
#ifndef PERI_REGISTRY_REGISTRY_H
#define PERI_REGISTRY_REGISTRY_H

#include "lib/base/log.h"
#include "lib/svc/service.h"
#include "registry/access.h"
#include "registry/balancer_table.h"
#include "registry/event_log.h"
#include "registry/event_source.h"
#include "registry/feed_hub.h"
#include "registry/intent_keeper.h"
#include "registry/history_keeper.h"
#include "registry/lease.h"
#include "registry/refusal.h"
#include "registry/region_table.h"
#include "registry/registry_conf.h"
#include "registry/store.h"
#include "registry/viewer_hub.h"

struct registry {
	struct service_context *ctx; /* borrowed; settings and loop */
	struct lease_table *leases;
	struct region_table *regions;
	struct override_table *overrides; /* what operators want */
	struct intent_keeper *intents;	  /* changes of it, and drains */
	struct audit *audit;
	struct balancer_table *balancers;
	struct report_share *reports; /* the sum of theirs */
	uint64_t balancer_reports;    /* taken */
	struct store *store;
	struct feed_hub *hub;
	struct event_log *events;
	struct event_source event_source;
	struct history_keeper *history; /* NULL until the store is read */
	struct httpd *nodes_httpd;
	struct access *access;	      /* who may what on the admin listener */
	struct viewer_hub *viewers;   /* of the dashboard */
	struct pulse *pulse;	      /* what they are told */
	struct state_streams *states; /* who reads all of it */
	struct relay *relay;	      /* asks a balancer */
	char nodes_url[300];	      /* at which nodes register */
	bool listening; /* everything is there: requests may come */
	struct loop_timer *lease_timer, *look_timer, *drain_timer;
	struct refusal_counters refusals;
	struct log_rate login_audit, refused_login_audit; /* bounded too */
	struct log_rate lease_log; /* nodes cause these lines */
	int load_rc;		   /* ERR_AGAIN until the store has been read */
};

/* registry_settings_of - the settings in force; borrowed until a reload. */
const struct registry_settings *registry_settings_of(const struct registry *r);

/* registry_is_ready - for /readyz; @why is filled when it is not, or when there
 * is something to tell. */
bool registry_is_ready(const struct registry *r, struct buf *why);

/* registry_service - what main() runs; constant. */
const struct service *registry_service(void);

#endif
