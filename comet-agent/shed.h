/*
 * shed.h - who has to go when an operator sheds load, "10 % a minute": clients
 * stand on a circle by the hash of their key, and a hand goes round it at that
 * pace; whom it passes goes. So each goes once in a round, the same ones on
 * every worker, and who comes back is not sent away again. Pure; one thread.
 */
#ifndef PERI_COMET_AGENT_SHED_H
#define PERI_COMET_AGENT_SHED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/sv.h"

#define SHED_PER_MIN_MAX 100 /* percent of the clients */

/* Zeroed: off. Positions are in turns: 1 is once round. */
struct shed {
	unsigned pct_per_min; /* 0 = off */
	int64_t since_ms;     /* the hand moves at this pace since then */
	double start;	      /* where it was then */
	double from, to;      /* what the pass under way takes */
};

/* shed_set - the pace from now on, 0 to stop; more than SHED_PER_MIN_MAX is
 * that. The hand stays where it is; the same pace again changes nothing. */
void shed_set(struct shed *shed, unsigned pct_per_min, int64_t now_ms);

/* shed_pass - begin to walk over all clients: those go whom the hand has passed
 * since the pass before. */
void shed_pass(struct shed *shed, int64_t now_ms);

/* shed_takes - whether the client with this shed_place() goes in this pass. */
bool shed_takes(const struct shed *shed, uint32_t place);

/* shed_place - where a client stands, by its key: the same on every node and
 * after every restart. */
uint32_t shed_place(struct sv key);

#endif
