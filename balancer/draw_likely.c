/*
 * draw_likely.c - without a branch for each node, because nobody could foresee
 * it: each one is written down, and the next over it if it is too far. Pure.
 */
#include "balancer/draw_likely.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "lib/base/def.h"

unsigned draw_likely_by_hand(const struct draw_likely_query *query,
			     const struct snapshot_draw *draws, uint32_t count,
			     struct draw_likely *likely_r)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < count && found <= DRAW_LIKELY_MAX; i++) {
		uint64_t hash = draw_scan_hash(draws[i].id_hash, query->key);
		double far = draw_scan_far(hash, draws[i].inv_weight);

		likely_r->index[found] = i;
		likely_r->hash[found] = hash;
		found += (unsigned)(far <= query->limit) &
			 (unsigned)((draws[i].families & query->families) != 0);
	}
	return found;
}

#ifdef __x86_64__
#define VECTOR __attribute__((target("avx512vl,avx512dq")))

_Static_assert(sizeof(struct snapshot_draw) == 2 * sizeof(uint64_t),
	       "the second word is inv_weight below families and node");
#define FAMILIES_SHIFT 32

/* Draws 0, 2, 1 and 3 of four, word by word. */
struct lanes {
	__m256i id_hash, rest;
};

/* The first @count draws, at least one; zeros in the place of missing ones. */
VECTOR static inline struct lanes load(const struct snapshot_draw *draws,
				       uint32_t count)
{
	unsigned words =
		count < DRAW_LIKELY_LANES ? (1U << 2 * count) - 1 : 0xff;
	__m256i low = _mm256_maskz_loadu_epi64((__mmask8)(words & 0xf), draws);
	__m256i high =
		_mm256_maskz_loadu_epi64((__mmask8)(words >> 4), draws + 2);

	return (struct lanes){
		.id_hash = _mm256_unpacklo_epi64(low, high),
		.rest = _mm256_unpackhi_epi64(low, high),
	};
}

/* hash_mix() of each. */
VECTOR static inline __m256i mix(__m256i x)
{
	x ^= _mm256_srli_epi64(x, 30);
	x = _mm256_mullo_epi64(x, _mm256_set1_epi64x((int64_t)HASH_MIX_1));
	x ^= _mm256_srli_epi64(x, 27);
	x = _mm256_mullo_epi64(x, _mm256_set1_epi64x((int64_t)HASH_MIX_2));
	return x ^ _mm256_srli_epi64(x, 31);
}

/* draw_scan_far() of each. */
VECTOR static inline __m256d far_of(__m256i hash, __m256i rest)
{
	__m128 inv_weight = _mm_castsi128_ps(_mm256_cvtepi64_epi32(rest));

	return _mm256_cvtepi64_pd(_mm256_srli_epi64(~hash, 1)) *
	       _mm256_cvtps_pd(inv_weight);
}

VECTOR static unsigned by_vector(const struct draw_likely_query *query,
				 const struct snapshot_draw *draws,
				 uint32_t count, struct draw_likely *likely_r)
{
	const __m256i key = _mm256_set1_epi64x((int64_t)query->key);
	const __m256d limit = _mm256_set1_pd(query->limit);
	const __m256i families = _mm256_set1_epi64x(
		(int64_t)((uint64_t)query->families << FAMILIES_SHIFT));
	__m128i index = _mm_setr_epi32(0, 2, 1, 3);
	unsigned found = 0;

	for (uint32_t i = 0; i < count && found <= DRAW_LIKELY_MAX;
	     i += DRAW_LIKELY_LANES) {
		struct lanes lanes = load(draws + i, count - i);
		__m256i hash = mix(lanes.id_hash ^ key);
		/* Missing ones are of no family. */
		__mmask8 near = _mm256_mask_cmp_pd_mask(
			_mm256_test_epi64_mask(lanes.rest, families),
			far_of(hash, lanes.rest), limit, _CMP_LE_OQ);

		_mm256_storeu_epi64(&likely_r->hash[found],
				    _mm256_maskz_compress_epi64(near, hash));
		_mm_storeu_epi32(&likely_r->index[found],
				 _mm_maskz_compress_epi32(near, index));
		found += (unsigned)__builtin_popcount(near);
		index = _mm_add_epi32(index, _mm_set1_epi32(DRAW_LIKELY_LANES));
	}
	return found;
}
#endif

unsigned draw_likely_find(const struct draw_likely_query *query,
			  const struct snapshot_draw *draws, uint32_t count,
			  struct draw_likely *likely_r)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx512dq"))
		return by_vector(query, draws, count, likely_r);
#endif
	return draw_likely_by_hand(query, draws, count, likely_r);
}
