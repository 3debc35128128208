/*
 * day.c - the world around a player: middlebox, losses, network changes.
 * Reconnecting takes no time, as in the published table.
 */
#include "tests/sim/heartbeat/day.h"

struct world {
	const struct day_scene *scene;
	struct day_result result;
	struct rng rng;
	unsigned network;
	int64_t next_change_ms;
	int64_t last_traffic_ms; /* through the middlebox */
	int64_t cut_off_ms; /* unreachable since; -1 = is not known to be */
};

static int64_t timeout_ms(const struct world *w)
{
	return w->scene->networks[w->network].timeout_ms;
}

static void connect_again(struct world *w, struct player *p, int64_t now_ms)
{
	w->last_traffic_ms = now_ms;
	w->cut_off_ms = -1;
	player_start(p, now_ms);
}

static void note_unreachable(struct world *w, int64_t now_ms)
{
	int64_t expired_ms = w->last_traffic_ms + timeout_ms(w);

	if (w->cut_off_ms < 0 && expired_ms < now_ms)
		w->cut_off_ms = expired_ms;
	if (w->cut_off_ms >= 0)
		w->result.unreachable_s +=
			(double)(now_ms - w->cut_off_ms) / 1000;
}

static void send_beat(struct world *w, struct player *p, int64_t now_ms)
{
	int64_t expired_ms = w->last_traffic_ms + timeout_ms(w);

	w->result.beats++;
	if (expired_ms < now_ms) {
		if (w->cut_off_ms < 0)
			w->cut_off_ms = expired_ms;
		return;
	}
	w->last_traffic_ms = now_ms;
	if (rng_unit(&w->rng) < w->scene->loss) {
		/* Only a loss that is not made good costs anything: it is
		 * counted from here if the link is given up. */
		if (w->cut_off_ms < 0)
			w->cut_off_ms = now_ms;
		return;
	}
	w->cut_off_ms = -1;
	player_reply(p, now_ms);
}

static void change_network(struct world *w, struct player *p, int64_t now_ms)
{
	note_unreachable(w, now_ms);
	w->network = (w->network + 1) % w->scene->network_count;
	w->next_change_ms += w->scene->change_every_ms;
	player_network(p, w->scene->networks[w->network].key, now_ms);
	connect_again(w, p, now_ms);
}

static void tick(struct world *w, struct player *p, int64_t now_ms)
{
	switch (player_tick(p, now_ms)) {
	case HEARTBEAT_NOTHING:
		break;
	case HEARTBEAT_SEND:
		send_beat(w, p, now_ms);
		break;
	case HEARTBEAT_DEAD:
		w->result.disconnects++;
		note_unreachable(w, now_ms);
		connect_again(w, p, now_ms);
		break;
	}
}

struct day_result day_run(struct player *p, const struct day_scene *scene,
			  uint64_t seed)
{
	struct world w = {.scene = scene, .cut_off_ms = -1};
	int64_t now_ms = 0;

	w.next_change_ms =
		scene->change_every_ms > 0 ? scene->change_every_ms : INT64_MAX;
	rng_seed(&w.rng, seed ^ 0x9e3779b97f4a7c15u);
	player_network(p, scene->networks[0].key, 0);
	connect_again(&w, p, 0);
	for (;;) {
		now_ms = player_due_ms(p);
		if (w.next_change_ms < now_ms)
			now_ms = w.next_change_ms;
		if (now_ms >= DAY_MS)
			break;
		if (now_ms == w.next_change_ms)
			change_network(&w, p, now_ms);
		else
			tick(&w, p, now_ms);
	}
	return w.result;
}
