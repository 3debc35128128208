/*
 * drain.c - pacing by a straight line from all open to none.
 */
#include "comet-agent/drain.h"

#define MINUTE_MS    60000
#define END_SLACK_MS 3000 /* whole seconds, and a slow answer */

void drain_start(struct drain *drain, size_t open, int64_t duration_ms,
		 int64_t now_ms)
{
	*drain = (struct drain){.on = true,
				.start_ms = now_ms,
				.duration_ms = duration_ms,
				.total = open};
}

void drain_stop(struct drain *drain)
{
	drain->on = false;
}

size_t drain_due(const struct drain *drain, size_t open, int64_t now_ms)
{
	int64_t elapsed_ms = now_ms - drain->start_ms;
	size_t may_stay;

	if (!drain->on)
		return 0;
	if (elapsed_ms >= drain->duration_ms)
		return open;
	if (elapsed_ms < 0)
		elapsed_ms = 0;
	/* Rounded up: the first goes after the first share of the time. */
	may_stay = drain->total -
		   (size_t)((double)drain->total * (double)elapsed_ms /
			    (double)drain->duration_ms);
	return open > may_stay ? open - may_stay : 0;
}

bool drain_wish_differs(const struct drain_wish *a, const struct drain_wish *b,
			int64_t now_ms)
{
	int64_t moved_ms = a->end_ms - b->end_ms;

	if (a->pct_per_min != b->pct_per_min ||
	    (a->end_ms == 0) != (b->end_ms == 0))
		return true;
	if (a->end_ms <= now_ms + END_SLACK_MS &&
	    b->end_ms <= now_ms + END_SLACK_MS)
		return false;
	return moved_ms > END_SLACK_MS || moved_ms < -END_SLACK_MS;
}

/* At the pace that is asked for, or the usual one. */
static double paced_ms(const struct drain_wish *wish, int64_t usual_ms,
		       size_t total, size_t open)
{
	double whole_ms = wish->pct_per_min > 0
				  ? 100.0 * MINUTE_MS / wish->pct_per_min
				  : (double)usual_ms;

	return open < total ? whole_ms * (double)open / (double)total
			    : whole_ms;
}

int64_t drain_wish_time_ms(const struct drain_wish *wish, int64_t usual_ms,
			   size_t total, size_t open, int64_t now_ms)
{
	int64_t left_ms = wish->end_ms > now_ms ? wish->end_ms - now_ms : 0;
	int64_t time_ms;

	if (wish->end_ms > 0 && wish->pct_per_min == 0)
		return left_ms;
	time_ms = (int64_t)paced_ms(wish, usual_ms, total, open);
	return wish->end_ms > 0 && time_ms > left_ms ? left_ms : time_ms;
}
