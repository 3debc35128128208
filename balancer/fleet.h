/*
 * fleet.h - the balancer's own mutable picture of all nodes and regions, fed
 * by sync (from the registry's stream or the saved snapshot). Owned by the
 * builder's thread; snapshots are built from it. Does no I/O; takes now_ms.
 */
#ifndef PERI_BALANCER_FLEET_H
#define PERI_BALANCER_FLEET_H

#include <stdint.h>

#include "balancer/card.h"
#include "balancer/fleet_addrs.h"
#include "balancer/fleet_intents.h"
#include "balancer/fleet_regions.h"
#include "balancer/kappa.h"
#include "balancer/sessions.h"
#include "lib/proto/feed.h"

#define FLEET_NODES_MAX (1 << 20) /* more are counted and ignored */

struct fleet;

/* A node as ranking sees it. Small: a build walks over all of them. */
struct fleet_node {
	struct card *card; /* record, hashes, fragments; never NULL */
	/* What operators want of it; the fleet's, or NULL. Not its region's. */
	const struct intent *intent;
	/* The fleet's own pointer to this node, which moves. */
	struct fleet_node **handle;
	enum node_state state;
	uint32_t conns;		/* c_i as reported */
	uint64_t accepts_total; /* A_i */
	uint64_t refused_total;
	int64_t load_at_ms;	  /* t_i on our clock; -1 = no report yet */
	int64_t registered_at_ms; /* on our clock; slow start counts from it */
	double est_conns;	  /* dead reckoning: est_i as of est_at_ms */
	int64_t est_at_ms;
	double assigned_rate_per_s; /* p_i*lam_s of the last build */
	uint32_t published;	    /* weight of the last build, see steady.h */
	int64_t doubted_until_ms;   /* by clients, see suspects.h; 0 = never */
	/* For kappa: adds predicted before it (without kappa). */
	struct kappa *kappa;	    /* of its service; the fleet's */
	double predicted_adds;	    /* up to the last build */
	double predicted_at_report; /* up to load_at_ms */
};

/* fleet_new, fleet_free - an empty picture. */
struct fleet *fleet_new(void);
void fleet_free(struct fleet **fleet);

/* fleet_copy - a fleet like @fleet that may be changed apart from it; cards are
 * shared. Owned by the caller. */
struct fleet *fleet_copy(struct fleet *fleet);

/* fleet_put - add or replace a node; ages in @node are turned into times. A
 * node above FLEET_NODES_MAX is ignored and counted. */
void fleet_put(struct fleet *fleet, const struct feed_node *node,
	       int64_t now_ms);
/* fleet_del - forget a node; unknown ids are ignored. */
void fleet_del(struct fleet *fleet, const char *id);
/* fleet_load - a node's new load report; unknown ids are ignored. */
void fleet_load(struct fleet *fleet, const struct feed_load *load,
		int64_t now_ms);
/* fleet_put_region - add, replace or (gone) delete a region. */
void fleet_put_region(struct fleet *fleet, const struct feed_region *region);
/* fleet_put_intent - add, replace or (gone) delete what operators want of a
 * node or region, known or not. */
void fleet_put_intent(struct fleet *fleet, const struct intent *intent);

/* fleet_begin_sync, fleet_end_sync - what is not put in between is forgotten:
 * for a full state after a reconnect. Answers go on from the old state. A
 * second begin starts over; an end without a begin does nothing. */
void fleet_begin_sync(struct fleet *fleet);
void fleet_end_sync(struct fleet *fleet);

/* fleet_nodes - all nodes in order of id: equal fleets give equal snapshots
 * on every replica. Borrowed until the next change. */
struct fleet_node *const *fleet_nodes(struct fleet *fleet, unsigned *count_r);
/* fleet_arrange - have @nodes, some of fleet_nodes(), one behind the other in
 * this order, if too many are not; they and all others may move, @nodes are
 * where they were or are set to where they are. */
void fleet_arrange(struct fleet *fleet, struct fleet_node **nodes,
		   unsigned count);
/* fleet_find, fleet_find_region - by id; borrowed until the next change, or
 * NULL. */
const struct fleet_node *fleet_find(const struct fleet *fleet, const char *id);
const struct feed_region *fleet_find_region(const struct fleet *fleet,
					    const char *id);
/* fleet_find_addr - the nodes that have @addr; @nodes_r has room for
 * FLEET_ADDRS_SHARED and is borrowed as above. Returns how many. */
unsigned fleet_find_addr(const struct fleet *fleet, const struct addr *addr,
			 struct fleet_node **nodes_r);
/* fleet_regions - all regions in order of id; borrowed as above. */
const struct feed_region *fleet_regions(struct fleet *fleet, unsigned *count_r);
/* fleet_intents - what operators want; borrowed as above. */
const struct fleet_intents *fleet_intents(const struct fleet *fleet);

/* fleet_count - how many nodes are in @state. */
unsigned fleet_count(const struct fleet *fleet, enum node_state state);
/* fleet_shape - changes when the set of nodes, a node's service, place or
 * carrier or a region changed: then sites have to be formed anew. */
uint64_t fleet_shape(const struct fleet *fleet);
/* fleet_cards - changes when any registration (fleet_shape() too) or intent
 * changed. */
uint64_t fleet_cards(const struct fleet *fleet);
/* fleet_sessions, fleet_kappas - how long connections last and how many come
 * of those predicted, by all load reports so far. Borrowed; a saved state is
 * put back into them. */
struct sessions *fleet_sessions(struct fleet *fleet);
struct kappa_table *fleet_kappas(struct fleet *fleet);
/* fleet_dropped - nodes, regions and intents that were ignored for the limits.
 */
uint64_t fleet_dropped(const struct fleet *fleet);

#endif
