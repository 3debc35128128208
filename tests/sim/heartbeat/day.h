/*
 * day.h - one simulated day of one player on one or several networks. A
 * middlebox forgets a connection when nothing crosses it for longer than its
 * timeout; from then on nothing arrives until the client connects again.
 */
#ifndef PERI_TESTS_SIM_HEARTBEAT_DAY_H
#define PERI_TESTS_SIM_HEARTBEAT_DAY_H

#include "tests/sim/heartbeat/player.h"

#define DAY_MS		 INT64_C(86400000)
#define DAY_NETWORKS_MAX 4

struct day_network {
	const char *key;
	int64_t timeout_ms; /* of its middlebox */
};

struct day_scene {
	struct day_network networks[DAY_NETWORKS_MAX];
	unsigned network_count;
	int64_t change_every_ms; /* to the next network; 0 = never */
	double loss; /* share of beats that are lost, with their reply */
};

struct day_result {
	unsigned beats;	      /* all that were sent, second pings too */
	unsigned disconnects; /* by silence; network changes do not count */
	double unreachable_s; /* the server's packets could not arrive */
};

/* day_run - the player's day; @seed is for losses. */
struct day_result day_run(struct player *p, const struct day_scene *scene,
			  uint64_t seed);

#endif
