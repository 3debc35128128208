/*
 * drain_book.c - nodes that drain, by id. Pure; one thread.
 */
#include "registry/drain_book.h"

#include "registry/id_hash.h"

struct entry {
	char id[NODE_ID_BYTES];
	uint32_t conns_at_start;
	UT_hash_handle hh;
};

struct drain_book {
	struct entry *entries;
	struct hash_key hash_key;
};

struct drain_book *drain_book_new(void)
{
	struct drain_book *book = mem_alloc(sizeof(*book));

	book->hash_key = id_hash_key();
	return book;
}

static struct entry *find(const struct drain_book *book, const char *id)
{
	struct sv key = sv_str(id);
	unsigned hash = id_hash(&book->hash_key, key);
	struct entry *entry;

	HASH_FIND_BYHASHVALUE(hh, book->entries, key.ptr, key.len, hash, entry);
	return entry;
}

static void drop(struct drain_book *book, struct entry *entry)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): in uthash */
	HASH_DEL(book->entries, entry);
	mem_free(entry);
}

void drain_book_free(struct drain_book **book)
{
	if (!*book)
		return;
	while ((*book)->entries)
		drop(*book, (*book)->entries);
	mem_free(*book);
	*book = NULL;
}

void drain_book_note(struct drain_book *book, const char *id, uint32_t conns)
{
	struct sv key = sv_str(id);
	unsigned hash = id_hash(&book->hash_key, key);
	struct entry *entry;

	if (find(book, id))
		return;
	entry = mem_alloc(sizeof(*entry));
	memcpy(entry->id, key.ptr, key.len);
	entry->conns_at_start = conns;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, book->entries, entry->id, key.len, hash,
				    entry);
}

void drain_book_forget(struct drain_book *book, const char *id)
{
	struct entry *entry = book->entries ? find(book, id) : NULL;

	if (entry)
		drop(book, entry);
}

bool drain_book_find(const struct drain_book *book, const char *id,
		     uint32_t conns, struct drain_progress *progress_r)
{
	const struct entry *entry = book->entries ? find(book, id) : NULL;
	uint32_t start;

	if (!entry)
		return false;
	start = entry->conns_at_start;
	progress_r->conns_at_start = start;
	progress_r->share = conns == 0	     ? 1
			    : conns >= start ? 0
					     : 1 - (double)conns / start;
	return true;
}
