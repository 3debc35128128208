/*
 * catalog.h - which services, sites and nodes there are: the part of a snapshot
 * that changes only with registrations. Immutable and counted: a builder and
 * all snapshots of one generation share it; the last holder frees it, on
 * whatever thread. Invariant: services in order of name, sites of a service in
 * order of (region, zone), nodes of a site in order of id; of a large site in
 * order of draw_tree_bucket(), then of id.
 */
#ifndef PERI_BALANCER_CATALOG_H
#define PERI_BALANCER_CATALOG_H

#include "balancer/candidates.h"
#include "balancer/snapshot.h"

struct catalog_node {
	/* The fleet's node; only for the builder, and only as long as
	 * fleet_shape() is what it was. */
	struct fleet_node *live;
	struct card *card; /* one reference */
	uint64_t id_hash;
	double limit; /* K while it is up: capacity*weight/100; 0 while
		       * operators want no new clients for it */
	double hard;  /* what it can hold: min(K, capacity) */
	uint32_t families;
	uint16_t weight; /* in force: the operators' or what it registered */
	uint8_t intent;	 /* INTENT_BITS_*: who says what of it */
};

struct catalog_site {
	uint32_t first_node, node_count; /* of the catalog's nodes */
	const char *carrier;	      /* of all its nodes, else ""; in a card */
	uint8_t bias_by_intent;	      /* not the region's own */
	struct candidates_site place; /* class is left at 0 */
};

struct catalog_service {
	uint32_t first_site, site_count; /* of the catalog's sites */
	uint32_t first_node, node_count;
};

struct catalog {
	struct catalog_node *nodes;
	struct card_text *texts; /* of the nodes' cards, close together */
	struct catalog_site *sites;
	struct catalog_service services[SNAPSHOT_SERVICES];
	uint32_t node_count, site_count, service_count;
	uint32_t unranked_count; /* nodes of further services */
	uint64_t shape;		 /* fleet_shape() it was made from */
	uint64_t cards;		 /* fleet_cards() */
	_Atomic uint32_t refs;
};

/*
 * catalog_of - the catalog of @fleet's state, what operators want included: a
 * node's own intent goes before its region's, member by member. A site's bias
 * is what its nodes' own intents say when all say the same, else its region's
 * intent's, else its region's.
 *
 * @last  the one before, or NULL; given away
 *
 * Returns @last itself when no registration or intent changed; keeps its order
 * when only the content of registrations did. Builder's thread.
 */
struct catalog *catalog_of(struct fleet *fleet, struct catalog *last);

/* catalog_gather_texts - make the texts of a catalog that was put together from
 * cards, without catalog_of(). */
void catalog_gather_texts(struct catalog *catalog);

/* catalog_ref - one more holder; returns @catalog. */
struct catalog *catalog_ref(struct catalog *catalog);
/* catalog_unref - one holder less. NULL is allowed; sets NULL. */
void catalog_unref(struct catalog **catalog);

/* catalog_record - the record of the first node of @site: its region, zone and
 * service are the site's. */
const struct card_record *catalog_record(const struct catalog *catalog,
					 const struct catalog_site *site);
/* catalog_carrier - the carrier of all nodes of @site; "" when they are of
 * several: such a site serves all of them. Lives in a card. */
const char *catalog_carrier(const struct catalog *catalog,
			    const struct catalog_site *site);

#endif
