/*
 * pollset.h - an interest (interest.h) backed by an epoll set: for one handle
 * or for thousands of links in one loop. One thread.
 */
#ifndef PERI_CLIENT_POLLSET_H
#define PERI_CLIENT_POLLSET_H

#include <stdint.h>

#include "client/interest.h"
#include "lib/base/def.h"

struct pollset;

/* One owner of sockets in the set; lives as long as they do. */
struct pollset_member {
	struct pollset *set; /* borrowed */
	void *owner;	     /* what pollset_wait() gives back */
};

/* pollset_new - an empty set; returns 0 or -errno. Owned by the caller. */
MUST_CHECK int pollset_new(struct pollset **set_r);
void pollset_free(struct pollset **set);

/* pollset_fd - readable while a socket of the set is ready; borrowed. */
int pollset_fd(const struct pollset *set);

/* pollset_interest - the interest of @member, which is borrowed by it. */
struct interest pollset_interest(struct pollset_member *member);

/*
 * pollset_wait - wait until a socket is ready.
 *
 * @timeout_ms	at most so long; 0 = do not wait; below 0 = for ever
 * @owners_r	out: room for @max; an owner may come more than once
 *
 * Returns how many; 0 after the timeout or a signal.
 */
unsigned pollset_wait(struct pollset *set, int64_t timeout_ms, void **owners_r,
		      unsigned max);

#endif
