/*
 * reckon.h - step 2 of ranking.md and what follows from it: where each node
 * stands now (dead reckoning), in which tier it is, and the sums of its site.
 * Fills the parts of a snapshot that do not depend on shares. Pure but for the
 * fleet nodes' est_conns and predicted_adds; builder's thread.
 */
#ifndef PERI_BALANCER_RECKON_H
#define PERI_BALANCER_RECKON_H

#include "balancer/catalog.h"
#include "balancer/waterfall.h"

struct reckon {
	const struct catalog *catalog;
	const struct catalog_service *service;
	const struct snapshot_policy *policy;
	double horizon_s;
	double kappa_step_s; /* kappa_step_s() of the service at now_ms */
	int64_t now_ms, heard_at_ms; /* of the registry; -1 = never */
	/* out, of the service; sites are zeroed and have their node ranges */
	struct snapshot_node *nodes;
	struct snapshot_site *sites;
	struct waterfall_site *rooms;
};

/*
 * reckon_conns - est of @node at @now_ms: what it reported, plus what was
 * assigned to it since, minus what left at a mean session of @tau_s. Straight
 * lines in small steps, the exact curve in large ones; never below 0.
 */
double reckon_conns(const struct fleet_node *node, double tau_s,
		    int64_t now_ms);

/* reckon_ramp - slow start: 0.1 at registration, 1 after @ramp_ms. */
double reckon_ramp(int64_t age_ms, int64_t ramp_ms);

/*
 * reckon_until_ms - how far reckoning may go: one horizon after the registry
 * was last heard. What happened later nobody can say, and errors would only
 * add up: a steady state is assumed.
 */
int64_t reckon_until_ms(const struct reckon *r);

/*
 * reckon_site - fill site number @site and its nodes (what depends on weights
 * apart: weight, cap, floor, ready[], draws), and its room for the waterfall.
 *
 * A node without a load report is taken to be as full as its site's others on
 * average, half full when nobody of the site has reported, or what was assigned
 * to it if that is more: it neither starves nor draws a crowd.
 */
void reckon_site(const struct reckon *r, uint32_t site);

#endif
