/*
 * what_if_put.c - gathers the sites and nodes of both sides, joins those of one
 * name and writes them down. Pure.
 */
#include "balancer/what_if_put.h"

#include <math.h>
#include <stdlib.h>

#include "balancer/explain_ranks.h"
#include "lib/base/mem.h"

#define SITES_MAX  64	   /* ranks looked at on each side */
#define NODES_MAX  64	   /* shown */
#define SHARE_SEEN 0.00005 /* what 4 decimals can show */

enum { BEFORE, AFTER, SIDES };

/* What the client gets on one side; without the service an empty list. */
struct side {
	struct draw_query query;
	struct draw_list list;
	struct explain_ranks ranks;
};

struct site_row {
	const struct snapshot_site *either;	 /* for the names */
	const struct snapshot_site *site[SIDES]; /* NULL: takes no part */
	uint32_t rank[SIDES];
	double share[SIDES];
};

struct node_row {
	const char *id;
	const struct snapshot_site *site;
	bool takes_part[SIDES];
	double share[SIDES], p[SIDES];
	unsigned position[SIDES]; /* 0 = not in the answer */
};

struct comparison {
	struct jsonw w;
	const struct what_if *what_if;
	struct side sides[SIDES];
	struct site_row sites[SIDES * SITES_MAX];
	unsigned site_count;
	struct node_row *nodes;
	size_t node_count, node_room;
	bool truncated;
};

/* -- sites --------------------------------------------------------------- */

static void look(struct comparison *c, unsigned side,
		 const struct snapshot *snap)
{
	struct side *s = &c->sides[side];

	s->query = c->what_if->query;
	s->query.service =
		snapshot_find_service(snap, sv_str(c->what_if->service));
	s->list = (struct draw_list){.count = 0};
	s->ranks = (struct explain_ranks){.count = 0};
	if (!s->query.service)
		return;
	draw_nodes(&s->query, &s->list);
	s->ranks = explain_ranks_of(&s->query, &s->list);
	if (s->ranks.count > SITES_MAX) {
		s->ranks.count = SITES_MAX;
		c->truncated = true;
	}
}

static const struct snapshot_site *site_at(const struct side *s, uint32_t rank)
{
	return &s->query.service->sites[explain_ranks_site(&s->ranks, rank)];
}

static struct site_row *row_of(struct comparison *c,
			       const struct snapshot_site *site)
{
	for (unsigned i = 0; i < c->site_count; i++) {
		const struct snapshot_site *known = c->sites[i].either;

		if (strcmp(known->region, site->region) == 0 &&
		    strcmp(known->zone, site->zone) == 0)
			return &c->sites[i];
	}
	c->sites[c->site_count] = (struct site_row){.either = site};
	return &c->sites[c->site_count++];
}

static void gather_sites(struct comparison *c, unsigned side)
{
	const struct side *s = &c->sides[side];

	for (uint32_t rank = 0; rank < s->ranks.count; rank++) {
		const struct snapshot_site *site = site_at(s, rank);
		struct site_row *row = row_of(c, site);

		row->site[side] = site;
		row->rank[side] = rank;
		row->share[side] = explain_ranks_share(&s->ranks, rank);
	}
}

static void put_site_side(struct jsonw *w, const char *key,
			  const struct site_row *row, unsigned side)
{
	const struct snapshot_site *site = row->site[side];

	if (!site) {
		jsonw_null(w, key);
		return;
	}
	jsonw_object(w, key);
	jsonw_u64(w, "rank", row->rank[side]);
	jsonw_fixed(w, "share", row->share[side], 4);
	jsonw_fixed(w, "est", site->est, 1);
	jsonw_fixed(w, "limit", site->limit, 1);
	jsonw_fixed(w, "level", site->level, 4);
	jsonw_fixed(w, "headroom_per_s", site->headroom_per_s, 2);
	jsonw_fixed(w, "admitted_per_s", site->admitted_per_s, 2);
	jsonw_bool(w, "panic", site->panic != 0);
	jsonw_object_end(w);
}

static void put_sites(struct comparison *c)
{
	struct jsonw *w = &c->w;

	jsonw_array(w, "sites");
	for (unsigned i = 0; i < c->site_count; i++) {
		const struct site_row *row = &c->sites[i];

		jsonw_object(w, NULL);
		explain_ranks_put_name(w, "site", row->either);
		jsonw_str(w, "region", row->either->region);
		jsonw_str(w, "zone", row->either->zone);
		put_site_side(w, "before", row, BEFORE);
		put_site_side(w, "after", row, AFTER);
		jsonw_fixed(w, "change", row->share[AFTER] - row->share[BEFORE],
			    4);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

/* -- nodes --------------------------------------------------------------- */

static bool is_open(const struct side *s, const struct snapshot_node *node)
{
	return node->tier == TIER_OPEN &&
	       snapshot_serves(node->card->families, s->query.family);
}

static struct node_row *add_row(struct comparison *c,
				const struct snapshot_node *node,
				const struct snapshot_site *site)
{
	if (c->node_count == c->node_room) {
		c->node_room = c->node_room ? 2 * c->node_room : 256;
		c->nodes = mem_grow(c->nodes, c->node_room, sizeof(*c->nodes));
	}
	c->nodes[c->node_count] =
		(struct node_row){.id = node->card->record.id, .site = site};
	return &c->nodes[c->node_count++];
}

/* The open nodes of a site share what the site gets of the cell. */
static void gather_site(struct comparison *c, unsigned side,
			const struct snapshot_site *site, double share)
{
	const struct side *s = &c->sides[side];
	const struct snapshot_node *nodes =
		s->query.service->nodes + site->first_node;
	double sum = 0;

	for (uint32_t i = 0; i < site->node_count; i++)
		if (is_open(s, &nodes[i]))
			sum += nodes[i].weight;
	for (uint32_t i = 0; i < site->node_count && sum > 0; i++) {
		struct node_row *row;

		if (!is_open(s, &nodes[i]))
			continue;
		row = add_row(c, &nodes[i], site);
		row->takes_part[side] = true;
		row->p[side] = nodes[i].weight;
		row->share[side] = share * nodes[i].weight / sum;
	}
}

static void gather_nodes(struct comparison *c, unsigned side)
{
	const struct side *s = &c->sides[side];

	for (uint32_t rank = 0; rank < s->ranks.count; rank++)
		gather_site(c, side, site_at(s, rank),
			    explain_ranks_share(&s->ranks, rank));
	for (unsigned i = 0; i < s->list.count; i++) {
		const struct snapshot_service *service = s->query.service;
		const struct snapshot_node *node =
			&service->nodes[s->list.entries[i].node];
		struct node_row *row =
			add_row(c, node, &service->sites[node->site]);

		row->takes_part[side] = true;
		row->p[side] = node->weight;
		row->position[side] = i + 1;
	}
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct node_row *)a)->id,
		      ((const struct node_row *)b)->id);
}

static void join_rows(struct node_row *into, const struct node_row *from)
{
	for (unsigned side = 0; side < SIDES; side++) {
		into->takes_part[side] |= from->takes_part[side];
		into->share[side] += from->share[side];
		into->p[side] = fmax(into->p[side], from->p[side]);
		into->position[side] += from->position[side];
	}
}

static void join_nodes(struct comparison *c)
{
	size_t kept = 0;

	if (c->node_count > 0)
		qsort(c->nodes, c->node_count, sizeof(*c->nodes), compare_ids);
	for (size_t i = 0; i < c->node_count; i++)
		if (kept > 0 &&
		    strcmp(c->nodes[kept - 1].id, c->nodes[i].id) == 0)
			join_rows(&c->nodes[kept - 1], &c->nodes[i]);
		else
			c->nodes[kept++] = c->nodes[i];
	c->node_count = kept;
}

static double change_of(const struct node_row *row)
{
	return row->share[AFTER] - row->share[BEFORE];
}

/* The answers' nodes first, then by how much changes, then by id. */
static int compare_shown(const void *a, const void *b)
{
	const struct node_row *x = a, *y = b;

	for (unsigned side = 0; side < SIDES; side++)
		if (x->position[side] != y->position[side])
			return x->position[side] - 1 < y->position[side] - 1
				       ? -1
				       : 1; /* 0 wraps round to the end */
	if (fabs(change_of(x)) != fabs(change_of(y)))
		return fabs(change_of(x)) > fabs(change_of(y)) ? -1 : 1;
	return strcmp(x->id, y->id);
}

static void put_node_side(struct jsonw *w, const char *key,
			  const struct node_row *row, unsigned side)
{
	if (!row->takes_part[side]) {
		jsonw_null(w, key);
		return;
	}
	jsonw_object(w, key);
	jsonw_fixed(w, "share", row->share[side], 4);
	jsonw_fixed(w, "p", row->p[side], 6);
	if (row->position[side] > 0)
		jsonw_u64(w, "position", row->position[side]);
	else
		jsonw_null(w, "position");
	jsonw_object_end(w);
}

static void put_nodes(struct comparison *c)
{
	struct jsonw *w = &c->w;
	unsigned shown = 0;

	join_nodes(c);
	if (c->node_count > 0)
		qsort(c->nodes, c->node_count, sizeof(*c->nodes),
		      compare_shown);
	jsonw_array(w, "nodes");
	for (size_t i = 0; i < c->node_count; i++) {
		const struct node_row *row = &c->nodes[i];

		if (row->position[BEFORE] == 0 && row->position[AFTER] == 0 &&
		    fabs(change_of(row)) < SHARE_SEEN)
			continue;
		if (shown++ == NODES_MAX) {
			c->truncated = true;
			break;
		}
		jsonw_object(w, NULL);
		jsonw_str(w, "id", row->id);
		explain_ranks_put_name(w, "site", row->site);
		put_node_side(w, "before", row, BEFORE);
		put_node_side(w, "after", row, AFTER);
		jsonw_fixed(w, "change", change_of(row), 4);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

/* -- the rest ------------------------------------------------------------ */

void what_if_put_changes(struct jsonw *w, const struct what_if *what_if)
{
	jsonw_array(w, "changes");
	for (unsigned i = 0; i < what_if->change_count; i++) {
		const struct what_if_change *change = &what_if->changes[i];

		jsonw_object(w, NULL);
		jsonw_str(w, "kind", what_if_kind_str(change->kind));
		jsonw_str(w, "scope", intent_scope_str(change->scope));
		jsonw_str(w, "name", change->name);
		if (change->kind == WHAT_IF_WEIGHT)
			jsonw_u64(w, "weight", change->weight);
		else
			jsonw_null(w, "weight");
		if (change->kind == WHAT_IF_BIAS)
			jsonw_real(w, "bias_km", change->bias_km);
		else
			jsonw_null(w, "bias_km");
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_answer(struct jsonw *w, const char *key, const struct side *s)
{
	jsonw_array(w, key);
	for (unsigned i = 0; i < s->list.count; i++)
		jsonw_str(w, NULL,
			  s->query.service->nodes[s->list.entries[i].node]
				  .card->record.id);
	jsonw_array_end(w);
}

static void put_flags(struct jsonw *w, const char *key, const struct side *s)
{
	jsonw_array(w, key);
	if (s->list.panic && s->list.count > 0)
		jsonw_str(w, NULL, "panic");
	if (s->list.anywhere)
		jsonw_str(w, NULL, "anywhere");
	if (s->list.count == 0)
		jsonw_str(w, NULL, "empty");
	jsonw_array_end(w);
}

static void put_head(struct comparison *c, const struct snapshot *before)
{
	struct jsonw *w = &c->w;

	jsonw_object(w, "snapshot");
	jsonw_u64(w, "revision", before->revision);
	jsonw_str(w, "service", c->what_if->service);
	jsonw_object_end(w);
	explain_put_client(w, &c->what_if->query, &c->what_if->client);
	what_if_put_changes(w, c->what_if);
}

static void put_tail(struct comparison *c)
{
	struct jsonw *w = &c->w;

	jsonw_object(w, "answer");
	put_answer(w, "before", &c->sides[BEFORE]);
	put_answer(w, "after", &c->sides[AFTER]);
	jsonw_object_end(w);
	jsonw_object(w, "flags");
	put_flags(w, "before", &c->sides[BEFORE]);
	put_flags(w, "after", &c->sides[AFTER]);
	jsonw_object_end(w);
	jsonw_bool(w, "truncated", c->truncated);
}

void what_if_put(struct buf *out, const struct what_if *what_if,
		 const struct snapshot *before, const struct snapshot *after)
{
	struct comparison c = {.what_if = what_if};

	look(&c, BEFORE, before);
	look(&c, AFTER, after);
	for (unsigned side = 0; side < SIDES; side++) {
		gather_sites(&c, side);
		gather_nodes(&c, side);
	}
	jsonw_init(&c.w, out);
	jsonw_object(&c.w, NULL);
	put_head(&c, before);
	put_sites(&c);
	put_nodes(&c);
	put_tail(&c);
	jsonw_object_end(&c.w);
	mem_free(c.nodes);
}
