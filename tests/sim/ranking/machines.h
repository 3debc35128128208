/*
 * machines.h - the simulated nodes as they really are, whatever the balancers
 * believe: connections, what they accept and refuse, who is dead.
 */
#ifndef PERI_TESTS_SIM_RANKING_MACHINES_H
#define PERI_TESTS_SIM_RANKING_MACHINES_H

#include "lib/base/rng.h"
#include "tests/sim/ranking/sim_scenario.h"

enum machine_state {
	MACHINE_ABSENT, /* not installed yet */
	MACHINE_UP,
	MACHINE_HOLE, /* accepts, drops at once */
	MACHINE_DEAD,
};

struct machine {
	enum machine_state state;
	uint32_t conns, capacity;
	uint32_t weight; /* what the operator set */
	uint64_t accepts, refused;
	uint64_t boot; /* number of its process */
	int64_t registered_at_ms;
	int64_t next_report_ms;
};

struct machines {
	struct machine *list;
	unsigned count;
};

/* machines_new - all nodes of @world as @scenario starts them: filled, and
 * with their next reports spread over T from @now_ms on. */
struct machines *machines_new(const struct sim_world *world,
			      const struct sim_scenario *scenario,
			      struct rng *rng, int64_t now_ms);
void machines_free(struct machines **machines);

/* machines_end_sessions - who leaves in @dt_s at a mean session of @tau_s:
 * exact, since exponential sessions have no memory. */
void machines_end_sessions(struct machines *machines, struct rng *rng,
			   double dt_s, double tau_s);

/* machine_try - a client connects. Returns whether it stays. */
static inline bool machine_try(struct machine *m)
{
	if (m->state == MACHINE_HOLE)
		m->accepts++;
	if (m->state != MACHINE_UP)
		return false;
	if (m->conns >= m->capacity) {
		m->refused++;
		return false;
	}
	m->conns++;
	m->accepts++;
	return true;
}

/* machine_counts - whether its connections count for utilisation: it is up and
 * is given clients. */
static inline bool machine_counts(const struct machine *m)
{
	return m->state == MACHINE_UP && m->weight > 0;
}

#endif
