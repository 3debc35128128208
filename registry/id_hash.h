/*
 * id_hash.h - uthash with our memory, for the registry's tables keyed by ids
 * that come from outside: SipHash under a key of the process, given by value
 * (HASH_*_BYHASHVALUE), so nobody can choose ids that collide.
 */
#ifndef PERI_REGISTRY_ID_HASH_H
#define PERI_REGISTRY_ID_HASH_H

#define uthash_malloc(size)    mem_alloc(size)
#define uthash_free(ptr, size) mem_free(ptr)
#include <uthash.h>

#include "lib/base/crypto.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

/* id_hash_key - a key that nobody can foresee. */
static inline struct hash_key id_hash_key(void)
{
	struct hash_key key;

	crypto_random(&key, sizeof(key));
	return key;
}

/* id_hash - what HASH_*_BYHASHVALUE want. */
static inline unsigned id_hash(const struct hash_key *key, struct sv id)
{
	return (unsigned)hash_sip(key, id);
}

#endif
