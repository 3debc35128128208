/*
 * draw_table.h - the last step of a site's ranking: lays out what the draw
 * reads, tier by tier, and the trees of large sites. Builder's thread.
 */
#ifndef PERI_BALANCER_DRAW_TABLE_H
#define PERI_BALANCER_DRAW_TABLE_H

#include "balancer/catalog.h"

/* draw_table_bytes - of memory that the trees of a site with @node_count nodes
 * need, a multiple of 8; 0 for a small one. */
size_t draw_table_bytes(uint32_t node_count);

/* draw_table_carve - cut the memory of @site's trees out of *@at, which moves
 * on by draw_table_bytes(); @to->trees has room. */
void draw_table_carve(struct snapshot_service *to, struct snapshot_site *site,
		      char **at);

/*
 * draw_table_fill - fill first_draw, ready, draws and trees of @site; its
 * nodes have their final tier and weight.
 *
 * @from  the catalog's nodes, from the site's first on
 */
void draw_table_fill(struct snapshot_service *to, struct snapshot_site *site,
		     const struct catalog_node *from);

#endif
