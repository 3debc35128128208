/*
 * suspects.h - clients report nodes that did not work: when enough of them do,
 * from networks of their own, the node is suspect in this balancer for a while
 * and is given after all others. Fixed memory, no I/O, takes now_ms; builder's
 * thread. What it decides is in the fleet: struct fleet_node's
 * doubted_until_ms, which reckon.h turns into a tier.
 */
#ifndef PERI_BALANCER_SUSPECTS_H
#define PERI_BALANCER_SUSPECTS_H

#include <stdint.h>

#include "balancer/fleet.h"

#define SUSPECTS_NETWORKS  5	 /* that have to report it, */
#define SUSPECTS_WINDOW_MS 2000	 /* within this time, */
#define SUSPECTS_DOUBT_MS  10000 /* for so long to be doubted */

/* "The node at this address did not work", said by one client. */
struct suspects_report {
	struct addr node;
	struct addr reporter;  /* only its /24 or /48 counts */
	uint64_t service_hash; /* hash_text() of the service it asked for */
};

/* What became of all reports so far. */
struct suspects_counts {
	uint64_t reports;
	uint64_t unknown; /* no node of the service has the address */
	uint64_t doubts;  /* nodes that became doubted */
};

struct suspects;

/* suspects_new, suspects_free - without any reports yet. */
struct suspects *suspects_new(void);
void suspects_free(struct suspects **suspects);

/*
 * suspects_report - take one report into account.
 *
 * @fleet  always the same; doubted_until_ms of its nodes may change
 *
 * A node is doubted for SUSPECTS_DOUBT_MS after each report with which
 * SUSPECTS_NETWORKS different networks, this one included, have reported it in
 * the last SUSPECTS_WINDOW_MS: as long as clients go on saying so, it stays.
 * Ports are not known: all nodes of the service with that address are meant.
 *
 * Returns whether a node just became doubted: then build a snapshot at once.
 */
bool suspects_report(struct suspects *suspects, struct fleet *fleet,
		     const struct suspects_report *report, int64_t now_ms);

/* suspects_allowed - how many of @up_count healthy nodes of a site may be
 * suspect by what clients say: a fifth, one where a fifth is less than that,
 * but never all. */
uint32_t suspects_allowed(uint32_t up_count);

/* suspects_counts - so far. */
const struct suspects_counts *suspects_counts(const struct suspects *suspects);

#endif
