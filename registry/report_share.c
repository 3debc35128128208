/*
 * report_share.c - see the header. Invariant: sum is that of the table as it
 * was after its change number seen. Loop thread.
 */
#include "registry/report_share.h"

#include "lib/base/mem.h"

struct report_share {
	const struct balancer_table *table; /* borrowed */
	struct report_sum *sum;		    /* held; NULL at the start */
	uint64_t seen;
	int64_t made_ms;
};

struct report_share *report_share_new(const struct balancer_table *table)
{
	struct report_share *share = mem_alloc(sizeof(*share));

	share->table = table;
	return share;
}

void report_share_free(struct report_share **share)
{
	if (!*share)
		return;
	report_sum_free(&(*share)->sum);
	mem_free(*share);
	*share = NULL;
}

/* Whether the sum is of as many balancers as there are. */
static bool has_all(const struct report_share *share)
{
	unsigned count = share->sum->balancers;

	return !balancer_table_at(share->table, count) &&
	       (count == 0 || balancer_table_at(share->table, count - 1));
}

static bool is_good(const struct report_share *share, int64_t now_ms)
{
	if (!share->sum || !has_all(share))
		return false;
	return share->seen == balancer_table_changes(share->table) ||
	       now_ms - share->made_ms < REPORT_SHARE_AGE_MS;
}

struct report_sum *report_share_take(struct report_share *share, int64_t now_ms)
{
	if (!is_good(share, now_ms)) {
		report_sum_free(&share->sum);
		share->sum = report_sum_new(share->table);
		share->seen = balancer_table_changes(share->table);
		share->made_ms = now_ms;
	}
	return report_sum_hold(share->sum);
}
