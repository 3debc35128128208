/*
 * store_sqlite.h - the embedded store: one SQLite file (WAL, synchronous=FULL)
 * with a thread of its own that writes what is queued in one transaction.
 */
#ifndef PERI_REGISTRY_STORE_SQLITE_H
#define PERI_REGISTRY_STORE_SQLITE_H

#include "lib/net/loop.h"
#include "registry/store.h"

/*
 * store_sqlite_new - open or create the file and check it.
 *
 * @path	 of the database; its folder exists
 * @queue_max	 operations with a callback that may wait
 * @why		 out: what is wrong with the file, for a person
 *
 * Returns 0 and *@store_r, owned by the caller (store_free()); -errno,
 * ERR_CORRUPT (not a database, or damaged), ERR_UNSUPPORTED (of a newer
 * version or another program), ERR_UNAVAILABLE (another process has it).
 */
MUST_CHECK int store_sqlite_new(struct loop *loop, const char *path,
				size_t queue_max, struct buf *why,
				struct store **store_r);

#endif
