/*
 * machines.c - see the header.
 */
#include "tests/sim/ranking/machines.h"

#include <math.h>

#include "lib/base/mem.h"
#include "tests/sim/ranking/chance.h"

/* @place: in [0, 1), between fill_low and fill_high. */
static void start(struct machine *m, const struct sim_scenario *scenario,
		  double place)
{
	double level = scenario->fill_low +
		       (scenario->fill_high - scenario->fill_low) * place;

	level *= scenario->fill;
	m->state = MACHINE_UP;
	m->conns = (uint32_t)lround(fmin(level, 1) * m->capacity);
	m->accepts = m->conns;
	m->boot = 1;
	m->registered_at_ms = -3600000;
}

static void hide_added(struct machines *machines, const struct sim_world *world,
		       const struct sim_scenario *scenario)
{
	for (unsigned e = 0; e < scenario->event_count; e++) {
		const struct sim_event *event = &scenario->events[e];

		if (event->kind != SIM_ADD)
			continue;
		for (unsigned i = 0; i < machines->count; i++)
			if ((int)i == event->node_index ||
			    (int)world->node_site[i] == event->site_index) {
				machines->list[i].state = MACHINE_ABSENT;
				machines->list[i].conns = 0;
				machines->list[i].accepts = 0;
			}
	}
}

/* The nodes of a site stand at equal distances between low and high, in random
 * order: how uneven they are among themselves is the same for small and large
 * sites, and no site as a whole is far from the others (that no ranking could
 * change without sending clients elsewhere). */
static void start_site(struct machines *machines, const struct sim_site *site,
		       const struct sim_scenario *scenario, struct rng *rng)
{
	unsigned count = site->node_count, order[SIM_SITE_NODES_MAX];

	for (unsigned i = 0; i < count; i++) {
		unsigned at = (unsigned)rng_below(rng, i + 1);

		order[i] = order[at];
		order[at] = i;
	}
	for (unsigned i = 0; i < count; i++)
		start(&machines->list[site->first_node + i], scenario,
		      (order[i] + 0.5) / count);
}

struct machines *machines_new(const struct sim_world *world,
			      const struct sim_scenario *scenario,
			      struct rng *rng, int64_t now_ms)
{
	struct machines *m = mem_alloc(sizeof(*m));

	m->count = world->node_count;
	m->list = mem_array(m->count, sizeof(*m->list));
	for (unsigned i = 0; i < m->count; i++) {
		struct machine *one = &m->list[i];
		unsigned nth = i - world->sites[world->node_site[i]].first_node;

		one->capacity = world->node_capacity[i];
		one->weight =
			(uint32_t)scenario
				->node_weights[nth %
					       scenario->node_weight_count];
		one->next_report_ms =
			now_ms +
			(int64_t)(rng_unit(rng) * scenario->renew_s * 1000);
	}
	for (unsigned s = 0; s < world->site_count; s++)
		start_site(m, &world->sites[s], scenario, rng);
	hide_added(m, world, scenario);
	return m;
}

void machines_free(struct machines **machines)
{
	mem_free((*machines)->list);
	mem_free(*machines);
	*machines = NULL;
}

void machines_end_sessions(struct machines *machines, struct rng *rng,
			   double dt_s, double tau_s)
{
	double ends = -expm1(-dt_s / tau_s);

	for (unsigned i = 0; i < machines->count; i++) {
		struct machine *m = &machines->list[i];

		m->conns -= (uint32_t)chance_binomial(rng, m->conns, ends);
	}
}
