/*
 * lease_keeper.c - the life of a node's lease. Invariants: at most one call is
 * in flight; while one is, nothing else is due; whatever happens, two calls
 * are never closer together than BACKOFF_FLOOR_MS unless the registry itself
 * asked for it (404) or the record changed.
 */
#include "comet-agent/lease_keeper.h"

#include "lib/proto/node.h"

/* Full jitter may draw almost nothing; this keeps a dead registry from being
 * called in a tight loop. */
#define BACKOFF_FLOOR_MS 50
#define RENEW_MIN_MS	 200
#define LEAVE_ROUNDS	 2

void lease_keeper_init(struct lease_keeper *keeper,
		       const struct lease_config *config, uint64_t seed,
		       int64_t now_ms)
{
	*keeper = (struct lease_keeper){.config = *config,
					.state = LEASE_WANTED,
					.stale = true,
					.due_ms = now_ms,
					.ok_ms = now_ms,
					.renew_ms = NODE_RENEW_DEFAULT_MS,
					.ttl_ms = NODE_TTL_DEFAULT_MS};
	rng_seed(&keeper->rng, seed);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* +-10 %: a thousand nodes that started together drift apart. */
static int64_t jittered(struct lease_keeper *keeper, int64_t ms)
{
	return (int64_t)((double)ms * (0.9 + 0.2 * rng_unit(&keeper->rng)));
}

/* Full jitter: anything up to the exponential bound, so that nodes that lost
 * the same registry do not come back together. */
static int64_t backoff_ms(struct lease_keeper *keeper)
{
	const struct lease_config *config = &keeper->config;
	/* One round over all registries counts as one failure. */
	unsigned rounds = (keeper->failures - 1) / config->url_count;
	int64_t bound = config->backoff_base_ms;

	while (rounds-- > 0 && bound < config->backoff_max_ms)
		bound *= 2;
	bound = clamp(bound, 1, config->backoff_max_ms);
	return BACKOFF_FLOOR_MS +
	       (int64_t)rng_below(&keeper->rng, (uint64_t)bound);
}

static enum lease_call call_of_state(const struct lease_keeper *keeper)
{
	if (keeper->state == LEASE_LEAVING)
		return LEASE_CALL_DEREGISTER;
	if (keeper->state == LEASE_HELD && !keeper->stale)
		return LEASE_CALL_RENEW;
	return LEASE_CALL_REGISTER;
}

struct lease_step lease_keeper_next(struct lease_keeper *keeper, int64_t now_ms)
{
	struct lease_step step = {.call = LEASE_CALL_NONE,
				  .url = keeper->url,
				  .wake_ms = INT64_MAX};

	if (keeper->in_flight != LEASE_CALL_NONE || keeper->state == LEASE_LEFT)
		return step;
	step.wake_ms = keeper->due_ms;
	if (now_ms < keeper->due_ms)
		return step;
	step.call = keeper->in_flight = call_of_state(keeper);
	if (step.call == LEASE_CALL_REGISTER) {
		keeper->stale = false; /* this call carries what is true now */
		keeper->was_sent = true;
	}
	return step;
}

static void take_terms(struct lease_keeper *keeper, int64_t renew_ms,
		       int64_t ttl_ms)
{
	if (ttl_ms > 0)
		keeper->ttl_ms =
			clamp(ttl_ms, NODE_TTL_MIN_MS, NODE_TTL_MAX_MS);
	if (renew_ms > 0)
		keeper->renew_ms = renew_ms;
	/* A registry that asks for renewals rarer than the TTL is wrong. */
	keeper->renew_ms =
		clamp(keeper->renew_ms, RENEW_MIN_MS, keeper->ttl_ms / 2);
}

static void succeed(struct lease_keeper *keeper, int64_t now_ms)
{
	keeper->failures = 0;
	keeper->ok_ms = now_ms;
	keeper->state = LEASE_HELD;
	keeper->due_ms = keeper->stale
				 ? now_ms
				 : now_ms + jittered(keeper, keeper->renew_ms);
}

static void fail(struct lease_keeper *keeper, int64_t now_ms)
{
	keeper->failures++;
	keeper->url = (keeper->url + 1) % keeper->config.url_count;
	keeper->due_ms = now_ms + backoff_ms(keeper);
	if (keeper->state == LEASE_LEAVING &&
	    keeper->failures >= LEAVE_ROUNDS * keeper->config.url_count)
		keeper->state = LEASE_LEFT;
}

/* The registry understood and said no: only a person or time can help. */
static void wait_slowly(struct lease_keeper *keeper, int64_t now_ms)
{
	keeper->stale = true;
	keeper->due_ms = now_ms + jittered(keeper, keeper->config.slow_ms);
}

static void answer_running(struct lease_keeper *keeper, enum lease_call call,
			   enum lease_answer answer, int64_t now_ms)
{
	/* A registration that did not arrive still has to be made. */
	if (call == LEASE_CALL_REGISTER && answer != LEASE_ANSWER_OK)
		keeper->stale = true;
	switch (answer) {
	case LEASE_ANSWER_OK:
		succeed(keeper, now_ms);
		return;
	case LEASE_ANSWER_UNKNOWN:
		if (call != LEASE_CALL_RENEW)
			break; /* a 404 for a PUT is not our registry */
		keeper->state = LEASE_WANTED;
		keeper->stale = true;
		keeper->due_ms = now_ms;
		return;
	case LEASE_ANSWER_CONFLICT:
		keeper->state = LEASE_CONFLICT;
		wait_slowly(keeper, now_ms);
		return;
	case LEASE_ANSWER_REFUSED:
		wait_slowly(keeper, now_ms);
		return;
	case LEASE_ANSWER_FAILED:
	case LEASE_ANSWER_COUNT:
		break;
	}
	fail(keeper, now_ms);
}

static void answer_leaving(struct lease_keeper *keeper, enum lease_call call,
			   enum lease_answer answer, int64_t now_ms)
{
	if (call != LEASE_CALL_DEREGISTER) {
		keeper->failures = 0;
		keeper->due_ms = now_ms;
	} else if (answer == LEASE_ANSWER_FAILED) {
		fail(keeper, now_ms);
	} else {
		/* Gone; or unknown; or another's: not ours to remove. */
		keeper->state = LEASE_LEFT;
	}
}

void lease_keeper_answer(struct lease_keeper *keeper, enum lease_answer answer,
			 int64_t renew_ms, int64_t ttl_ms, int64_t now_ms)
{
	enum lease_call call = keeper->in_flight;

	keeper->in_flight = LEASE_CALL_NONE;
	if (answer == LEASE_ANSWER_OK)
		take_terms(keeper, renew_ms, ttl_ms);
	if (keeper->state == LEASE_LEAVING)
		answer_leaving(keeper, call, answer, now_ms);
	else if (keeper->state != LEASE_LEFT)
		answer_running(keeper, call, answer, now_ms);
}

void lease_keeper_change(struct lease_keeper *keeper, int64_t now_ms)
{
	keeper->stale = true;
	if (keeper->in_flight == LEASE_CALL_NONE && keeper->state == LEASE_HELD)
		keeper->due_ms = now_ms;
}

void lease_keeper_leave(struct lease_keeper *keeper, int64_t now_ms)
{
	if (keeper->state == LEASE_LEAVING || keeper->state == LEASE_LEFT)
		return;
	keeper->failures = 0;
	keeper->due_ms = now_ms;
	/* In a conflict the record is the other's; before the first
	 * registration there is none. */
	keeper->state = !keeper->was_sent || keeper->state == LEASE_CONFLICT
				? LEASE_LEFT
				: LEASE_LEAVING;
}

enum lease_state lease_keeper_state(const struct lease_keeper *keeper,
				    int64_t now_ms)
{
	if (keeper->state == LEASE_HELD &&
	    now_ms - keeper->ok_ms > keeper->ttl_ms)
		return LEASE_LOST;
	return keeper->state;
}

bool lease_keeper_is_current(const struct lease_keeper *keeper)
{
	return keeper->state == LEASE_HELD && !keeper->stale &&
	       keeper->in_flight != LEASE_CALL_REGISTER;
}

const char *lease_keeper_state_str(enum lease_state state)
{
	static const char *const names[LEASE_STATE_COUNT] = {
		[LEASE_WANTED] = "wanted",   [LEASE_HELD] = "held",
		[LEASE_LOST] = "lost",	     [LEASE_CONFLICT] = "conflict",
		[LEASE_LEAVING] = "leaving", [LEASE_LEFT] = "left",
	};

	return names[state];
}

const char *lease_keeper_call_str(enum lease_call call)
{
	static const char *const names[LEASE_CALL_COUNT] = {
		[LEASE_CALL_NONE] = "none",
		[LEASE_CALL_REGISTER] = "register",
		[LEASE_CALL_RENEW] = "renew",
		[LEASE_CALL_DEREGISTER] = "deregister",
	};

	return names[call];
}

const char *lease_keeper_answer_str(enum lease_answer answer)
{
	static const char *const names[LEASE_ANSWER_COUNT] = {
		[LEASE_ANSWER_OK] = "ok",
		[LEASE_ANSWER_UNKNOWN] = "unknown",
		[LEASE_ANSWER_CONFLICT] = "conflict",
		[LEASE_ANSWER_REFUSED] = "refused",
		[LEASE_ANSWER_FAILED] = "failed",
	};

	return names[answer];
}
