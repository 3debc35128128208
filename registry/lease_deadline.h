/*
 * lease_deadline.h - when a lease that is not heard of becomes suspect, down
 * and forgotten. All deadlines count from the later of its last sign of life
 * and the moment since when the table listens (lease.h). Pure.
 */
#ifndef PERI_REGISTRY_LEASE_DEADLINE_H
#define PERI_REGISTRY_LEASE_DEADLINE_H

#include "registry/lease.h"

/* What the deadlines of all leases of a table depend on. */
struct lease_deadline_rule {
	uint32_t renews_per_ttl;
	int64_t listening_since_ms; /* without a pause */
};

/* lease_deadline_down_ms - when @lease is down. */
int64_t lease_deadline_down_ms(const struct lease_deadline_rule *rule,
			       const struct lease *lease);
/* lease_deadline_next_ms - when @lease leaves the state in which it is. */
int64_t lease_deadline_next_ms(const struct lease_deadline_rule *rule,
			       const struct lease *lease);

#endif
