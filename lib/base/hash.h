/*
 * hash.h - hashes that decide nothing secret but must not be steered from
 * outside: SipHash-2-4 (Aumasson and Bernstein) keyed per process, and a
 * 64-bit mixer. Pure, any thread.
 */
#ifndef PERI_LIB_BASE_HASH_H
#define PERI_LIB_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/sv.h"

struct hash_key {
	uint64_t k0, k1;
};

/* hash_sip - SipHash-2-4 of @text under @key. */
uint64_t hash_sip(const struct hash_key *key, struct sv text);

/* hash_mix - bijective mixer of 64 bits (splitmix64's finalizer, Stafford). */
#define HASH_MIX_1 0xbf58476d1ce4e5b9ULL
#define HASH_MIX_2 0x94d049bb133111ebULL
static inline uint64_t hash_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= HASH_MIX_1;
	x ^= x >> 27;
	x *= HASH_MIX_2;
	return x ^ x >> 31;
}

/*
 * hash_text - stable hash of a text: the same in every process and on every
 * machine. For ids inside a fleet, never for tables filled from outside.
 */
uint64_t hash_text(struct sv text);

#endif
