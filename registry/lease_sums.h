/*
 * lease_sums.h - live sums over the leases of one region or service, kept up
 * to date with every change so that asking costs nothing. Pure; one thread.
 */
#ifndef PERI_REGISTRY_LEASE_SUMS_H
#define PERI_REGISTRY_LEASE_SUMS_H

#include <stddef.h>

#include "lib/proto/node.h"

struct lease_sums;
struct lease_group; /* one region or service that has leases */

/* What one lease adds to its groups. */
struct lease_share {
	enum node_state state;
	uint32_t conns, capacity, weight;
};

/* One group's sums. Connections, capacity and weight count nodes that are
 * not down. */
struct lease_sum {
	const char *name;  /* borrowed from the sums */
	uint32_t nodes[3]; /* by enum node_state */
	uint64_t conns, capacity, weight;
};

/* lease_sums_new - no groups; owned by the caller. */
struct lease_sums *lease_sums_new(void);
/* lease_sums_free - with all groups. */
void lease_sums_free(struct lease_sums **sums);

/* lease_sums_join - count one more lease in the group @name (which begins with
 * its first). Borrowed until the group's last lease leaves. */
struct lease_group *lease_sums_join(struct lease_sums *sums, const char *name,
				    const struct lease_share *share);
/* lease_sums_leave - the reverse, with the share of last time. */
void lease_sums_leave(struct lease_sums *sums, struct lease_group *group,
		      const struct lease_share *share);
/* lease_sums_update - a lease's share was @before and is @after. */
void lease_sums_update(struct lease_group *group,
		       const struct lease_share *before,
		       const struct lease_share *after);

/* lease_sums_find - one group's sums, or NULL when it has no lease. */
const struct lease_sum *lease_sums_find(const struct lease_sums *sums,
					const char *name);
/* lease_sums_count - how many groups there are. */
size_t lease_sums_count(const struct lease_sums *sums);

typedef void lease_sums_visit_cb(const struct lease_sum *sum, void *arg);
/* lease_sums_each - all groups, oldest first. */
void lease_sums_each(const struct lease_sums *sums, lease_sums_visit_cb *visit,
		     void *arg);

#endif
