/*
 * bars_demand.c - L3, L4: demand that is not where the capacity is.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/def.h"
#include "tests/sim/ranking/bars_parts.h"

/* Judged at the scenario's T; other metros and T beside it, for comparison. */
static struct bars_worst play(struct bars *b, const struct sim_scenario *s)
{
	struct bars_worst w = bars_play(b, s, NULL, NULL);

	printf("   %s%sT %2.0f s: utilisation %.3f, extra %.1f km, %.1f %% "
	       "beyond 500\n",
	       s->hot[0].site, s->hot_count ? ", " : "", s->renew_s,
	       w.utilisation, w.extra_km, w.far_part * 100);
	return w;
}

static void compare(struct bars *b, struct sim_scenario s)
{
	static const double renews_s[] = {1, 30};

	for (unsigned t = 0; t < ARRAY_LEN(renews_s); t++) {
		s.renew_s = renews_s[t];
		(void)play(b, &s);
	}
}

void bars_demand_l3(struct bars *b)
{
	static const char *const others[] = {"iad", "tyo"};
	struct sim_scenario s = bars_load(b, "L3");
	struct bars_worst worst = play(b, &s);

	compare(b, s);
	for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
		memcpy(s.hot[0].site, others[i], 4);
		(void)play(b, &s);
	}
	bars_judge(b, "refused", worst.refused, 0);
	bars_judge(b, "failed", worst.failed, 0);
	bars_judge(b, "highest utilisation", worst.utilisation, 0.95);
	bars_judge(b, "mean extra, km", worst.extra_km, 75);
	bars_judge(b, "beyond 500 km extra, %", worst.far_part * 100, 8);
}

void bars_demand_l4(struct bars *b)
{
	struct sim_scenario s = bars_load(b, "L4");
	struct bars_worst worst = play(b, &s);

	compare(b, s);
	bars_judge(b, "refused", worst.refused, 0);
	bars_judge(b, "highest utilisation", worst.utilisation, 0.96);
	bars_judge(b, "mean extra, km", worst.extra_km, 40);
}
