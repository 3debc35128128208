/*
 * snapshot_restore.c - goes back delta by delta on arrays of its own, then
 * makes a snapshot of where that ended. Cards are borrowed from the newest
 * snapshot and the deltas on the way, and held only at the end.
 */
#include "balancer/snapshot_restore.h"

#include <assert.h>

#include "balancer/catalog.h"
#include "balancer/delta_parts.h"
#include "balancer/draw_table.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/mem.h"

/* Where the way back has got to. */
struct draft {
	struct snapshot_service services[SNAPSHOT_SERVICES];
	uint32_t service_count;
};

/* -- the way back -------------------------------------------------------- */

/* The draft's service for @own, turned in place when it has the layout of the
 * older one already. */
static void step_service(struct draft *from, const struct delta_service *own,
			 const struct snapshot_service *facts,
			 struct snapshot_service *to)
{
	struct snapshot_service none = {0};
	struct snapshot_service *base = own->base == ALIGNMENT_NONE
						? &none
						: &from->services[own->base];

	if (!delta_parts_is_same(own, facts, base)) {
		delta_parts_rebase(own, facts, base, to);
		return;
	}
	*to = *facts;
	to->nodes = base->nodes;
	to->sites = base->sites;
	to->cells = base->cells;
	to->anywhere = base->anywhere;
	*base = (struct snapshot_service){0};
}

static const char *apply_columns(const struct alignment *nodes,
				 struct snapshot_service *to, const char *at)
{
	struct snapshot_node *node = to->nodes;

	for (uint32_t i = 0; i < nodes->count; i++) {
		uint32_t count = nodes->segments[i].count;

		at = columns_apply(delta_parts_columns(DELTA_PARTS_NODES), node,
				   count, at);
		node += count;
	}
	at = columns_apply(delta_parts_columns(DELTA_PARTS_SITES), to->sites,
			   to->site_count, at);
	at = columns_apply(delta_parts_columns(DELTA_PARTS_CELLS), to->cells,
			   to->cell_count, at);
	return columns_apply(delta_parts_columns(DELTA_PARTS_ANYWHERE),
			     to->anywhere, to->anywhere_count, at);
}

static void draft_free(struct draft *draft)
{
	for (uint32_t i = 0; i < draft->service_count; i++)
		delta_parts_free(&draft->services[i]);
}

static void step(struct draft *draft, const struct snapshot_delta *delta)
{
	struct draft next = {.service_count = delta->facts.service_count};
	const char *at = delta->text;

	for (uint32_t i = 0; i < next.service_count; i++) {
		step_service(draft, &delta->services[i],
			     &delta->facts.services[i], &next.services[i]);
		at = apply_columns(&delta->services[i].nodes, &next.services[i],
				   at);
	}
	for (uint32_t i = 0; i < delta->card_count; i++) {
		const struct delta_card *c = &delta->cards[i];

		assert(next.services[c->service].nodes);
		next.services[c->service].nodes[c->node].card = c->card;
	}
	draft_free(draft);
	*draft = next;
}

/* Copies of the newest's arrays. */
static void begin(const struct snapshot *newest, struct draft *draft)
{
	draft->service_count = newest->service_count;
	for (uint32_t i = 0; i < newest->service_count; i++) {
		const struct snapshot_service *s = &newest->services[i];
		struct delta_service whole = {0};

		alignment_add(&whole.nodes, 0, s->node_count);
		alignment_add(&whole.sites, 0, s->site_count);
		delta_parts_rebase(&whole, s, s, &draft->services[i]);
		alignment_fini(&whole.nodes);
		alignment_fini(&whole.sites);
	}
}

/* -- a catalog of the cards ---------------------------------------------- */

static void add_sites(struct catalog *catalog,
		      const struct snapshot_service *service,
		      uint32_t first_node)
{
	for (uint32_t s = 0; s < service->site_count; s++) {
		struct catalog_site *to = &catalog->sites[catalog->site_count];

		to->first_node = first_node + service->sites[s].first_node;
		to->node_count = service->sites[s].node_count;
		to->carrier = catalog_carrier(catalog, to);
		catalog->site_count++;
	}
}

static void add_service(struct catalog *catalog,
			const struct snapshot_service *service)
{
	uint32_t first_node = catalog->node_count;

	catalog->services[catalog->service_count++] = (struct catalog_service){
		.first_site = catalog->site_count,
		.site_count = service->site_count,
		.first_node = first_node,
		.node_count = service->node_count,
	};
	for (uint32_t i = 0; i < service->node_count; i++) {
		const struct card *card = service->nodes[i].card;

		/* Only its count of holders is written. */
		catalog->nodes[catalog->node_count++] = (struct catalog_node){
			.card = card_ref((struct card *)(uintptr_t)card),
			.id_hash = card->id_hash,
			.families = card->families,
		};
	}
	add_sites(catalog, service, first_node);
}

static struct catalog *catalog_of_draft(const struct draft *draft)
{
	struct catalog *catalog = mem_alloc(sizeof(*catalog));
	uint32_t node_count = 0, site_count = 0;

	for (uint32_t i = 0; i < draft->service_count; i++) {
		node_count += draft->services[i].node_count;
		site_count += draft->services[i].site_count;
	}
	atomic_init(&catalog->refs, 1);
	catalog->nodes = mem_array(node_count, sizeof(*catalog->nodes));
	catalog->sites = mem_array(site_count, sizeof(*catalog->sites));
	for (uint32_t i = 0; i < draft->service_count; i++)
		add_service(catalog, &draft->services[i]);
	catalog_gather_texts(catalog);
	return catalog;
}

/* -- the snapshot -------------------------------------------------------- */

/* What is one number a service: all but what follows from the nodes. */
static void fill_facts(const struct snapshot_service *from,
		       struct snapshot_service *to)
{
	struct snapshot_service carved = *to;

	*to = *from;
	to->name = carved.name;
	to->nodes = carved.nodes;
	to->texts = carved.texts;
	to->draws = carved.draws;
	to->trees = carved.trees;
	to->sites = carved.sites;
	to->cells = carved.cells;
	to->anywhere = carved.anywhere;
	to->usable_count = 0;
	memset(to->ready, 0, sizeof(to->ready));
}

static void fill_site(const struct catalog *catalog,
		      const struct catalog_site *from,
		      struct snapshot_service *to, uint32_t s)
{
	const struct card_record *record = catalog_record(catalog, from);
	struct snapshot_site *site = &to->sites[s];

	site->region = record->region;
	site->zone = record->zone;
	site->carrier = from->carrier;
	for (uint32_t i = 0; i < site->node_count; i++)
		to->nodes[site->first_node + i].site = s;
	draw_table_fill(to, site, &catalog->nodes[from->first_node]);
}

static void fill_service(const struct catalog *catalog, uint32_t index,
			 const struct snapshot_service *from,
			 struct snapshot_service *to)
{
	uint32_t first_site = catalog->services[index].first_site;

	fill_facts(from, to);
	memcpy(to->nodes, from->nodes, to->node_count * sizeof(*to->nodes));
	memcpy(to->cells, from->cells, to->cell_count * sizeof(*to->cells));
	memcpy(to->anywhere, from->anywhere,
	       to->anywhere_count * sizeof(*to->anywhere));
	columns_copy(delta_parts_columns(DELTA_PARTS_SITES), to->sites,
		     from->sites, to->site_count);
	for (uint32_t s = 0; s < to->site_count; s++)
		fill_site(catalog, &catalog->sites[first_site + s], to, s);
}

static struct snapshot *finish(const struct draft *draft,
			       const struct snapshot *facts)
{
	struct catalog *catalog = catalog_of_draft(draft);
	uint32_t cell_count =
		draft->service_count > 0 ? draft->services[0].cell_count : 1;
	struct snapshot *blank = snapshot_builder_blank(catalog, cell_count);
	struct snapshot *snap = mem_dup(facts, sizeof(*facts));

	memcpy(snap->services, blank->services, sizeof(snap->services));
	snap->catalog = blank->catalog;
	snap->pool = blank->pool;
	mem_free(blank);
	assert(snap->service_count == draft->service_count);
	for (uint32_t i = 0; i < draft->service_count; i++)
		fill_service(catalog, i, &draft->services[i],
			     &snap->services[i]);
	return snap;
}

struct snapshot *snapshot_restore(const struct snapshot *newest,
				  struct snapshot_delta *const *deltas,
				  unsigned count)
{
	struct draft draft = {.service_count = 0};
	struct snapshot *snap;

	begin(newest, &draft);
	for (unsigned i = 0; i < count; i++)
		step(&draft, deltas[i]);
	snap = finish(&draft, count > 0 ? &deltas[count - 1]->facts : newest);
	draft_free(&draft);
	return snap;
}
