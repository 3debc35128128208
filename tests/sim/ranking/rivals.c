/*
 * rivals.c - see the header. goim's formula is that of its logic service
 * (v2): weight share less half the share of connections, in whole connections;
 * the client's own region counts 1.6 times; a list's first node is counted at
 * once. Equal ones it gives in any order, we by number.
 */
#include "tests/sim/ranking/rivals.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"

#define GOIM_REGION_GAIN 1.6
#define GOIM_WEIGHT_UNIT 1000.0 /* connections of capacity */
#define GOIM_SCORE_MIN	 1.0
#define GOIM_SCORE_MAX	 1048576.0

struct view {
	double conns;  /* as reported; goim adds what it gave */
	double weight; /* goim's: capacity */
	bool gone;
};

struct rival {
	enum rival_kind kind;
	struct view *views;
	double conns, weight; /* sums over those that are there */
	uint16_t *near;	      /* by cell, then rank: sites by distance */
	double *score;	      /* scratch */
};

static const char *const names[RIVAL_KINDS] = {
	"perihelion", "least", "goim", "two-choices", "weighted",
};

const char *rival_kind_str(enum rival_kind kind)
{
	return names[kind];
}

enum rival_kind rival_kind_of(const char *name)
{
	unsigned kind = 0;

	while (kind < RIVAL_KINDS && strcmp(name, names[kind]) != 0)
		kind++;
	return (enum rival_kind)kind;
}

static void sort_sites(const struct sim_world *world, unsigned cell,
		       uint16_t *near)
{
	for (unsigned s = 0; s < world->site_count; s++) {
		unsigned at = s;

		for (; at > 0 && world->cell_km[cell][near[at - 1]] >
					 world->cell_km[cell][s];
		     at--)
			near[at] = near[at - 1];
		near[at] = (uint16_t)s;
	}
}

struct rival *rival_new(const struct sim_world *world, enum rival_kind kind)
{
	struct rival *r = mem_alloc(sizeof(*r));

	r->kind = kind;
	r->views = mem_array(world->node_count, sizeof(*r->views));
	r->score = mem_array(world->node_count, sizeof(double));
	r->near = mem_array((size_t)world->cell_count * world->site_count,
			    sizeof(*r->near));
	for (unsigned i = 0; i < world->node_count; i++) {
		r->views[i].gone = true;
		r->views[i].weight = world->node_capacity[i] / GOIM_WEIGHT_UNIT;
	}
	for (unsigned c = 0; c < world->cell_count; c++)
		sort_sites(world, c, &r->near[c * world->site_count]);
	return r;
}

void rival_free(struct rival **rival)
{
	if (!*rival)
		return;
	mem_free((*rival)->views);
	mem_free((*rival)->score);
	mem_free((*rival)->near);
	mem_free(*rival);
	*rival = NULL;
}

static void add_conns(struct rival *r, unsigned node, double more)
{
	r->views[node].conns += more;
	if (!r->views[node].gone)
		r->conns += more;
}

void rival_put(struct rival *rival, unsigned node, bool gone, uint32_t conns)
{
	struct view *view = &rival->views[node];

	if (!view->gone) {
		rival->conns -= view->conns;
		rival->weight -= view->weight;
	}
	view->conns = conns;
	view->gone = gone;
	if (!gone) {
		rival->conns += view->conns;
		rival->weight += view->weight;
	}
}

void rival_load(struct rival *rival, unsigned node, uint32_t conns)
{
	add_conns(rival, node, conns - rival->views[node].conns);
}

/* -- goim ---------------------------------------------------------------- */

/* trunc() and ceil(), of what fits into 63 bits; those are calls. */
static double whole(double x)
{
	return (double)(int64_t)x;
}

static double whole_up(double x)
{
	return whole(x) + (whole(x) < x);
}

/* Shares go by whole weights; halves of a connection are rounded down. */
static double goim_score(const struct rival *r, unsigned node, double gain)
{
	double fixed = r->views[node].weight, weight = fixed * gain;
	double ratio = weight / (r->weight + whole(weight) - fixed);
	double part, score;

	if (!(r->conns > 0))
		return 0;
	part = r->views[node].conns / r->conns * 0.5;
	score = whole(weight + whole_up((ratio - part) * r->conns - 0.5));
	if (ratio < part)
		return score < GOIM_SCORE_MIN ? GOIM_SCORE_MIN : score;
	return score > GOIM_SCORE_MAX ? GOIM_SCORE_MAX : score;
}

/* The best @want of nodes [first, first + count) by r->score, high first. */
static unsigned take_best(const struct rival *r, unsigned first, unsigned count,
			  unsigned want, uint32_t *list)
{
	unsigned got = 0;

	for (unsigned i = first; i < first + count; i++) {
		unsigned at = got < want ? got : want;

		if (r->views[i].gone)
			continue;
		while (at > 0 && r->score[list[at - 1]] < r->score[i])
			at--;
		if (at >= want)
			continue;
		got += got < want;
		memmove(list + at + 1, list + at,
			(got - at - 1) * sizeof(*list));
		list[at] = i;
	}
	return got;
}

static unsigned ask_goim(struct rival *r, const struct sim_world *world,
			 uint16_t cell, unsigned want, uint32_t *list)
{
	unsigned got, own = world->cell_site[cell];

	for (unsigned i = 0; i < world->node_count; i++)
		r->score[i] = goim_score(
			r, i,
			world->node_site[i] == own ? GOIM_REGION_GAIN : 1);
	got = take_best(r, 0, world->node_count, want, list);
	if (got > 0)
		add_conns(r, list[0], 1);
	return got;
}

/* -- site by site -------------------------------------------------------- */

static double utilisation(const struct rival *r, const struct sim_world *world,
			  unsigned node)
{
	return r->views[node].conns / world->node_capacity[node];
}

/* Higher is better. Equal utilisations go to the lower number: the herd. */
static void score_site(struct rival *r, const struct sim_world *world,
		       const struct sim_site *site, struct rng *rng)
{
	for (unsigned i = site->first_node;
	     i < site->first_node + site->node_count; i++) {
		if (r->kind == RIVAL_LEAST)
			r->score[i] = -utilisation(r, world, i);
		else
			r->score[i] = log(1 - rng_unit(rng)) /
				      world->node_capacity[i];
	}
}

/* Of the first two, drawn by capacity, the one with more room goes first. */
static void prefer_emptier(const struct rival *r, const struct sim_world *world,
			   uint32_t *list, unsigned count)
{
	uint32_t first = list[0];

	if (count < 2 ||
	    utilisation(r, world, first) <= utilisation(r, world, list[1]))
		return;
	list[0] = list[1];
	list[1] = first;
}

static unsigned ask_sites(struct rival *r, const struct sim_world *world,
			  uint16_t cell, unsigned want, struct rng *rng,
			  uint32_t *list)
{
	const uint16_t *near = &r->near[cell * world->site_count];
	unsigned got = 0, upto = want > 1 ? want - 1 : 1;

	for (unsigned s = 0; s < world->site_count && got < want; s++) {
		const struct sim_site *site = &world->sites[near[s]];
		unsigned more;

		score_site(r, world, site, rng);
		more = take_best(r, site->first_node, site->node_count,
				 upto > got ? upto - got : 1, list + got);
		if (r->kind == RIVAL_TWO_CHOICES)
			prefer_emptier(r, world, list + got, more);
		got += more;
		upto = got >= upto ? want : upto;
	}
	return got;
}

unsigned rival_ask(struct rival *rival, const struct sim_world *world,
		   uint16_t cell, unsigned want, struct rng *rng,
		   uint32_t *list_r)
{
	if (rival->kind == RIVAL_GOIM)
		return ask_goim(rival, world, cell, want, list_r);
	return ask_sites(rival, world, cell, want, rng, list_r);
}
