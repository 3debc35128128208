/*
 * demo_pool.h - addresses of people all over the world: the country by its
 * Internet users, the network within it by the real database. One thread.
 */
#ifndef PERI_CLIENT_CLI_DEMO_POOL_H
#define PERI_CLIENT_CLI_DEMO_POOL_H

#include "lib/base/addr.h"
#include "lib/base/rng.h"

struct demo_pool;

/*
 * demo_pool_new - read the databases and gather addresses; takes about a
 * second.
 *
 * @paths  comma-separated files, NULL or "" = none: then addresses are drawn
 *	   from the benchmarking networks 198.18.0.0/15 (RFC 2544), which have
 *	   no place on any map
 * @why	   out: what went wrong with the files
 *
 * Returns 0 and *@pool_r (owned), or what cellmap_build() says.
 */
MUST_CHECK int demo_pool_new(const char *paths, struct rng *rng,
			     struct demo_pool **pool_r, struct buf *why);
void demo_pool_free(struct demo_pool **pool);

/* demo_pool_has_places - whether the addresses come from a database. */
bool demo_pool_has_places(const struct demo_pool *pool);
/* demo_pool_country_count - countries with at least one address. */
unsigned demo_pool_country_count(const struct demo_pool *pool);

/* demo_pool_draw - one client's address. */
struct addr demo_pool_draw(const struct demo_pool *pool, struct rng *rng);

#endif
