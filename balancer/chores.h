/*
 * chores.h - a thread for what takes long: compiles maps when their files
 * change or the operator says so, for the builder's mailbox, writes the saved
 * state, and answers what-ifs and questions about past snapshots.
 */
#ifndef PERI_BALANCER_CHORES_H
#define PERI_BALANCER_CHORES_H

#include "balancer/counter.h"
#include "balancer/map_source.h"
#include "lib/net/mailbox.h"

struct chores;

/* Written by the chores thread, read by anybody. */
struct chores_counters {
	struct counter maps_loaded, map_errors;
	struct counter saves, save_errors, save_bytes;
};

struct chores_config {
	struct map_source source; /* already loaded once by the caller */
	struct mailbox *maps;	  /* gets struct view_map, each held once */
	struct chores_counters *counters;
	const char *save_path; /* "" = nowhere; borrowed */
};

/* chores_start - start the thread. Returns 0 or what worker_start() says. */
MUST_CHECK int chores_start(const struct chores_config *config,
			    struct chores **chores_r);
/* chores_stop - finish what was posted and end the thread. The mailbox must
 * still be there. */
void chores_stop(struct chores **chores);

/* chores_reload - load the map anew from @source, changed or not. */
void chores_reload(struct chores *chores, const struct map_source *source);
/* chores_explain - run @job, which is given away, and post it to its reply_to.
 * How many there may be is the asker's to limit. */
struct explain_job;
void chores_explain(struct chores *chores, struct explain_job *job);
/* chores_save - write @text, which is given away, as the saved state. */
void chores_save(struct chores *chores, struct buf *text);

#endif
