/*
 * cellmap_overrides.c - the operator's overrides from JSON with comments. Pure.
 */
#include "geo/cellmap.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/json.h"
#include "lib/proto/node.h"

#define TEXT_MAX      (8u << 20)
#define OVERRIDES_MAX 100000

/* One element as it stands in the file. */
struct row {
	struct addr_prefix prefix; /* of no family: absent */
	uint32_t asn;		   /* 0: absent */
	double lat_deg, lon_deg;   /* NaN: absent */
	char country[3];
	char area[65];
	char carrier[CELLMAP_CARRIER_BYTES];
};

static int decode_prefix(const struct json *value, void *member,
			 struct json_problem *p)
{
	struct addr_prefix *prefix = member;
	struct addr_prefix parsed;
	struct addr inner;
	struct sv text;

	if (json_get_text(value, &text) < 0)
		return json_problem_set(p, ERR_TYPE, "", "must be a text");
	if (addr_parse_prefix(text, &parsed) < 0)
		return json_problem_set(p, ERR_SYNTAX, "",
					"must be a prefix such as "
					"198.51.100.0/24, without host bits");
	inner = addr_unmap(&parsed.base);
	if (inner.family != parsed.base.family)
		return json_problem_set(p, ERR_RANGE, "",
					"carries IPv4 addresses, which are "
					"looked up as such: write the IPv4 "
					"prefix");
	*prefix = parsed;
	return 0;
}

static int decode_country(const struct json *value, void *member,
			  struct json_problem *p)
{
	char *country = member;
	struct sv text;

	if (json_get_text(value, &text) < 0 || text.len != 2 ||
	    text.ptr[0] < 'A' || text.ptr[0] > 'Z' || text.ptr[1] < 'A' ||
	    text.ptr[1] > 'Z')
		return json_problem_set(p, ERR_SYNTAX, "",
					"must be two capital letters "
					"(ISO 3166)");
	memcpy(country, text.ptr, 2);
	return 0;
}

/* As nodes name theirs, for the two are compared. */
static int decode_carrier(const struct json *value, void *member,
			  struct json_problem *p)
{
	struct sv text;

	if (json_get_text(value, &text) < 0 || !node_id_is_valid(text) ||
	    sv_copy(text, member, CELLMAP_CARRIER_BYTES) < 0)
		return json_problem_set(p, ERR_RANGE, "",
					"must be 1-32 of a-z 0-9 . - _");
	return 0;
}

#define FIELD(key, kind_, member)                                              \
	.name = key, .kind = kind_, .offset = offsetof(struct row, member),    \
	.size = sizeof(((struct row *)0)->member)

static const struct json_field fields[] = {
	{FIELD("prefix", JSON_CUSTOM, prefix), .decode = decode_prefix},
	{FIELD("asn", JSON_U32, asn), .min = 1, .max = UINT32_MAX},
	{FIELD("lat", JSON_REAL, lat_deg), .min = -90, .max = 90},
	{FIELD("lon", JSON_REAL, lon_deg), .min = -180, .max = 180},
	{FIELD("country", JSON_CUSTOM, country), .decode = decode_country},
	{FIELD("area", JSON_TEXT, area)},
	{FIELD("carrier", JSON_CUSTOM, carrier), .decode = decode_carrier},
};
static const struct json_table table = {fields, ARRAY_LEN(fields), false};

/* Which fields go together. */
static int check_row(const struct row *row, struct json_problem *p)
{
	bool has_prefix = row->prefix.base.family != ADDR_NONE;
	bool has_lat = !isnan(row->lat_deg), has_lon = !isnan(row->lon_deg);

	if (!has_prefix && row->asn == 0)
		return json_problem_set(p, ERR_MISSING_FIELD, "/prefix",
					"is missing (or asn)");
	if (has_prefix && row->asn != 0)
		return json_problem_set(p, ERR_RANGE, "/asn",
					"does not go with prefix: say one");
	if (has_lat != has_lon)
		return json_problem_set(p, ERR_MISSING_FIELD,
					has_lat ? "/lon" : "/lat",
					"is missing: a place has lat and lon");
	if (!has_lat && (row->country[0] || row->area[0]))
		return json_problem_set(p, ERR_MISSING_FIELD, "/lat",
					"is missing: country and area need a "
					"place");
	if (!has_lat && !row->carrier[0])
		return json_problem_set(p, ERR_MISSING_FIELD, "/lat",
					"is missing (or carrier)");
	if (row->asn != 0 && (has_lat || !row->carrier[0]))
		return json_problem_set(p, ERR_RANGE, "/asn",
					"goes with carrier alone");
	return 0;
}

static int decode_row(const struct json *element, struct cellmap_override *o,
		      struct json_problem *p)
{
	struct row row;
	int rc;

	memset(&row, 0, sizeof(row));
	row.lat_deg = row.lon_deg = NAN;
	rc = json_decode(element, &table, &row, p);
	if (rc == 0)
		rc = check_row(&row, p);
	if (rc < 0)
		return rc;
	o->prefix = row.prefix;
	o->asn = row.asn;
	o->has_place = !isnan(row.lat_deg);
	if (o->has_place) {
		o->lat_deg = (float)row.lat_deg;
		o->lon_deg = (float)row.lon_deg;
	}
	memcpy(o->carrier, row.carrier, sizeof(o->carrier));
	memcpy(o->country, row.country, sizeof(o->country));
	memcpy(o->area, row.area, sizeof(o->area));
	return 0;
}

static int decode_list(const struct json *root,
		       struct cellmap_override **list_r, unsigned *count_r,
		       struct buf *why)
{
	size_t count = json_array_len(root);
	struct json_problem p = {0};
	struct cellmap_override *list;
	int rc = 0;

	if (!json_is_array(root)) {
		buf_str(why, "overrides must be a list: [{\"prefix\": ...}]");
		return ERR_TYPE;
	}
	if (count > OVERRIDES_MAX) {
		buf_str(why, "more than 100000 overrides");
		return ERR_LIMIT;
	}
	list = mem_array(count, sizeof(*list));
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = decode_row(json_array_at(root, i), &list[i], &p);
		if (rc < 0)
			buf_printf(why, "override %zu%s: %s", i + 1, p.path,
				   p.rule);
	}
	if (rc < 0) {
		mem_free(list);
		return rc;
	}
	*list_r = list;
	*count_r = (unsigned)count;
	return 0;
}

static int complain_syntax(const struct json_problem *p, struct buf *why)
{
	if (p->line > 0)
		buf_printf(why, "line %d, column %d: ", p->line, p->column);
	buf_str(why, p->rule);
	return ERR_SYNTAX;
}

int cellmap_overrides_parse(struct sv text, struct cellmap_override **list_r,
			    unsigned *count_r, struct buf *why)
{
	struct json_problem p = {0};
	struct json *root = NULL;
	char *copy;
	int rc;

	if (text.len > TEXT_MAX) {
		buf_str(why, "overrides are longer than 8 MiB");
		return ERR_TOOBIG;
	}
	copy = mem_dup(text.ptr, text.len);
	rc = json_blank_comments(copy, text.len);
	if (rc < 0)
		buf_str(why, "a comment never ends");
	else if (json_parse(sv_of(copy, text.len), &root, &p) < 0)
		rc = complain_syntax(&p, why);
	else
		rc = decode_list(root, list_r, count_r, why);
	json_free(&root);
	mem_free(copy);
	return rc;
}
