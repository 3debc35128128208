/*
 * demo_fleet.c - the registry's regions, polled. One thread. Invariant: at
 * most one question is open; the last good answer stays until the next.
 */
#include "client/cli/demo_fleet.h"

#include <float.h>
#include <math.h>

#include "client/cli/pick.h"
#include "client/fetch.h"
#include "geo/place.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define REGIONS_MAX  1024
#define ANSWER_MAX   (1u << 20)
#define PERIOD_MS    1000
#define TIMEOUT_MS   2000
#define KNOWN_FOR_MS 3000

struct region {
	char id[65];
	double lat_deg, lon_deg;
	unsigned usable;
};

struct demo_fleet {
	struct servers *servers; /* borrowed */
	const struct interest *interest;
	struct fetch *fetch; /* owned; NULL = nothing is open */
	struct lookup *lookup;
	int64_t next_ms;     /* of the next question */
	int64_t answered_ms; /* 0 = never */
	unsigned nodes_up, nodes_total;
	struct region *regions; /* owned, REGIONS_MAX */
	unsigned region_count;
};

struct demo_fleet *demo_fleet_new(struct servers *servers,
				  const struct interest *interest)
{
	struct demo_fleet *f = mem_alloc(sizeof(*f));

	f->servers = servers;
	f->interest = interest;
	f->regions = mem_array(REGIONS_MAX, sizeof(*f->regions));
	return f;
}

void demo_fleet_free(struct demo_fleet **fleet)
{
	struct demo_fleet *f = *fleet;

	if (!f)
		return;
	fetch_free(&f->fetch);
	lookup_free(&f->lookup);
	mem_free(f->regions);
	mem_free(f);
	*fleet = NULL;
}

static void add_region(struct demo_fleet *f, const struct json *v)
{
	const struct json *nodes = json_member(v, "nodes");
	struct region *region = &f->regions[f->region_count];
	unsigned up = (unsigned)pick_u64(nodes, "up");

	f->nodes_up += up;
	f->nodes_total += up + (unsigned)pick_u64(nodes, "suspect") +
			  (unsigned)pick_u64(nodes, "down");
	if (f->region_count == REGIONS_MAX ||
	    sv_copy(pick_text(v, "id"), region->id, sizeof(region->id)) != 0)
		return;
	region->lat_deg = pick_real(v, "lat", NAN);
	region->lon_deg = pick_real(v, "lon", NAN);
	region->usable = up;
	if (!isnan(region->lat_deg) && !isnan(region->lon_deg))
		f->region_count++;
}

static void take_answer(struct demo_fleet *f, int64_t now_ms)
{
	const struct json *regions;
	struct json_problem p;
	struct json *root;

	if (fetch_status(f->fetch) != 200 ||
	    json_parse(fetch_body(f->fetch), &root, &p) != 0)
		return;
	regions = json_member(root, "regions");
	f->nodes_up = f->nodes_total = f->region_count = 0;
	for (size_t i = 0; i < json_array_len(regions); i++)
		add_region(f, json_array_at(regions, i));
	f->answered_ms = now_ms;
	json_free(&root);
}

static void ask(struct demo_fleet *f, int64_t now_ms)
{
	struct server *server = &f->servers->list[0];
	struct fetch_call call = {
		.address = server->addrs[server->addr_next],
		.port = server->port,
		.host = sv_str(server->host),
		.target = SV("/v1/regions"),
		.timeout_ms = TIMEOUT_MS,
		.answer_max_bytes = ANSWER_MAX,
	};

	f->next_ms = now_ms + PERIOD_MS;
	if (server->addr_count > 0)
		f->fetch = fetch_start(&call, f->interest, now_ms);
	else if (lookup_start(sv_str(server->host), f->interest, &f->lookup) !=
		 0)
		f->lookup = NULL;
}

static void step_lookup(struct demo_fleet *f, int64_t now_ms)
{
	struct addr addrs[LOOKUP_ADDRS_MAX];
	unsigned count = 0;
	int rc = lookup_result(f->lookup, addrs, &count);

	if (rc == ERR_AGAIN)
		return;
	lookup_free(&f->lookup);
	if (rc != 0)
		return;
	servers_learn(&f->servers->list[0], addrs, count);
	ask(f, now_ms);
}

void demo_fleet_step(struct demo_fleet *f, int64_t now_ms)
{
	if (f->lookup)
		step_lookup(f, now_ms);
	else if (!f->fetch && now_ms >= f->next_ms)
		ask(f, now_ms);
	if (!f->fetch)
		return;
	fetch_step(f->fetch, now_ms);
	if (fetch_result(f->fetch) == ERR_AGAIN)
		return;
	if (fetch_result(f->fetch) == 0)
		take_answer(f, now_ms);
	else
		servers_failed(&f->servers->list[0]);
	fetch_free(&f->fetch);
}

int64_t demo_fleet_due_ms(const struct demo_fleet *f)
{
	if (f->lookup)
		return INT64_MAX;
	return f->fetch ? fetch_due_ms(f->fetch) : f->next_ms;
}

bool demo_fleet_is_known(const struct demo_fleet *f, int64_t now_ms)
{
	return f->answered_ms > 0 && now_ms - f->answered_ms < KNOWN_FOR_MS;
}

unsigned demo_fleet_nodes_up(const struct demo_fleet *f)
{
	return f->nodes_up;
}

unsigned demo_fleet_nodes_total(const struct demo_fleet *f)
{
	return f->nodes_total;
}

const char *demo_fleet_nearest(const struct demo_fleet *f, double lat_deg,
			       double lon_deg)
{
	const char *nearest = NULL;
	double least_km = DBL_MAX;

	for (unsigned i = 0; i < f->region_count; i++) {
		const struct region *r = &f->regions[i];
		double km = place_km(lat_deg, lon_deg, r->lat_deg, r->lon_deg);

		if (r->usable > 0 && km < least_km) {
			least_km = km;
			nearest = r->id;
		}
	}
	return nearest;
}
