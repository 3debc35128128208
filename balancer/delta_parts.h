/*
 * delta_parts.h - what snapshot_delta.c writes and snapshot_restore.c reads.
 */
#ifndef PERI_BALANCER_DELTA_PARTS_H
#define PERI_BALANCER_DELTA_PARTS_H

#include "balancer/alignment.h"
#include "balancer/columns.h"
#include "balancer/snapshot_delta.h"

/* A service of the older snapshot beside that of the newer one. */
struct delta_service {
	uint32_t base; /* its index in the newer, or ALIGNMENT_NONE */
	struct alignment nodes, sites;
};

/* A node that had another card. */
struct delta_card {
	uint32_t service, node; /* in the older snapshot */
	struct card *card;	/* one reference */
};

struct snapshot_delta {
	_Atomic unsigned holders;
	bool same_catalog;     /* as the newer one's */
	struct snapshot facts; /* single members of the older; no pointer in it
				* is good */
	struct delta_service services[SNAPSHOT_SERVICES];
	struct delta_card *cards;
	uint32_t card_count, card_room;
	char *text; /* columns of each service: nodes, segment by segment;
		     * sites, cells, anywhere */
	size_t text_bytes;
};

/* delta_parts_columns - the members that are kept of an array. */
enum delta_part {
	DELTA_PARTS_NODES,
	DELTA_PARTS_SITES,
	DELTA_PARTS_CELLS,
	DELTA_PARTS_ANYWHERE,
	DELTA_PARTS_COUNT,
};
const struct columns *delta_parts_columns(enum delta_part part);

/* delta_parts_has_same_sites - whether the sites, cells and anywhere of @base
 * stand where the older service's do: at most nodes came and went. */
bool delta_parts_has_same_sites(const struct delta_service *delta,
				const struct snapshot_service *facts,
				const struct snapshot_service *base);

/* delta_parts_is_same - whether @base has the layout of the older service, so
 * that its arrays can be turned into the older ones as they are. */
bool delta_parts_is_same(const struct delta_service *delta,
			 const struct snapshot_service *facts,
			 const struct snapshot_service *base);

/*
 * delta_parts_rebase - the arrays of @base in the layout of the
 * older service, whose counts are @facts'. The arrays in *@to_r are the
 * caller's: delta_parts_free(). delta_parts_rebase_sites: all but the nodes.
 */
void delta_parts_rebase_sites(const struct delta_service *delta,
			      const struct snapshot_service *facts,
			      const struct snapshot_service *base,
			      struct snapshot_service *to_r);
void delta_parts_rebase(const struct delta_service *delta,
			const struct snapshot_service *facts,
			const struct snapshot_service *base,
			struct snapshot_service *to_r);
void delta_parts_free(struct snapshot_service *service);

#endif
