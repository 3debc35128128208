/*
 * state_file.h - the last good fleet on disk, so that a balancer starts when
 * the registry is away: a line that says when it was saved, how long
 * sessions last and how many balancers there were, a line with each service's
 * kappa, the fleet as lines of feed.h, and a last line with a checksum over all
 * before it. A file that is cut or altered anywhere is refused as a whole.
 */
#ifndef PERI_BALANCER_STATE_FILE_H
#define PERI_BALANCER_STATE_FILE_H

#include "balancer/fleet.h"
#include "lib/base/buf.h"

#define STATE_FILE_NAME	     "balancer-fleet.jsonl"
#define STATE_FILE_BYTES_MAX (512UL << 20)

/* Where in the registry's feed a state stands. */
struct state_file_mark {
	char epoch[FEED_EPOCH_BYTES];
	uint64_t rev;
	int64_t saved_wall_ms; /* 0 = unknown */
	unsigned balancers;    /* live, by the registry; 0 = it never said */
};

/* state_file_put - append the whole file's text for @fleet. @mark's
 * saved_wall_ms is now. Owner of @fleet. */
void state_file_put(struct buf *b, struct fleet *fleet,
		    const struct state_file_mark *mark, int64_t now_ms);

/*
 * state_file_take - put what the file's @text holds into @fleet.
 *
 * @wall_ms  now; how old the file is adds to the ages of its reports
 * @why	     out: the reason of a refusal
 *
 * Returns 0 and *@mark_r, or ERR_CORRUPT, and then @fleet is untouched.
 */
MUST_CHECK int state_file_take(struct sv text, struct fleet *fleet,
			       int64_t now_ms, int64_t wall_ms,
			       struct state_file_mark *mark_r, struct buf *why);

/* state_file_load - state_file_take() of the file at @path; both clocks are
 * read. Returns also -errno; -ENOENT when there is none. Blocks. */
MUST_CHECK int state_file_load(const char *path, struct fleet *fleet,
			       struct state_file_mark *mark_r, struct buf *why);

/* state_file_save - put @text in the place of the file at @path: a new file,
 * fsync, rename, fsync of the folder. Returns 0 or -errno; then the old file
 * is still there. Blocks. */
MUST_CHECK int state_file_save(const char *path, struct sv text);

#endif
