/*
 * draw_scan.c - the best nodes of one site. Most nodes are ruled out by one
 * multiplication; only those near the list are scored. Pure, any thread.
 */
#include "balancer/draw_scan.h"

#include <float.h>
#include <math.h>

#include "balancer/draw_likely.h"
#include "balancer/draw_tree.h"
#include "lib/base/def.h"

static bool is_listed(const struct draw_list *list, uint32_t node)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->entries[i].node == node)
			return true;
	return false;
}

static bool is_before(double score, uint64_t hash, const struct draw_best *best,
		      unsigned at)
{
	return score < best->score[at] ||
	       (score == best->score[at] && hash < best->hash[at]);
}

static void best_insert(struct draw_best *best, uint32_t node, double score,
			uint64_t hash)
{
	unsigned at = best->count < best->want ? best->count++ : best->want - 1;

	for (; at > 0 && is_before(score, hash, best, at - 1); at--) {
		best->node[at] = best->node[at - 1];
		best->score[at] = best->score[at - 1];
		best->hash[at] = best->hash[at - 1];
	}
	best->node[at] = node;
	best->score[at] = score;
	best->hash[at] = hash;
	if (best->count == best->want)
		best->reach = draw_scan_reach(best->score[best->want - 1]);
}

static void best_offer(struct draw_best *best, const struct draw_list *list,
		       uint32_t node, double score, uint64_t hash)
{
	if (best->count == best->want &&
	    !is_before(score, hash, best, best->want - 1))
		return;
	if (!is_listed(list, node))
		best_insert(best, node, score, hash);
}

static uint32_t draws_of(const struct draw_scan *scan, unsigned tier,
			 const struct snapshot_draw **draws_r)
{
	const uint32_t *first_draw = &scan->site->first_draw[tier];

	*draws_r = &scan->query->service->draws[first_draw[0]];
	return first_draw[1] - first_draw[0];
}

/*
 * (1-u)/p of a node is below T with chance T*p, and the p of a site sum up to
 * 1: so about T nodes are. With this T for @want of them, of a hundred tries
 * one finds too few.
 */
static double likely_limit(unsigned want)
{
	return (want + 2 + 2.2 * sqrt(want)) * 9223372036854775808.0;
}

/* Whether @best now holds what scan_all() would find: the likely nodes were
 * enough, and no other can reach the worst of them. */
static bool scan_likely(const struct draw_scan *scan, struct draw_best *best)
{
	const struct draw_likely_query query = {
		.key = scan->query->key,
		.limit = likely_limit(best->want),
		.families = snapshot_serves(CARD_HAS_BOTH, scan->query->family),
	};
	const struct snapshot_draw *draws;
	uint32_t draw_count = draws_of(scan, TIER_OPEN, &draws);
	struct draw_likely likely;
	unsigned count = draw_likely_find(&query, draws, draw_count, &likely);

	if (count < best->want || count > DRAW_LIKELY_MAX)
		return false;
	for (unsigned i = 0; i < count; i++) {
		/* The first count entries are written. NOLINTNEXTLINE */
		const struct snapshot_draw *node = &draws[likely.index[i]];

		best_offer(best, scan->listed, node->node,
			   draw_scan_score(likely.hash[i], node->inv_weight),
			   likely.hash[i]);
	}
	return best->count == best->want && best->reach <= query.limit;
}

static void scan_all(const struct draw_scan *scan, unsigned tier,
		     struct draw_best *best)
{
	const struct snapshot_draw *draws;
	uint32_t draw_count = draws_of(scan, tier, &draws);
	enum snapshot_family family = scan->query->family;
	uint64_t key = scan->query->key;

	for (uint32_t i = 0; i < draw_count; i++) {
		uint64_t hash;

		if (!snapshot_serves(draws[i].families, family))
			continue;
		hash = draw_scan_hash(draws[i].id_hash, key);
		if (LIKELY(draw_scan_far(hash, draws[i].inv_weight) >
			   best->reach))
			continue;
		best_offer(best, scan->listed, draws[i].node,
			   draw_scan_score(hash, draws[i].inv_weight), hash);
	}
}

void draw_scan_site(const struct draw_scan *scan, unsigned tier, unsigned want,
		    struct draw_best *best_r)
{
	best_r->count = 0;
	best_r->want = want;
	best_r->reach = DBL_MAX;
	if (want == 0 || scan->site->ready[tier][scan->query->family] == 0)
		return;
	if (scan->site->tree_depth > 0) {
		draw_tree_best(scan, tier, want, best_r);
	} else if (tier != TIER_OPEN || !scan_likely(scan, best_r)) {
		best_r->count = 0;
		best_r->reach = DBL_MAX;
		scan_all(scan, tier, best_r);
	}
}
