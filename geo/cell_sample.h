/*
 * cell_sample.h - the IPv4 networks of a compiled table by cell, to draw
 * random addresses from. Immutable after the build.
 */
#ifndef PERI_GEO_CELL_SAMPLE_H
#define PERI_GEO_CELL_SAMPLE_H

#include "geo/cell_trie.h"
#include "lib/base/addr.h"

struct cell_sample;

/* cell_sample_new - index all networks of @trie (IPv4) under @cell_count
 * cells, number 0 included. Owned by the caller. */
struct cell_sample *cell_sample_new(const struct cell_trie *trie,
				    uint32_t cell_count);
void cell_sample_free(struct cell_sample **sample);

/* cell_sample_draw - see cellmap_sample(). Returns 0 or ERR_NOTFOUND. */
MUST_CHECK int cell_sample_draw(const struct cell_sample *sample, uint32_t cell,
				double unit_a, double unit_b,
				struct addr *addr_r);

#endif
