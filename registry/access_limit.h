/*
 * access_limit.h - how often each address has failed to log in: beyond
 * ACCESS_LIMIT_BAD in a minute it has to wait until the minute is over. Per
 * IPv4 address and per IPv6 /64. Fixed memory; pure.
 */
#ifndef PERI_REGISTRY_ACCESS_LIMIT_H
#define PERI_REGISTRY_ACCESS_LIMIT_H

#include "lib/base/addr.h"

#define ACCESS_LIMIT_BAD       10
#define ACCESS_LIMIT_PERIOD_MS 60000
#define ACCESS_LIMIT_ADDRESSES 512

struct access_limit {
	struct access_limit_entry {
		struct addr network;
		int64_t began_ms; /* of the minute */
		unsigned bad;	  /* 0 = the entry is free */
	} entries[ACCESS_LIMIT_ADDRESSES];
};

/* access_limit_is_barred - whether @peer has to wait. */
bool access_limit_is_barred(const struct access_limit *limit,
			    const struct addr *peer, int64_t now_ms);

/* access_limit_note_bad - @peer has failed once more. When all entries are
 * taken, the one that began first is forgotten. */
void access_limit_note_bad(struct access_limit *limit, const struct addr *peer,
			   int64_t now_ms);

#endif
