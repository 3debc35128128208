/*
 * lease_keeper.h - decides what a node says to the registry and when. A pure
 * state machine: events and the clock go in, the next call comes out; it never
 * waits and never talks. lease_driver.h does what it says. One thread.
 *
 *   WANTED --registered--> HELD --404--> WANTED
 *      \__________409________/ \__409__> CONFLICT --slow retry--> WANTED's call
 *   any --lease_keeper_leave()--> LEAVING --deregistered or given up--> LEFT
 */
#ifndef PERI_COMET_AGENT_LEASE_KEEPER_H
#define PERI_COMET_AGENT_LEASE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/rng.h"

enum lease_state {
	LEASE_WANTED,	/* not registered (yet, or no longer) */
	LEASE_HELD,	/* registered; renewals go on */
	LEASE_LOST,	/* registered once; no renewal worked for a TTL */
	LEASE_CONFLICT, /* another process holds this id */
	LEASE_LEAVING,	/* deregistering */
	LEASE_LEFT,	/* nothing more will be said */
	LEASE_STATE_COUNT,
};

enum lease_call {
	LEASE_CALL_NONE, /* wait until wake_ms */
	LEASE_CALL_REGISTER,
	LEASE_CALL_RENEW,
	LEASE_CALL_DEREGISTER,
	LEASE_CALL_COUNT,
};

/* What came of a call. */
enum lease_answer {
	LEASE_ANSWER_OK,
	LEASE_ANSWER_UNKNOWN,  /* 404: the registry does not know the node */
	LEASE_ANSWER_CONFLICT, /* 409: another process holds the id */
	LEASE_ANSWER_REFUSED,  /* other 4xx: it will not get better by itself */
	LEASE_ANSWER_FAILED,   /* no answer, 5xx, 429, or not understood */
	LEASE_ANSWER_COUNT,
};

struct lease_step {
	enum lease_call call;
	unsigned url;	 /* which registry, when there is a call */
	int64_t wake_ms; /* when to ask again, when there is none */
};

struct lease_config {
	unsigned url_count; /* > 0 */
	int64_t backoff_base_ms, backoff_max_ms;
	int64_t slow_ms; /* between tries after a conflict or a refusal */
};

struct lease_keeper {
	struct lease_config config;
	struct rng rng;
	enum lease_state state; /* never LEASE_LOST: that depends on the time */
	enum lease_call in_flight;
	bool stale;	   /* the record changed after it was last sent */
	bool was_sent;	   /* a registration left at least once */
	unsigned url;	   /* the registry that answered last, or the next */
	unsigned failures; /* in a row */
	int64_t due_ms;	   /* next call, when none is in flight */
	int64_t ok_ms;	   /* last good answer */
	int64_t renew_ms, ttl_ms; /* as the registry said */
};

/* lease_keeper_init - not registered; the first call is due at @now_ms. */
void lease_keeper_init(struct lease_keeper *keeper,
		       const struct lease_config *config, uint64_t seed,
		       int64_t now_ms);

/*
 * lease_keeper_next - what to do now.
 *
 * Returns a call to make (its answer must be given to lease_keeper_answer()
 * before another call comes out), or LEASE_CALL_NONE with the time to ask
 * again (INT64_MAX: only after the next event).
 */
struct lease_step lease_keeper_next(struct lease_keeper *keeper,
				    int64_t now_ms);

/*
 * lease_keeper_answer - the call in flight has ended.
 *
 * @renew_ms, @ttl_ms  what the registry asks for with LEASE_ANSWER_OK; 0 keeps
 *		       what was; brought into sane bounds
 */
void lease_keeper_answer(struct lease_keeper *keeper, enum lease_answer answer,
			 int64_t renew_ms, int64_t ttl_ms, int64_t now_ms);

/* lease_keeper_change - the record changed: register again at once. */
void lease_keeper_change(struct lease_keeper *keeper, int64_t now_ms);

/* lease_keeper_leave - deregister, try each registry twice at most, stop. */
void lease_keeper_leave(struct lease_keeper *keeper, int64_t now_ms);

/* lease_keeper_state - where it stands at @now_ms. */
enum lease_state lease_keeper_state(const struct lease_keeper *keeper,
				    int64_t now_ms);

/* lease_keeper_is_current - the registry has the record as it is now. */
bool lease_keeper_is_current(const struct lease_keeper *keeper);

/* lease_keeper_state_str, _call_str, _answer_str - constant label texts. */
const char *lease_keeper_state_str(enum lease_state state);
const char *lease_keeper_call_str(enum lease_call call);
const char *lease_keeper_answer_str(enum lease_answer answer);

#endif
