/*
 * what_if_all.c - a row for each node and region of each side, joined by name.
 */
#include "balancer/what_if_all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balancer/what_if_put.h"
#include "lib/base/mem.h"

#define SHARE_SEEN 0.0000005 /* what 6 decimals can show */

enum { BEFORE, AFTER, SIDES };

struct row {
	const char *id; /* in a snapshot */
	double share[SIDES];
};

struct rows {
	struct row *list; /* owned */
	size_t count;
};

static double change_of(const struct row *row)
{
	return row->share[AFTER] - row->share[BEFORE];
}

/* ---- gathering ---- */

static double demand_of(const struct snapshot *snap)
{
	double sum_per_s = 0;

	for (uint32_t i = 0; i < snap->service_count; i++)
		for (uint32_t s = 0; s < snap->services[i].site_count; s++)
			sum_per_s += snap->services[i].sites[s].admitted_per_s;
	return sum_per_s;
}

/* Each site's share of its service's clients without a place. */
static void share_by_room(const struct snapshot_service *service, double *share)
{
	uint32_t below = 0;

	for (uint32_t i = 0; i < service->anywhere_count; i++) {
		const struct snapshot_anywhere *at = &service->anywhere[i];

		share[at->site] =
			(double)(at->cumulative - below) / SNAPSHOT_TOP;
		below = at->cumulative;
	}
}

/* Each site's share of all; @demand_per_s 0: by room. */
static double *shares_of_sites(const struct snapshot *snap, uint32_t index,
			       double demand_per_s)
{
	const struct snapshot_service *service = &snap->services[index];
	double *share = mem_array(service->site_count, sizeof(*share));

	if (!(demand_per_s > 0))
		share_by_room(service, share);
	for (uint32_t s = 0; s < service->site_count; s++) {
		if (demand_per_s > 0)
			share[s] =
				service->sites[s].admitted_per_s / demand_per_s;
		else
			share[s] /= snap->service_count;
	}
	return share;
}

static void gather(const struct snapshot *snap, unsigned side,
		   double demand_per_s, struct rows *regions,
		   struct rows *nodes)
{
	for (uint32_t i = 0; i < snap->service_count; i++) {
		const struct snapshot_service *service = &snap->services[i];
		double *share = shares_of_sites(snap, i, demand_per_s);

		for (uint32_t s = 0; s < service->site_count; s++) {
			struct row *row = &regions->list[regions->count++];

			row->id = service->sites[s].region;
			row->share[side] = share[s];
		}
		for (uint32_t n = 0; n < service->node_count; n++) {
			const struct snapshot_node *node = &service->nodes[n];
			struct row *row = &nodes->list[nodes->count++];

			row->id = node->card->record.id;
			row->share[side] = share[node->site] * node->weight;
		}
		mem_free(share);
	}
}

static size_t room_for(const struct snapshot *snap, struct rows *nodes)
{
	size_t sites = 0;

	for (uint32_t i = 0; i < snap->service_count; i++) {
		sites += snap->services[i].site_count;
		nodes->count += snap->services[i].node_count;
	}
	return sites;
}

/* ---- joining ---- */

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->id, ((const struct row *)b)->id);
}

static int compare_changes(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double more = fabs(change_of(x)) - fabs(change_of(y));

	if (more != 0)
		return more > 0 ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* One row a name, those that change most first. */
static void join(struct rows *rows)
{
	size_t kept = 0;

	if (rows->count == 0)
		return;
	qsort(rows->list, rows->count, sizeof(*rows->list), compare_ids);
	for (size_t i = 1; i < rows->count; i++) {
		struct row *into = &rows->list[kept], *from = &rows->list[i];

		if (strcmp(into->id, from->id) != 0) {
			rows->list[++kept] = *from;
			continue;
		}
		into->share[BEFORE] += from->share[BEFORE];
		into->share[AFTER] += from->share[AFTER];
	}
	rows->count = kept + 1;
	qsort(rows->list, rows->count, sizeof(*rows->list), compare_changes);
}

/* ---- writing ---- */

/* Returns how many rows should have been shown. */
static size_t put_rows(struct jsonw *w, const char *key,
		       const struct rows *rows, size_t max, double least)
{
	size_t count = 0;

	jsonw_array(w, key);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->list[i];

		if (fabs(change_of(row)) < least || count++ >= max)
			continue;
		jsonw_object(w, NULL);
		jsonw_str(w, "id", row->id);
		jsonw_fixed(w, "before", row->share[BEFORE], 6);
		jsonw_fixed(w, "after", row->share[AFTER], 6);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	return count;
}

static double moved_share(const struct rows *nodes)
{
	double sum = 0;

	for (size_t i = 0; i < nodes->count; i++)
		sum += fabs(change_of(&nodes->list[i]));
	return sum / 2;
}

static void put(struct jsonw *w, const struct rows *regions,
		const struct rows *nodes)
{
	size_t region_count =
		put_rows(w, "regions", regions, WHAT_IF_ALL_REGIONS_MAX, 0);
	size_t node_count =
		put_rows(w, "nodes", nodes, WHAT_IF_ALL_NODES_MAX, SHARE_SEEN);

	jsonw_fixed(w, "moved_share", moved_share(nodes), 6);
	jsonw_bool(w, "truncated",
		   region_count > WHAT_IF_ALL_REGIONS_MAX ||
			   node_count > WHAT_IF_ALL_NODES_MAX);
}

void what_if_all_put(struct buf *out, const struct what_if *what_if,
		     const struct snapshot *before,
		     const struct snapshot *after)
{
	double was_per_s = demand_of(before), is_per_s = demand_of(after);
	struct rows regions = {NULL, 0}, nodes = {NULL, 0};
	size_t sites = room_for(before, &nodes) + room_for(after, &nodes);
	struct jsonw w;

	regions.list = mem_array(sites, sizeof(*regions.list));
	nodes.list = mem_array(nodes.count, sizeof(*nodes.list));
	nodes.count = 0;
	/* Nobody is left to go to: all shares are 0 then. */
	gather(before, BEFORE, was_per_s, &regions, &nodes);
	gather(after, AFTER, was_per_s > 0 ? fmax(is_per_s, was_per_s) : 0,
	       &regions, &nodes);
	join(&regions);
	join(&nodes);
	jsonw_init(&w, out);
	jsonw_object(&w, NULL);
	what_if_put_changes(&w, what_if);
	jsonw_str(&w, "basis", was_per_s > 0 ? "demand" : "room");
	put(&w, &regions, &nodes);
	jsonw_object_end(&w);
	mem_free(regions.list);
	mem_free(nodes.list);
}
