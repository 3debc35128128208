/*
 * fleet_table.c - see the header. What the registry does not know is "-".
 */
#include "client/cli/fleet_table.h"

#include <math.h>

#include "client/cli/pick.h"
#include "client/cli/table.h"
#include "client/cli/when.h"

#define TEXT_BYTES 320 /* a few names of 64 bytes */

static double share_of(const struct json *v, const char *part,
		       const char *whole)
{
	double all = pick_real(v, whole, 0);

	return all > 0 ? pick_real(v, part, 0) / all : 0;
}

static void put_percent(struct buf *b, double share)
{
	if (isnan(share))
		buf_char(b, '-');
	else
		buf_printf(b, "%.1f %%", share * 100);
}

static void put_rate(struct buf *b, double per_s)
{
	if (isnan(per_s))
		buf_str(b, "-");
	else
		buf_printf(b, per_s < 10 ? "%.1f/s" : "%.0f/s", per_s);
}

static void put_ms(struct buf *b, const struct json *v, const char *name)
{
	double us = pick_real(v, name, NAN);

	if (isnan(us))
		buf_char(b, '-');
	else
		buf_printf(b, "%.1f ms", us / 1000);
}

void fleet_table_intent(struct buf *b, const struct json *intent)
{
	struct sv state = pick_text(intent, "state");
	double weight = pick_real(intent, "weight", NAN);
	double bias_km = pick_real(intent, "bias_km", NAN);
	double rate = pick_real(intent, "shed_per_min", NAN);
	size_t began = b->len;

	if (!sv_eq(state, SV("up")))
		buf_sv(b, state);
	if (!isnan(rate))
		buf_printf(b, " %.0f %%/min", rate);
	if (!isnan(weight))
		buf_printf(b, "%sweight %.0f", b->len > began ? ", " : "",
			   weight);
	if (!isnan(bias_km))
		buf_printf(b, "%sbias %.0f km", b->len > began ? ", " : "",
			   bias_km);
}

/* ---- status ---- */

static void put_registry(struct buf *b, const struct json *root)
{
	const struct json *registry = json_member(root, "registry");
	const struct json *store = json_member(registry, "store");
	double latency_ms = pick_real(store, "latency_ms", NAN);
	bool up;

	if (json_get_bool(json_member(store, "up"), &up) != 0)
		up = true;
	buf_printf(b, "registry   " SV_FMT ", up ",
		   SV_ARG(pick_text(registry, "version")));
	when_put_age(b, (int64_t)pick_u64(registry, "uptime_s"));
	buf_printf(b, ", store " SV_FMT " %s", SV_ARG(pick_text(store, "kind")),
		   up ? "up" : "DOWN");
	if (!isnan(latency_ms))
		buf_printf(b, " (%.1f ms)", latency_ms);
	buf_printf(b, ", nodes register at " SV_FMT "\n",
		   SV_ARG(pick_text(registry, "address")));
}

static void put_nodes_line(struct buf *b, const struct json *s)
{
	buf_printf(
		b,
		"nodes      %llu of %llu ready, %llu draining, %llu suspect, "
		"%llu down\n",
		(unsigned long long)pick_u64(s, "ready"),
		(unsigned long long)pick_u64(s, "nodes"),
		(unsigned long long)pick_u64(s, "draining"),
		(unsigned long long)pick_u64(s, "suspect"),
		(unsigned long long)pick_u64(s, "down"));
	buf_printf(b, "clients    %llu of %llu connections (",
		   (unsigned long long)pick_u64(s, "conns"),
		   (unsigned long long)pick_u64(s, "capacity"));
	put_percent(b, share_of(s, "conns", "capacity"));
	buf_str(b, ")\n");
}

void fleet_table_status(struct buf *b, const struct json *root)
{
	const struct json *s = json_member(root, "status");

	put_registry(b, root);
	put_nodes_line(b, s);
	buf_str(b, "resolves   ");
	put_rate(b, pick_real(s, "resolves_per_s", NAN));
	buf_str(b, ", p99 ");
	put_ms(b, s, "p99_us");
	buf_str(b, ", nearest region ");
	put_percent(b, pick_real(s, "nearest_share", NAN));
	buf_str(b, ", place unknown ");
	put_percent(b, pick_real(s, "geo_miss_share", NAN));
	buf_str(b, ", no room ");
	put_rate(b, pick_real(s, "panic_per_s", NAN));
	buf_char(b, '\n');
}

/* ---- tables ---- */

static void add_text(struct table *t, void (*put)(struct buf *, const void *),
		     const void *arg)
{
	char storage[TEXT_BYTES];
	struct buf text;

	buf_init_fixed(&text, storage, sizeof(storage));
	put(&text, arg);
	table_text(t, buf_view(&text));
}

/* What is wanted, and how far a drain is. */
static void put_intent(struct buf *b, const void *v)
{
	const struct json *drain = json_member(v, "drain");
	double progress = pick_real(drain, "progress", NAN);

	fleet_table_intent(b, json_member(v, "intent"));
	if (!isnan(progress))
		buf_printf(b, "%s%.0f %% gone",
			   json_is_object(json_member(v, "intent")) ? ", " : "",
			   progress * 100);
}

static void put_geo(struct buf *b, const void *v)
{
	const struct json *geo = json_member(v, "geo");

	if (!json_is_object(geo))
		buf_char(b, '-');
	else
		buf_sv(b, pick_text(geo, "date"));
}

void fleet_table_balancers(struct buf *b, const struct json *root)
{
	static const struct table_column columns[] = {
		{"balancer", TABLE_LEFT},   {"version", TABLE_LEFT},
		{"queries/s", TABLE_RIGHT}, {"p50 ms", TABLE_RIGHT},
		{"p99 ms", TABLE_RIGHT},    {"snapshot s", TABLE_RIGHT},
		{"behind", TABLE_RIGHT},    {"unknown %", TABLE_RIGHT},
		{"geo", TABLE_LEFT},
	};
	const struct json *list = json_member(root, "balancers");
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < json_array_len(list); i++) {
		const struct json *v = json_array_at(list, i);

		table_text(t, pick_text(v, "id"));
		table_text(t, pick_text(v, "version"));
		table_real(t, pick_real(v, "queries_per_s", NAN), 1);
		table_real(t, pick_real(v, "p50_us", NAN) / 1000, 2);
		table_real(t, pick_real(v, "p99_us", NAN) / 1000, 2);
		table_real(t, pick_real(v, "snapshot_age_ms", NAN) / 1000, 1);
		table_real(t, pick_real(v, "lag_revisions", NAN), 0);
		table_real(t, pick_real(v, "misses_share", NAN) * 100, 1);
		add_text(t, put_geo, v);
	}
	table_put(b, t);
	table_free(&t);
}

void fleet_table_regions(struct buf *b, const struct json *root)
{
	static const struct table_column columns[] = {
		{"region", TABLE_LEFT},	   {"title", TABLE_LEFT},
		{"state", TABLE_LEFT},	   {"ready", TABLE_RIGHT},
		{"nodes", TABLE_RIGHT},	   {"conns", TABLE_RIGHT},
		{"capacity", TABLE_RIGHT}, {"full", TABLE_LEFT},
		{"first/s", TABLE_RIGHT},  {"share %", TABLE_RIGHT},
		{"spill %", TABLE_RIGHT},  {"bias km", TABLE_RIGHT},
		{"intent", TABLE_LEFT},
	};
	const struct json *list = json_member(root, "regions");
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < json_array_len(list); i++) {
		const struct json *v = json_array_at(list, i);

		table_text(t, pick_text(v, "id"));
		table_text(t, pick_text(v, "title"));
		table_text(t, pick_text(v, "state"));
		table_u64(t, pick_u64(v, "ready"));
		table_u64(t, pick_u64(v, "nodes"));
		table_u64(t, pick_u64(v, "conns"));
		table_u64(t, pick_u64(v, "capacity"));
		table_bar(t, share_of(v, "conns", "capacity"));
		table_real(t, pick_real(v, "first_per_s", NAN), 1);
		table_real(t, pick_real(v, "first_share", NAN) * 100, 1);
		table_real(t, pick_real(v, "spill_share", NAN) * 100, 1);
		table_real(t, pick_real(v, "bias_km", NAN), 0);
		add_text(t, put_intent, v);
	}
	table_put(b, t);
	table_free(&t);
}

static void put_place(struct buf *b, const void *area)
{
	double lat = pick_real(area, "lat", NAN);
	double lon = pick_real(area, "lon", NAN);

	if (isnan(lat) || isnan(lon))
		buf_char(b, '-');
	else
		buf_printf(b, "%.1f, %.1f", lat, lon);
}

/* "80 % us-ashburn, 20 % de-frankfurt": the share first, as a long cell loses
 * its end. */
static void put_tops(struct buf *b, const void *area)
{
	const struct json *list = json_member(area, "regions");

	for (size_t i = 0; i < json_array_len(list); i++) {
		const struct json *pair = json_array_at(list, i);
		struct sv id = SV("");
		double share = NAN;

		if (json_get_text(json_array_at(pair, 0), &id) != 0 ||
		    json_get_real(json_array_at(pair, 1), &share) != 0)
			continue;
		buf_printf(b, "%s%.0f %% " SV_FMT, b->len > 0 ? ", " : "",
			   share * 100, SV_ARG(id));
	}
}

void fleet_table_areas(struct buf *b, const struct json *root)
{
	static const struct table_column columns[] = {
		{"country", TABLE_LEFT},    {"place", TABLE_LEFT},
		{"clients/s", TABLE_RIGHT}, {"share %", TABLE_RIGHT},
		{"nearest %", TABLE_RIGHT}, {"km p50", TABLE_RIGHT},
		{"regions", TABLE_LEFT},
	};
	const struct json *list = json_member(root, "areas");
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < json_array_len(list); i++) {
		const struct json *v = json_array_at(list, i);

		table_text(t, pick_text(v, "country"));
		add_text(t, put_place, v);
		table_real(t, pick_real(v, "per_s", NAN), 2);
		table_real(t, pick_real(v, "share", NAN) * 100, 1);
		table_real(t, pick_real(v, "nearest_share", NAN) * 100, 1);
		table_real(t, pick_real(v, "km_p50", NAN), 0);
		add_text(t, put_tops, v);
	}
	table_put(b, t);
	table_free(&t);
}

static bool is(const struct json *node, const char *member, const char *want)
{
	return !want || sv_eq(pick_text(node, member), sv_str(want));
}

bool fleet_table_passes(const struct fleet_filter *f, const struct json *node)
{
	return is(node, "region", f->region) &&
	       is(node, "service", f->service) && is(node, "state", f->state);
}

static void add_node(struct table *t, const struct json *v)
{
	table_text(t, pick_text(v, "id"));
	table_text(t, pick_text(v, "service"));
	table_text(t, pick_text(v, "region"));
	table_text(t, pick_text(v, "zone"));
	table_text(t, pick_text(v, "state"));
	table_text(t, pick_text(v, "why"));
	table_u64(t, pick_u64(v, "conns"));
	table_u64(t, pick_u64(v, "capacity"));
	table_bar(t, share_of(v, "conns", "capacity"));
	table_real(t, pick_real(v, "weight", NAN), 0);
	table_real(t, pick_real(v, "effective_weight", NAN), 0);
	table_real(t, pick_real(v, "first_per_s", NAN), 1);
	table_real(t, pick_real(v, "lease_left_ms", NAN) / 1000, 1);
	table_text(t, pick_text(v, "version"));
	add_text(t, put_intent, v);
}

void fleet_table_nodes(struct buf *b, const struct json *root,
		       const struct fleet_filter *filter, size_t rows_max)
{
	static const struct table_column columns[] = {
		{"node", TABLE_LEFT},	  {"service", TABLE_LEFT},
		{"region", TABLE_LEFT},	  {"zone", TABLE_LEFT},
		{"state", TABLE_LEFT},	  {"why not", TABLE_LEFT},
		{"conns", TABLE_RIGHT},	  {"capacity", TABLE_RIGHT},
		{"full", TABLE_LEFT},	  {"weight", TABLE_RIGHT},
		{"eff.", TABLE_RIGHT},	  {"first/s", TABLE_RIGHT},
		{"lease s", TABLE_RIGHT}, {"version", TABLE_LEFT},
		{"intent", TABLE_LEFT},
	};
	const struct json *list = json_member(root, "nodes");
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	size_t rows = 0;

	for (size_t i = 0; i < json_array_len(list) && rows < rows_max; i++) {
		const struct json *v = json_array_at(list, i);

		if (!fleet_table_passes(filter, v))
			continue;
		add_node(t, v);
		rows++;
	}
	table_put(b, t);
	table_free(&t);
}
