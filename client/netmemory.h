/*
 * netmemory.h - what the heartbeat learned on each network it has been on:
 * at most 20, the least recently used one leaves, forgotten after 7 days.
 * Plain data, pure, one thread.
 */
#ifndef PERI_CLIENT_NETMEMORY_H
#define PERI_CLIENT_NETMEMORY_H

#include <stdint.h>

#define NETMEMORY_MAX	    20
#define NETMEMORY_KEY_BYTES 65
#define NETMEMORY_AGE_MS    (INT64_C(7) * 24 * 3600 * 1000)

/* What is known of one network's middleboxes. */
struct netmemory_facts {
	uint32_t good_s;	  /* longest silence that worked; 0 = unknown */
	uint32_t ceiling_s;	  /* shortest that did not; 0 = unknown */
	uint32_t ceiling_retries; /* how often that has been confirmed */
	int64_t ceiling_retry_ms; /* when it may be tried again */
};

struct netmemory_entry {
	char key[NETMEMORY_KEY_BYTES];
	int64_t used_ms;
	struct netmemory_facts facts;
};

struct netmemory {
	unsigned count;
	struct netmemory_entry entries[NETMEMORY_MAX];
};

/*
 * netmemory_find - what is known of network @key.
 *
 * @key  access type and carrier or SSID, as the app calls it
 *
 * Returns the facts, borrowed until the next put, or NULL when the network is
 * new or was last used more than 7 days ago.
 */
const struct netmemory_facts *netmemory_find(struct netmemory *memory,
					     const char *key, int64_t now_ms);

/* netmemory_put - remember @facts of @key (cut to 64 bytes), used now. */
void netmemory_put(struct netmemory *memory, const char *key,
		   const struct netmemory_facts *facts, int64_t now_ms);

#endif
