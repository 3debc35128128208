/*
 * directory.h - who is connected to this node: every authenticated session by
 * key and by user, over all workers.
 *
 * Why a shared table with short locks and not messages between workers: "the
 * newer connection wins" needs one place that decides which is newer, and a
 * look-up must not ask every worker. A claim takes two of 128 locks for the
 * time of a hash look-up, once per connection; heartbeats never come here.
 * Only the deciding is shared: the loser is closed by its own worker, which
 * gets its number as a message.
 */
#ifndef PERI_COMET_AGENT_DIRECTORY_H
#define PERI_COMET_AGENT_DIRECTORY_H

#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/sv.h"

#define DIRECTORY_KEY_BYTES	 65
#define DIRECTORY_USER_BYTES	 65
#define DIRECTORY_PLATFORM_BYTES 33

struct directory;
struct directory_entry; /* one session's place; belongs to its worker */

/* Plain copy of what is known about a session. */
struct directory_person {
	uint64_t session; /* number from session_table */
	char key[DIRECTORY_KEY_BYTES];
	char user[DIRECTORY_USER_BYTES]; /* "" = anonymous */
	char platform[DIRECTORY_PLATFORM_BYTES];
	struct addr peer;
	int64_t since_wall_s;
};

enum directory_proof {
	DIRECTORY_KEY_CLAIMED, /* only the client says the key is its own */
	DIRECTORY_KEY_PROVED,  /* a token says so, or nobody has to prove */
};

/* directory_new - empty. Owned by the caller. */
struct directory *directory_new(void);
/* directory_free - all entries were released. */
void directory_free(struct directory **directory);

/*
 * directory_claim - enter a session; an older one with the same key loses it.
 *
 * @person   copied
 * @proof    with DIRECTORY_KEY_CLAIMED an older session of another user keeps
 *	     the key
 * @entry_r  out: to be given to directory_release() once
 * @loser_r  out: number of the session that lost the key, 0 = none; its worker
 *	     has to close it
 *
 * Returns 0, or ERR_CONFLICT when the key is another user's. Any thread.
 */
MUST_CHECK int directory_claim(struct directory *directory,
			       const struct directory_person *person,
			       enum directory_proof proof,
			       struct directory_entry **entry_r,
			       uint64_t *loser_r);

/* directory_release - the session is gone. Any thread. */
void directory_release(struct directory *directory,
		       struct directory_entry **entry);

/* directory_find_key - copy out who has @key now. Returns 0 or ERR_NOTFOUND.
 * Any thread. */
MUST_CHECK int directory_find_key(struct directory *directory, struct sv key,
				  struct directory_person *person_r);

/*
 * directory_find_user - copy out the sessions of @user, newest first.
 *
 * Returns how many there are, which may be more than the @max copied. Any
 * thread.
 */
unsigned directory_find_user(struct directory *directory, struct sv user,
			     struct directory_person *persons_r, unsigned max);

#endif
