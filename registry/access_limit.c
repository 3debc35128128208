/*
 * access_limit.c - see the header. A list: failures are few, and looked at
 * only when somebody shows a secret. Pure.
 */
#include "registry/access_limit.h"

static struct addr network_of(const struct addr *peer)
{
	return addr_mask(peer, peer->family == ADDR_V6 ? 64 : 32);
}

static bool is_over(const struct access_limit_entry *entry, int64_t now_ms)
{
	return entry->bad == 0 ||
	       now_ms - entry->began_ms >= ACCESS_LIMIT_PERIOD_MS;
}

bool access_limit_is_barred(const struct access_limit *limit,
			    const struct addr *peer, int64_t now_ms)
{
	struct addr network = network_of(peer);

	for (unsigned i = 0; i < ACCESS_LIMIT_ADDRESSES; i++) {
		const struct access_limit_entry *entry = &limit->entries[i];

		if (!is_over(entry, now_ms) &&
		    addr_eq(&entry->network, &network))
			return entry->bad >= ACCESS_LIMIT_BAD;
	}
	return false;
}

/* That of @network, else one that is over, else the one that began first. */
static struct access_limit_entry *entry_for(struct access_limit *limit,
					    const struct addr *network,
					    int64_t now_ms)
{
	struct access_limit_entry *oldest = &limit->entries[0];

	for (unsigned i = 0; i < ACCESS_LIMIT_ADDRESSES; i++) {
		struct access_limit_entry *entry = &limit->entries[i];

		if (is_over(entry, now_ms))
			entry->bad = 0;
		else if (addr_eq(&entry->network, network))
			return entry;
		if (oldest->bad > 0 &&
		    (entry->bad == 0 || entry->began_ms < oldest->began_ms))
			oldest = entry;
	}
	oldest->bad = 0;
	return oldest;
}

void access_limit_note_bad(struct access_limit *limit, const struct addr *peer,
			   int64_t now_ms)
{
	struct addr network = network_of(peer);
	struct access_limit_entry *entry = entry_for(limit, &network, now_ms);

	if (entry->bad == 0) {
		entry->network = network;
		entry->began_ms = now_ms;
	}
	entry->bad++;
}
