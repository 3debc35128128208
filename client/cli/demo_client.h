/*
 * demo_client.h - one of the demo's clients: arrives, asks, connects, stays
 * for a while, leaves. Made of the library's link. One thread.
 */
#ifndef PERI_CLIENT_CLI_DEMO_CLIENT_H
#define PERI_CLIENT_CLI_DEMO_CLIENT_H

#include "client/cli/demo_fleet.h"
#include "client/cli/demo_stats.h"
#include "client/cli/secret_file.h"
#include "client/link.h"
#include "client/pollset.h"
#include "lib/base/wheel.h"

/* What all clients share; borrowed by them. */
struct demo_crowd {
	const struct link_config *link_config;
	const char *host;
	double session_mean_s;
	const struct secret_file *secret; /* NULL = no token */
	struct rng *rng;
	struct pollset *set;
	struct demo_fleet *fleet;
	struct demo_stats *stats;
};

struct demo_client {
	struct wheel_timer timer; /* for the engine */
	struct demo_client *next; /* for the engine: to be freed */
	bool is_gone;		  /* has left; to be freed */
	bool is_located, is_nearest;
	struct demo_crowd *crowd; /* borrowed */
	struct link *link;	  /* owned */
	struct pollset_member member;
	struct resolver_query query;
	struct channel_identity identity;
	struct link_handler handler;
	char *token; /* owned; NULL = none */
	char device[24];
	char nearest[65]; /* region, "" = unknown */
	int64_t asked_us; /* when the open question was put */
	int64_t leave_ms;
	enum link_state state;
};

/* demo_client_new - client number @number at address @ip arrives now. */
struct demo_client *demo_client_new(struct demo_crowd *crowd,
				    const struct addr *ip, uint64_t number,
				    int64_t now_ms);
void demo_client_free(struct demo_client **client);

/* demo_client_step - do what can be done; sets is_gone in the end. */
void demo_client_step(struct demo_client *client, int64_t now_ms);
/* demo_client_due_ms - when to step although no socket is ready. */
int64_t demo_client_due_ms(const struct demo_client *client);

#endif
