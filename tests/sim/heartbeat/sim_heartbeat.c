/*
 * sim_heartbeat.c - the adaptive heartbeat's table and its bars: runs the real
 * machine and the rules beside it through simulated days, prints beats /
 * disconnects / seconds unreachable, and ends with 1 when a bar is missed.
 * Usage: sim_heartbeat [FIRST_SEED [SEEDS]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/num.h"
#include "tests/sim/heartbeat/day.h"

#define BAR_DISCONNECTS	     4	  /* a day, stable network, no loss */
#define BAR_DISCONNECTS_LOSS 20	  /* the same with 1 % */
#define BAR_UNREACHABLE_S    180  /* a day */
#define BAR_BEATS	     1.10 /* of the best fixed interval */

struct seeds {
	uint64_t first;
	unsigned count;
};

/* Over all seeds. */
struct outcome {
	double beats, disconnects, unreachable_s; /* means */
	double beats_worst, disconnects_worst, unreachable_worst_s;
};

static const int64_t timeouts_s[] = {45, 100, 200, 250, 310, 900};
static const double losses[] = {0, 0.01, 0.05};

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static struct outcome play(enum player_rule rule, uint32_t fixed_s,
			   const struct day_scene *scene,
			   const struct seeds *seeds)
{
	struct outcome o = {0};

	for (unsigned i = 0; i < seeds->count; i++) {
		static struct player p;
		struct day_result r;

		player_init(&p, rule, fixed_s, seeds->first + i);
		r = day_run(&p, scene, seeds->first + i);
		o.beats += r.beats / (double)seeds->count;
		o.disconnects += r.disconnects / (double)seeds->count;
		o.unreachable_s += r.unreachable_s / seeds->count;
		o.beats_worst = larger(o.beats_worst, r.beats);
		o.disconnects_worst =
			larger(o.disconnects_worst, r.disconnects);
		o.unreachable_worst_s =
			larger(o.unreachable_worst_s, r.unreachable_s);
	}
	return o;
}

static struct day_scene stable(int64_t timeout_s, double loss)
{
	return (struct day_scene){
		.networks = {{"net", timeout_s * 1000}},
		.network_count = 1,
		.loss = loss,
	};
}

/*
 * The longest interval of the server's schedule that the middlebox lets live:
 * min + k * step up to max; halves below min. What a fixed client would have
 * to be set to if somebody knew the network.
 */
static uint32_t best_fixed_s(int64_t timeout_s)
{
	uint32_t best_s = player_bounds.min_s;

	while (best_s >= timeout_s && best_s / 2 >= HEARTBEAT_FLOOR_S)
		best_s /= 2;
	if (best_s < player_bounds.min_s)
		return best_s;
	while (best_s + player_bounds.step_s < timeout_s &&
	       best_s + player_bounds.step_s <= player_bounds.max_s)
		best_s += player_bounds.step_s;
	return best_s;
}

static void print_row(const char *name, enum player_rule rule, int fixed_s,
		      double loss, const struct seeds *seeds)
{
	printf("%-22s", name);
	for (unsigned i = 0; i < sizeof(timeouts_s) / sizeof(*timeouts_s);
	     i++) {
		struct day_scene scene = stable(timeouts_s[i], loss);
		uint32_t s = fixed_s < 0 ? best_fixed_s(timeouts_s[i])
					 : (uint32_t)fixed_s;
		struct outcome o = play(rule, s, &scene, seeds);

		printf(" %5.0f/%4.0f/%5.0f", o.beats, o.disconnects,
		       o.unreachable_s);
	}
	printf("\n");
}

static void print_table(double loss, const struct seeds *seeds)
{
	printf("\nloss of beats %.0f %%: beats / disconnects / seconds "
	       "unreachable a day (means)\n%-22s",
	       loss * 100, "middlebox timeout");
	for (unsigned i = 0; i < sizeof(timeouts_s) / sizeof(*timeouts_s); i++)
		printf(" %14lld s", (long long)timeouts_s[i]);
	printf("\n");
	print_row("the literal rule", PLAYER_LITERAL, 0, loss, seeds);
	print_row("fixed 60 s", PLAYER_FIXED, 60, loss, seeds);
	print_row("fixed 240 s (goim)", PLAYER_FIXED, 240, loss, seeds);
	print_row("best fixed (omniscient)", PLAYER_FIXED, -1, loss, seeds);
	print_row("THE MACHINE", PLAYER_MACHINE, 0, loss, seeds);
}

static int verdict(const char *what, double value, double bar)
{
	int missed = value > bar;

	printf("  %-32s %8.2f  bar %7.2f  %s\n", what, value, bar,
	       missed ? "MISSED" : "ok");
	return missed;
}

/* Without loss and with 1 % every single seed has to hold every bar. */
static int judge_worst(const struct outcome *o, double best_beats,
		       double disconnects_bar)
{
	int missed = 0;

	missed += verdict("disconnects a day, worst", o->disconnects_worst,
			  disconnects_bar);
	missed += verdict("seconds unreachable, worst", o->unreachable_worst_s,
			  BAR_UNREACHABLE_S);
	missed += verdict("beats / best fixed, worst",
			  o->beats_worst / best_beats, BAR_BEATS);
	return missed;
}

/* With 5 % chance rules (one beat in 400 and its second ping are both lost):
 * the mean has to hold the bars; heartbeat.md sets none for disconnects. */
static int judge_mean(const struct outcome *o, double best_beats)
{
	int missed = 0;

	printf("  %-32s %8.2f  (worst %.0f; no bar for this loss)\n",
	       "disconnects a day, mean", o->disconnects, o->disconnects_worst);
	missed += verdict("seconds unreachable, mean", o->unreachable_s,
			  BAR_UNREACHABLE_S);
	missed += verdict("beats / best fixed, mean", o->beats / best_beats,
			  BAR_BEATS);
	printf("  (worst: %.0f s unreachable, beats %.2f of the best)\n",
	       o->unreachable_worst_s, o->beats_worst / best_beats);
	return missed;
}

static int judge_stable(int64_t timeout_s, double loss,
			const struct seeds *seeds)
{
	struct day_scene scene = stable(timeout_s, loss);
	struct outcome fixed =
		play(PLAYER_FIXED, best_fixed_s(timeout_s), &scene, seeds);
	struct outcome o = play(PLAYER_MACHINE, 0, &scene, seeds);

	printf("middlebox %lld s, loss %.0f %% (best fixed %u s: %.0f beats)\n",
	       (long long)timeout_s, loss * 100, best_fixed_s(timeout_s),
	       fixed.beats);
	if (loss > 0.01)
		return judge_mean(&o, fixed.beats);
	return judge_worst(&o, fixed.beats,
			   loss > 0 ? BAR_DISCONNECTS_LOSS : BAR_DISCONNECTS);
}

/* Each network for an equal share of the day. */
static double best_fixed_beats(const struct day_scene *scene)
{
	double beats = 0;

	for (unsigned i = 0; i < scene->network_count; i++)
		beats += 86400.0 /
			 best_fixed_s(scene->networks[i].timeout_ms / 1000) /
			 scene->network_count;
	return beats;
}

static int judge_changes(const struct day_scene *scene,
			 const struct seeds *seeds)
{
	struct outcome o = play(PLAYER_MACHINE, 0, scene, seeds);
	struct outcome literal = play(PLAYER_LITERAL, 0, scene, seeds);
	double best = best_fixed_beats(scene);

	printf("%u networks (", scene->network_count);
	for (unsigned i = 0; i < scene->network_count; i++)
		printf("%s%lld s", i > 0 ? ", " : "",
		       (long long)scene->networks[i].timeout_ms / 1000);
	printf("), a change every %.0f min, loss %.0f %%: machine "
	       "%.0f/%.1f/%.0f, literal %.0f/%.0f/%.0f\n",
	       (double)scene->change_every_ms / 60000, scene->loss * 100,
	       o.beats, o.disconnects, o.unreachable_s, literal.beats,
	       literal.disconnects, literal.unreachable_s);
	/* Each of them is a stable network of its own. */
	return judge_worst(&o, best,
			   scene->network_count *
				   (scene->loss > 0 ? BAR_DISCONNECTS_LOSS
						    : BAR_DISCONNECTS));
}

static int judge_all(const struct seeds *seeds)
{
	static const struct day_scene changes[] = {
		{.networks = {{"wifi", 310000}, {"mobile", 100000}},
		 .network_count = 2,
		 .change_every_ms = 2 * 3600000},
		{.networks = {{"wifi", 310000}, {"mobile", 100000}},
		 .network_count = 2,
		 .change_every_ms = 2 * 3600000,
		 .loss = 0.01},
		{.networks = {{"a", 45000}, {"b", 200000}, {"c", 900000}},
		 .network_count = 3,
		 .change_every_ms = 3600000},
	};
	int missed = 0;

	printf("\nverdicts\n");
	for (unsigned l = 0; l < sizeof(losses) / sizeof(*losses); l++) {
		for (unsigned i = 0;
		     i < sizeof(timeouts_s) / sizeof(*timeouts_s); i++)
			missed += judge_stable(timeouts_s[i], losses[l], seeds);
	}
	for (unsigned i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		missed += judge_changes(&changes[i], seeds);
	return missed;
}

int main(int argc, char **argv)
{
	struct seeds seeds = {.first = 1, .count = 500};
	uint64_t count = seeds.count;
	int missed;

	if ((argc > 1 &&
	     num_u64(sv_str(argv[1]), UINT32_MAX, &seeds.first) != 0) ||
	    (argc > 2 && num_u64(sv_str(argv[2]), 100000, &count) != 0) ||
	    argc > 3 || count == 0) {
		fprintf(stderr, "usage: %s [FIRST_SEED [SEEDS]]\n", argv[0]);
		return 2;
	}
	seeds.count = (unsigned)count;
	printf("seeds %llu..%llu; bounds 60..300 s by 30 s, start 60 s\n",
	       (unsigned long long)seeds.first,
	       (unsigned long long)(seeds.first + seeds.count - 1));
	for (unsigned l = 0; l < sizeof(losses) / sizeof(*losses); l++)
		print_table(losses[l], &seeds);
	missed = judge_all(&seeds);
	printf("\n%d bars missed\n", missed);
	return missed > 0;
}
