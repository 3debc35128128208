/*
 * lease_deadline.c - see the header.
 */
#include "registry/lease_deadline.h"

static int64_t later_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* From when the lease's deadlines count. */
static int64_t base_ms(const struct lease_deadline_rule *rule,
		       const struct lease *lease)
{
	return later_of(lease->heard_at_ms, rule->listening_since_ms);
}

static int64_t suspect_ms(const struct lease_deadline_rule *rule,
			  const struct lease *lease)
{
	return base_ms(rule, lease) +
	       (int64_t)lease->record.ttl_ms * 3 /
		       (2 * (int64_t)rule->renews_per_ttl);
}

int64_t lease_deadline_down_ms(const struct lease_deadline_rule *rule,
			       const struct lease *lease)
{
	return base_ms(rule, lease) + lease->record.ttl_ms;
}

/* Also the forgetting waits for a full TTL of listening. */
static int64_t forget_ms(const struct lease_deadline_rule *rule,
			 const struct lease *lease)
{
	return later_of(lease->down_at_ms + LEASE_FORGET_MS,
			rule->listening_since_ms + lease->record.ttl_ms);
}

int64_t lease_deadline_next_ms(const struct lease_deadline_rule *rule,
			       const struct lease *lease)
{
	if (lease->state == NODE_UP)
		return suspect_ms(rule, lease);
	return lease->state == NODE_SUSPECT
		       ? lease_deadline_down_ms(rule, lease)
		       : forget_ms(rule, lease);
}
