/*
 * lease_driver.h - carries out what lease_keeper.h decides: HTTP calls to the
 * registries, timers, log lines, counters. Main thread; never blocks.
 */
#ifndef PERI_COMET_AGENT_LEASE_DRIVER_H
#define PERI_COMET_AGENT_LEASE_DRIVER_H

#include "comet-agent/lease_keeper.h"
#include "comet-agent/lease_reply.h"
#include "lib/net/loop.h"
#include "lib/proto/node.h"
#include "lib/svc/conf.h"

struct lease_driver;

struct lease_driver_config {
	const struct conf_list *urls; /* borrowed */
	const char *token;	      /* borrowed; "" = none */
	int64_t timeout_ms;	      /* of one call */
	int64_t backoff_max_ms, conflict_retry_ms;
	/* Fill in a renewal's numbers; boot_epoch and seq are set already. */
	void (*load)(struct node_load *load, void *arg);
	/* A renewal brought the operator's intent. */
	void (*intent)(const struct lease_reply *reply, void *arg);
	void *arg;
};

/*
 * lease_driver_new - begin to register @record (copied).
 *
 * Returns 0 and *@driver_r, owned by the caller, or the error of a URL or token
 * that cannot be used.
 */
MUST_CHECK int lease_driver_new(struct loop *loop,
				const struct lease_driver_config *config,
				const struct node_record *record,
				struct lease_driver **driver_r);
void lease_driver_free(struct lease_driver **driver);

/* lease_driver_set_weight - register again with another weight. */
void lease_driver_set_weight(struct lease_driver *driver, uint32_t weight);
/* lease_driver_leave - deregister; lease_driver_state() says LEASE_LEFT when
 * it is done or given up. */
void lease_driver_leave(struct lease_driver *driver);

/* lease_driver_state - where the lease stands now. */
enum lease_state lease_driver_state(const struct lease_driver *driver);
/* lease_driver_is_current - the registry has the record as it is now. */
bool lease_driver_is_current(const struct lease_driver *driver);
/* lease_driver_answers - how many calls of this kind ended this way. */
uint64_t lease_driver_answers(const struct lease_driver *driver,
			      enum lease_call call, enum lease_answer answer);

#endif
