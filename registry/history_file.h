/*
 * history_file.h - what of the history and of the event log is on the disk:
 * STATE_DIR/history.db. Nothing in it is worth more than the registry itself:
 * a damaged file is put aside and a new one begun. One thread, its own.
 */
#ifndef PERI_REGISTRY_HISTORY_FILE_H
#define PERI_REGISTRY_HISTORY_FILE_H

#include "registry/event.h"
#include "registry/history.h"

#define HISTORY_FILE_WHY_BYTES 512

struct history_file;

/* A target that got a slot. */
struct history_file_slot {
	uint32_t slot;
	int64_t since_s;
	char name[HISTORY_NAME_BYTES];
};

/* What is written in one transaction. All arrays are owned by the batch. */
struct history_file_batch {
	struct history_file_slot *slots;
	size_t slot_count;
	struct history_frame frames[HISTORY_SPAN_COUNT]; /* tick -1 = none */
	struct event *events;
	size_t event_count;
	uint64_t oldest_id; /* events before this one are deleted */
};

/* history_file_batch_free - with its arrays; NULL is allowed. */
void history_file_batch_free(struct history_file_batch **batch);

/* Who takes what is read; each call owns nothing but the points. */
struct history_file_sink {
	void (*slot)(void *arg, const struct history_file_slot *slot);
	/* The points belong to the callee. */
	void (*frame)(void *arg, enum history_span span,
		      const struct history_frame *frame);
	void (*event)(void *arg, const struct event *event); /* by their ids */
	void *arg;
};

/* history_file_new - not open yet. @path is borrowed. */
struct history_file *history_file_new(const char *path);
void history_file_free(struct history_file **file);

/*
 * history_file_open - open it, or begin a new one; then give all it holds.
 *
 * @sink  NULL: nobody asks
 * @why	  out: what is wrong when it cannot be opened, for a person
 *
 * Returns 0, or the error when it can neither be opened nor begun anew. What
 * cannot be read is left out and counted.
 */
MUST_CHECK int history_file_open(struct history_file *file,
				 const struct history_file_sink *sink,
				 struct buf *why);
/* history_file_is_open - whether batches can be written. */
bool history_file_is_open(const struct history_file *file);

/* history_file_write - all of @batch or nothing. Returns 0 or the error; after
 * ERR_CORRUPT the file is closed. */
MUST_CHECK int history_file_write(struct history_file *file,
				  const struct history_file_batch *batch);

/* history_file_damaged - files that were put aside. */
uint64_t history_file_damaged(const struct history_file *file);

#endif
