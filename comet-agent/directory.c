/*
 * directory.c - sharded hash tables: key -> session, user -> sessions.
 * Invariants: an entry is on its user's list from claim to release; it is in
 * the key table from claim until it is released or loses the key. All members
 * but the links are constant while it is reachable.
 */
#include "comet-agent/directory.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "lib/base/crypto.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define SHARDS 64

/* One user with at least one session. */
struct user {
	UT_hash_handle hh;
	LIST_HEAD(, directory_entry) sessions; /* newest first */
	char text[];			       /* hh.keylen bytes */
};

struct directory_entry {
	UT_hash_handle hh;		     /* in the key shard */
	LIST_ENTRY(directory_entry) of_user; /* in the user shard */
	struct user *user;		     /* NULL = anonymous */
	uint64_t session;
	uint32_t since_wall_s; /* until 2106: four bytes of each session */
	struct addr peer;
	bool has_key; /* false after it lost the key; key shard's lock */
	uint8_t key_len, platform_len;
	char text[]; /* key, platform */
};

struct key_shard {
	pthread_mutex_t lock; /* guards the table and has_key */
	struct directory_entry *entries;
};

struct user_shard {
	pthread_mutex_t lock; /* guards the table and the users' lists */
	struct user *users;
};

struct directory {
	struct hash_key hash_key; /* keys and users come from outside */
	struct key_shard keys[SHARDS];
	struct user_shard users[SHARDS];
};

struct directory *directory_new(void)
{
	struct directory *directory = mem_alloc(sizeof(*directory));

	crypto_random(&directory->hash_key, sizeof(directory->hash_key));
	for (unsigned i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&directory->keys[i].lock, NULL);
		pthread_mutex_init(&directory->users[i].lock, NULL);
	}
	return directory;
}

void directory_free(struct directory **directory)
{
	if (!*directory)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		assert(!(*directory)->keys[i].entries);
		assert(!(*directory)->users[i].users);
		pthread_mutex_destroy(&(*directory)->keys[i].lock);
		pthread_mutex_destroy(&(*directory)->users[i].lock);
	}
	mem_free(*directory);
	*directory = NULL;
}

static uint32_t hash_of(const struct directory *directory, struct sv text)
{
	return (uint32_t)hash_sip(&directory->hash_key, text);
}

/* The low bits choose the bucket inside a shard; the high ones the shard. */
static struct key_shard *key_shard(struct directory *directory, uint32_t hash)
{
	return &directory->keys[hash >> 26];
}

static struct user_shard *user_shard(struct directory *directory, uint32_t hash)
{
	return &directory->users[hash >> 26];
}

static struct directory_entry *entry_new(const struct directory *directory,
					 const struct directory_person *person)
{
	size_t key_len = strlen(person->key);
	size_t platform_len = strlen(person->platform);
	struct directory_entry *entry =
		mem_alloc(sizeof(*entry) + key_len + platform_len);

	entry->session = person->session;
	entry->since_wall_s = (uint32_t)person->since_wall_s;
	entry->peer = person->peer;
	entry->key_len = (uint8_t)key_len;
	entry->platform_len = (uint8_t)platform_len;
	memcpy(entry->text, person->key, key_len);
	memcpy(entry->text + key_len, person->platform, platform_len);
	/* Kept in the handle also while it is in no table. */
	entry->hh.hashv = hash_of(directory, sv_of(entry->text, key_len));
	return entry;
}

static struct user *user_find(struct user_shard *shard, struct sv name,
			      uint32_t hash)
{
	struct user *user = NULL;

	HASH_FIND_BYHASHVALUE(hh, shard->users, name.ptr, name.len, hash, user);
	return user;
}

static struct user *user_add(struct user_shard *shard, struct sv name,
			     uint32_t hash)
{
	struct user *user = mem_alloc(sizeof(*user) + name.len);

	LIST_INIT(&user->sessions);
	memcpy(user->text, name.ptr, name.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->users, user->text,
				    (unsigned)name.len, hash, user);
	return user;
}

static void user_join(struct directory *directory,
		      struct directory_entry *entry, struct sv name)
{
	uint32_t hash = hash_of(directory, name);
	struct user_shard *shard = user_shard(directory, hash);

	if (name.len == 0)
		return;
	pthread_mutex_lock(&shard->lock);
	entry->user = user_find(shard, name, hash);
	if (!entry->user)
		entry->user = user_add(shard, name, hash);
	LIST_INSERT_HEAD(&entry->user->sessions, entry, of_user);
	pthread_mutex_unlock(&shard->lock);
}

static void user_leave(struct directory *directory,
		       struct directory_entry *entry)
{
	struct user *user = entry->user;
	struct user_shard *shard;

	if (!user)
		return;
	shard = user_shard(directory, user->hh.hashv);
	pthread_mutex_lock(&shard->lock);
	LIST_REMOVE(entry, of_user);
	if (LIST_EMPTY(&user->sessions)) {
		HASH_DELETE(hh, shard->users, user);
		mem_free(user);
	}
	pthread_mutex_unlock(&shard->lock);
}

/* Both entries are on their users' lists, so the pointers decide. */
static bool is_same_user(const struct directory_entry *a,
			 const struct directory_entry *b)
{
	return a->user == b->user;
}

/* Put @entry in the place of its key. */
static int key_take(struct key_shard *shard, struct directory_entry *entry,
		    enum directory_proof proof, uint64_t *loser_r)
{
	struct directory_entry *old = NULL;

	HASH_FIND_BYHASHVALUE(hh, shard->entries, entry->text, entry->key_len,
			      entry->hh.hashv, old);
	if (old && proof == DIRECTORY_KEY_CLAIMED && !is_same_user(old, entry))
		return ERR_CONFLICT;
	if (old) {
		HASH_DELETE(hh, shard->entries, old);
		old->has_key = false;
		*loser_r = old->session;
	}
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->entries, entry->text,
				    entry->key_len, entry->hh.hashv, entry);
	entry->has_key = true;
	return 0;
}

int directory_claim(struct directory *directory,
		    const struct directory_person *person,
		    enum directory_proof proof,
		    struct directory_entry **entry_r, uint64_t *loser_r)
{
	struct directory_entry *entry = entry_new(directory, person);
	struct key_shard *shard = key_shard(directory, entry->hh.hashv);
	int rc;

	*loser_r = 0;
	/* The user first: whoever finds the key may look at the user. */
	user_join(directory, entry, sv_str(person->user));
	pthread_mutex_lock(&shard->lock);
	rc = key_take(shard, entry, proof, loser_r);
	pthread_mutex_unlock(&shard->lock);
	if (rc) {
		user_leave(directory, entry);
		mem_free(entry);
		return rc;
	}
	*entry_r = entry;
	return 0;
}

void directory_release(struct directory *directory,
		       struct directory_entry **entry)
{
	struct key_shard *shard;

	if (!*entry)
		return;
	shard = key_shard(directory, (*entry)->hh.hashv);
	pthread_mutex_lock(&shard->lock);
	if ((*entry)->has_key)
		HASH_DELETE(hh, shard->entries, *entry);
	pthread_mutex_unlock(&shard->lock);
	user_leave(directory, *entry);
	mem_free(*entry);
	*entry = NULL;
}

static void copy_out(const struct directory_entry *entry,
		     struct directory_person *person_r)
{
	memset(person_r, 0, sizeof(*person_r));
	person_r->session = entry->session;
	person_r->since_wall_s = entry->since_wall_s;
	person_r->peer = entry->peer;
	memcpy(person_r->key, entry->text, entry->key_len);
	memcpy(person_r->platform, entry->text + entry->key_len,
	       entry->platform_len);
	if (entry->user)
		memcpy(person_r->user, entry->user->text,
		       entry->user->hh.keylen);
}

int directory_find_key(struct directory *directory, struct sv key,
		       struct directory_person *person_r)
{
	uint32_t hash = hash_of(directory, key);
	struct key_shard *shard = key_shard(directory, hash);
	struct directory_entry *entry = NULL;

	if (key.len == 0 || key.len >= DIRECTORY_KEY_BYTES)
		return ERR_NOTFOUND;
	pthread_mutex_lock(&shard->lock);
	HASH_FIND_BYHASHVALUE(hh, shard->entries, key.ptr, key.len, hash,
			      entry);
	if (entry)
		copy_out(entry, person_r);
	pthread_mutex_unlock(&shard->lock);
	return entry ? 0 : ERR_NOTFOUND;
}

unsigned directory_find_user(struct directory *directory, struct sv user,
			     struct directory_person *persons_r, unsigned max)
{
	uint32_t hash = hash_of(directory, user);
	struct user_shard *shard = user_shard(directory, hash);
	const struct directory_entry *entry;
	const struct user *found;
	unsigned count = 0;

	if (user.len == 0 || user.len >= DIRECTORY_USER_BYTES)
		return 0;
	pthread_mutex_lock(&shard->lock);
	found = user_find(shard, user, hash);
	if (found) {
		LIST_FOREACH (entry, &found->sessions, of_user) {
			if (count < max)
				copy_out(entry, &persons_r[count]);
			count++;
		}
	}
	pthread_mutex_unlock(&shard->lock);
	return count;
}
