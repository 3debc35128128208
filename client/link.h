/*
 * link.h - one client's whole life: resolve, race, authenticate, heartbeat,
 * and when it ends wait and begin again. A machine that never blocks, cheap
 * enough for thousands in one loop: perihelion.c drives one, `perictl
 * demo-load` five thousand. One thread.
 *
 *   IDLE -> RESOLVING -> CONNECTING -> AUTHENTICATING -> UP
 *		^------------ WAITING <---------'------------'
 */
#ifndef PERI_CLIENT_LINK_H
#define PERI_CLIENT_LINK_H

#include "client/asker.h"
#include "client/backoff.h"
#include "client/channel.h"

struct link;

enum link_state {
	LINK_IDLE,
	LINK_RESOLVING,
	LINK_CONNECTING,
	LINK_AUTHENTICATING,
	LINK_UP,
	LINK_WAITING,
};

struct link_handler {
	/* The state changed; @rc says why it went to WAITING (else 0). */
	void (*state)(struct link *link, enum link_state state, int rc,
		      void *arg);
	/* An answer came (or is taken from the cache); borrowed. */
	void (*answer)(struct link *link, const struct reply *reply, void *arg);
	/* This address did not work. */
	void (*failed)(struct link *link, const struct addr *addr,
		       uint16_t port, int rc, void *arg);
	void (*message)(struct link *link, const struct frame *frame,
			void *arg);
	void (*beat)(struct link *link, uint32_t interval_s, void *arg);
	void (*beat_reply)(struct link *link, uint32_t online, void *arg);
	void *arg;
};

/* Shared by any number of links of one thread; borrowed by them. */
struct link_config {
	struct servers *servers;
	struct cache *cache;	  /* NULL = every link asks for itself */
	struct netmemory *memory; /* NULL = networks are not remembered */
	struct rng *rng;
	const struct interest *interest; /* NULL: see link_new() */
	int64_t resolve_timeout_ms;
	int64_t connect_timeout_ms;
	int64_t auth_timeout_ms;
	int64_t stagger_ms; /* 0 = strictly in order */
};

/* link_defaults - fill in the timeouts: 3 s, 5 s, 5 s, stagger 250 ms. */
void link_defaults(struct link_config *config);

/*
 * link_new - an idle link.
 *
 * @config    borrowed for the link's life
 * @query     what to ask, borrowed with its texts; failed is ignored (the
 *	      link reports its own)
 * @identity  who we are, borrowed with its texts; both may change while the
 *	      link lives and are looked at when they are needed
 * @handler   borrowed; members may be NULL
 * @interest  of this link, copied; config->interest is used when it is NULL
 *
 * Handlers may call every function of the link but link_free().
 */
struct link *link_new(const struct link_config *config,
		      const struct resolver_query *query,
		      const struct channel_identity *identity,
		      const struct link_handler *handler,
		      const struct interest *interest);
/* link_free - close everything without another word to the handler. */
void link_free(struct link **link);

/* link_start - begin with the next step; nothing if it runs already. */
void link_start(struct link *link, int64_t now_ms);
/* link_stop - close and be idle; done by the next step at the latest. */
void link_stop(struct link *link);

/* link_step - do what can be done now; when a socket of the interest is ready,
 * at link_due_ms(), and after link_start() or link_stop(). */
void link_step(struct link *link, int64_t now_ms);
/* link_due_ms - when to step although no socket is ready; 0 = now. */
int64_t link_due_ms(const struct link *link);

/* link_state - where it is now. */
enum link_state link_state(const struct link *link);
/* link_state_str - "idle", "resolving", ... */
const char *link_state_str(enum link_state state);

/* link_send - a frame to the server; ERR_STATE unless LINK_UP. */
MUST_CHECK int link_send(struct link *link, int32_t op, struct sv body,
			 int64_t now_ms);

/* link_activity - foreground or background (heartbeat.h). */
void link_activity(struct link *link, enum heartbeat_activity activity);
/* link_network - the device is on network @key: forget the answers, take the
 * network's heartbeat memory, reconnect at once. */
void link_network(struct link *link, const char *key, int64_t now_ms);

/* What a person wants to know; borrowed until the next step. */
struct link_facts {
	const struct target_node *node; /* connected to; NULL = none */
	const struct target *target;	/* its address */
	const struct goodbye *goodbye;	/* NULL = none; inside state() only */
	uint32_t interval_s;
	int32_t auth_code;
	int64_t retry_ms;   /* in WAITING: until the next attempt */
	const char *detail; /* a balancer's refusal in its words */
};
/* link_facts - fill in everything that is known now. */
void link_facts(const struct link *link, int64_t now_ms,
		struct link_facts *facts_r);

#endif
