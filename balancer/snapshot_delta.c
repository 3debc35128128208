/*
 * snapshot_delta.c - compares two snapshots: first which services, sites and
 * nodes are the same ones, then what differs in them. Nothing in a delta
 * changes after snapshot_delta_new() but the count of holders.
 */
#include "balancer/snapshot_delta.h"

#include "balancer/catalog.h"
#include "balancer/delta_parts.h"
#include "lib/base/mem.h"

/* Two services that are compared. */
struct pair {
	const struct snapshot_service *older, *newer;
};

/* -- which are the same -------------------------------------------------- */

static bool same_site(const void *arg, uint32_t target, uint32_t base)
{
	const struct pair *pair = arg;
	const struct snapshot_site *a = &pair->older->sites[target];
	const struct snapshot_site *b = &pair->newer->sites[base];

	return strcmp(a->region, b->region) == 0 &&
	       strcmp(a->zone, b->zone) == 0;
}

static bool same_node(const void *arg, uint32_t target, uint32_t base)
{
	const struct pair *pair = arg;
	const struct card *a = pair->older->nodes[target].card;
	const struct card *b = pair->newer->nodes[base].card;

	return a == b || (a->id_hash == b->id_hash &&
			  strcmp(a->record.id, b->record.id) == 0);
}

/* The nodes of those sites that are the same. */
static void align_nodes(const struct pair *pair, struct delta_service *delta)
{
	const struct snapshot_site *older = pair->older->sites;

	for (uint32_t i = 0; i < delta->sites.count; i++) {
		const struct alignment_segment *s = &delta->sites.segments[i];

		for (uint32_t j = 0; j < s->count; j++, older++) {
			const struct snapshot_site *newer =
				&pair->newer->sites[s->base + j];
			struct alignment_range range = {
				.target = older->first_node,
				.target_count = older->node_count,
			};

			if (s->base == ALIGNMENT_NONE) {
				alignment_add(&delta->nodes, ALIGNMENT_NONE,
					      older->node_count);
				continue;
			}
			range.base = newer->first_node;
			range.base_count = newer->node_count;
			alignment_find(&delta->nodes, &range, same_node, pair);
		}
	}
}

static void align_service(const struct pair *pair, bool same_catalog,
			  struct delta_service *delta)
{
	struct alignment_range range = {.target_count =
						pair->older->site_count};

	if (delta->base == ALIGNMENT_NONE) {
		alignment_add(&delta->sites, ALIGNMENT_NONE,
			      pair->older->site_count);
		alignment_add(&delta->nodes, ALIGNMENT_NONE,
			      pair->older->node_count);
	} else if (same_catalog) {
		alignment_add(&delta->sites, 0, pair->older->site_count);
		alignment_add(&delta->nodes, 0, pair->older->node_count);
	} else {
		range.base_count = pair->newer->site_count;
		alignment_find(&delta->sites, &range, same_site, pair);
		align_nodes(pair, delta);
	}
}

static uint32_t find_base(const struct snapshot *newer, const char *name)
{
	for (uint32_t i = 0; i < newer->service_count; i++)
		if (strcmp(newer->services[i].name, name) == 0)
			return i;
	return ALIGNMENT_NONE;
}

/* -- what differs -------------------------------------------------------- */

static void add_card(struct snapshot_delta *delta, uint32_t service,
		     uint32_t node, struct card *card)
{
	if (delta->card_count == delta->card_room) {
		delta->card_room = delta->card_room ? 2 * delta->card_room : 8;
		delta->cards = mem_grow(delta->cards, delta->card_room,
					sizeof(*delta->cards));
	}
	delta->cards[delta->card_count++] =
		(struct delta_card){service, node, card_ref(card)};
}

/* The older one's cards that are not those of the nodes they came from. */
static void keep_cards(struct snapshot_delta *delta, uint32_t service,
		       const struct snapshot *older,
		       const struct snapshot_node *base)
{
	const struct alignment *nodes = &delta->services[service].nodes;
	const struct catalog *catalog = older->catalog;
	const struct catalog_node *own =
		&catalog->nodes[catalog->services[service].first_node];
	uint32_t at = 0;

	for (uint32_t i = 0; i < nodes->count; i++) {
		const struct alignment_segment *s = &nodes->segments[i];

		for (uint32_t j = 0; j < s->count; j++, at++)
			if (s->base == ALIGNMENT_NONE ||
			    own[at].card != base[s->base + j].card)
				add_card(delta, service, at, own[at].card);
	}
}

/* Segment by segment, so that no array has to be put together first. */
static void put_nodes(struct buf *out, const struct alignment *nodes,
		      const struct snapshot_node *base,
		      const struct snapshot_node *older)
{
	const struct columns *columns = delta_parts_columns(DELTA_PARTS_NODES);

	for (uint32_t i = 0; i < nodes->count; i++) {
		const struct alignment_segment *s = &nodes->segments[i];
		struct snapshot_node *none = NULL;

		if (s->base == ALIGNMENT_NONE)
			none = mem_array(s->count, sizeof(*none));
		columns_put(out, columns, none ? none : &base[s->base], older,
			    s->count);
		mem_free(none);
		older += s->count;
	}
}

static void put_rest(struct buf *out, const struct snapshot_service *base,
		     const struct snapshot_service *older)
{
	columns_put(out, delta_parts_columns(DELTA_PARTS_SITES), base->sites,
		    older->sites, older->site_count);
	columns_put(out, delta_parts_columns(DELTA_PARTS_CELLS), base->cells,
		    older->cells, older->cell_count);
	columns_put(out, delta_parts_columns(DELTA_PARTS_ANYWHERE),
		    base->anywhere, older->anywhere, older->anywhere_count);
}

static void compare_service(struct snapshot_delta *delta, uint32_t index,
			    const struct snapshot *older,
			    const struct snapshot *newer, struct buf *out)
{
	static const struct snapshot_service none;
	struct delta_service *own = &delta->services[index];
	struct snapshot_service rebased;
	struct pair pair = {.older = &older->services[index], .newer = &none};

	own->base = find_base(newer, pair.older->name);
	if (own->base != ALIGNMENT_NONE)
		pair.newer = &newer->services[own->base];
	align_service(&pair, delta->same_catalog, own);
	if (!delta->same_catalog)
		keep_cards(delta, index, older, pair.newer->nodes);
	put_nodes(out, &own->nodes, pair.newer->nodes, pair.older->nodes);
	if (delta_parts_has_same_sites(own, pair.older, pair.newer)) {
		put_rest(out, pair.newer, pair.older);
		return;
	}
	delta_parts_rebase_sites(own, pair.older, pair.newer, &rebased);
	put_rest(out, &rebased, pair.older);
	delta_parts_free(&rebased);
}

struct snapshot_delta *snapshot_delta_new(const struct snapshot *older,
					  const struct snapshot *newer,
					  struct buf *scratch)
{
	struct snapshot_delta *delta = mem_alloc(sizeof(*delta));

	delta->holders = 1;
	delta->same_catalog = older->catalog == newer->catalog;
	delta->facts = *older;
	buf_reset(scratch);
	for (uint32_t i = 0; i < older->service_count; i++)
		compare_service(delta, i, older, newer, scratch);
	if (scratch->failed) {
		snapshot_delta_unref(&delta);
		return NULL;
	}
	delta->text_bytes = scratch->len;
	delta->text = mem_dup(scratch->data, scratch->len);
	return delta;
}

struct snapshot_delta *snapshot_delta_ref(struct snapshot_delta *delta)
{
	atomic_fetch_add(&delta->holders, 1);
	return delta;
}

void snapshot_delta_unref(struct snapshot_delta **delta)
{
	struct snapshot_delta *d = *delta;

	*delta = NULL;
	if (!d || atomic_fetch_sub(&d->holders, 1) != 1)
		return;
	for (uint32_t i = 0; i < d->card_count; i++)
		card_unref(&d->cards[i].card);
	for (unsigned i = 0; i < SNAPSHOT_SERVICES; i++) {
		alignment_fini(&d->services[i].nodes);
		alignment_fini(&d->services[i].sites);
	}
	mem_free(d->cards);
	mem_free(d->text);
	mem_free(d);
}

uint32_t snapshot_delta_number(const struct snapshot_delta *delta)
{
	return delta->facts.number;
}

size_t snapshot_delta_bytes(const struct snapshot_delta *delta)
{
	size_t bytes = sizeof(*delta) + delta->text_bytes +
		       delta->card_room * sizeof(*delta->cards);

	for (unsigned i = 0; i < SNAPSHOT_SERVICES; i++)
		bytes += sizeof(struct alignment_segment) *
			 (delta->services[i].nodes.room +
			  delta->services[i].sites.room);
	return bytes;
}
