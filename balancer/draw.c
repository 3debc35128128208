/*
 * draw.c - see the header. Scores come from integers and one multiplication:
 * every machine orders the same nodes the same way. The usual case scans the
 * chosen site's open nodes once and the next site's once (draw_scan.c); large
 * sites have trees (draw_tree.c).
 */
#include "balancer/draw.h"

#include "balancer/candidates.h"
#include "balancer/draw_log2.h"
#include "balancer/draw_scan.h"
#include "balancer/draw_tree.h"
#include "lib/base/def.h"
#include "lib/base/hash.h"

/* u, the refuge and the scores are independent. */
#define SITE_SALT   0x9e3779b97f4a7c15ULL
#define REFUGE_SALT 0xd1b54a32d192ed03ULL
#define REFUGE_FULL 0.90 /* of K: as far as the waterfall's first pass */

/* The sites a client may be sent to, in order, from the chosen one on. */
struct walk {
	const struct snapshot_service *service;
	const struct snapshot_cell *cell; /* NULL: service->anywhere */
	uint32_t count, start;
	uint32_t tie_from, tie_to; /* the ranks that cost what start costs */
};

struct draw {
	const struct draw_query *query;
	struct walk walk;
	struct draw_list *list;
	unsigned want;
};

uint64_t draw_neg_log2(uint64_t hash)
{
	unsigned zeros = (unsigned)__builtin_clzll(hash | 1);
	uint64_t fraction = (hash | 1) << zeros << 1; /* without the top bit */
	unsigned index = (unsigned)(fraction >> 56);
	uint64_t step = draw_log2[index + 1] - draw_log2[index];
	uint64_t log =
		draw_log2[index] + (step * (fraction >> 32 & 0xffffff) >> 24);

	return ((uint64_t)(zeros + 1) << 31) - log;
}

double draw_score(const struct draw_query *query, uint32_t index)
{
	const struct snapshot_node *node = &query->service->nodes[index];
	const struct draw_scan from = {
		.query = query,
		.site = &query->service->sites[node->site],
	};
	uint64_t id_hash = node->card->id_hash;

	if (from.site->tree_depth > 0 && node->tier < TIER_COUNT)
		return draw_tree_score(&from, node->tier, id_hash,
				       draw_scan_inv_weight(node));
	return draw_scan_score(draw_scan_hash(id_hash, query->key),
			       draw_scan_inv_weight(node));
}

/* -- sites --------------------------------------------------------------- */

/* Uniform in [0, 2^32 - 1): the top itself is the end of the last share. */
static uint32_t site_draw(uint64_t key)
{
	uint32_t u = (uint32_t)(hash_mix(key ^ SITE_SALT) >> 32);

	return u == SNAPSHOT_TOP ? SNAPSHOT_TOP - 1 : u;
}

static uint32_t choose_rank(const struct snapshot_cell *cell, uint32_t u)
{
	uint32_t rank = 0;

	while (rank + 1U < cell->candidate_count && u >= cell->cumulative[rank])
		rank++;
	return rank;
}

unsigned draw_rank(const struct snapshot_cell *cell, uint64_t key)
{
	return choose_rank(cell, site_draw(key));
}

double draw_u(uint64_t key)
{
	return site_draw(key) / 4294967296.0;
}

static uint32_t choose_anywhere(const struct snapshot_service *service,
				uint32_t u)
{
	uint32_t low = 0, high = service->anywhere_count;

	while (low + 1 < high) {
		uint32_t mid = (low + high - 1) / 2;

		if (u < service->anywhere[mid].cumulative)
			high = mid + 1;
		else
			low = mid + 1;
	}
	return low;
}

/* The steps of a walk: the chosen site, its equals in cost (the other zones of
 * a region), then on from there, round to the ranks before. */
static uint32_t walk_rank(const struct walk *walk, uint32_t step)
{
	uint32_t tied = walk->tie_to - walk->tie_from;
	uint32_t rank = walk->start + step;

	if (step < tied)
		return rank < walk->tie_to ? rank : rank - tied;
	rank = walk->tie_to + step - tied;
	return rank < walk->count ? rank : rank - walk->count;
}

static void walk_from(struct walk *walk, uint32_t start)
{
	const int16_t *cost_km = walk->cell ? walk->cell->cost_km : NULL;

	walk->start = start;
	walk->tie_from = start;
	walk->tie_to = start + 1;
	if (!cost_km)
		return;
	while (walk->tie_from > 0 &&
	       cost_km[start] - cost_km[walk->tie_from - 1] <=
		       CANDIDATES_TIE_KM)
		walk->tie_from--;
	while (walk->tie_to < walk->count &&
	       cost_km[walk->tie_to] - cost_km[start] <= CANDIDATES_TIE_KM)
		walk->tie_to++;
}

static uint32_t walk_site(const struct walk *walk, uint32_t step)
{
	uint32_t rank = walk_rank(walk, step);

	return walk->cell ? walk->cell->site[rank]
			  : walk->service->anywhere[rank].site;
}

/* -- refuge -------------------------------------------------------------- */

static double refuge_room(const struct walk *walk, uint32_t step)
{
	const struct snapshot_site *site =
		&walk->service->sites[walk_site(walk, step)];
	double room = REFUGE_FULL * site->limit - site->steady_est;

	return room > 0 ? room : 0;
}

/* The step whose room @at lies in, or the end; *@at what is left of it. */
static uint32_t refuge_find(const struct walk *walk, uint32_t end, double *at)
{
	uint32_t step = 1;

	for (; step < end; step++) {
		double room = refuge_room(walk, step);

		if (*at < room)
			break;
		*at -= room;
	}
	return step;
}

/*
 * Where the last entry comes from. If the first site dies, all its clients use
 * it within seconds, long before anybody hears of it: so each next site is a
 * refuge for as many of them as it has room for, and what fits nowhere goes in
 * the same proportion. Usually the next site has room for all.
 */
static uint32_t refuge_step(const struct walk *walk, uint64_t key)
{
	double need = walk->service->sites[walk_site(walk, 0)].steady_est;
	double u = (double)(hash_mix(key ^ REFUGE_SALT) >> 11) * 0x1p-53;
	double beyond = u * need, room;
	uint32_t end = walk->count < SNAPSHOT_CANDIDATES ? walk->count
							 : SNAPSHOT_CANDIDATES;
	uint32_t step = refuge_find(walk, end, &beyond);

	if (step < end)
		return step;
	room = u * need - beyond; /* of all of them */
	if (room <= 0)
		return 1;
	beyond *= room / (need - room);
	step = refuge_find(walk, end, &beyond);
	return step < end ? step : 1;
}

unsigned draw_refuge_rank(const struct snapshot_service *service,
			  const struct snapshot_cell *cell, unsigned rank,
			  uint64_t key)
{
	struct walk walk = {
		.service = service,
		.cell = cell,
		.count = cell->candidate_count,
	};

	walk_from(&walk, rank);
	return walk_rank(&walk, refuge_step(&walk, key));
}

/* -- the walk ------------------------------------------------------------ */

static uint16_t walk_km(const struct walk *walk, uint32_t step)
{
	return walk->cell ? walk->cell->km[walk_rank(walk, step)]
			  : SNAPSHOT_KM_UNKNOWN;
}

static const struct snapshot_site *site_at(const struct draw *draw,
					   uint32_t step)
{
	return &draw->query->service->sites[walk_site(&draw->walk, step)];
}

static unsigned ready_at(const struct draw *draw, uint32_t step, unsigned tier)
{
	return site_at(draw, step)->ready[tier][draw->query->family];
}

/* Moves the start to the first site with a node of the best tier that there
 * is. Returns that tier, or TIER_COUNT when nobody is alive. */
static unsigned settle_start(struct draw *draw)
{
	const struct snapshot_service *service = draw->query->service;

	for (unsigned tier = 0; tier < TIER_COUNT; tier++) {
		if (service->ready[tier][draw->query->family] == 0)
			continue;
		for (uint32_t step = 0; step < draw->walk.count; step++)
			if (ready_at(draw, step, tier) > 0) {
				walk_from(&draw->walk,
					  walk_rank(&draw->walk, step));
				return tier;
			}
	}
	return TIER_COUNT;
}

static unsigned begin_cell(struct draw *draw, const struct snapshot_cell *cell,
			   uint32_t u)
{
	draw->walk = (struct walk){
		.service = draw->query->service,
		.cell = cell,
		.count = cell->candidate_count,
	};
	walk_from(&draw->walk, choose_rank(cell, u));
	draw->list->panic = cell->panic;
	draw->list->anywhere = false;
	return settle_start(draw);
}

static unsigned begin_anywhere(struct draw *draw, uint32_t u)
{
	const struct snapshot_service *service = draw->query->service;

	draw->walk = (struct walk){
		.service = service,
		.count = service->anywhere_count,
	};
	walk_from(&draw->walk, choose_anywhere(service, u));
	draw->list->panic = service->anywhere_panic;
	draw->list->anywhere = true;
	return settle_start(draw);
}

/* By the cell's candidates, or by all sites where these have nobody healthy in
 * the family and all sites have somebody better. */
static unsigned begin(struct draw *draw, uint32_t u)
{
	const struct snapshot_service *service = draw->query->service;
	const struct snapshot_cell *cell;
	unsigned tier, tier_anywhere;

	cell = &service->cells[draw->query->cell < service->cell_count
				       ? draw->query->cell
				       : CELLMAP_UNKNOWN];
	tier = begin_cell(draw, cell, u);
	if (tier <= TIER_FULL)
		return tier;
	tier_anywhere = begin_anywhere(draw, u);
	return tier_anywhere < tier || tier == TIER_COUNT
		       ? tier_anywhere
		       : begin_cell(draw, cell, u);
}

/* Up to @want of the site's best nodes of @tier that are not listed yet. */
static void scan(const struct draw *draw, uint32_t step, unsigned tier,
		 unsigned want, struct draw_best *best)
{
	const struct draw_scan from = {
		.query = draw->query,
		.listed = draw->list,
		.site = site_at(draw, step),
	};

	draw_scan_site(&from, tier, want, best);
}

/* -- lists --------------------------------------------------------------- */

static void append(struct draw *draw, const struct draw_best *best,
		   unsigned index, uint32_t step)
{
	draw->list->entries[draw->list->count++] = (struct draw_entry){
		.node = best->node[index],
		.km = walk_km(&draw->walk, step),
		.score = (float)best->score[index],
	};
}

/* Fills the list up to @upto from one site. */
static void fill_from(struct draw *draw, uint32_t step, unsigned tier,
		      unsigned upto)
{
	struct draw_best best;

	if (draw->list->count >= upto)
		return;
	scan(draw, step, tier, upto - draw->list->count, &best);
	for (unsigned i = 0; i < best.count; i++)
		append(draw, &best, i, step);
}

/* One node of another site than the first's, best tier first, from the refuge
 * on; returns whether there is one. Drained nodes are no refuge. */
static bool fill_refuge(struct draw *draw)
{
	unsigned before = draw->list->count;
	uint32_t others = draw->walk.count - 1, first;

	if (others == 0)
		return false;
	first = refuge_step(&draw->walk, draw->query->key) - 1;
	for (unsigned tier = TIER_OPEN; tier <= TIER_SUSPECT; tier++)
		for (uint32_t i = 0; i < others; i++) {
			uint32_t step = 1 + (first + i) % others;

			fill_from(draw, step, tier, before + 1);
			if (draw->list->count > before)
				return true;
		}
	return false;
}

/* All tiers from @tier on that a client may be given beside healthy ones, each
 * from all sites before the next. */
static void fill_tiers(struct draw *draw, unsigned tier, unsigned upto)
{
	for (; tier <= TIER_SUSPECT; tier++)
		for (uint32_t step = 0;
		     step < draw->walk.count && draw->list->count < upto;
		     step++)
			fill_from(draw, step, tier, upto);
}

static void fill_drained(struct draw *draw)
{
	for (uint32_t step = 0; step < draw->walk.count; step++)
		fill_from(draw, step, TIER_DRAINED, draw->want);
}

/* A list that begins with a node of @tier. */
static void fill_list(struct draw *draw, unsigned tier)
{
	/* Where there is no other site, none has a refuge. */
	unsigned main_count = draw->want > 1 && draw->walk.count > 1
				      ? draw->want - 1
				      : draw->want;

	fill_tiers(draw, tier, main_count);
	if (draw->list->count < draw->want && !fill_refuge(draw))
		fill_tiers(draw, tier, draw->want);
}

void draw_nodes(const struct draw_query *query, struct draw_list *list_r)
{
	uint32_t u = site_draw(query->key);
	struct draw draw = {.query = query, .list = list_r};
	unsigned tier;

	draw.want = query->want < 1	     ? 1
		    : query->want > DRAW_MAX ? DRAW_MAX
					     : query->want;
	list_r->count = 0;
	list_r->u = u / 4294967296.0;
	tier = begin(&draw, u);
	list_r->rank = draw.walk.start;
	if (tier == TIER_COUNT)
		return;
	if (tier != TIER_OPEN || site_at(&draw, 0)->panic)
		list_r->panic = true;
	if (tier == TIER_DRAINED)
		fill_drained(&draw);
	else
		fill_list(&draw, tier);
}
