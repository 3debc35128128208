/*
 * heartbeat.c - the adaptive heartbeat as a pure machine. One thread.
 * Invariant: facts.good_s < facts.ceiling_s when both are known, and
 * interval_s lies in [HEARTBEAT_FLOOR_S, bounds.max_s].
 */
#include "client/heartbeat.h"

#include <string.h>

#define ROW_OF_SUCCESSES 3
/* A tick this late means that the process was suspended, not the network. */
#define LATE_MS		 5000
/* Stable beats go out up to 10 s early, but by no more than a sixtieth of the
 * interval: each is early by another amount, so a crowd spreads out within a
 * few beats all the same, while ten seconds of 30 would cost a fifth more
 * beats (tests/sim/heartbeat). */
#define JITTER_MAX_MS	 10000
#define JITTER_SHARE	 60
#define HOUR_MS		 (INT64_C(3600) * 1000)

static uint32_t clamp_s(uint32_t value, uint32_t min, uint32_t max)
{
	if (value < min)
		return min;
	return value > max ? max : value;
}

static int64_t ceiling_wait_ms(uint32_t retries)
{
	static const int64_t waits_h[] = {6, 24, 7 * 24};

	return waits_h[retries < 2 ? retries : 2] * HOUR_MS;
}

/* The interval above @s in the server's schedule; halves below its minimum. */
static uint32_t above(const struct heartbeat *hb, uint32_t s)
{
	if (s < hb->bounds.min_s)
		return s * 2 < hb->bounds.min_s ? s * 2 : hb->bounds.min_s;
	return clamp_s(s + hb->bounds.step_s, hb->bounds.min_s,
		       hb->bounds.max_s);
}

static uint32_t below(const struct heartbeat *hb, uint32_t s)
{
	if (s > hb->bounds.min_s)
		return s - hb->bounds.min_s > hb->bounds.step_s
			       ? s - hb->bounds.step_s
			       : hb->bounds.min_s;
	return s / 2 > HEARTBEAT_FLOOR_S ? s / 2 : HEARTBEAT_FLOOR_S;
}

static uint32_t interval_now_s(const struct heartbeat *hb)
{
	if (hb->activity == HEARTBEAT_FOREGROUND &&
	    hb->bounds.min_s < hb->interval_s)
		return hb->bounds.min_s;
	return hb->interval_s;
}

static bool is_probing(const struct heartbeat *hb)
{
	return interval_now_s(hb) > hb->facts.good_s;
}

/* Whether the interval above may be tried. */
static bool may_climb(const struct heartbeat *hb, int64_t now_ms)
{
	if (hb->activity == HEARTBEAT_FOREGROUND ||
	    hb->interval_s >= hb->bounds.max_s)
		return false;
	return !hb->facts.ceiling_s ||
	       above(hb, hb->interval_s) < hb->facts.ceiling_s ||
	       now_ms >= hb->facts.ceiling_retry_ms;
}

static void set_interval(struct heartbeat *hb, uint32_t interval_s)
{
	hb->interval_s = interval_s;
	hb->successes = 0;
}

static void arm_silence(struct heartbeat *hb, int64_t from_ms)
{
	hb->phase = HEARTBEAT_SILENT;
	hb->silent_since_ms = from_ms;
	hb->due_ms =
		from_ms + (int64_t)interval_now_s(hb) * 1000 - hb->jitter_ms;
}

/* A new silence begins: draw how much earlier than its interval it ends. */
static void begin_silence(struct heartbeat *hb, int64_t now_ms)
{
	uint32_t share_ms = interval_now_s(hb) * 1000 / JITTER_SHARE;

	hb->jitter_ms = 0;
	if (!is_probing(hb))
		hb->jitter_ms = (uint32_t)rng_below(
			hb->rng,
			(share_ms < JITTER_MAX_MS ? share_ms : JITTER_MAX_MS) +
				1);
	hb->disturbed = false;
	arm_silence(hb, now_ms);
}

static void restart_from_known(struct heartbeat *hb)
{
	uint32_t from_s =
		hb->facts.good_s ? hb->facts.good_s : hb->bounds.start_s;

	while (hb->facts.ceiling_s && from_s >= hb->facts.ceiling_s &&
	       from_s > HEARTBEAT_FLOOR_S)
		from_s = below(hb, from_s);
	set_interval(hb, clamp_s(from_s, HEARTBEAT_FLOOR_S, hb->bounds.max_s));
}

void heartbeat_set_bounds(struct heartbeat *hb,
			  const struct heartbeat_bounds *bounds)
{
	struct heartbeat_bounds *b = &hb->bounds;

	b->min_s = clamp_s(bounds->min_s, HEARTBEAT_FLOOR_S, HEARTBEAT_ROOF_S);
	b->max_s = clamp_s(bounds->max_s, b->min_s, HEARTBEAT_ROOF_S);
	b->start_s = clamp_s(bounds->start_s, b->min_s, b->max_s);
	b->step_s = clamp_s(bounds->step_s, 1, HEARTBEAT_ROOF_S);
	if (hb->facts.good_s > b->max_s)
		hb->facts.good_s = b->max_s;
	if (hb->phase == HEARTBEAT_OFFLINE || hb->interval_s > b->max_s)
		restart_from_known(hb);
}

void heartbeat_init(struct heartbeat *hb, const struct heartbeat_bounds *bounds,
		    struct netmemory *memory, struct rng *rng)
{
	*hb = (struct heartbeat){
		.due_ms = HEARTBEAT_IDLE, .memory = memory, .rng = rng};
	heartbeat_set_bounds(hb, bounds);
}

static void remember(struct heartbeat *hb, int64_t now_ms)
{
	if (hb->memory)
		netmemory_put(hb->memory, hb->network, &hb->facts, now_ms);
}

void heartbeat_start(struct heartbeat *hb, int64_t now_ms)
{
	restart_from_known(hb);
	begin_silence(hb, now_ms);
}

static void set_ceiling(struct heartbeat *hb, uint32_t at_s, uint32_t retries,
			int64_t now_ms)
{
	hb->facts.ceiling_s = at_s;
	hb->facts.ceiling_retries = retries;
	hb->facts.ceiling_retry_ms = now_ms + ceiling_wait_ms(retries);
	hb->probe_failures = 0;
	hb->stable_failures = 0;
}

/* A value above the good one killed the link. */
static void fail_probe(struct heartbeat *hb, uint32_t at_s, int64_t now_ms)
{
	if (hb->facts.ceiling_s && at_s >= hb->facts.ceiling_s) {
		set_ceiling(hb, at_s, hb->facts.ceiling_retries + 1, now_ms);
		return;
	}
	if (hb->probe_s != at_s)
		hb->probe_failures = 0;
	hb->probe_s = at_s;
	if (hb->probe_failures < 2)
		hb->probe_failures++;
	if (hb->probe_failures >= 2 && at_s > HEARTBEAT_FLOOR_S)
		set_ceiling(hb, at_s, 0, now_ms);
}

/* A value that used to be good killed the link. It may be chance, so it may be
 * tried again soon; but then one more failure makes it a ceiling. */
static void fail_stable(struct heartbeat *hb, uint32_t at_s)
{
	if (hb->stable_failures < 2)
		hb->stable_failures++;
	if (hb->stable_failures < 2 || at_s <= HEARTBEAT_FLOOR_S)
		return;
	hb->facts.good_s = below(hb, at_s);
	hb->stable_failures = 0;
	hb->probe_s = at_s;
	hb->probe_failures = 1;
}

static void fail_interval(struct heartbeat *hb, int64_t now_ms)
{
	uint32_t at_s = interval_now_s(hb);

	if (hb->late)
		return;
	if (is_probing(hb))
		fail_probe(hb, at_s, now_ms);
	else
		fail_stable(hb, at_s);
	remember(hb, now_ms);
}

static void succeed_interval(struct heartbeat *hb, int64_t now_ms)
{
	hb->stable_failures = 0;
	if (hb->disturbed || hb->activity == HEARTBEAT_FOREGROUND)
		return;
	if (hb->successes < ROW_OF_SUCCESSES)
		hb->successes++;
	if (hb->successes < ROW_OF_SUCCESSES)
		return;
	if (hb->interval_s > hb->facts.good_s) {
		hb->facts.good_s = hb->interval_s;
		hb->probe_failures = 0;
		if (hb->facts.ceiling_s <= hb->interval_s)
			hb->facts.ceiling_s = hb->facts.ceiling_retries = 0;
		remember(hb, now_ms);
	}
	if (may_climb(hb, now_ms))
		set_interval(hb, above(hb, hb->interval_s));
}

/* Middleboxes may also say it with a reset in the middle of the silence: that
 * speaks against the interval once the silence is longer than any that is
 * known to work. */
static bool silence_is_suspect(const struct heartbeat *hb, int64_t now_ms)
{
	int64_t silent_ms = now_ms - hb->silent_since_ms;

	return is_probing(hb) && silent_ms >= HEARTBEAT_FLOOR_S * 1000 &&
	       silent_ms > (int64_t)hb->facts.good_s * 1000;
}

void heartbeat_stop(struct heartbeat *hb, enum heartbeat_end end,
		    int64_t now_ms)
{
	bool waiting = hb->phase == HEARTBEAT_WAITING ||
		       hb->phase == HEARTBEAT_WAITING2;

	if (end == HEARTBEAT_LOST &&
	    (waiting ||
	     (hb->phase == HEARTBEAT_SILENT && silence_is_suspect(hb, now_ms))))
		fail_interval(hb, now_ms);
	hb->phase = HEARTBEAT_OFFLINE;
	hb->due_ms = HEARTBEAT_IDLE;
	hb->late = false;
	restart_from_known(hb);
}

void heartbeat_sent(struct heartbeat *hb, int64_t now_ms)
{
	if (hb->phase == HEARTBEAT_SILENT)
		begin_silence(hb, now_ms);
}

void heartbeat_received(struct heartbeat *hb)
{
	if (hb->phase == HEARTBEAT_SILENT)
		hb->disturbed = true;
}

void heartbeat_reply(struct heartbeat *hb, int64_t now_ms)
{
	switch (hb->phase) {
	case HEARTBEAT_WAITING:
	case HEARTBEAT_WAITING2:
		/* Also when only the second ping came through: the first was
		 * lost, but the silence before it killed nothing. */
		succeed_interval(hb, now_ms);
		break;
	case HEARTBEAT_SILENT:
		heartbeat_received(hb); /* a late one */
		return;
	case HEARTBEAT_OFFLINE:
		return;
	}
	hb->late = false;
	/* The silence is counted from the beat, not from its reply. */
	begin_silence(hb, hb->silent_since_ms);
}

enum heartbeat_action heartbeat_tick(struct heartbeat *hb, int64_t now_ms)
{
	if (now_ms < hb->due_ms)
		return HEARTBEAT_NOTHING;
	switch (hb->phase) {
	case HEARTBEAT_SILENT:
		hb->late = now_ms - hb->due_ms > LATE_MS;
		hb->silent_since_ms = now_ms;
		hb->phase = HEARTBEAT_WAITING;
		hb->due_ms = now_ms + HEARTBEAT_REPLY_MS;
		return HEARTBEAT_SEND;
	case HEARTBEAT_WAITING:
		hb->silent_since_ms = now_ms;
		hb->phase = HEARTBEAT_WAITING2;
		hb->due_ms = now_ms + HEARTBEAT_SECOND_MS;
		return HEARTBEAT_SEND;
	case HEARTBEAT_WAITING2:
		heartbeat_stop(hb, HEARTBEAT_LOST, now_ms);
		return HEARTBEAT_DEAD;
	case HEARTBEAT_OFFLINE:
		break;
	}
	hb->due_ms = HEARTBEAT_IDLE;
	return HEARTBEAT_NOTHING;
}

int64_t heartbeat_due_ms(const struct heartbeat *hb)
{
	return hb->due_ms;
}

uint32_t heartbeat_declared_s(const struct heartbeat *hb, int64_t now_ms)
{
	uint32_t now_s = interval_now_s(hb);

	/* If this beat completes a row the next silence is a step longer. */
	if (hb->successes + 1 >= ROW_OF_SUCCESSES && may_climb(hb, now_ms))
		return above(hb, now_s);
	return now_s;
}

void heartbeat_set_activity(struct heartbeat *hb,
			    enum heartbeat_activity activity)
{
	hb->activity = activity;
	hb->jitter_ms = 0;
	/* Shorter from now on means shorter for this silence too. */
	if (hb->phase == HEARTBEAT_SILENT)
		arm_silence(hb, hb->silent_since_ms);
}

void heartbeat_set_network(struct heartbeat *hb, const char *key,
			   int64_t now_ms)
{
	const struct netmemory_facts *known = NULL;
	size_t len = strnlen(key, NETMEMORY_KEY_BYTES - 1);

	if (hb->network[0])
		remember(hb, now_ms);
	if (hb->memory)
		known = netmemory_find(hb->memory, key, now_ms);
	hb->facts = known ? *known : (struct netmemory_facts){0};
	memcpy(hb->network, key, len);
	hb->network[len] = '\0';
	hb->probe_failures = hb->stable_failures = 0;
	if (hb->facts.good_s > hb->bounds.max_s)
		hb->facts.good_s = hb->bounds.max_s;
	hb->phase = HEARTBEAT_OFFLINE;
	hb->due_ms = HEARTBEAT_IDLE;
	restart_from_known(hb);
}
