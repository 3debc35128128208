/*
 * session.h - one client's conversation: frames in, replies out, or a reason
 * to close. Knows no socket: gate_tcp.h feeds it, tests do too, with a clock of
 * their own. A session belongs to one worker.
 *
 *   WAIT_AUTH --op 7 accepted--> OPEN --any close reason--> gone
 */
#ifndef PERI_COMET_AGENT_SESSION_H
#define PERI_COMET_AGENT_SESSION_H

#include "comet-agent/auth.h"
#include "comet-agent/close_reason.h"
#include "comet-agent/directory.h"
#include "comet-agent/headcount.h"
#include "comet-agent/heartbeat_timer.h"
#include "comet-agent/tally.h"
#include "lib/base/buf.h"

/* Room that session_feed() needs in its output to handle one more frame. */
#define SESSION_REPLY_MAX 4112
/* goim's clients want three; more cost an allocation. */
#define SESSION_FEW_OPS	  4

enum session_auth_reply {
	SESSION_AUTH_REPLY_EMPTY, /* as goim */
	SESSION_AUTH_REPLY_CODE,  /* body {"code":0} */
};

struct session_config {
	struct auth_config auth;
	enum session_auth_reply auth_reply;
	int64_t auth_timeout_ms;
	struct heartbeat_rules heartbeat;
	uint32_t frames_per_s; /* of one session; > 0 */
};

/* What the sessions of one worker share. */
struct session_env {
	const struct session_config *config; /* borrowed, constant */
	struct directory *directory;	     /* borrowed */
	struct headcount *rooms;	     /* borrowed */
	struct heartbeat_timer *timer;	     /* borrowed */
	struct tally *tally;		     /* borrowed */
	/* Another session lost its key to the one being fed. */
	void (*evict)(uint64_t number, void *arg);
	void *evict_arg;
	int64_t now_ms, now_wall_s; /* of this turn; set before each call */
};

struct conn;

struct session {
	struct heartbeat_deadline deadline;
	struct conn *conn;	       /* the gate's */
	struct headcount_name *peer;   /* the gate's; NULL = not counted */
	uint64_t number;	       /* in the worker's session_table */
	struct directory_entry *entry; /* NULL until authenticated; owned */
	struct headcount_name *room;   /* NULL = none */
	/* Ops it wants to be sent; up to SESSION_FEW_OPS of them in place. */
	union {
		int32_t few[SESSION_FEW_OPS];
		int32_t *many; /* owned */
	} accepts;
	uint32_t shed_place;  /* by its key, see shed.h */
	uint32_t idle_ms;     /* silence allowed once open */
	uint32_t rate_second; /* the second that is being counted */
	uint32_t rate_frames; /* frames in it */
	uint8_t accept_count;
	bool wants_goodbye;
	bool is_leaving; /* the gate's: was sent away, may read its goodbye */
};

/* session_begin - a zeroed @session with its number begins to wait for
 * authentication. */
void session_begin(struct session_env *env, struct session *session);

/*
 * session_feed - handle the whole frames at the start of @bytes.
 *
 * @peer      the client's address, for the directory; looked at until the
 *	      session is authenticated
 * @out       replies are appended; at least SESSION_REPLY_MAX free
 * @reason_r  out: CLOSE_NONE, or why the session must be ended now (what is
 *	      in @out is still sent)
 *
 * Returns the bytes handled. When it is > 0 and @out filled up, there may be
 * more whole frames behind: send and call again.
 */
size_t session_feed(struct session_env *env, struct session *session,
		    const struct addr *peer, struct sv bytes, struct buf *out,
		    enum close_reason *reason_r);

/* session_put_goodbye - append op 6 with @reason, if the client asked for
 * goodbyes. @retry_ms  when to come back at the earliest. */
void session_put_goodbye(struct session_env *env, const struct session *session,
			 const char *reason, int64_t retry_ms, struct buf *out);

/* session_end - count @reason and give back all that the session holds; not
 * the struct itself. */
void session_end(struct session_env *env, struct session *session,
		 enum close_reason reason);

#endif
