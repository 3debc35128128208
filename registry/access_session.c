/*
 * access_session.c - see the header. Every look-up compares with all entries,
 * in constant time each. Pure.
 */
#include "registry/access_session.h"

#include <string.h>

#include "lib/base/err.h"

/* A free entry, or the one that ends first. */
static struct access_session *place_in(struct access_session *entries,
				       unsigned count)
{
	struct access_session *first = &entries[0];

	for (unsigned i = 1; i < count; i++) {
		if (entries[i].until_ms < first->until_ms)
			first = &entries[i];
	}
	return first;
}

static const struct access_session *find(const struct access_session *entries,
					 unsigned count,
					 const struct access_digest *id,
					 int64_t now_ms)
{
	const struct access_session *found = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (access_token_equal(&entries[i].id, id) &&
		    now_ms < entries[i].until_ms)
			found = &entries[i];
	}
	return found;
}

static void put(struct access_session *entry, const struct access_grant *grant,
		const struct access_digest *id, int64_t until_ms)
{
	entry->grant = *grant;
	entry->id = *id;
	entry->until_ms = until_ms;
}

static void clear(struct access_session *entry)
{
	memset(entry, 0, sizeof(*entry));
}

void access_session_open(struct access_sessions *sessions,
			 const struct access_grant *grant,
			 const struct access_digest *id, int64_t now_ms,
			 int64_t ttl_ms)
{
	put(place_in(sessions->sessions, ACCESS_SESSION_MAX), grant, id,
	    now_ms + ttl_ms);
}

const struct access_session *
access_session_find(const struct access_sessions *sessions,
		    const struct access_digest *id, int64_t now_ms)
{
	return find(sessions->sessions, ACCESS_SESSION_MAX, id, now_ms);
}

void access_session_close(struct access_sessions *sessions,
			  const struct access_digest *id)
{
	for (unsigned i = 0; i < ACCESS_SESSION_MAX; i++) {
		if (access_token_equal(&sessions->sessions[i].id, id))
			clear(&sessions->sessions[i]);
	}
}

unsigned access_session_count(const struct access_sessions *sessions,
			      int64_t now_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ACCESS_SESSION_MAX; i++)
		count += now_ms < sessions->sessions[i].until_ms;
	return count;
}

void access_session_add_code(struct access_sessions *sessions,
			     const struct access_grant *grant,
			     const struct access_digest *id, int64_t now_ms)
{
	put(place_in(sessions->codes, ACCESS_SESSION_CODES), grant, id,
	    now_ms + ACCESS_SESSION_CODE_MS);
}

int access_session_use_code(struct access_sessions *sessions,
			    const struct access_digest *id, int64_t now_ms,
			    struct access_grant *grant_r)
{
	const struct access_session *code =
		find(sessions->codes, ACCESS_SESSION_CODES, id, now_ms);

	if (!code)
		return ERR_NOTFOUND;
	*grant_r = code->grant;
	clear(&sessions->codes[code - sessions->codes]);
	return 0;
}

static bool holds(const struct access_grant *grant,
		  const struct access_tokens *tokens)
{
	for (unsigned i = 0; i < tokens->count; i++) {
		if (access_token_equal(&tokens->items[i].digest,
				       &grant->origin))
			return grant->role <= tokens->items[i].role;
	}
	return false;
}

static void keep_only(struct access_session *entries, unsigned count,
		      const struct access_tokens *tokens)
{
	for (unsigned i = 0; i < count; i++) {
		if (entries[i].until_ms > 0 &&
		    !holds(&entries[i].grant, tokens))
			clear(&entries[i]);
	}
}

void access_session_keep_only(struct access_sessions *sessions,
			      const struct access_tokens *tokens)
{
	keep_only(sessions->sessions, ACCESS_SESSION_MAX, tokens);
	keep_only(sessions->codes, ACCESS_SESSION_CODES, tokens);
}
