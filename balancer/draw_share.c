/*
 * draw_share.c - see the header. Only the plain case is shared: both sites are
 * the cell's own, have room, and give the whole list (four and one). Everything
 * else is drawn.
 */
#include "balancer/draw_share.h"

#include "lib/base/def.h"
#include "lib/base/hash.h"

#define MAIN_COUNT (DRAW_DEFAULT - 1)

/* Where a key sends a client of a cell. */
struct course {
	const struct snapshot_cell *cell;
	unsigned rank, next; /* of the two sites among the candidates */
};

static bool has_open(const struct draw_query *query, uint16_t site,
		     unsigned count)
{
	const struct snapshot_site *s = &query->service->sites[site];

	return s->ready[TIER_OPEN][query->family] >= count && !s->panic;
}

/* Whether the plain case applies; then *@course_r is filled. */
static bool plan(const struct draw_query *query, struct course *course_r)
{
	const struct snapshot_cell *cell;
	unsigned rank;

	if (query->want != DRAW_DEFAULT || query->family != SNAPSHOT_V46 ||
	    query->cell >= query->service->cell_count)
		return false;
	cell = &query->service->cells[query->cell];
	if (cell->candidate_count < 2 || cell->panic)
		return false;
	rank = draw_rank(cell, query->key);
	course_r->cell = cell;
	course_r->rank = rank;
	course_r->next =
		draw_refuge_rank(query->service, cell, rank, query->key);
	return has_open(query, cell->site[rank], MAIN_COUNT) &&
	       has_open(query, cell->site[course_r->next], 1);
}

static struct draw_shared *slot_of(struct draw_share *share,
				   const struct course *course)
{
	uint64_t pair = (uint64_t)course->cell->site[course->rank] << 16 |
			course->cell->site[course->next];

	return &share->slots[hash_mix(pair) % DRAW_SHARE_SLOTS];
}

/* The key in @slot must send this client to the same two sites. */
static bool fits(const struct draw_shared *slot, const struct draw_query *query,
		 const struct course *course, uint32_t number, int64_t now_ms)
{
	return slot->left > 0 && slot->service == query->service &&
	       slot->number == number &&
	       now_ms - slot->drawn_at_ms <= DRAW_SHARE_WINDOW_MS &&
	       slot->site == course->cell->site[course->rank] &&
	       slot->refuge == course->cell->site[course->next] &&
	       draw_rank(course->cell, slot->key) == course->rank &&
	       draw_refuge_rank(query->service, course->cell, course->rank,
				slot->key) == course->next;
}

static void take(struct draw_shared *slot, const struct course *course,
		 struct draw_list *list)
{
	slot->left--;
	list->count = DRAW_DEFAULT;
	list->rank = course->rank;
	list->u = draw_u(slot->key);
	list->panic = list->anywhere = false;
	for (unsigned i = 0; i < DRAW_DEFAULT; i++)
		list->entries[i] = (struct draw_entry){
			.node = slot->node[i],
			.km = course->cell->km[i < MAIN_COUNT ? course->rank
							      : course->next],
		};
}

static void give(struct draw_shared *slot, const struct draw_query *query,
		 const struct course *course, uint32_t number, int64_t now_ms,
		 const struct draw_list *list)
{
	slot->service = query->service;
	slot->key = query->key;
	slot->drawn_at_ms = now_ms;
	slot->number = number;
	slot->site = course->cell->site[course->rank];
	slot->refuge = course->cell->site[course->next];
	slot->left = DRAW_SHARE_CLIENTS - 1;
	for (unsigned i = 0; i < DRAW_DEFAULT; i++)
		slot->node[i] = list->entries[i].node;
}

void draw_share_nodes(struct draw_share *share, struct draw_query *query,
		      uint32_t number, int64_t now_ms, struct draw_list *list_r)
{
	struct draw_shared *slot;
	struct course course;

	if (!plan(query, &course)) {
		draw_nodes(query, list_r);
		return;
	}
	slot = slot_of(share, &course);
	if (fits(slot, query, &course, number, now_ms)) {
		query->key = slot->key;
		take(slot, &course, list_r);
		return;
	}
	draw_nodes(query, list_r);
	if (list_r->count == DRAW_DEFAULT)
		give(slot, query, &course, number, now_ms, list_r);
}
