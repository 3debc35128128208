/*
 * catalog_content.c - what registrations and intents make of nodes and sites:
 * weights in force, a site's place, bias and carrier. Builder's thread.
 */
#include "balancer/catalog_content.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"

#define RADIANS (3.14159265358979323846 / 180)
#define AHEAD	8 /* nodes whose cards are fetched; counting is a fence */

/* The intent for @region, looked up once for the nodes of a site. */
struct region_intent {
	const struct fleet_intents *intents;
	const char *region; /* NULL at first */
	const struct intent *intent;
};

static const struct intent *intent_of(struct region_intent *r,
				      const char *region)
{
	if (fleet_intents_count(r->intents, INTENT_REGION) == 0)
		return NULL;
	if (!r->region || strcmp(r->region, region) != 0)
		r->intent =
			fleet_intents_find(r->intents, INTENT_REGION, region);
	r->region = region;
	return r->intent;
}

/* Who says what: for people. */
static uint8_t origin(const struct intent *own,
		      const struct intent_effect *effect)
{
	unsigned bits = effect->state;

	if (bits && !(own && own->state != INTENT_UP))
		bits |= INTENT_BITS_STATE_REGION;
	if (effect->has_weight)
		bits |= INTENT_BITS_WEIGHT;
	if (effect->has_weight && !(own && own->has_weight))
		bits |= INTENT_BITS_WEIGHT_REGION;
	return (uint8_t)bits;
}

static void take_card(struct catalog_node *node, struct region_intent *regions)
{
	const struct intent *own = node->live->intent;
	const struct card_record *record;
	struct intent_effect effect;

	node->card = card_ref(node->live->card);
	record = &node->card->record;
	node->id_hash = node->card->id_hash;
	node->families = node->card->families;
	intent_combine(own, intent_of(regions, record->region), &effect);
	node->intent = origin(own, &effect);
	node->weight =
		(uint16_t)(effect.has_weight ? effect.weight : record->weight);
	node->limit = effect.state != INTENT_UP
			      ? 0
			      : (double)record->capacity * node->weight /
					NODE_WEIGHT_NORMAL;
	node->hard = fmin(node->limit, record->capacity);
}

/* The first node's position; whether all that have one have the same. */
static int agree(const struct catalog *cat, struct catalog_site *site)
{
	struct candidates_site *place = &site->place;

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct card_record *record =
			&cat->nodes[site->first_node + i].card->record;

		if (!record->has_position)
			continue;
		if (!place->has_position) {
			place->lat_deg = record->lat_deg;
			place->lon_deg = record->lon_deg;
		}
		place->has_position = 1;
		if (place->lat_deg != record->lat_deg ||
		    place->lon_deg != record->lon_deg)
			return 0;
	}
	return 1;
}

/* The mean of its nodes' positions; exactly theirs when they agree. */
static void locate(const struct catalog *cat, struct catalog_site *site)
{
	struct candidates_site *place = &site->place;
	double x = 0, y = 0, z = 0;

	if (agree(cat, site))
		return;
	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct card_record *record =
			&cat->nodes[site->first_node + i].card->record;
		double lat = record->lat_deg * RADIANS;
		double lon = record->lon_deg * RADIANS;

		if (!record->has_position)
			continue;
		x += cos(lat) * cos(lon);
		y += cos(lat) * sin(lon);
		z += sin(lat);
	}
	place->lat_deg = atan2(z, sqrt(x * x + y * y)) / RADIANS;
	place->lon_deg = atan2(y, x) / RADIANS;
}

static void take_region(const struct feed_region *region,
			struct candidates_site *place)
{
	if (!region)
		return;
	if (isfinite(region->bias_km))
		place->bias_km = region->bias_km;
	if (place->has_position || !isfinite(region->lat_deg) ||
	    !isfinite(region->lon_deg))
		return;
	place->has_position = 1;
	place->lat_deg = region->lat_deg;
	place->lon_deg = region->lon_deg;
}

/* Within a site all nodes are equally far: a bias moves whole sites. */
static const struct intent *bias_of_nodes(const struct catalog *cat,
					  const struct catalog_site *site)
{
	const struct catalog_node *nodes = &cat->nodes[site->first_node];
	const struct intent *first = nodes[0].live->intent;

	for (uint32_t i = 0; i < site->node_count; i++) {
		const struct intent *own = nodes[i].live->intent;

		if (!own || !own->has_bias || own->bias_km != first->bias_km)
			return NULL;
	}
	return first;
}

static void take_bias(const struct catalog *cat, const struct fleet *fleet,
		      struct catalog_site *site)
{
	const struct intent *intent = bias_of_nodes(cat, site);

	if (!intent)
		intent = fleet_intents_find(fleet_intents(fleet), INTENT_REGION,
					    catalog_record(cat, site)->region);
	site->bias_by_intent = intent && intent->has_bias;
	if (site->bias_by_intent)
		site->place.bias_km = intent->bias_km;
}

static void describe_site(const struct catalog *cat, struct fleet *fleet,
			  struct catalog_site *site)
{
	site->place = (struct candidates_site){0};
	locate(cat, site);
	take_region(fleet_find_region(fleet, catalog_record(cat, site)->region),
		    &site->place);
	take_bias(cat, fleet, site);
	site->carrier = catalog_carrier(cat, site);
	site->place.carrier = cellmap_carrier_id(sv_str(site->carrier));
}

/* Site by site: cards lie far apart, and so they come to the cache but once. */
void catalog_content_take(struct catalog *cat, struct fleet *fleet)
{
	struct region_intent regions = {.intents = fleet_intents(fleet)};

	cat->texts = mem_array_huge(cat->node_count, sizeof(*cat->texts));
	for (uint32_t s = 0; s < cat->site_count; s++) {
		struct catalog_site *site = &cat->sites[s];

		for (uint32_t i = site->first_node;
		     i < site->first_node + site->node_count; i++) {
			if (i + AHEAD < cat->node_count)
				card_fetch(cat->nodes[i + AHEAD].live->card);
			take_card(&cat->nodes[i], &regions);
			cat->texts[i] = cat->nodes[i].card->text;
		}
		describe_site(cat, fleet, site);
	}
}
