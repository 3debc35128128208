/*
 * drain_book.h - how many clients each draining node had when its drain began,
 * for its progress. In memory: after a restart of the registry a drain begins
 * anew, with what is left. Pure; one thread.
 */
#ifndef PERI_REGISTRY_DRAIN_BOOK_H
#define PERI_REGISTRY_DRAIN_BOOK_H

#include "lib/proto/node.h"

struct drain_book;

struct drain_progress {
	uint32_t conns_at_start;
	double share; /* 0..1 of them that have gone; 1 = nobody is left */
};

/* drain_book_new - no node drains. Owned by the caller. */
struct drain_book *drain_book_new(void);
void drain_book_free(struct drain_book **book);

/* drain_book_note - @id drains and has @conns clients: remembered once, until
 * drain_book_forget(). */
void drain_book_note(struct drain_book *book, const char *id, uint32_t conns);
/* drain_book_forget - @id does not drain, or is gone; no harm when it never
 * did. */
void drain_book_forget(struct drain_book *book, const char *id);

/* drain_book_find - how far @id is, with @conns clients now. Returns whether it
 * drains. */
bool drain_book_find(const struct drain_book *book, const char *id,
		     uint32_t conns, struct drain_progress *progress_r);

#endif
