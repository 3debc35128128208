/*
 * ledger.h - the registry of the simulation: leases with the real one's times
 * (suspect after 1.5 T without a renewal, down after 3 T), loads handed on in
 * batches once a second, states at once.
 */
#ifndef PERI_TESTS_SIM_RANKING_LEDGER_H
#define PERI_TESTS_SIM_RANKING_LEDGER_H

#include "tests/sim/ranking/machines.h"
#include "tests/sim/ranking/replica.h"

struct ledger_entry {
	struct replica_news news;
	int64_t renewed_at_ms;
	bool known;    /* registered */
	bool has_load; /* to be handed on */
};

struct ledger {
	struct ledger_entry *entries;
	unsigned count;
	int64_t renew_ms, next_batch_ms;
	const struct sim_world *world;
	struct replica *replicas; /* borrowed */
	unsigned replica_count;
};

/* ledger_init - every machine that is there has registered long ago and said
 * its load within the last T. Replicas hear all of it. */
void ledger_init(struct ledger *ledger, const struct sim_world *world,
		 const struct machines *machines, int64_t renew_ms,
		 int64_t now_ms);
void ledger_fini(struct ledger *ledger);

/* ledger_renew - a machine reports what it has now. */
void ledger_renew(struct ledger *ledger, const struct machine *machine,
		  unsigned node, int64_t now_ms);
/* ledger_register - a new process or another weight: heard at once. */
void ledger_register(struct ledger *ledger, const struct machine *machine,
		     unsigned node, int64_t now_ms);
/* ledger_advance - leases run out; the second's batch goes out. */
void ledger_advance(struct ledger *ledger, int64_t now_ms);
/* ledger_tell_all - everything to one replica, as after a new connection. */
void ledger_tell_all(struct ledger *ledger, struct replica *replica,
		     int64_t now_ms);

#endif
