/*
 * drain.c - pacing by a straight line from all open to none.
 */
#include "comet-agent/drain.h"

void drain_start(struct drain *drain, size_t open, int64_t duration_ms,
		 int64_t now_ms)
{
	if (drain->on)
		return;
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
