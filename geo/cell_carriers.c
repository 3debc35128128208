/*
 * cell_carriers.c - carriers of AS numbers and prefixes as runs. Invariant: a
 * run's number is one that the places know. Building thread only.
 */
#include "geo/cell_carriers.h"

#include <stdlib.h>

#include "geo/cell_layers.h"
#include "geo/geodb.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

/* The operator's word on one AS number. */
struct owner {
	uint32_t asn;
	uint32_t number; /* of the carrier */
	uint32_t order;	 /* in the operator's list */
};

struct collect {
	struct cell_carriers *carriers;
	struct cell_places *places;
	const struct cellmap_config *config;
	uint32_t *numbers;    /* owned; by override: its carrier, 0 = none */
	struct owner *owners; /* owned; sorted by AS number, each once */
	unsigned owner_count;
};

/* One database while it is read. */
struct reading {
	const struct collect *collect;
	struct cell_spans spans[CELL_FAMILIES];
};

void cell_carriers_init(struct cell_carriers *c)
{
	cell_spans_init_all(c->spans);
}

void cell_carriers_fini(struct cell_carriers *c)
{
	cell_spans_fini_all(c->spans);
}

static int number_carriers(struct collect *c, struct buf *why)
{
	const struct cellmap_config *config = c->config;
	int rc = 0;

	c->numbers = mem_array(config->override_count, sizeof(*c->numbers));
	for (unsigned i = 0; rc == 0 && i < config->override_count; i++)
		if (config->overrides[i].carrier[0])
			rc = cell_places_add_carrier(
				c->places, sv_str(config->overrides[i].carrier),
				&c->numbers[i]);
	if (rc < 0)
		buf_str(why, "overrides name more than 255 carriers");
	return rc;
}

/* ---- AS numbers ---- */

static int compare_owners(const void *a_ptr, const void *b_ptr)
{
	const struct owner *a = a_ptr, *b = b_ptr;

	if (a->asn != b->asn)
		return a->asn < b->asn ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void collect_owners(struct collect *c)
{
	const struct cellmap_config *config = c->config;
	unsigned count = 0;

	c->owners = mem_array(config->override_count, sizeof(*c->owners));
	for (unsigned i = 0; i < config->override_count; i++)
		if (config->overrides[i].asn != 0)
			c->owners[count++] = (struct owner){
				config->overrides[i].asn, c->numbers[i], i};
	if (count > 0)
		qsort(c->owners, count, sizeof(*c->owners), compare_owners);
	/* Of two rows the later one counts. */
	for (unsigned i = 0; i < count; i++)
		if (i + 1 == count || c->owners[i].asn != c->owners[i + 1].asn)
			c->owners[c->owner_count++] = c->owners[i];
}

static uint32_t carrier_of(const struct collect *c, uint32_t asn)
{
	unsigned low = 0, high = c->owner_count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (c->owners[mid].asn == asn)
			return c->owners[mid].number;
		if (c->owners[mid].asn < asn)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

static int visit(const struct addr_prefix *network, uint64_t record UNUSED,
		 const struct geodb_place *place, void *arg)
{
	struct reading *r = arg;
	uint32_t number = carrier_of(r->collect, place->asn);

	if (number == 0)
		return 0;
	return cell_spans_append_prefix(
		&r->spans[network->base.family == ADDR_V4 ? CELL_V4 : CELL_V6],
		network, number);
}

static int read_database(const struct collect *c, const char *path,
			 struct buf *why)
{
	struct reading r = {.collect = c};
	struct geodb *db;
	int rc = geodb_open(path, GEODB_ASN, &db, why);

	if (rc < 0)
		return rc;
	cell_spans_init_all(r.spans);
	rc = geodb_visit(db, visit, &r, why);
	geodb_close(&db);
	for (int f = 0; rc == 0 && f < CELL_FAMILIES; f++)
		rc = cell_spans_overlay(&c->carriers->spans[f], &r.spans[f]);
	cell_spans_fini_all(r.spans);
	return rc;
}

/* ---- prefixes ---- */

static int lay_prefixes(const struct collect *c, int family)
{
	const struct cellmap_config *config = c->config;
	enum addr_family wanted = family == CELL_V4 ? ADDR_V4 : ADDR_V6;
	struct cell_layer *layers =
		mem_array(config->override_count, sizeof(*layers));
	unsigned used = 0;
	int rc;

	for (unsigned i = 0; i < config->override_count; i++) {
		const struct cellmap_override *o = &config->overrides[i];

		if (o->asn == 0 && c->numbers[i] != 0 &&
		    o->prefix.base.family == wanted)
			layers[used++] =
				cell_layers_of(&o->prefix, c->numbers[i], i);
	}
	rc = cell_layers_over(&c->carriers->spans[family], layers, used);
	mem_free(layers);
	return rc;
}

int cell_carriers_collect(struct cell_carriers *carriers,
			  struct cell_places *places,
			  const struct cellmap_config *config, struct buf *why)
{
	struct collect c = {
		.carriers = carriers, .places = places, .config = config};
	int rc = number_carriers(&c, why);

	if (rc == 0)
		collect_owners(&c);
	for (unsigned i = 0;
	     rc == 0 && c.owner_count > 0 && i < config->asn_path_count; i++)
		rc = read_database(&c, config->asn_paths[i], why);
	for (int f = 0; rc == 0 && f < CELL_FAMILIES; f++)
		rc = lay_prefixes(&c, f);
	if (rc == ERR_LIMIT && why->len == 0)
		buf_str(why, "too many networks with carriers");
	mem_free(c.numbers);
	mem_free(c.owners);
	return rc;
}

/* ---- with the places ---- */

/* The last pair: neighbours mostly are of one place or of one carrier. */
struct pairing {
	struct cell_places *places;
	uint32_t place, number, result;
};

static int pair(uint32_t place, uint32_t number, uint32_t *id_r, void *arg)
{
	struct pairing *p = arg;
	int rc = 0;

	if (p->result == 0 || p->place != place || p->number != number)
		rc = cell_places_with_carrier(p->places, place, number,
					      &p->result);
	p->place = place;
	p->number = number;
	*id_r = p->result;
	return rc;
}

int cell_carriers_apply(const struct cell_carriers *carriers,
			struct cell_places *places, enum cell_family family,
			struct cell_spans *spans)
{
	struct pairing pairing = {.places = places};

	if (cell_spans_is_empty(&carriers->spans[family]))
		return 0;
	return cell_spans_join(spans, &carriers->spans[family], pair, &pairing);
}
