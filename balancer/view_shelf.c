/*
 * view_shelf.c - see the header. Packing and unpacking run outside the lock on
 * things that are held: only the builder puts, so the newest stays the newest
 * while it packs. Past i (0 = the last) leads from past i - 1 to its own.
 */
#include "balancer/view_shelf.h"

#include <assert.h>
#include <pthread.h>

#include "balancer/snapshot_restore.h"
#include "lib/base/mem.h"

#define SCRATCH_BYTES_MAX (256U << 20) /* of one delta; more is not kept */

/* A view that is not the newest any more, without its map. */
struct past {
	struct snapshot_delta *delta;
	struct policy *policy;
	uint32_t map_serial;
	bool from_file;
};

struct view_shelf {
	pthread_mutex_t lock; /* guards all below but scratch */
	struct view *newest;
	unsigned past_max, past_count, first; /* a ring: first is past 0 */
	size_t past_bytes;
	struct buf scratch; /* the putting thread's */
	struct past past[];
};

struct view_shelf *view_shelf_new(unsigned capacity)
{
	unsigned past_max = capacity > 1 ? capacity - 1 : 0;
	struct view_shelf *shelf =
		mem_alloc(sizeof(*shelf) + past_max * sizeof(shelf->past[0]));

	pthread_mutex_init(&shelf->lock, NULL);
	shelf->past_max = past_max;
	buf_init(&shelf->scratch, SCRATCH_BYTES_MAX);
	return shelf;
}

static struct past *past_at(struct view_shelf *shelf, unsigned i)
{
	return &shelf->past[(shelf->first + i) % shelf->past_max];
}

static void drop_oldest(struct view_shelf *shelf)
{
	struct past *oldest = past_at(shelf, --shelf->past_count);

	shelf->past_bytes -= snapshot_delta_bytes(oldest->delta);
	snapshot_delta_unref(&oldest->delta);
	policy_unref(&oldest->policy);
}

void view_shelf_free(struct view_shelf **shelf)
{
	struct view_shelf *s = *shelf;

	*shelf = NULL;
	if (!s)
		return;
	while (s->past_count > 0)
		drop_oldest(s);
	view_unref(&s->newest);
	buf_fini(&s->scratch);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

/* -- putting ------------------------------------------------------------- */

/* What turns @view into the one that is the newest so far; an empty one when
 * that is not to be kept. */
static struct past pack(struct view_shelf *shelf, const struct view *view)
{
	const struct view *old = shelf->newest;
	struct past past = {NULL, NULL, 0, false};

	if (shelf->past_max == 0 || !old || !old->snapshot || !view->snapshot)
		return past;
	past.delta = snapshot_delta_new(old->snapshot, view->snapshot,
					&shelf->scratch);
	if (!past.delta)
		return past;
	past.policy = policy_ref(old->policy);
	past.map_serial = old->map_serial;
	past.from_file = old->from_file;
	return past;
}

/* Without a way from the newest to them the older ones are lost. */
static void add_past(struct view_shelf *shelf, const struct past *past)
{
	while (shelf->past_count > 0 &&
	       (!past->delta || shelf->past_count == shelf->past_max))
		drop_oldest(shelf);
	if (!past->delta)
		return;
	shelf->first = (shelf->first + shelf->past_max - 1) % shelf->past_max;
	shelf->past_count++;
	shelf->past_bytes += snapshot_delta_bytes(past->delta);
	*past_at(shelf, 0) = *past;
}

void view_shelf_put(struct view_shelf *shelf, struct view *view)
{
	struct past past = pack(shelf, view);
	struct view *old;

	pthread_mutex_lock(&shelf->lock);
	add_past(shelf, &past);
	old = shelf->newest;
	shelf->newest = view_ref(view);
	pthread_mutex_unlock(&shelf->lock);
	view_unref(&old); /* freeing megabytes is not for under the lock */
}

/* -- taking -------------------------------------------------------------- */

struct view *view_shelf_take_newest(struct view_shelf *shelf)
{
	struct view *view = NULL;

	pthread_mutex_lock(&shelf->lock);
	if (shelf->newest)
		view = view_ref(shelf->newest);
	pthread_mutex_unlock(&shelf->lock);
	return view;
}

/* Everything that one past view is unpacked from, held. */
struct way {
	struct view *newest;
	struct snapshot_delta **deltas;
	unsigned count; /* 0: the newest itself is meant */
	struct past goal;
};

static void hold_way(struct view_shelf *shelf, unsigned count, struct way *way)
{
	way->deltas = mem_array(count, sizeof(struct snapshot_delta *));
	for (unsigned i = 0; i < count; i++)
		way->deltas[i] = snapshot_delta_ref(past_at(shelf, i)->delta);
	way->count = count;
	way->goal = *past_at(shelf, count - 1);
	way->goal.policy = policy_ref(way->goal.policy);
}

/* How many steps back it is to @number, 0 when it is not past. Under the
 * lock. */
static unsigned steps_to(struct view_shelf *shelf, uint32_t number)
{
	for (unsigned i = 0; i < shelf->past_count; i++)
		if (snapshot_delta_number(past_at(shelf, i)->delta) == number)
			return i + 1;
	return 0;
}

/* Returns whether there is one. */
static bool find_way(struct view_shelf *shelf, uint32_t number, struct way *way)
{
	unsigned steps;
	bool found;

	*way = (struct way){0};
	pthread_mutex_lock(&shelf->lock);
	if (shelf->newest)
		way->newest = view_ref(shelf->newest);
	found = shelf->newest && shelf->newest->snapshot &&
		shelf->newest->number == number;
	steps = found ? 0 : steps_to(shelf, number);
	if (steps > 0)
		hold_way(shelf, steps, way);
	pthread_mutex_unlock(&shelf->lock);
	return found || steps > 0;
}

static struct view *go(const struct way *way)
{
	struct view_parts parts = {
		.map_serial = way->goal.map_serial,
		.policy = way->goal.policy,
		.from_file = way->goal.from_file,
	};

	if (way->count == 0)
		return view_ref(way->newest);
	assert(way->newest && way->newest->snapshot); /* it leads back */
	parts.map = way->newest->map;
	parts.snapshot = snapshot_restore(way->newest->snapshot, way->deltas,
					  way->count);
	return view_new(&parts);
}

static void leave(struct way *way)
{
	for (unsigned i = 0; i < way->count; i++)
		snapshot_delta_unref(&way->deltas[i]);
	mem_free(way->deltas);
	policy_unref(&way->goal.policy);
	view_unref(&way->newest);
}

struct view *view_shelf_take(struct view_shelf *shelf, uint32_t number)
{
	struct view *view = NULL;
	struct way way;

	if (find_way(shelf, number, &way))
		view = go(&way);
	leave(&way);
	return view;
}

bool view_shelf_is_past(struct view_shelf *shelf, uint32_t number)
{
	unsigned steps;

	pthread_mutex_lock(&shelf->lock);
	steps = steps_to(shelf, number);
	pthread_mutex_unlock(&shelf->lock);
	return steps > 0;
}

struct view_shelf_stats view_shelf_stats(struct view_shelf *shelf)
{
	struct view_shelf_stats stats;

	pthread_mutex_lock(&shelf->lock);
	stats.past_count = shelf->past_count;
	stats.past_bytes = shelf->past_bytes;
	pthread_mutex_unlock(&shelf->lock);
	return stats;
}
