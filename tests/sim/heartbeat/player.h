/*
 * player.h - who keeps a connection alive in the simulator: the real machine
 * of client/heartbeat.c, or a rule to compare it with. Virtual time.
 */
#ifndef PERI_TESTS_SIM_HEARTBEAT_PLAYER_H
#define PERI_TESTS_SIM_HEARTBEAT_PLAYER_H

#include "client/heartbeat.h"

enum player_rule {
	PLAYER_MACHINE, /* client/heartbeat.c itself */
	PLAYER_LITERAL, /* +30 s after a success, -30 s after a failure */
	PLAYER_FIXED,	/* always the same interval */
};

struct player {
	enum player_rule rule;
	uint32_t interval_s; /* LITERAL: current; FIXED: for ever */
	int64_t due_ms;
	int waiting; /* LITERAL, FIXED: for a reply until due_ms */
	struct heartbeat machine;
	struct netmemory memory;
	struct rng rng;
};

/* The published bounds: 60 s to 300 s by 30 s, starting with 60 s. */
extern const struct heartbeat_bounds player_bounds;

/* player_init - @fixed_s is for PLAYER_FIXED only. */
void player_init(struct player *p, enum player_rule rule, uint32_t fixed_s,
		 uint64_t seed);
/* player_start - connected now. */
void player_start(struct player *p, int64_t now_ms);
/* player_network - on another network; player_start() follows. */
void player_network(struct player *p, const char *key, int64_t now_ms);
int64_t player_due_ms(const struct player *p);
/* player_tick - at player_due_ms(). After HEARTBEAT_DEAD player_start()
 * follows. */
enum heartbeat_action player_tick(struct player *p, int64_t now_ms);
void player_reply(struct player *p, int64_t now_ms);

#endif
