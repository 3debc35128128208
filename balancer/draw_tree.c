/*
 * draw_tree.c - see the header. A draw opens tree nodes in order of their T
 * until the best entries of its queue are all leaves: about depth+1 openings
 * for each place of the list. Pure, any thread; the same on every machine:
 * integers, and doubles in a fixed order.
 */
#include "balancer/draw_tree.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "lib/base/def.h"

#define LEVEL_BITS 4 /* of the hash of an id, for a fan-out of 16 */
#define NODE_SALT  0x9e3779b97f4a7c15ULL
/* T of at most this much more than the last of the queue is scored: more than
 * rounding can be. */
#define SLACK	   1e-12

static_assert(1 << LEVEL_BITS == DRAW_TREE_FANOUT, "bits of a level");

unsigned draw_tree_depth(uint32_t node_count)
{
	unsigned depth = 1;

	if (node_count <= DRAW_TREE_SITE)
		return 0;
	while (node_count / draw_tree_buckets(depth) > DRAW_TREE_MEAN)
		depth++;
	return depth;
}

uint32_t draw_tree_buckets(unsigned depth)
{
	return 1U << depth * LEVEL_BITS;
}

uint32_t draw_tree_size(unsigned depth)
{
	return (draw_tree_buckets(depth + 1) - 1) / (DRAW_TREE_FANOUT - 1);
}

uint32_t draw_tree_bucket(uint64_t id_hash, unsigned depth)
{
	return (uint32_t)(id_hash >> (64 - depth * LEVEL_BITS));
}

/* -- sums ---------------------------------------------------------------- */

/* Sums of the buckets of @family, in inv_sum for now. */
static void sum_buckets(const struct snapshot_service *service,
			const struct draw_tree *tree, unsigned depth,
			enum snapshot_family family)
{
	double *sums = tree->inv_sum[family] + draw_tree_size(depth - 1);

	for (uint32_t b = 0; b < draw_tree_buckets(depth); b++) {
		sums[b] = 0;
		for (uint32_t i = tree->first_draw[b];
		     i < tree->first_draw[b + 1]; i++)
			if (snapshot_serves(service->draws[i].families, family))
				sums[b] += 1. / service->draws[i].inv_weight;
	}
}

static void sum_inner(double *sums, unsigned depth)
{
	for (uint32_t v = draw_tree_size(depth - 1); v-- > 0;) {
		const double *child = &sums[DRAW_TREE_FANOUT * v + 1];

		sums[v] = 0;
		for (unsigned c = 0; c < DRAW_TREE_FANOUT; c++)
			sums[v] += child[c];
	}
}

static void invert(double *sums, uint32_t count)
{
	for (uint32_t v = 0; v < count; v++)
		sums[v] = sums[v] > 0 ? 1 / sums[v] : INFINITY;
}

static void mark_buckets(const struct snapshot_service *service,
			 const struct snapshot_site *site, unsigned tier,
			 uint32_t *first_draw)
{
	uint32_t at = site->first_draw[tier], end = site->first_draw[tier + 1];

	for (uint32_t b = 0; b < draw_tree_buckets(site->tree_depth); b++) {
		first_draw[b] = at;
		while (at < end && draw_tree_bucket(service->draws[at].id_hash,
						    site->tree_depth) == b)
			at++;
	}
	first_draw[draw_tree_buckets(site->tree_depth)] = end;
}

void draw_tree_fill(const struct snapshot_service *service,
		    const struct snapshot_site *site, unsigned tier,
		    uint64_t salt)
{
	struct draw_tree *tree = &service->trees[site->first_tree + tier];
	unsigned depth = site->tree_depth;

	tree->salt = salt;
	mark_buckets(service, site, tier, tree->first_draw);
	for (unsigned f = 0; f < SNAPSHOT_FAMILIES; f++) {
		sum_buckets(service, tree, depth, (enum snapshot_family)f);
		sum_inner(tree->inv_sum[f], depth);
		invert(tree->inv_sum[f], draw_tree_size(depth));
	}
}

/* -- one draw ------------------------------------------------------------ */

/* A tree as one query sees it. */
struct view {
	const struct draw_scan *scan;
	const struct draw_tree *tree;
	const struct snapshot_draw *draws;
	const double *inv_sum; /* of the query's family */
	uint64_t key;
	enum snapshot_family family;
	uint32_t first_bucket; /* number of the first tree node that is one */
};

static struct view view_of(const struct draw_scan *scan, unsigned tier)
{
	const struct snapshot_service *service = scan->query->service;
	const struct draw_tree *tree =
		&service->trees[scan->site->first_tree + tier];

	return (struct view){
		.scan = scan,
		.tree = tree,
		.draws = service->draws,
		.inv_sum = tree->inv_sum[scan->query->family],
		.key = scan->query->key,
		.family = scan->query->family,
		.first_bucket = draw_tree_size(scan->site->tree_depth - 1),
	};
}

static uint64_t tree_hash(const struct view *view, uint32_t v)
{
	return hash_mix(view->key ^ view->tree->salt ^ (v + 1) * NODE_SALT);
}

static double root_time(const struct view *view)
{
	return draw_scan_score(tree_hash(view, 0), view->inv_sum[0]);
}

static double later(double parent, double x, double least)
{
	return parent + (x - least);
}

/*
 * Those that share a parent: 16 nodes of the tree or the draws of a bucket.
 * How far each draws tells who may be the least without a logarithm; buckets
 * may be larger than what is kept.
 */
struct brood {
	bool is_leaf;
	uint32_t first, count;
	uint32_t least; /* of all; count when nobody serves the family */
	double least_x;
	double far[DRAW_TREE_MEAN];
};

static uint64_t brood_hash(const struct view *view, const struct brood *brood,
			   uint32_t i)
{
	return brood->is_leaf
		       ? draw_scan_hash(view->draws[brood->first + i].id_hash,
					view->key)
		       : tree_hash(view, brood->first + i);
}

static double brood_x(const struct view *view, const struct brood *brood,
		      uint32_t i)
{
	return draw_scan_score(
		brood_hash(view, brood, i),
		brood->is_leaf
			? (double)view->draws[brood->first + i].inv_weight
			: view->inv_sum[brood->first + i]);
}

static double leaf_far(const struct view *view, const struct brood *brood,
		       uint32_t i)
{
	const struct snapshot_draw *draw = &view->draws[brood->first + i];
	double far = draw_scan_far(draw_scan_hash(draw->id_hash, view->key),
				   draw->inv_weight);

	return snapshot_serves(draw->families, view->family) ? far : INFINITY;
}

static double brood_far(const struct view *view, const struct brood *brood,
			uint32_t i)
{
	return i < DRAW_TREE_MEAN ? brood->far[i] : leaf_far(view, brood, i);
}

static void find_least(const struct view *view, struct brood *brood,
		       uint32_t nearest)
{
	double reach;

	brood->least = brood->count;
	brood->least_x = INFINITY;
	if (nearest == brood->count)
		return;
	brood->least = nearest;
	brood->least_x = brood_x(view, brood, nearest);
	reach = draw_scan_reach(brood->least_x);
	for (uint32_t i = 0; i < brood->count; i++) {
		double x;

		if (LIKELY(brood_far(view, brood, i) > reach) || i == nearest)
			continue;
		x = brood_x(view, brood, i);
		if (x < brood->least_x) {
			brood->least = i;
			brood->least_x = x;
		}
	}
}

static void draw_inner(const struct view *view, uint32_t v, struct brood *brood)
{
	uint32_t nearest = DRAW_TREE_FANOUT;
	double least = DBL_MAX;

	brood->is_leaf = false;
	brood->first = DRAW_TREE_FANOUT * v + 1;
	brood->count = DRAW_TREE_FANOUT;
	for (uint32_t i = 0; i < DRAW_TREE_FANOUT; i++) {
		brood->far[i] = draw_scan_far(tree_hash(view, brood->first + i),
					      view->inv_sum[brood->first + i]);
		nearest = brood->far[i] < least ? i : nearest;
		least = brood->far[i] < least ? brood->far[i] : least;
	}
	find_least(view, brood, nearest);
}

static void draw_bucket(const struct view *view, uint32_t bucket,
			struct brood *brood)
{
	const uint32_t *first = &view->tree->first_draw[bucket];
	uint32_t nearest;
	double least = DBL_MAX;

	brood->is_leaf = true;
	brood->first = first[0];
	brood->count = nearest = first[1] - first[0];
	for (uint32_t i = 0; i < brood->count; i++) {
		double far = leaf_far(view, brood, i);

		if (i < DRAW_TREE_MEAN)
			brood->far[i] = far;
		nearest = far < least ? i : nearest;
		least = far < least ? far : least;
	}
	find_least(view, brood, nearest);
}

static void draw_children(const struct view *view, uint32_t v,
			  struct brood *brood)
{
	if (v < view->first_bucket)
		draw_inner(view, v, brood);
	else
		draw_bucket(view, v - view->first_bucket, brood);
}

/* -- the queue ----------------------------------------------------------- */

/* A node of the tree, or (leaf) a draw, and when it arrives. */
struct arrival {
	double at;
	uint64_t hash;
	uint32_t index;
	bool is_leaf;
};

/*
 * In order of time. Each arrival stands for at least one leaf at just that
 * time, so those behind the first (wanted + listed) are never needed.
 */
struct queue {
	unsigned count, room;
	struct arrival arrivals[2 * DRAW_MAX];
};

static bool is_sooner(const struct arrival *a, const struct arrival *b)
{
	/* Only those below count are looked at. NOLINTNEXTLINE */
	return a->at < b->at || (a->at == b->at && a->hash < b->hash);
}

static void queue_add(struct queue *queue, const struct arrival *arrival)
{
	unsigned at = queue->count;

	if (at == queue->room) {
		at--;
		if (!is_sooner(arrival, &queue->arrivals[at]))
			return;
	} else {
		queue->count++;
	}
	for (; at > 0 && is_sooner(arrival, &queue->arrivals[at - 1]); at--)
		queue->arrivals[at] = queue->arrivals[at - 1];
	queue->arrivals[at] = *arrival;
}

/* Takes out the first arrival that is no leaf; false when there is none. */
static bool queue_take_inner(struct queue *queue, struct arrival *arrival_r)
{
	unsigned at = 0;

	while (at < queue->count && queue->arrivals[at].is_leaf)
		at++;
	if (at == queue->count)
		return false;
	*arrival_r = queue->arrivals[at];
	queue->count--;
	for (; at < queue->count; at++)
		queue->arrivals[at] = queue->arrivals[at + 1];
	return true;
}

static bool is_listed(const struct draw_list *list, uint32_t node)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->entries[i].node == node)
			return true;
	return false;
}

/* How far children may draw that can still get into the queue. */
static double queue_reach(const struct queue *queue, double at, double least)
{
	double last;

	if (queue->count < queue->room)
		return DBL_MAX;
	last = queue->arrivals[queue->count - 1].at;
	return draw_scan_reach(last - at + least + last * SLACK);
}

/* What will be opened if it is not outrun: ask for it now. */
static void fetch(const struct view *view, uint32_t v)
{
	if (v < view->first_bucket)
		__builtin_prefetch(&view->inv_sum[DRAW_TREE_FANOUT * v + 1]);
	else
		__builtin_prefetch(
			&view->draws[view->tree->first_draw
					     [v - view->first_bucket]]);
}

static void add_child(const struct view *view, const struct brood *brood,
		      uint32_t i, double at, struct queue *queue)
{
	struct arrival child = {at, brood_hash(view, brood, i),
				brood->first + i, brood->is_leaf};

	if (!child.is_leaf)
		fetch(view, child.index);
	else if (is_listed(view->scan->listed, view->draws[child.index].node))
		return;
	queue_add(queue, &child);
}

/* The child that comes with the parent takes its place in the queue, so that
 * the others find it as full as it was. */
static void open_node(const struct view *view, const struct arrival *parent,
		      struct queue *queue)
{
	struct brood brood;
	double reach;

	draw_children(view, parent->index, &brood);
	if (brood.least == brood.count)
		return;
	add_child(view, &brood, brood.least, parent->at, queue);
	reach = queue_reach(queue, parent->at, brood.least_x);
	for (uint32_t i = 0; i < brood.count; i++) {
		if (LIKELY(!(brood_far(view, &brood, i) <= reach)) ||
		    i == brood.least)
			continue;
		add_child(view, &brood, i,
			  later(parent->at, brood_x(view, &brood, i),
				brood.least_x),
			  queue);
		reach = queue_reach(queue, parent->at, brood.least_x);
	}
}

void draw_tree_best(const struct draw_scan *scan, unsigned tier, unsigned want,
		    struct draw_best *best_r)
{
	struct view view = view_of(scan, tier);
	struct arrival next = {.at = root_time(&view)};
	struct queue queue;

	queue.count = 0; /* those beyond it are never read */
	queue.room = want + scan->listed->count;
	queue_add(&queue, &next);
	while (queue_take_inner(&queue, &next))
		open_node(&view, &next, &queue);
	for (unsigned i = 0; i < queue.count && i < want; i++) {
		best_r->node[i] = view.draws[queue.arrivals[i].index].node;
		best_r->score[i] = queue.arrivals[i].at;
		best_r->hash[i] = queue.arrivals[i].hash;
		best_r->count++;
	}
}

double draw_tree_score(const struct draw_scan *scan, unsigned tier,
		       uint64_t id_hash, double inv_weight)
{
	struct view view = view_of(scan, tier);
	double at = root_time(&view);
	struct brood brood;
	uint32_t v = 0;

	for (unsigned level = 1; level <= scan->site->tree_depth; level++) {
		uint32_t c =
			draw_tree_bucket(id_hash, level) % DRAW_TREE_FANOUT;

		draw_inner(&view, v, &brood);
		at = later(at, brood_x(&view, &brood, c), brood.least_x);
		v = brood.first + c;
	}
	draw_children(&view, v, &brood);
	return later(
		at,
		draw_scan_score(draw_scan_hash(id_hash, view.key), inv_weight),
		brood.least_x);
}
