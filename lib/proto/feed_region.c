/*
 * feed_region.c - one region: from a file that people write (strict) and in
 * the change stream (newer members ignored). Pure, any thread.
 */
#include "lib/proto/feed.h"

#include "lib/base/err.h"

#define REGION_AT(member)                                                      \
	.offset = offsetof(struct feed_region, member),                        \
	.size = sizeof(((struct feed_region *)NULL)->member)

static const struct json_field region_fields[] = {
	{.name = "id", .kind = JSON_TEXT, REGION_AT(id), .required = true},
	{.name = "title", .kind = JSON_TEXT, REGION_AT(title)},
	{.name = "lat",
	 .kind = JSON_REAL,
	 REGION_AT(lat_deg),
	 .min = -90,
	 .max = 90,
	 .required = true},
	{.name = "lon",
	 .kind = JSON_REAL,
	 REGION_AT(lon_deg),
	 .min = -180,
	 .max = 180,
	 .required = true},
	{.name = "bias_km",
	 .kind = JSON_REAL,
	 REGION_AT(bias_km),
	 .min = -FEED_BIAS_KM_MAX,
	 .max = FEED_BIAS_KM_MAX},
	{.name = "gone", .kind = JSON_BOOL, REGION_AT(gone)},
};
static const struct json_table region_table = {
	.fields = region_fields,
	.count = ARRAY_LEN(region_fields),
	.allow_unknown = true,
};
/* Regions that people write down: nothing unknown, nothing is gone. */
static const struct json_table region_strict_table = {
	.fields = region_fields,
	.count = ARRAY_LEN(region_fields) - 1,
};

static int check_region(const struct feed_region *region,
			struct json_problem *p)
{
	if (!node_id_is_valid(sv_str(region->id)))
		return json_problem_set(p, ERR_RANGE, "/id",
					"must be 1-64 of a-z 0-9 . - _");
	return 0;
}

static int decode_region(const struct json *object,
			 const struct json_table *table,
			 struct feed_region *region_r, struct json_problem *p)
{
	struct feed_region region = {.title = ""};
	int rc = json_decode(object, table, &region, p);

	if (rc == 0)
		rc = check_region(&region, p);
	if (rc == 0)
		*region_r = region;
	return rc;
}

int feed_region_decode(const struct json *object, struct feed_region *region_r,
		       struct json_problem *p)
{
	return decode_region(object, &region_strict_table, region_r, p);
}

int feed_region_decode_line(const struct json *object,
			    struct feed_region *region_r,
			    struct json_problem *p)
{
	bool gone = false;
	struct sv id;

	if (json_get_bool(json_member(object, "gone"), &gone) != 0 || !gone)
		return decode_region(object, &region_table, region_r, p);
	*region_r = (struct feed_region){.gone = true};
	if (json_get_text(json_member(object, "id"), &id) != 0 ||
	    sv_copy(id, region_r->id, sizeof(region_r->id)) != 0)
		return json_problem_set(p, ERR_MISSING_FIELD, "/id",
					"is required");
	return check_region(region_r, p);
}

void feed_region_put(struct jsonw *w, const struct feed_region *region)
{
	jsonw_str(w, "id", region->id);
	if (region->gone) {
		jsonw_bool(w, "gone", true);
		return;
	}
	jsonw_str(w, "title", region->title);
	jsonw_real(w, "lat", region->lat_deg);
	jsonw_real(w, "lon", region->lon_deg);
	jsonw_real(w, "bias_km", region->bias_km);
}
