/*
 * session.c - the server's half of goim v2, one frame at a time. A worker's
 * thread. Invariant: entry is set exactly while the session is authenticated;
 * nothing is allocated for a heartbeat.
 */
#include "comet-agent/session.h"

#include <assert.h>

#include "comet-agent/shed.h"
#include "comet-agent/subscription.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/frame.h"
#include "lib/proto/jsonw.h"

void session_begin(struct session_env *env, struct session *session)
{
	tally_add(&env->tally->accepts, 1);
	tally_add(&env->tally->sessions, 1);
	heartbeat_timer_set(env->timer, &session->deadline,
			    env->now_ms + env->config->auth_timeout_ms);
}

/* A reply to @request with another op and body. */
static void put_reply(struct session_env *env, const struct frame *request,
		      int32_t op, struct sv body, struct buf *out)
{
	frame_put(out, &(struct frame){.version = request->version,
				       .op = op,
				       .seq = request->seq,
				       .body = body});
	tally_add(&env->tally->frames_out, 1);
}

static void join_room(struct session_env *env, struct session *session,
		      struct sv room)
{
	struct headcount_name *before = session->room;

	session->room = room.len ? headcount_join(env->rooms, room, 0) : NULL;
	if (before)
		headcount_leave(env->rooms, before);
}

/* Enter the directory; the older session of the same key has to go. */
static enum auth_verdict enter(struct session_env *env, struct session *session,
			       const struct auth_identity *identity,
			       const struct addr *peer)
{
	struct directory_person person = {.session = session->number,
					  .peer = *peer,
					  .since_wall_s = env->now_wall_s};
	uint64_t loser;

	memcpy(person.key, identity->key, sizeof(person.key));
	memcpy(person.user, identity->user, sizeof(person.user));
	memcpy(person.platform, identity->platform, sizeof(person.platform));
	if (directory_claim(env->directory, &person, identity->proof,
			    &session->entry, &loser))
		return AUTH_KEY_TAKEN;
	if (loser)
		env->evict(loser, env->evict_arg);
	return AUTH_OK;
}

static void open_session(struct session_env *env, struct session *session,
			 const struct auth_identity *identity)
{
	tally_add(&env->tally->authenticated, 1);
	join_room(env, session, sv_str(identity->room));
	subscription_set(session, identity->accepts, identity->accept_count);
	session->wants_goodbye = identity->wants_goodbye;
	session->shed_place = shed_place(sv_str(identity->key));
	session->idle_ms = (uint32_t)heartbeat_timer_idle_ms(
		&env->config->heartbeat, SV(""));
}

static enum close_reason on_auth(struct session_env *env,
				 struct session *session,
				 const struct addr *peer,
				 const struct frame *frame, struct buf *out)
{
	struct auth_identity identity;
	enum auth_verdict verdict;

	if (frame->op != FRAME_AUTH)
		return CLOSE_UNAUTHENTICATED;
	verdict = auth_check(&env->config->auth, frame->body, env->now_wall_s,
			     &identity);
	if (verdict == AUTH_OK)
		verdict = enter(env, session, &identity, peer);
	tally_add(&env->tally->auth[verdict], 1);
	if (verdict != AUTH_OK)
		return CLOSE_AUTH_FAILED; /* no reply, as goim */
	open_session(env, session, &identity);
	put_reply(env, frame, FRAME_AUTH_REPLY,
		  env->config->auth_reply == SESSION_AUTH_REPLY_CODE
			  ? SV("{\"code\":0}")
			  : SV(""),
		  out);
	return CLOSE_NONE;
}

static void on_heartbeat(struct session_env *env, struct session *session,
			 const struct frame *frame, struct buf *out)
{
	uint8_t online[4];

	tally_add(&env->tally->heartbeats, 1);
	if (frame->body.len == 4)
		tally_add(&env->tally->heartbeats_with_interval, 1);
	session->idle_ms = (uint32_t)heartbeat_timer_idle_ms(
		&env->config->heartbeat, frame->body);
	/* goim counts the room over the whole cluster; we, so far, on this
	 * node. */
	frame_put_u32(online, session->room ? headcount_now(session->room) : 0);
	put_reply(env, frame, FRAME_HEARTBEAT_REPLY, sv_of(online, 4), out);
}

/* goim answers a list or room it does not understand as if it had; so do we,
 * and count it. */
static void on_change_room(struct session_env *env, struct session *session,
			   const struct frame *frame)
{
	if (frame->body.len >= AUTH_ROOM_BYTES ||
	    (frame->body.len && memchr(frame->body.ptr, 0, frame->body.len)))
		tally_add(&env->tally->bodies_ignored, 1);
	else
		join_room(env, session, frame->body);
}

static void on_open_frame(struct session_env *env, struct session *session,
			  const struct frame *frame, struct buf *out)
{
	switch (frame->op) {
	case FRAME_HEARTBEAT:
		on_heartbeat(env, session, frame, out);
		return;
	case FRAME_CHANGE_ROOM:
		on_change_room(env, session, frame);
		put_reply(env, frame, FRAME_CHANGE_ROOM_REPLY, frame->body,
			  out);
		return;
	case FRAME_SUB:
		if (subscription_add(session, frame->body))
			tally_add(&env->tally->bodies_ignored, 1);
		put_reply(env, frame, FRAME_SUB_REPLY, frame->body, out);
		return;
	case FRAME_UNSUB:
		if (subscription_del(session, frame->body))
			tally_add(&env->tally->bodies_ignored, 1);
		put_reply(env, frame, FRAME_UNSUB_REPLY, frame->body, out);
		return;
	default:
		/* Business ops, and op 4: header only, op unchanged. */
		put_reply(env, frame, frame->op, SV(""), out);
	}
}

static bool is_too_fast(const struct session_env *env, struct session *session)
{
	uint32_t second = (uint32_t)(env->now_ms / 1000);

	if (session->rate_second != second) {
		session->rate_second = second;
		session->rate_frames = 0;
	}
	return ++session->rate_frames > env->config->frames_per_s;
}

static enum close_reason on_frame(struct session_env *env,
				  struct session *session,
				  const struct addr *peer,
				  const struct frame *frame, struct buf *out)
{
	tally_add(&env->tally->frames_in, 1);
	if (is_too_fast(env, session))
		return CLOSE_RATE;
	if (!session->entry)
		return on_auth(env, session, peer, frame, out);
	on_open_frame(env, session, frame, out);
	return CLOSE_NONE;
}

size_t session_feed(struct session_env *env, struct session *session,
		    const struct addr *peer, struct sv bytes, struct buf *out,
		    enum close_reason *reason_r)
{
	size_t used = 0, frame_bytes;
	struct frame frame;
	int rc = 0;

	*reason_r = CLOSE_NONE;
	while (*reason_r == CLOSE_NONE && used < bytes.len &&
	       out->cap_bytes - out->len >= SESSION_REPLY_MAX) {
		rc = frame_read(sv_of(bytes.ptr + used, bytes.len - used),
				&frame, &frame_bytes);
		if (rc == ERR_AGAIN)
			break;
		if (rc) {
			*reason_r = CLOSE_FRAME;
			break;
		}
		used += frame_bytes;
		*reason_r = on_frame(env, session, peer, &frame, out);
	}
	/* Any byte shows life, once we know whose it is. */
	if (session->entry && *reason_r == CLOSE_NONE)
		heartbeat_timer_set(env->timer, &session->deadline,
				    env->now_ms + session->idle_ms);
	return used;
}

void session_put_goodbye(struct session_env *env, const struct session *session,
			 const char *reason, int64_t retry_ms, struct buf *out)
{
	char text[128];
	struct jsonw w;
	struct buf b;

	if (!session->wants_goodbye)
		return;
	buf_init_fixed(&b, text, sizeof(text));
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "code", 1);
	jsonw_str(&w, "reason", reason);
	jsonw_i64(&w, "retry_ms", retry_ms);
	/* Where to go instead comes from the balancer: ask it again. */
	jsonw_array(&w, "nodes");
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	assert(!b.failed);
	frame_put(out, &(struct frame){.version = FRAME_VERSION,
				       .op = FRAME_GOODBYE,
				       .body = buf_view(&b)});
	tally_add(&env->tally->frames_out, 1);
	tally_add(&env->tally->goodbyes, 1);
}

void session_end(struct session_env *env, struct session *session,
		 enum close_reason reason)
{
	tally_add(&env->tally->closed[reason], 1);
	tally_sub(&env->tally->sessions);
	heartbeat_timer_clear(env->timer, &session->deadline);
	if (session->room)
		headcount_leave(env->rooms, session->room);
	if (session->entry) {
		tally_sub(&env->tally->authenticated);
		directory_release(env->directory, &session->entry);
	}
	subscription_set(session, NULL, 0);
}
