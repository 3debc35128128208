/*
 * card.h - one registration as ranking and answers need it: the record, its
 * hashes and its rendered JSON fragments. Immutable; made when a registration
 * changes and shared by the fleet and all snapshots that were built while it
 * was in force, so that a build renders nothing. Counted atomically: the last
 * holder frees it, on whatever thread.
 */
#ifndef PERI_BALANCER_CARD_H
#define PERI_BALANCER_CARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/base/sv.h"
#include "lib/proto/node.h"

#define CARD_FAMILIES 3 /* enum snapshot_family: both, IPv4, IPv6 */
#define CARD_HAS_IPV4 1
#define CARD_HAS_IPV6 2
#define CARD_HAS_BOTH 3

struct card {
	/* reply_put_node() for each family; empty when the node has no address
	 * of it. In text. */
	struct sv fragment[CARD_FAMILIES];
	uint64_t id_hash;   /* hash_text(id): part of every score */
	uint64_t text_hash; /* of all fragments */
	uint64_t site_hash; /* of (service, region, zone) */
	uint8_t families;   /* CARD_HAS_* */
	_Atomic uint32_t refs;
	struct node_record record;
	char text[];
};

/* card_new - render @record. Returns a card with one reference, to give to
 * card_unref(). Any thread. */
struct card *card_new(const struct node_record *record);

/* card_ref - one more holder of @card; returns @card. */
struct card *card_ref(struct card *card);
/* card_unref - one holder less; the last frees. NULL is allowed; sets NULL. */
void card_unref(struct card **card);

/* card_same_site - whether both are of one (service, region, zone). */
bool card_same_site(const struct card *a, const struct card *b);

#endif
