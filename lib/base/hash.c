/*
 * hash.c - SipHash-2-4 from its paper (Aumasson and Bernstein 2012). Reads
 * words byte by byte in little-endian order, so results are the same on every
 * machine. Pure, any thread.
 */
#include "lib/base/hash.h"

#include <string.h>

struct hash_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t hash_rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static inline void hash_round(struct hash_state *s)
{
	s->v0 += s->v1;
	s->v1 = hash_rotl(s->v1, 13) ^ s->v0;
	s->v0 = hash_rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = hash_rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = hash_rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = hash_rotl(s->v1, 17) ^ s->v2;
	s->v2 = hash_rotl(s->v2, 32);
}

static inline void hash_word(struct hash_state *s, uint64_t word)
{
	s->v3 ^= word;
	hash_round(s);
	hash_round(s);
	s->v0 ^= word;
}

static inline uint64_t hash_load(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

uint64_t hash_sip(const struct hash_key *key, struct sv text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	uint64_t last = (uint64_t)text.len << 56;
	size_t left = text.len;
	struct hash_state s = {
		key->k0 ^ 0x736f6d6570736575ULL,
		key->k1 ^ 0x646f72616e646f6dULL,
		key->k0 ^ 0x6c7967656e657261ULL,
		key->k1 ^ 0x7465646279746573ULL,
	};

	for (; left >= 8; left -= 8, p += 8)
		hash_word(&s, hash_load(p));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	hash_word(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		hash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t hash_text(struct sv text)
{
	/* The bytes 0..15, known to all: stable, and no protection. */
	static const struct hash_key KEY = {0x0706050403020100ULL,
					    0x0f0e0d0c0b0a0908ULL};

	return hash_sip(&KEY, text);
}
