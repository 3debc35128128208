/*
 * bars_draw.c - L12, L13: what a list costs, and that it can be had again.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balancer/explain.h"
#include "lib/base/buf.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/proto/json.h"
#include "tests/sim/ranking/bars_parts.h"
#include "tests/sim/ranking/ledger.h"
#include "tests/sim/ranking/replica.h"

/* -- L12 ----------------------------------------------------------------- */

#define LINE_BYTES 512

/* @format with the folder of this build, into @command of LINE_BYTES. */
static void command_of(const char *format, char *command)
{
	char program[128];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	struct buf b;

	program[len > 0 ? len : 0] = '\0';
	for (unsigned i = 0; i < 2 && strrchr(program, '/'); i++)
		*strrchr(program, '/') = '\0';
	buf_init_fixed(&b, command, LINE_BYTES - 1);
	buf_printf(&b, format, program);
	command[b.len] = '\0';
}

static const struct cost {
	const char *name; /* of the benchmark's line */
	const char *what;
	double bar, scale;
} costs[] = {
	{"balancer.list_of_5.n100000_s1000 ", "list of 5, 1,000 sites, us", 1.5,
	 1e-3},
	{"balancer.list_of_5.n100000_s1 ", "list of 5, one site, us", 4, 1e-3},
	{"balancer.snapshot_loads.n100000_s1000 ", "snapshot, ms", 10, 1},
};

static void read_line(const char *line, double *figures)
{
	for (unsigned i = 0; i < ARRAY_LEN(costs); i++) {
		size_t len = strlen(costs[i].name);

		if (strncmp(line, costs[i].name, len) == 0)
			figures[i] = fmin(figures[i], strtod(line + len, NULL) *
							      costs[i].scale);
	}
}

/* The benchmark's own lines: the same code as `make bench`. */
static void read_benchmark(double *figures)
{
	char line[LINE_BYTES];
	FILE *pipe;

	command_of("%s/bench/bench_balancer__snapshot", line);
	pipe = popen(line, "re"); /* NOLINT(cert-env33-c) */
	while (pipe && fgets(line, sizeof(line), pipe))
		read_line(line, figures);
	if (pipe)
		(void)pclose(pipe);
}

static bool all_hold(const double *figures)
{
	for (unsigned i = 0; i < ARRAY_LEN(costs); i++)
		if (!(figures[i] <= costs[i].bar))
			return false;
	return true;
}

/* Calls in the query's objects that allocate, free or lock; 1 when they cannot
 * be read. */
static double count_calls(void)
{
	char line[LINE_BYTES];
	unsigned lines = 0;
	FILE *pipe;

	command_of(
		"cd %s/obj/balancer && calls=$(nm -u answer.o client_addr.o "
		"draw.o draw_likely.o draw_scan.o draw_share.o draw_tree.o "
		"etag.o query.o resolve.o suspect_ring.o) && echo \"$calls\" | "
		"grep -cE 'mem_|alloc|free|pthread|lock|log_(info|warn)'",
		line);
	pipe = popen(line, "re"); /* NOLINT(cert-env33-c) */
	if (!pipe || !fgets(line, sizeof(line), pipe))
		return 1;
	lines = (unsigned)strtoul(line, NULL, 10);
	(void)pclose(pipe);
	return lines;
}

void bars_draw_l12(struct bars *b)
{
	double figures[ARRAY_LEN(costs)];

	for (unsigned i = 0; i < ARRAY_LEN(costs); i++)
		figures[i] = INFINITY; /* a figure that is not printed */
	/* What else the machine does is not the list's cost. */
	for (unsigned run = 0; run < 2 && !all_hold(figures); run++)
		read_benchmark(figures);
	for (unsigned i = 0; i < ARRAY_LEN(costs); i++)
		bars_judge(b, costs[i].what, figures[i], costs[i].bar);
	bars_judge(b, "calls of allocator or locks in a query", count_calls(),
		   0);
}

/* -- L13: a logged answer again ------------------------------------------ */

#define ANSWERS	  1000000
#define EXPLAINED 2000 /* of them, as JSON too */

/* One answer of the log. */
struct logged {
	uint64_t key, list_hash; /* of the nodes' numbers in order */
	uint32_t snapshot;	 /* among the kept ones */
	uint16_t cell;
	uint8_t want, family, count;
};

struct journal {
	struct logged *answers;
	unsigned count, per_step;
	double wrong, explained_wrong;
	double moved_wrong, moved;
	double built_others, built; /* after a whole build */
};

static struct draw_list draw_again(const struct snapshot *snap,
				   const struct logged *l)
{
	struct draw_query query = {
		.service = &snap->services[0],
		.key = l->key,
		.cell = l->cell,
		.want = l->want,
		.family = (enum snapshot_family)l->family,
	};
	struct draw_list list;

	draw_nodes(&query, &list);
	return list;
}

static uint64_t hash_list(const struct draw_list *list)
{
	uint64_t hash = list->count;

	for (unsigned i = 0; i < list->count; i++)
		hash = hash_mix(hash ^ (list->entries[i].node + 1));
	return hash;
}

static void log_answers(struct sim_run *run, struct journal *journal)
{
	struct replica *r = &run->replicas[0];

	for (unsigned i = 0; i < journal->per_step && journal->count < ANSWERS;
	     i++) {
		struct logged *l = &journal->answers[journal->count++];
		uint64_t u = rng_u64(&run->rng);
		struct draw_list list;

		*l = (struct logged){
			.key = rng_u64(&run->rng),
			.snapshot = r->kept_count,
			.cell = (uint16_t)(u % run->world->cell_count),
			.want = (uint8_t)(u >> 32 & 3 ? 5 : 1 + (u >> 40) % 16),
			.family = u >> 48 & 1 ? SNAPSHOT_V46 : SNAPSHOT_V4,
		};
		list = draw_again(r->snapshot, l);
		l->count = (uint8_t)list.count;
		l->list_hash = hash_list(&list);
	}
}

/* The ids that explain puts first, with a position each, are the answer. */
static bool is_explained(const struct snapshot *snap, const struct logged *l,
			 const struct buf *text)
{
	struct draw_list list = draw_again(snap, l);
	struct json_problem problem;
	const struct json *nodes;
	struct json *root;
	bool same;

	if (json_parse(buf_view(text), &root, &problem) != 0)
		return false;
	nodes = json_member(root, "nodes");
	same = json_array_len(nodes) >= list.count;
	for (unsigned i = 0; same && i < list.count; i++) {
		const struct json *node = json_array_at(nodes, i);
		int64_t position = -1;
		struct sv id = {0};

		same = json_get_text(json_member(node, "id"), &id) == 0 &&
		       json_get_i64(json_member(node, "position"), &position) ==
			       0 &&
		       sv_eq(id, sv_str(snap->services[0]
						.nodes[list.entries[i].node]
						.card->record.id));
	}
	json_free(&root);
	return same;
}

static bool explain(const struct sim_run *run, const struct snapshot *snap,
		    const struct logged *l)
{
	struct snapshot_policy policy = snapshot_default_policy();
	struct explain_client client = {.by_cell = false};
	struct draw_query query = {
		.service = &snap->services[0],
		.key = l->key,
		.cell = l->cell,
		.want = l->want,
		.family = (enum snapshot_family)l->family,
	};
	struct buf text;
	bool same;

	buf_init(&text, 1 << 20);
	explain_put(&text, snap, &query, &client, &policy, run->now_ms);
	same = is_explained(snap, l, &text);
	buf_fini(&text);
	return same;
}

static void read_log(struct sim_run *run, struct journal *journal)
{
	struct replica *r = &run->replicas[0];

	for (unsigned i = 0; i < journal->count; i++) {
		const struct logged *l = &journal->answers[i];
		const struct snapshot *snap = l->snapshot < r->kept_count
						      ? r->kept[l->snapshot]
						      : r->snapshot;
		struct draw_list list = draw_again(snap, l);

		if (list.count != l->count || hash_list(&list) != l->list_hash)
			journal->wrong++;
		if (i % (ANSWERS / EXPLAINED) == 0 && !explain(run, snap, l))
			journal->explained_wrong++;
	}
}

/* -- L13: one weight changes --------------------------------------------- */

/* Changes one open node's weight in place, in a site small enough to be drawn
 * without a tree, as the draw reads it. */
static void change_weight(struct snapshot_service *service, uint32_t node,
			  double factor)
{
	service->nodes[node].weight *= factor;
	for (uint32_t i = 0; i < service->node_count; i++)
		if (service->draws[i].node == node)
			service->draws[i].inv_weight /= factor;
}

static uint32_t first_of(const struct snapshot *snap, const struct logged *l)
{
	return draw_again(snap, l).entries[0].node;
}

/* How many answers begin otherwise than @before says; *@others_r: of them,
 * those that @node has nothing to do with. */
static double count_moved(const struct snapshot *snap,
			  const struct journal *journal, const uint32_t *before,
			  uint32_t node, double *others_r)
{
	double moved = 0;

	*others_r = 0;
	for (unsigned i = 0; i < ANSWERS; i++) {
		uint32_t now = first_of(snap, &journal->answers[i]);

		if (now == before[i])
			continue;
		moved++;
		*others_r += now != node && before[i] != node;
	}
	return moved;
}

/* An open node that shares its site with others. */
static uint32_t usual_node(const struct snapshot_service *service)
{
	for (uint32_t s = 0; s < service->site_count; s++) {
		const struct snapshot_site *site = &service->sites[s];

		for (uint32_t i = 0; i < site->node_count; i++)
			if (site->ready[TIER_OPEN][SNAPSHOT_V46] > 5 &&
			    service->nodes[site->first_node + i].tier ==
				    TIER_OPEN)
				return site->first_node + i;
	}
	return 0;
}

/* The same moment again, after the operator has halved a weight. */
static void rebuild(struct sim_run *run, uint32_t node)
{
	struct replica *r = &run->replicas[0];
	struct replica_news news = run->ledger->entries[r->node_of[node]].news;

	news.weight /= 2;
	replica_put(r, run->world, &news, run->now_ms);
	replica_build(r, run->world, run->scenario, run->now_ms);
}

static void compare_weights(struct sim_run *run, struct journal *journal)
{
	struct snapshot *snap = run->replicas[0].snapshot;
	struct snapshot_service *service = &snap->services[0];
	uint32_t node = usual_node(service);
	uint32_t *before = mem_array(ANSWERS, sizeof(*before));

	for (unsigned i = 0; i < ANSWERS; i++)
		before[i] = first_of(snap, &journal->answers[i]);
	change_weight(service, node, 1.5);
	journal->moved =
		count_moved(snap, journal, before, node, &journal->moved_wrong);
	change_weight(service, node, 1 / 1.5);
	rebuild(run, node);
	journal->built = count_moved(run->replicas[0].snapshot, journal, before,
				     node, &journal->built_others);
	mem_free(before);
}

static void watch(struct sim_run *run, void *arg)
{
	struct journal *journal = arg;
	int64_t end_ms = run->start_ms +
			 (int64_t)(run->scenario->duration_s * 1000) -
			 run->scenario->step_ms;

	log_answers(run, journal);
	if (run->now_ms < end_ms)
		return;
	read_log(run, journal);
	compare_weights(run, journal);
}

static void run_seed(struct bars *b, uint64_t seed)
{
	struct sim_scenario s = bars_load(b, "L13");
	struct journal journal = {
		.per_step = (unsigned)((double)ANSWERS * (double)s.step_ms /
				       1000 / s.duration_s) +
			    1,
	};
	struct sim_run run = {.world = b->world,
			      .scenario = &s,
			      .seed = seed,
			      .keep_snapshots = true,
			      .watch = watch,
			      .watch_arg = &journal};
	struct figures figures;

	journal.answers = mem_array(ANSWERS, sizeof(*journal.answers));
	sim_run_play(&run, &figures);
	printf("   %u answers from %.0f s of snapshots; a node's weight x1.5 "
	       "moved %.0f;\n   an operator's weight halved, in an uneven "
	       "fleet at one instant: %.0f, %.0f of them between other nodes\n",
	       journal.count, s.duration_s, journal.moved, journal.built,
	       journal.built_others);
	bars_judge(b, "answers not logged", ANSWERS - journal.count, 0);
	bars_judge(b, "answers not reproduced by the draw", journal.wrong, 0);
	bars_judge(b, "answers not reproduced by explain's JSON",
		   journal.explained_wrong, 0);
	bars_judge(b, "nobody moved at all", journal.moved <= 0, 0);
	bars_judge(b, "clients of other nodes that moved", journal.moved_wrong,
		   0);
	figures_fini(&figures);
	mem_free(journal.answers);
}

void bars_draw_l13(struct bars *b)
{
	uint64_t seeds = b->options->quick ? 1 : b->options->seed_count;

	for (uint64_t i = 0; i < seeds; i++)
		run_seed(b, b->options->first_seed + i);
}
