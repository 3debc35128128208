/*
 * player.c - the machine and the rules beside it. Pure.
 */
#include "tests/sim/heartbeat/player.h"

const struct heartbeat_bounds player_bounds = {60, 60, 300, 30};

void player_init(struct player *p, enum player_rule rule, uint32_t fixed_s,
		 uint64_t seed)
{
	*p = (struct player){.rule = rule};
	p->interval_s = rule == PLAYER_FIXED ? fixed_s : player_bounds.start_s;
	rng_seed(&p->rng, seed);
	heartbeat_init(&p->machine, &player_bounds, &p->memory, &p->rng);
}

void player_start(struct player *p, int64_t now_ms)
{
	if (p->rule == PLAYER_MACHINE)
		heartbeat_start(&p->machine, now_ms);
	p->waiting = 0;
	p->due_ms = now_ms + (int64_t)p->interval_s * 1000;
}

void player_network(struct player *p, const char *key, int64_t now_ms)
{
	if (p->rule == PLAYER_MACHINE)
		heartbeat_set_network(&p->machine, key, now_ms);
}

int64_t player_due_ms(const struct player *p)
{
	return p->rule == PLAYER_MACHINE ? heartbeat_due_ms(&p->machine)
					 : p->due_ms;
}

static void change_interval(struct player *p, int step_s)
{
	int64_t next_s = (int64_t)p->interval_s + step_s;

	if (p->rule != PLAYER_LITERAL)
		return;
	if (next_s >= player_bounds.min_s && next_s <= player_bounds.max_s)
		p->interval_s = (uint32_t)next_s;
}

enum heartbeat_action player_tick(struct player *p, int64_t now_ms)
{
	if (p->rule == PLAYER_MACHINE)
		return heartbeat_tick(&p->machine, now_ms);
	if (p->waiting) {
		change_interval(p, -(int)player_bounds.step_s);
		return HEARTBEAT_DEAD;
	}
	p->waiting = 1;
	p->due_ms = now_ms + HEARTBEAT_REPLY_MS;
	return HEARTBEAT_SEND;
}

void player_reply(struct player *p, int64_t now_ms)
{
	if (p->rule == PLAYER_MACHINE) {
		heartbeat_reply(&p->machine, now_ms);
		return;
	}
	change_interval(p, (int)player_bounds.step_s);
	player_start(p, now_ms);
}
