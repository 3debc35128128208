/*
 * snapshot.c - parameters, end and look-ups of snapshots.
 */
#include "balancer/snapshot.h"

#include "balancer/catalog.h"
#include "lib/base/mem.h"

struct snapshot_policy snapshot_default_policy(void)
{
	return (struct snapshot_policy){
		.free_km = 50,
		.carrier_penalty_km = 1500,
		.headroom = 0.90,
		.beta = 2,
		.floor_share = 0.05,
		.ramp_ms = 30000,
		.renew_ms = 5000,
		.session_tau_s = 7200,
		.replica_count = 1,
	};
}

void snapshot_free(void *snapshot)
{
	struct snapshot *snap = snapshot;

	if (!snap)
		return;
	catalog_unref(&snap->catalog);
	mem_free(snap->pool);
	mem_free(snap);
}

const struct snapshot_service *
snapshot_find_service(const struct snapshot *snap, struct sv name)
{
	if (name.len == 0)
		return snap->service_count == 1 ? &snap->services[0] : NULL;
	for (uint32_t i = 0; i < snap->service_count; i++)
		if (sv_eq(name, sv_str(snap->services[i].name)))
			return &snap->services[i];
	return NULL;
}

const char *snapshot_why_str(enum snapshot_why why)
{
	static const char *const names[WHY_COUNT] = {
		[WHY_NONE] = "none",	   [WHY_EXPIRED] = "expired",
		[WHY_SUSPECT] = "suspect", [WHY_AT_CAPACITY] = "at_capacity",
		[WHY_DRAINED] = "drained", [WHY_MAINTENANCE] = "maintenance",
		[WHY_POLICY] = "policy",   [WHY_FAMILY] = "family",
		[WHY_PORT] = "port",	   [WHY_UNHEALTHY] = "unhealthy",
		[WHY_WARMING] = "warming", [WHY_LOAD_UNKNOWN] = "load_unknown",
	};

	return (unsigned)why < WHY_COUNT ? names[why] : "unknown";
}
