/*
 * headcount.h - how many sessions share a name, over all workers: a room, or
 * a client's address. Joining and leaving take the short lock of one of 64
 * shards; reading a count takes none (a heartbeat's reply does it).
 */
#ifndef PERI_COMET_AGENT_HEADCOUNT_H
#define PERI_COMET_AGENT_HEADCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/sv.h"

struct headcount;
struct headcount_name;

/* headcount_new - empty. Owned by the caller. */
struct headcount *headcount_new(void);
/* headcount_free - everybody has left. */
void headcount_free(struct headcount **table);

/*
 * headcount_join - one more of @name (any bytes, 1..255).
 *
 * @limit  at most so many of this name; 0 = no limit
 *
 * Returns the name's entry, to be given to headcount_leave() once; NULL when
 * the limit is reached. Any thread.
 */
struct headcount_name *headcount_join(struct headcount *table, struct sv name,
				      uint32_t limit);
/* headcount_leave - one less; the last one frees the entry. Any thread. */
void headcount_leave(struct headcount *table, struct headcount_name *entry);

/* headcount_now - how many there are. A joined caller, any thread. */
uint32_t headcount_now(const struct headcount_name *entry);
/* headcount_names - how many different names. Any thread. */
size_t headcount_names(struct headcount *table);

#endif
