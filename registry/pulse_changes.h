/*
 * pulse_changes.h - which nodes to tell viewers of: those with a change in the
 * stream's ring since last time, those that get other shares of the clients,
 * and those that renewed, these in turn when they are many. Pure.
 */
#ifndef PERI_REGISTRY_PULSE_CHANGES_H
#define PERI_REGISTRY_PULSE_CHANGES_H

#include "registry/feed_ring.h"
#include "registry/picture.h"

/* How many at a time; the others follow the next time. */
#define PULSE_CHANGES_RING  512	 /* changes of the ring */
#define PULSE_CHANGES_SHARE 512	 /* other shares */
#define PULSE_CHANGES_SWEEP 2048 /* renewals */
#define PULSE_CHANGES_MAX                                                      \
	(PULSE_CHANGES_RING + PULSE_CHANGES_SHARE + PULSE_CHANGES_SWEEP)

/* Where it stands. */
struct pulse_changes {
	uint64_t rev; /* of the ring, told up to here */
	/* The sweep: leases up to this id have been looked at for renewals
	 * since since_ms. */
	char cursor[NODE_ID_BYTES];
	int64_t since_ms, began_ms;
	bool again_all; /* the next sweep takes every lease */
	/* What came of the last look. */
	const struct lease *changed[PULSE_CHANGES_MAX]; /* borrowed */
	size_t changed_count;
	char gone[PULSE_CHANGES_RING][NODE_ID_BYTES];
	size_t gone_count;
	bool intents; /* there are others */
};

/* pulse_changes_begin - all is told up to @rev and @now_ms. */
void pulse_changes_begin(struct pulse_changes *changes, uint64_t rev,
			 int64_t now_ms);

/*
 * pulse_changes_look - collect what is to be told now; each lease once. Valid
 * until a lease changes.
 *
 * @before  the reports' sum of last time
 *
 * Returns 0, or ERR_EXPIRED when the ring has lost changes: begin anew.
 */
MUST_CHECK int pulse_changes_look(struct pulse_changes *changes,
				  const struct feed_ring *ring,
				  const struct picture_source *source,
				  const struct report_sum *before,
				  int64_t now_ms);

#endif
