/*
 * flow_tally.c - see the header. Invariant: seen[][] holds what
 * demand_counted() said the last time, mean[][] the rate of late; pages of
 * cells that nobody asks from are never written.
 */
#include "balancer/flow_tally.h"

#include <string.h>

#include "lib/base/mem.h"

#define PARTS_MAX (DEMAND_SLOTS * SNAPSHOT_CANDIDATES)

/* A cell of few clients asks now and then: from one second to the next that
 * is noise, and a map of it flickers. */
#define MEAN_S	10
#define NOTHING (1.0F / 1024) /* a second; what is less is nobody */

struct flow_tally {
	uint32_t seen[DEMAND_SLOTS][DEMAND_CELLS];
	float mean[DEMAND_SLOTS][DEMAND_CELLS]; /* queries a second */
	double age_s;				/* of the means, all looks */
	struct flow_distances distances;
	struct most most_areas, most_flows;
	const char **regions[DEMAND_SLOTS]; /* scratch: see look */
	uint32_t region_room[DEMAND_SLOTS];
	struct report_area areas[REPORT_AREAS_MAX];
	struct report_flow flows[REPORT_FLOWS_MAX];
};

/* The clients of one cell that are sent to one site. */
struct part {
	const char *region; /* in the snapshot */
	double per_s;
	uint16_t km;
	bool nearest;
};

/* A cell, all services together. */
struct cell_tally {
	uint32_t cell;
	double per_s; /* without a place, too */
	struct part parts[PARTS_MAX];
	unsigned count;
};

/* One look. */
struct look {
	struct flow_tally *tally;
	const struct flow_source *source;
	const struct snapshot_service *services[DEMAND_SLOTS]; /* or NULL */
	/* Each site's region; sites of one region have one pointer. */
	const char *const *regions[DEMAND_SLOTS];
	uint32_t ends[DEMAND_SLOTS]; /* demand_cell_end() */
	double part; /* of a mean that this look is; 0: only count */
	struct report *report;
};

struct flow_tally *flow_tally_new(void)
{
	return mem_alloc(sizeof(struct flow_tally));
}

void flow_tally_free(struct flow_tally **tally)
{
	if (!*tally)
		return;
	most_fini(&(*tally)->most_areas);
	most_fini(&(*tally)->most_flows);
	for (unsigned i = 0; i < DEMAND_SLOTS; i++)
		mem_free((*tally)->regions[i]);
	mem_free(*tally);
	*tally = NULL;
}

/* ---- distances ---- */

unsigned flow_tally_bound_km(unsigned index)
{
	static const unsigned bounds_km[FLOW_TALLY_KM_BOUNDS] = {
		50, 100, 250, 500, 1000, 2000, 5000, 10000, 20000};

	return bounds_km[index];
}

const struct flow_distances *
flow_tally_distances(const struct flow_tally *tally)
{
	return &tally->distances;
}

static void note_distance(struct flow_distances *distances, uint16_t km,
			  double clients)
{
	if (km == SNAPSHOT_KM_UNKNOWN)
		return;
	for (unsigned i = 0; i < FLOW_TALLY_KM_BOUNDS; i++)
		if (km <= flow_tally_bound_km(i))
			distances->within[i] += clients;
	distances->within[FLOW_TALLY_KM_BOUNDS] += clients;
	distances->km_sum += km * clients;
}

/* ---- one cell ---- */

static void add_parts(const struct look *look, unsigned slot,
		      struct cell_tally *t, double per_s, uint32_t fresh)
{
	const struct snapshot_cell *cell =
		&look->services[slot]->cells[t->cell];
	const char *const *regions = look->regions[slot];
	uint32_t below = 0;

	for (unsigned j = 0; j < cell->candidate_count; j++) {
		uint32_t share = cell->cumulative[j] - below;
		const char *region = regions[cell->site[j]];

		if (share == 0)
			continue;
		below = cell->cumulative[j];
		t->parts[t->count++] = (struct part){
			.region = region,
			.per_s = per_s * share / SNAPSHOT_TOP,
			.km = cell->km[j],
			.nearest = cell->nearest_ranks >> j & 1,
		};
		note_distance(&look->tally->distances, cell->km[j],
			      (double)fresh * share / SNAPSHOT_TOP);
	}
}

/* The mean with what is fresh. */
static double rate(const struct look *look, unsigned slot, uint32_t cell,
		   uint32_t fresh)
{
	float *mean = &look->tally->mean[slot][cell];

	if (fresh == 0 && *mean == 0)
		return 0;
	*mean += (float)((fresh / look->source->dt_s - (double)*mean) *
			 look->part);
	if (*mean < NOTHING)
		*mean = 0;
	return (double)*mean;
}

static void count_cell(const struct look *look, struct cell_tally *t)
{
	struct flow_tally *tally = look->tally;

	t->per_s = 0;
	t->count = 0;
	for (unsigned slot = 0; slot < DEMAND_SLOTS; slot++) {
		const struct snapshot_service *service = look->services[slot];
		uint32_t now, fresh;
		double per_s;

		if (t->cell >= look->ends[slot])
			continue;
		now = demand_counted(look->source->demand, slot, t->cell);
		fresh = now - tally->seen[slot][t->cell];
		tally->seen[slot][t->cell] = now;
		per_s = look->part > 0 ? rate(look, slot, t->cell, fresh) : 0;
		t->per_s += per_s;
		/* No rate is known at the first look, but distances are. */
		if (per_s + fresh > 0 && service &&
		    t->cell < service->cell_count)
			add_parts(look, slot, t, per_s, fresh);
	}
}

/* Of all clients that are sent somewhere; parts are put in order. */
static double median_km(struct cell_tally *t)
{
	double left = 0;

	for (unsigned i = 0; i < t->count; i++) {
		struct part part = t->parts[i];
		unsigned at = i;

		for (; at > 0 && t->parts[at - 1].km > part.km; at--)
			t->parts[at] = t->parts[at - 1];
		t->parts[at] = part;
		left += part.per_s / 2;
	}
	for (unsigned i = 0; i < t->count; i++) {
		left -= t->parts[i].per_s;
		if (left <= 0 && t->parts[i].km != SNAPSHOT_KM_UNKNOWN)
			return t->parts[i].km;
		if (left <= 0)
			break;
	}
	return -1;
}

static bool same_flow(const struct look *look, const struct part *a,
		      const struct part *b)
{
	return a->nearest == b->nearest &&
	       (a->region == b->region ||
		(look->source->snapshot->service_count > 1 &&
		 strcmp(a->region, b->region) == 0));
}

/* Zones of a region, and services, are one flow; what is spill is another. */
static void join_flows(const struct look *look, struct cell_tally *t)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < t->count; i++) {
		unsigned at = 0;

		while (at < kept &&
		       !same_flow(look, &t->parts[at], &t->parts[i]))
			at++;
		if (at == kept)
			t->parts[kept++] = t->parts[i];
		else
			t->parts[at].per_s += t->parts[i].per_s;
	}
	t->count = kept;
}

static void offer_cell(struct look *look, struct cell_tally *t)
{
	struct most_item area = {.per_s = t->per_s, .major = t->cell};

	area.other = median_km(t);
	join_flows(look, t);
	for (unsigned i = 0; i < t->count; i++) {
		const struct part *part = &t->parts[i];
		struct most_item flow = {.per_s = part->per_s,
					 .major = t->cell,
					 .minor = i,
					 .value = part->nearest,
					 .name = part->region};

		most_offer(&look->tally->most_flows, &flow);
		look->report->placed_per_s += part->per_s;
		if (part->nearest)
			area.value += part->per_s;
	}
	look->report->nearest_per_s += area.value;
	most_offer(&look->tally->most_areas, &area);
}

/* ---- the lists ---- */

/* A query may have been counted with the map before. */
static const struct cellmap_cell *place_of(const struct flow_source *source,
					   uint32_t cell)
{
	static const struct cellmap_cell nowhere;

	return cell > 0 && cell < source->cell_count ? &source->cells[cell]
						     : &nowhere;
}

static void fill_areas(struct look *look)
{
	struct most *most = &look->tally->most_areas;
	struct report_area *to = look->tally->areas;

	most_sort(most);
	for (size_t i = 0; i < most->count; i++) {
		const struct most_item *from = &most->items[i];
		const struct cellmap_cell *place =
			place_of(look->source, from->major);

		to[i] = (struct report_area){
			.cell = from->major,
			.lat_deg = (double)place->lat_deg,
			.lon_deg = (double)place->lon_deg,
			.per_s = from->per_s,
			.nearest_per_s = from->value,
			.km_p50 = from->other,
		};
		memcpy(to[i].country, place->country, sizeof(to[i].country));
	}
	look->report->areas.items = to;
	look->report->areas.count = (unsigned)most->count;
}

static void fill_flows(struct look *look)
{
	struct most *most = &look->tally->most_flows;
	struct report_flow *to = look->tally->flows;

	most_sort(most);
	for (size_t i = 0; i < most->count; i++) {
		const struct most_item *from = &most->items[i];
		const struct cellmap_cell *place =
			place_of(look->source, from->major);

		to[i] = (struct report_flow){
			.cell = from->major,
			.lat_deg = (double)place->lat_deg,
			.lon_deg = (double)place->lon_deg,
			.per_s = from->per_s,
			.spill = from->value == 0,
		};
		memcpy(to[i].country, place->country, sizeof(to[i].country));
		/* Names of records fit; another is in no snapshot. */
		if (sv_copy(sv_str(from->name), to[i].region,
			    sizeof(to[i].region)) != 0)
			to[i].region[0] = '\0';
	}
	look->report->flows.items = to;
	look->report->flows.count = (unsigned)most->count;
}

/* Sites stand in order of their regions. */
static void note_service(struct look *look,
			 const struct snapshot_service *service)
{
	struct flow_tally *tally = look->tally;
	unsigned slot = service->demand_slot;
	const char **regions = tally->regions[slot];

	if (service->site_count > tally->region_room[slot]) {
		regions = mem_grow(regions, service->site_count,
				   sizeof(*regions));
		tally->regions[slot] = regions;
		tally->region_room[slot] = service->site_count;
	}
	for (uint32_t s = 0; s < service->site_count; s++) {
		regions[s] = service->sites[s].region;
		if (s > 0 && strcmp(regions[s], regions[s - 1]) == 0)
			regions[s] = regions[s - 1];
	}
	look->services[slot] = service;
	look->regions[slot] = regions;
}

/* Plain means at first, so that a fresh start does not look idle. */
static double part_of(struct flow_tally *tally, double dt_s)
{
	if (!(dt_s > 0))
		return 0;
	tally->age_s += dt_s;
	if (tally->age_s > MEAN_S)
		tally->age_s = dt_s > MEAN_S ? dt_s : MEAN_S;
	return dt_s / tally->age_s;
}

static uint32_t begin(struct look *look)
{
	const struct snapshot *snap = look->source->snapshot;
	uint32_t end = 0;

	look->part = part_of(look->tally, look->source->dt_s);
	most_begin(&look->tally->most_areas, REPORT_AREAS_MAX);
	most_begin(&look->tally->most_flows, REPORT_FLOWS_MAX);
	for (uint32_t i = 0; snap && i < snap->service_count; i++)
		note_service(look, &snap->services[i]);
	for (unsigned slot = 0; slot < DEMAND_SLOTS; slot++) {
		look->ends[slot] = demand_cell_end(look->source->demand, slot);
		if (look->ends[slot] > end)
			end = look->ends[slot];
	}
	return end;
}

void flow_tally_take(struct flow_tally *tally, const struct flow_source *source,
		     struct report *report)
{
	struct look look = {.tally = tally, .source = source, .report = report};
	struct cell_tally t;
	uint32_t end = begin(&look);

	for (t.cell = 0; t.cell < end; t.cell++) {
		count_cell(&look, &t);
		if (t.per_s > 0)
			offer_cell(&look, &t);
	}
	fill_areas(&look);
	fill_flows(&look);
}
