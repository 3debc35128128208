/*
 * geodb_record.c - one record of a database as a place. All layouts in
 * one pass: the keys tell them apart ("latitude" at the top is the flat one,
 * a map "location" the nested one; "city" is a text or a map). Pure.
 */
#include "geo/geodb_record.h"

#include <math.h>
#include <string.h>

#include "lib/base/err.h"

void geodb_record_country(struct sv text, char country_r[3])
{
	memset(country_r, 0, 3);
	if (text.len != 2)
		return;
	for (int i = 0; i < 2; i++) {
		char c = text.ptr[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c < 'A' || c > 'Z') {
			memset(country_r, 0, 3);
			return;
		}
		country_r[i] = c;
	}
}

void geodb_record_position(double lat_deg, double lon_deg,
			   struct geodb_place *place)
{
	/* NaN fails both comparisons, so do infinities. */
	if (!(fabs(lat_deg) <= 90) || !(fabs(lon_deg) <= 180))
		return;
	place->has_position = true;
	place->lat_deg = (float)lat_deg;
	place->lon_deg = (float)lon_deg;
}

/* Inline, and the length first: a build compares ten million keys. */
static inline bool is_key(struct sv key, const char *name, size_t len)
{
	return key.len == len && memcmp(key.ptr, name, len) == 0;
}

#define KEY_IS(key, name) is_key(key, name, sizeof(name) - 1)

static bool is_number(const struct mmdb_value *v)
{
	return v->type == MMDB_VALUE_DOUBLE || v->type == MMDB_VALUE_FLOAT ||
	       v->type == MMDB_VALUE_I32 || v->type == MMDB_VALUE_U16 ||
	       v->type == MMDB_VALUE_U32 || v->type == MMDB_VALUE_U64;
}

/* A map's child @name; type POINTER, which no value has, when absent. */
static int child_of(struct mmdb_value_reader *r, const struct mmdb_value *map,
		    struct sv name, struct mmdb_value *child_r)
{
	struct mmdb_value_iter iter = mmdb_value_iter(map);
	struct mmdb_value v;
	struct sv key;
	int rc = 0;

	memset(child_r, 0, sizeof(*child_r));
	child_r->type = MMDB_VALUE_POINTER;
	if (map->type != MMDB_VALUE_MAP)
		return 0;
	while ((rc = mmdb_value_next_pair(r, &iter, &key, &v)) > 0)
		if (sv_eq(key, name)) {
			*child_r = v;
			return 0;
		}
	return rc;
}

static int text_of(struct mmdb_value_reader *r, const struct mmdb_value *map,
		   struct sv name, struct sv *text_r)
{
	struct mmdb_value v;
	int rc = child_of(r, map, name, &v);

	if (rc == 0 && v.type == MMDB_VALUE_TEXT)
		*text_r = v.text;
	return rc;
}

/* {"names": {"en": ...}}; a database without English gives its first one. */
static int name_of(struct mmdb_value_reader *r, const struct mmdb_value *map,
		   struct sv *text_r)
{
	struct mmdb_value_iter iter;
	struct mmdb_value names, v;
	struct sv key;
	int rc = child_of(r, map, SV("names"), &names);

	if (rc < 0 || names.type != MMDB_VALUE_MAP)
		return rc;
	iter = mmdb_value_iter(&names);
	while ((rc = mmdb_value_next_pair(r, &iter, &key, &v)) > 0) {
		if (v.type != MMDB_VALUE_TEXT)
			continue;
		if (text_r->len == 0)
			*text_r = v.text;
		if (sv_eq(key, SV("en"))) {
			*text_r = v.text;
			return 0;
		}
	}
	return rc;
}

/* {"latitude": ..., "longitude": ...} of the nested layout. */
static int location(struct mmdb_value_reader *r, const struct mmdb_value *map,
		    struct geodb_place *place)
{
	struct mmdb_value lat, lon;
	int rc = child_of(r, map, SV("latitude"), &lat);

	if (rc == 0)
		rc = child_of(r, map, SV("longitude"), &lon);
	if (rc == 0 && is_number(&lat) && is_number(&lon))
		geodb_record_position(lat.number, lon.number, place);
	return rc;
}

/* [{"iso_code": ..., "names": ...}]: the first one is the largest area. */
static int subdivision(struct mmdb_value_reader *r,
		       const struct mmdb_value *list, struct geodb_place *place)
{
	struct mmdb_value_iter iter = mmdb_value_iter(list);
	struct mmdb_value first;
	int rc;

	if (list->type != MMDB_VALUE_ARRAY)
		return 0;
	rc = mmdb_value_next(r, &iter, &first);
	if (rc <= 0)
		return rc;
	rc = name_of(r, &first, &place->area);
	if (rc == 0 && place->area.len == 0)
		rc = text_of(r, &first, SV("iso_code"), &place->area);
	return rc;
}

static int country(struct mmdb_value_reader *r, const struct mmdb_value *map,
		   struct geodb_place *place)
{
	struct sv code = {0};
	int rc = text_of(r, map, SV("iso_code"), &code);

	if (code.len > 0)
		geodb_record_country(code, place->country);
	return rc;
}

static int member(struct mmdb_value_reader *r, struct sv key,
		  const struct mmdb_value *v, struct geodb_place *place)
{
	if (KEY_IS(key, "city")) {
		if (v->type == MMDB_VALUE_TEXT)
			place->city = v->text;
		return name_of(r, v, &place->city);
	}
	if (KEY_IS(key, "country"))
		return country(r, v, place);
	if (KEY_IS(key, "location"))
		return location(r, v, place);
	if (KEY_IS(key, "subdivisions"))
		return subdivision(r, v, place);
	if (KEY_IS(key, "autonomous_system_number")) {
		if (is_number(v) && v->number >= 1 && v->number <= UINT32_MAX)
			place->asn = (uint32_t)v->number;
		return 0;
	}
	if (v->type == MMDB_VALUE_TEXT && KEY_IS(key, "country_code"))
		geodb_record_country(v->text, place->country);
	else if (v->type == MMDB_VALUE_TEXT && KEY_IS(key, "state1"))
		place->area = v->text;
	return 0;
}

int geodb_record_decode(struct mmdb_value_reader *r, uint32_t offset,
			struct geodb_place *place)
{
	struct mmdb_value record, v, lat = {0}, lon = {0};
	struct mmdb_value_iter iter;
	struct sv key;
	int rc;

	memset(place, 0, sizeof(*place));
	r->values_left = GEODB_RECORD_VALUES_MAX;
	rc = mmdb_value_read(r, offset, &record);
	if (rc < 0 || record.type != MMDB_VALUE_MAP)
		return rc;
	iter = mmdb_value_iter(&record);
	while ((rc = mmdb_value_next_pair(r, &iter, &key, &v)) > 0) {
		if (KEY_IS(key, "latitude"))
			lat = v;
		else if (KEY_IS(key, "longitude"))
			lon = v;
		else if ((rc = member(r, key, &v, place)) < 0)
			return rc;
	}
	if (rc == 0 && is_number(&lat) && is_number(&lon))
		geodb_record_position(lat.number, lon.number, place);
	return rc;
}
