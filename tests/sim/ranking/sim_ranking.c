/*
 * sim_ranking.c - runs one simulation of the ranking and prints its figures,
 * or the acceptance set (docs/SIMULATOR.md).
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/proto/jsonw.h"
#include "tests/sim/ranking/bars.h"
#include "tests/sim/ranking/sim_run.h"

struct options {
	const char *world, *scenario;
	enum rival_kind policy;
	uint64_t seed, replicas;
	double renew_s, rate_per_s; /* below 0: as the scenario says */
	bool json, accept, help;
	struct bars_options bars;
};

static const char usage[] =
	"usage: sim --world FILE --scenario FILE [options]   one run\n"
	"       sim --accept [options]                       L1 to L14\n"
	"\n"
	"The ranking's real builder and draw in virtual time; equal input "
	"gives\n"
	"equal figures. docs/SIMULATOR.md says what they are and has the "
	"files'\n"
	"format; tests/sim/ranking/ has worlds and scenarios.\n"
	"\n"
	"one run\n"
	"  --world FILE      sites, nodes, cells\n"
	"  --scenario FILE   what happens to them\n"
	"  --policy NAME     perihelion (default), least, goim, two-choices,\n"
	"                    weighted\n"
	"  --renew SECONDS, --rate PER_SECOND, --replicas N\n"
	"                    instead of what the scenario says\n"
	"  --json            one object instead of a table\n"
	"the acceptance set, from the top of the tree; exit 1: a bar is "
	"missed\n"
	"  --only ID         one of its lines: L4, or rivals: the opponents\n"
	"  --quick           one seed, without L12 and the opponents\n"
	"  --seeds N         how many seeds (4)\n"
	"both\n"
	"  --seed N          the first one (1)\n"
	"  --help            this text\n"
	"\n"
	"  sim --world tests/sim/ranking/worlds/metros.json \\\n"
	"      --scenario tests/sim/ranking/scenarios/L3.json --policy goim\n";

static bool take(struct options *o, int letter, const char *value)
{
	switch (letter) {
	case 'w':
		o->world = value;
		return true;
	case 's':
		o->scenario = value;
		return true;
	case 'o':
		o->bars.only = value;
		return true;
	case 'p':
		o->policy = rival_kind_of(value);
		return o->policy < RIVAL_KINDS;
	case 'n':
		return num_u64(sv_str(value), UINT64_MAX, &o->seed) == 0;
	case 'm':
		return num_u64(sv_str(value), 100, &o->bars.seed_count) == 0 &&
		       o->bars.seed_count > 0;
	case 'c':
		return num_u64(sv_str(value), SIM_REPLICAS_MAX, &o->replicas) ==
			       0 &&
		       o->replicas > 0;
	case 't':
		return num_double(sv_str(value), 0.5, 600, &o->renew_s) == 0;
	case 'r':
		return num_double(sv_str(value), 0, 1e7, &o->rate_per_s) == 0;
	case 'j':
		return o->json = true;
	case 'a':
		return o->accept = true;
	case 'q':
		return o->bars.quick = true;
	case 'h':
		return o->help = true;
	default:
		return false;
	}
}

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{"world", required_argument, NULL, 'w'},
		{"scenario", required_argument, NULL, 's'},
		{"policy", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 'n'},
		{"seeds", required_argument, NULL, 'm'},
		{"renew", required_argument, NULL, 't'},
		{"rate", required_argument, NULL, 'r'},
		{"replicas", required_argument, NULL, 'c'},
		{"only", required_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'j'},
		{"accept", no_argument, NULL, 'a'},
		{"quick", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int letter, index;

	while ((letter = getopt_long(argc, argv, "", names, &index)) != -1)
		if (letter == '?') /* getopt_long() has said it */
			return false;
		else if (!take(o, letter, optarg)) {
			fprintf(stderr, "sim: --%s: not \"%s\"\n",
				names[index].name, optarg);
			return false;
		}
	if (optind < argc) {
		fprintf(stderr, "sim: not an option: \"%s\"\n", argv[optind]);
		return false;
	}
	if (!o->accept && (o->bars.only || o->bars.quick)) {
		fputs("sim: --only and --quick go with --accept\n", stderr);
		return false;
	}
	if (o->help || o->accept || (o->world && o->scenario))
		return true;
	fputs("sim: --world and --scenario, or --accept, are missing\n",
	      stderr);
	return false;
}

static void override(const struct options *o, struct sim_scenario *scenario)
{
	if (o->renew_s > 0)
		scenario->renew_s = o->renew_s;
	if (o->rate_per_s >= 0)
		scenario->rate_per_s = o->rate_per_s;
	if (o->replicas > 0)
		sim_scenario_replicas(scenario, (unsigned)o->replicas);
}

static void print_json(const struct options *o, const struct figures *f)
{
	char text[2048];
	struct buf b;
	struct jsonw w;

	buf_init_fixed(&b, text, sizeof(text));
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "world", o->world);
	jsonw_str(&w, "scenario", o->scenario);
	jsonw_str(&w, "policy", rival_kind_str(o->policy));
	jsonw_u64(&w, "seed", o->seed);
	jsonw_real(&w, "of_peak", f->of_peak);
	jsonw_real(&w, "of_end", f->of_end);
	jsonw_real(&w, "utilisation_max", f->utilisation_max);
	jsonw_real(&w, "af_p99", f->af_p99);
	jsonw_real(&w, "af_max", f->af_max);
	jsonw_real(&w, "extra_km", f->extra_km);
	jsonw_real(&w, "far_part", f->far_part);
	jsonw_u64(&w, "lists", f->lists);
	jsonw_u64(&w, "lists_drawn", f->lists_drawn);
	jsonw_u64(&w, "accepted", f->accepted);
	jsonw_u64(&w, "refused", f->refused);
	jsonw_u64(&w, "failed", f->failed);
	jsonw_u64(&w, "orphan_lists", f->orphan_lists);
	jsonw_u64(&w, "orphan_failed", f->orphan_failed);
	jsonw_object_end(&w);
	puts(buf_cstr(&b));
}

static void print_table(const struct options *o, const struct figures *f)
{
	printf("policy %s, seed %llu\n", rival_kind_str(o->policy),
	       (unsigned long long)o->seed);
	printf("%-34s %10.4f (at the end %.4f)\n", "OF, overload factor",
	       f->of_peak, f->of_end);
	printf("%-34s %10.4f\n", "highest utilisation", f->utilisation_max);
	printf("%-34s %10.3f (max %.3f)\n", "AF p99, arrival factor", f->af_p99,
	       f->af_max);
	printf("%-34s %10.2f (%.2f %% beyond 500)\n", "extra km, mean",
	       f->extra_km, f->far_part * 100);
	printf("%-34s %10llu (%llu drawn one by one, else by exact counts)\n",
	       "lists", (unsigned long long)f->lists,
	       (unsigned long long)f->lists_drawn);
	printf("%-34s %10llu (%.2f per 10k lists)\n", "refused by full nodes",
	       (unsigned long long)f->refused, f->refused_per_10k);
	printf("%-34s %10llu (%.2f per 10k lists)\n", "failed lists",
	       (unsigned long long)f->failed, f->failed_per_10k);
	printf("%-34s %10llu (%.2f of 10k failed)\n",
	       "of clients who lost their node",
	       (unsigned long long)f->orphan_lists, f->orphan_failed_per_10k);
}

static int run_one(const struct options *o)
{
	struct sim_world *world;
	struct sim_scenario scenario;
	struct figures figures;
	int rc = sim_world_load(o->world, &world);

	if (rc != 0)
		return 2;
	rc = sim_scenario_load(o->scenario, world, &scenario);
	if (rc == 0) {
		struct sim_run run = {.world = world,
				      .scenario = &scenario,
				      .policy = o->policy,
				      .seed = o->seed};

		override(o, &scenario);
		sim_run_play(&run, &figures);
		if (o->json)
			print_json(o, &figures);
		else
			print_table(o, &figures);
		figures_fini(&figures);
	}
	sim_world_free(&world);
	return rc ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {.seed = 1,
			    .renew_s = -1,
			    .rate_per_s = -1,
			    .bars = {.seed_count = 4}};

	if (!read_options(&o, argc, argv)) {
		fputs("sim --help says how it is used\n", stderr);
		return 2;
	}
	if (o.help)
		return fputs(usage, stdout) < 0;
	o.bars.first_seed = o.seed;
	return o.accept ? bars_run(&o.bars) : run_one(&o);
}
