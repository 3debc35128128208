/*
 * heartbeat.h - when to send the next heartbeat: finds the longest silence
 * that the middleboxes on the way allow, without killing connections to find
 * out (the rules are in docs/HEARTBEAT.md, the simulator is in
 * tests/sim/heartbeat). Events go in, an action comes out; no clock, no I/O.
 * Pure, one thread.
 *
 * An interval is *good* after three answered beats in a row with nothing else
 * on the line. Above the good one we *probe*: exactly on time, so that the
 * answer means something. Two dead links at a probe make it a *ceiling*.
 */
#ifndef PERI_CLIENT_HEARTBEAT_H
#define PERI_CLIENT_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "client/netmemory.h"
#include "lib/base/rng.h"

#define HEARTBEAT_FLOOR_S   15	 /* never shorter, whatever a server says */
#define HEARTBEAT_ROOF_S    1800 /* never longer */
#define HEARTBEAT_REPLY_MS  8000 /* no reply for so long: a second ping */
#define HEARTBEAT_SECOND_MS 5000 /* and so long for that one: dead */
#define HEARTBEAT_IDLE	    INT64_MAX /* "not before something happens" */

/* From the server's answer; nonsense is clamped into [15 s, 1800 s]. */
struct heartbeat_bounds {
	uint32_t start_s, min_s, max_s, step_s;
};

enum heartbeat_action {
	HEARTBEAT_NOTHING,
	HEARTBEAT_SEND, /* send a beat that says heartbeat_declared_s() */
	HEARTBEAT_DEAD, /* the link is dead: close it and reconnect */
};

enum heartbeat_end {
	HEARTBEAT_LOST,	     /* reset, closed or timed out without a word */
	HEARTBEAT_ANNOUNCED, /* a goodbye, or we closed it: says nothing of
			      * the network */
};

enum heartbeat_activity { HEARTBEAT_BACKGROUND, HEARTBEAT_FOREGROUND };

enum heartbeat_phase {
	HEARTBEAT_OFFLINE,
	HEARTBEAT_SILENT,   /* the next beat is at due_ms */
	HEARTBEAT_WAITING,  /* for the reply, until due_ms */
	HEARTBEAT_WAITING2, /* for the second ping's reply */
};

struct heartbeat {
	enum heartbeat_phase phase;
	int64_t due_ms;		 /* next tick that matters */
	int64_t silent_since_ms; /* last byte sent */
	uint32_t interval_s;	 /* the value in use (background) */
	uint8_t successes;	 /* in a row at interval_s */
	uint8_t probe_failures;	 /* in a row at probe_s */
	uint8_t stable_failures; /* in a row at a good value */
	bool disturbed;		 /* something was received in this silence */
	bool late;		 /* the beat went out long after its time */
	uint32_t probe_s;
	uint32_t jitter_ms; /* how much earlier this silence ends */
	enum heartbeat_activity activity;
	struct netmemory_facts facts; /* of this network */
	struct heartbeat_bounds bounds;
	char network[NETMEMORY_KEY_BYTES];
	struct netmemory *memory; /* borrowed, may be NULL */
	struct rng *rng;	  /* borrowed */
};

/*
 * heartbeat_init - offline, nothing known.
 *
 * @memory  what other networks taught, shared by the app's links; may be NULL
 * @rng     for jitter; both outlive the machine
 */
void heartbeat_init(struct heartbeat *hb, const struct heartbeat_bounds *bounds,
		    struct netmemory *memory, struct rng *rng);

/* heartbeat_set_bounds - a newer answer's bounds; what was learned stays. */
void heartbeat_set_bounds(struct heartbeat *hb,
			  const struct heartbeat_bounds *bounds);

/* heartbeat_start - the link is up and authenticated now. Probing goes on
 * after three beats at the known good interval. */
void heartbeat_start(struct heartbeat *hb, int64_t now_ms);

/* heartbeat_stop - the link is gone. A loss in the middle of a probe, or
 * while a reply is awaited, counts against the interval. */
void heartbeat_stop(struct heartbeat *hb, enum heartbeat_end end,
		    int64_t now_ms);

/* heartbeat_sent - bytes went out: the silence begins anew. */
void heartbeat_sent(struct heartbeat *hb, int64_t now_ms);

/* heartbeat_received - bytes other than a heartbeat reply came: this silence
 * no longer proves anything. */
void heartbeat_received(struct heartbeat *hb);

/* heartbeat_reply - a heartbeat reply came. */
void heartbeat_reply(struct heartbeat *hb, int64_t now_ms);

/* heartbeat_tick - to be called at heartbeat_due_ms(); earlier does nothing. */
enum heartbeat_action heartbeat_tick(struct heartbeat *hb, int64_t now_ms);

/* heartbeat_due_ms - when to tick, or HEARTBEAT_IDLE. */
int64_t heartbeat_due_ms(const struct heartbeat *hb);

/* heartbeat_declared_s - the longest silence that can follow a beat sent now:
 * the body of the beat, so that the server sets its deadline by it. */
uint32_t heartbeat_declared_s(const struct heartbeat *hb, int64_t now_ms);

/* heartbeat_set_activity - in the foreground the interval is the minimum. */
void heartbeat_set_activity(struct heartbeat *hb,
			    enum heartbeat_activity activity);

/*
 * heartbeat_set_network - the device is on network @key now.
 *
 * What was learned goes to the memory under the old key, what is known of the
 * new one is used. The link goes offline: the caller reconnects at once.
 */
void heartbeat_set_network(struct heartbeat *hb, const char *key,
			   int64_t now_ms);

#endif
