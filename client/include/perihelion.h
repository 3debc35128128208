/*
 * perihelion.h - C client of Perihelion: finds the nearest node with room for
 * you, connects, authenticates, keeps the connection with an adaptive
 * heartbeat, and reconnects with back-off. No event loop is forced on you.
 *
 *	#include <perihelion.h>
 *	#include <stdio.h>
 *
 *	static void on_state(struct perihelion *p, enum perihelion_state state,
 *			     int error, void *arg)
 *	{
 *		(void)p, (void)arg;
 *		printf("%s: %s\n", perihelion_state_text(state),
 *		       perihelion_error_text(error));
 *	}
 *
 *	static void on_message(struct perihelion *p,
 *			       const struct perihelion_message *m, void *arg)
 *	{
 *		(void)p, (void)arg;
 *		printf("op %d: %.*s\n", (int)m->op, (int)m->body_bytes,
 *		       (const char *)m->body);
 *	}
 *
 *	int main(void)
 *	{
 *		struct perihelion *p = perihelion_new();
 *
 *		if (perihelion_add_balancer(p, "http://192.0.2.1:8053") != 0 ||
 *		    perihelion_set_text(p, PERIHELION_HOST, "im.demo") != 0 ||
 *		    perihelion_set_text(p, PERIHELION_TOKEN, "eyJ...") != 0)
 *			return 1;
 *		perihelion_on_state(p, on_state, NULL);
 *		perihelion_on_message(p, on_message, NULL);
 *		perihelion_start(p);
 *		perihelion_run(p, -1);	// until perihelion_stop()
 *		perihelion_free(&p);
 *	}
 *
 * With a loop of your own instead of perihelion_run():
 *
 *	for (;;) {
 *		struct pollfd f = {perihelion_poll_fd(p), POLLIN, 0};
 *		poll(&f, 1, perihelion_next_ms(p));
 *		perihelion_step(p);
 *	}
 *
 * Threads: a handle belongs to one thread at a time; different handles are
 * independent. Callbacks come from inside perihelion_step() and
 * perihelion_run() only, may call every function here but perihelion_free(),
 * perihelion_step() and perihelion_run().
 *
 * Stability: handles are opaque, options are numbers, structs that grow carry
 * their size; numbers once given never change their meaning.
 *
 * Link with libperihelion.a, libjansson, libcrypto, libm and -pthread.
 */
#ifndef PERIHELION_H
#define PERIHELION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PERIHELION_VERSION "0.1.0"

/* What functions return: 0 or one of these. Also what callbacks are told. */
enum perihelion_error {
	PERIHELION_OK = 0,
	PERIHELION_ERROR_ARGUMENT = -1,	   /* a value makes no sense */
	PERIHELION_ERROR_STATE = -2,	   /* not possible now */
	PERIHELION_ERROR_TOO_BIG = -3,	   /* longer than the limit */
	PERIHELION_ERROR_LIMIT = -4,	   /* too much is unsent; later */
	PERIHELION_ERROR_UNREACHABLE = -5, /* no balancer or node answers */
	PERIHELION_ERROR_REFUSED = -6,	   /* the balancer or node said no */
	PERIHELION_ERROR_OVERLOADED = -7,  /* the balancer asks for patience */
	PERIHELION_ERROR_NO_NODES = -8,	   /* the answer names no node */
	PERIHELION_ERROR_TIMEOUT = -9,	   /* no reply in time */
	PERIHELION_ERROR_CLOSED = -10,	   /* the server closed */
	PERIHELION_ERROR_PROTOCOL = -11,   /* it speaks something else */
	PERIHELION_ERROR_SYSTEM = -12,	   /* the system refused something */
};

/* perihelion_error_text - a constant text for people, never NULL. */
const char *perihelion_error_text(int error);

/* perihelion_version - of the library that is linked; PERIHELION_VERSION is
 * the header's. */
const char *perihelion_version(void);

enum perihelion_state {
	PERIHELION_IDLE = 0,	   /* not started, or stopped */
	PERIHELION_RESOLVING = 1,  /* asks a balancer */
	PERIHELION_CONNECTING = 2, /* tries the nodes in order */
	PERIHELION_AUTHENTICATING = 3,
	PERIHELION_UP = 4,	/* messages flow */
	PERIHELION_WAITING = 5, /* back-off before the next attempt */
};

/* perihelion_state_text - "idle", "resolving", ...; "unknown" for others. */
const char *perihelion_state_text(enum perihelion_state state);

struct perihelion;

/* ---- life ---- */

/* perihelion_new - an idle handle with defaults, owned by the caller. Returns
 * NULL when the system gives no file descriptor. */
struct perihelion *perihelion_new(void);

/* perihelion_free - close everything, say nothing more; *@p becomes NULL. */
void perihelion_free(struct perihelion **p);

/* ---- configuration: before perihelion_start() ---- */

/*
 * perihelion_add_balancer - where to ask: "http://host:port". Up to 8; the one
 * that answered last is asked first. Give addresses where you can (names are
 * looked up by the system, in a thread of their own).
 *
 * Returns 0, ARGUMENT for another form, LIMIT beyond 8, STATE when started.
 */
int perihelion_add_balancer(struct perihelion *p, const char *url);

enum perihelion_text_option {
	PERIHELION_HOST = 1,	 /* the service; "" = the balancer's only one */
	PERIHELION_DEVICE = 2,	 /* at most 64 bytes: keeps the list stable;
				  * also the key on the node */
	PERIHELION_TOKEN = 3,	 /* JSON Web Token; may change while running,
				  * used from the next authentication on */
	PERIHELION_ROOM = 4,	 /* "type://id" */
	PERIHELION_PLATFORM = 5, /* "web", "ios", ...; "c" by default */
};

/* perihelion_set_text - the text is copied (at most 2,048 bytes). Returns 0,
 * ARGUMENT, TOO_BIG, or STATE when started (PERIHELION_TOKEN: never). */
int perihelion_set_text(struct perihelion *p,
			enum perihelion_text_option option, const char *text);

enum perihelion_number_option {
	PERIHELION_USER = 1,		   /* mid; 0 = anonymous */
	PERIHELION_NODES_WANTED = 2,	   /* 1..16; the server's default */
	PERIHELION_STAGGER_MS = 3,	   /* 0..10000; 250. The next address
					    * joins the race after it; 0 =
					    * strictly one after the other */
	PERIHELION_RESOLVE_TIMEOUT_MS = 4, /* 100..60000; 3000, each balancer */
	PERIHELION_CONNECT_TIMEOUT_MS = 5, /* 100..60000; 5000, each address */
	PERIHELION_AUTH_TIMEOUT_MS = 6,	   /* 100..60000; 5000 */
};

/* perihelion_set_number - returns 0, ARGUMENT outside of the range, STATE when
 * started. */
int perihelion_set_number(struct perihelion *p,
			  enum perihelion_number_option option, int64_t value);

/* perihelion_set_accepts - which operations' pushes we want; at most 64, the
 * list is copied. Returns 0, LIMIT, STATE. */
int perihelion_set_accepts(struct perihelion *p, const int32_t *operations,
			   unsigned count);

/* ---- callbacks ---- */

/* The state changed. @error says why it went to WAITING, else it is 0. */
typedef void perihelion_state_cb(struct perihelion *p,
				 enum perihelion_state state, int error,
				 void *arg);
void perihelion_on_state(struct perihelion *p, perihelion_state_cb *cb,
			 void *arg);

struct perihelion_message {
	size_t size;	   /* of this struct, for later versions */
	int32_t op;	   /* operation: what the push is */
	int32_t seq;	   /* 0 for pushes; else of the request it answers */
	const void *body;  /* borrowed for the call */
	size_t body_bytes; /* at most 4,096 */
};

/* The server sent something that is not part of the protocol itself. */
typedef void perihelion_message_cb(struct perihelion *p,
				   const struct perihelion_message *message,
				   void *arg);
void perihelion_on_message(struct perihelion *p, perihelion_message_cb *cb,
			   void *arg);

/* ---- running ---- */

/* perihelion_start - begin with the next step. Returns 0, or STATE without a
 * balancer. Starting twice is no error. */
int perihelion_start(struct perihelion *p);

/* perihelion_stop - close and be idle, done by the next step. It can be
 * started again. */
void perihelion_stop(struct perihelion *p);

/* perihelion_poll_fd - readable whenever perihelion_step() has something to
 * do; the same for the handle's life; never read it yourself. */
int perihelion_poll_fd(const struct perihelion *p);

/* perihelion_next_ms - step at the latest after so many milliseconds from now
 * although nothing is readable; -1 = no need. For poll(2)'s timeout. */
int perihelion_next_ms(const struct perihelion *p);

/* perihelion_step - do what can be done now; never blocks. */
void perihelion_step(struct perihelion *p);

/*
 * perihelion_run - step for @timeout_ms, or with -1 until the handle is idle
 * (perihelion_stop() from a callback).
 */
void perihelion_run(struct perihelion *p, int64_t timeout_ms);

/*
 * perihelion_send - a message to the server. The body is copied.
 *
 * Returns 0 when it was sent or queued, STATE unless PERIHELION_UP, TOO_BIG
 * above 4,096 bytes, LIMIT while 64 KiB are unsent, SYSTEM.
 */
int perihelion_send(struct perihelion *p, int32_t op, const void *body,
		    size_t body_bytes);

/* ---- what the device knows ---- */

enum perihelion_activity {
	PERIHELION_BACKGROUND = 0, /* the longest heartbeat that holds */
	PERIHELION_FOREGROUND = 1, /* the shortest: find out soon */
};
void perihelion_set_activity(struct perihelion *p,
			     enum perihelion_activity activity);

/*
 * perihelion_network_changed - reconnect at once on network @key (access type
 * and carrier or SSID; at most 64 bytes count). What was learned about
 * heartbeats is kept for the last 20 networks, for 7 days.
 */
void perihelion_network_changed(struct perihelion *p, const char *key);

/* ---- looking ---- */

struct perihelion_info {
	size_t size; /* of this struct; set by the caller */
	enum perihelion_state state;
	int last_error; /* of the last attempt that failed */
	char node[65];	/* connected to; "" = none */
	char region[65];
	char address[48]; /* "192.0.2.7", no brackets */
	uint16_t port;
	int32_t km;	      /* -1 = not said */
	uint32_t heartbeat_s; /* the interval in use */
	int32_t auth_code;    /* of a refusal that had one */
	int64_t retry_ms;     /* WAITING: until the next attempt */
	char detail[160];     /* a refusal in the balancer's words, or "" */
};

/* perihelion_info - fill in at most @info->size bytes; what the library is too
 * old to know stays zero. Returns 0 or ARGUMENT. */
int perihelion_info(const struct perihelion *p, struct perihelion_info *info);

#ifdef __cplusplus
}
#endif
#endif
