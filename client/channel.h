/*
 * channel.h - one connection to a comet: authenticate, keep the heartbeat,
 * hand over what the server pushes, and say why it ended. Takes a connected
 * socket; whoever waits calls channel_step(). Never blocks; one thread.
 */
#ifndef PERI_CLIENT_CHANNEL_H
#define PERI_CLIENT_CHANNEL_H

#include "client/goodbye.h"
#include "client/heartbeat.h"
#include "client/wire.h"

#define CHANNEL_ACCEPTS_MAX 64

/* Who we are; all borrowed, all may be NULL or 0. */
struct channel_identity {
	int64_t mid;	      /* 0 = anonymous */
	const char *key;      /* device id; "" = the server makes one */
	const char *room;     /* "type://id" */
	const char *platform; /* "web", "ios", ... */
	const char *token;    /* JSON Web Token for auth mode `token` */
	const int32_t *accepts;
	unsigned accept_count; /* at most CHANNEL_ACCEPTS_MAX */
};

enum channel_state { CHANNEL_AUTHENTICATING, CHANNEL_UP, CHANNEL_ENDED };

struct channel_handler {
	/* A frame that is no answer of the protocol itself: a push. */
	void (*message)(const struct frame *frame, void *arg);
	/* A heartbeat went out and declares @interval_s. */
	void (*beat)(uint32_t interval_s, void *arg);
	/* Its reply came: @online is the room's count (0 = no room). */
	void (*beat_reply)(uint32_t online, void *arg);
	void *arg;
};

struct channel {
	enum channel_state state;
	int rc; /* why it ended */
	int32_t seq;
	int64_t auth_due_ms;
	int64_t now_ms;		     /* of the step under way */
	int32_t auth_code;	     /* of a refusal */
	struct heartbeat *heartbeat; /* borrowed: outlives connections */
	const struct channel_handler *handler; /* borrowed; members may be 0 */
	struct goodbye *goodbye;	       /* owned; NULL = none was said */
	enum targets_families families;	       /* for the goodbye's nodes */
	struct wire wire;
};

/*
 * channel_put_auth - append the auth body (JSON) for @identity, with
 * "caps":["goodbye"]. More than FRAME_BODY_MAX bytes are refused when sent.
 */
void channel_put_auth(struct buf *b, const struct channel_identity *identity);

/* What a channel borrows from its owner. */
struct channel_config {
	const struct channel_identity *identity; /* for this call only */
	struct heartbeat *heartbeat;
	const struct channel_handler *handler;
	const struct interest *interest;
	int64_t auth_timeout_ms;
	enum targets_families families;
};

/* channel_start - take over the connected @fd and authenticate. Errors show as
 * CHANNEL_ENDED. */
void channel_start(struct channel *ch, const struct channel_config *config,
		   int fd, int64_t now_ms);

/*
 * channel_step - do what can be done now. After it look at ch->state. When
 * CHANNEL_ENDED, ch->rc is ERR_DENIED (refused: auth_code), ERR_TIMEOUT (no
 * heartbeat reply or no auth reply), ERR_CLOSED (by the server; goodbye says
 * more), ERR_SYNTAX or ERR_TOOBIG (it does not speak the protocol), -errno.
 */
void channel_step(struct channel *ch, int64_t now_ms);

/* channel_due_ms - when to step although the socket is quiet. */
int64_t channel_due_ms(const struct channel *ch);

/* channel_send - a frame of the app's; ERR_STATE unless CHANNEL_UP, else as
 * wire_send(). */
MUST_CHECK int channel_send(struct channel *ch, int32_t op, struct sv body,
			    int64_t now_ms);

/* channel_fini - close, if it is not closed; allowed twice. @end says whether
 * the heartbeat may learn from it. */
void channel_fini(struct channel *ch, enum heartbeat_end end, int64_t now_ms);

#endif
