/*
 * session_table.h - one worker's sessions by number. A number is never used
 * twice for different sessions, so that a message about a session that is gone
 * meanwhile finds nothing. One thread.
 *
 * Number: 24 bits generation, 8 bits worker, 32 bits slot; never 0.
 */
#ifndef PERI_COMET_AGENT_SESSION_TABLE_H
#define PERI_COMET_AGENT_SESSION_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define SESSION_TABLE_WORKERS_MAX 64

struct session_table;
struct session;

/* session_table_new - for worker number @worker (< SESSION_TABLE_WORKERS_MAX).
 * Owned by the caller. */
struct session_table *session_table_new(unsigned worker);
/* session_table_free - it is empty. */
void session_table_free(struct session_table **table);

/* session_table_add - returns the number of @session (borrowed). The caller
 * has bounded how many there are. */
uint64_t session_table_add(struct session_table *table,
			   struct session *session);
/* session_table_del - the session with this number is gone. */
void session_table_del(struct session_table *table, uint64_t number);
/* session_table_find - the session, or NULL when it is gone. */
struct session *session_table_find(const struct session_table *table,
				   uint64_t number);
/* session_table_count - how many. */
size_t session_table_count(const struct session_table *table);

/*
 * session_table_next - walk over all sessions, a few at a time.
 *
 * @cursor  in and out: 0 to begin; sessions may come and go between calls
 *
 * Returns the next session, or NULL at the end.
 */
struct session *session_table_next(const struct session_table *table,
				   size_t *cursor);

/* session_table_worker - which worker a number belongs to. Any thread. */
unsigned session_table_worker(uint64_t number);

#endif
