/*
 * sync.h - follows the registry's change stream (GET /v1/watch) into a fleet:
 * several registries tried in turn, resumed where it stood, back-off with
 * jitter. Whatever the other side says or does not say, the fleet keeps the
 * last good state. The builder's thread.
 */
#ifndef PERI_BALANCER_SYNC_H
#define PERI_BALANCER_SYNC_H

#include "balancer/counter.h"
#include "balancer/state_file.h"
#include "lib/net/loop.h"
#include "lib/svc/conf.h"

struct sync;

enum sync_state {
	SYNC_WAITING,	/* for the next try */
	SYNC_OPENING,	/* no answer yet */
	SYNC_RECEIVING, /* the state is not complete yet */
	SYNC_FOLLOWING, /* complete; changes as they come */
};

enum sync_change {
	SYNC_CHANGED,  /* nodes or regions: build at once */
	SYNC_COMPLETE, /* the whole state is there */
};

struct sync_counters {
	struct counter state; /* enum sync_state */
	struct counter lines, bad_lines;
	struct counter opens, resets, failures;
	struct counter full_states; /* received whole */
	struct counter held_back;   /* that would have dropped half */
	struct counter revision;
	struct counter url; /* index of the registry in use or tried */
};

struct sync_config {
	struct loop *loop;
	const struct conf_list *urls;	/* borrowed for sync_new() only */
	struct fleet *fleet;		/* borrowed */
	struct sync_counters *counters; /* borrowed */
	void (*changed)(enum sync_change change, void *arg);
	void *arg;
};

/* sync_new - start following from @mark (from a saved state; its epoch "" =
 * from nothing). Never fails: what cannot be reached is tried again. */
struct sync *sync_new(const struct sync_config *config,
		      const struct state_file_mark *mark);
void sync_free(struct sync **sync);

/* sync_mark - where the fleet stands. */
const struct state_file_mark *sync_mark(const struct sync *sync);
/* sync_is_whole - whether the fleet is exactly the state at sync_mark(), not a
 * mix of two: only then may it be saved. */
bool sync_is_whole(const struct sync *sync);
/* sync_heard_at_ms - when the last good line came; -1 = never. */
int64_t sync_heard_at_ms(const struct sync *sync);
/* sync_state_str - "waiting", "opening", "receiving", "following". */
const char *sync_state_str(enum sync_state state);

#endif
