/*
 * channel.c - a connection to a comet from auth to its end. One thread.
 * Invariant: the wire is open exactly while state is not CHANNEL_ENDED, and
 * the heartbeat runs exactly while it is CHANNEL_UP.
 */
#include "client/channel.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/json.h"
#include "lib/proto/jsonw.h"

#define SAID_GOODBYE 1 /* ends the reading after a goodbye */

static void put_text(struct jsonw *w, const char *name, const char *value)
{
	jsonw_str(w, name, value ? value : "");
}

void channel_put_auth(struct buf *b, const struct channel_identity *identity)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_i64(&w, "mid", identity->mid);
	put_text(&w, "key", identity->key);
	put_text(&w, "room_id", identity->room);
	put_text(&w, "platform", identity->platform);
	jsonw_array(&w, "accepts");
	for (unsigned i = 0; i < identity->accept_count; i++)
		jsonw_i64(&w, NULL, identity->accepts[i]);
	jsonw_array_end(&w);
	if (identity->token && identity->token[0])
		jsonw_str(&w, "token", identity->token);
	jsonw_array(&w, "caps");
	jsonw_str(&w, NULL, "goodbye");
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

void channel_fini(struct channel *ch, enum heartbeat_end end, int64_t now_ms)
{
	if (ch->state == CHANNEL_UP)
		heartbeat_stop(ch->heartbeat, end, now_ms);
	ch->state = CHANNEL_ENDED;
	wire_fini(&ch->wire);
	if (ch->goodbye) {
		goodbye_fini(ch->goodbye);
		mem_free(ch->goodbye);
		ch->goodbye = NULL;
	}
}

/* The one place where a channel ends by itself; the goodbye stays readable. */
static void end(struct channel *ch, int rc, int64_t now_ms)
{
	enum heartbeat_end how = HEARTBEAT_LOST;

	if (ch->state == CHANNEL_ENDED)
		return;
	/* Only silence and resets speak of the network. */
	if (ch->goodbye || rc == ERR_SYNTAX || rc == ERR_TOOBIG)
		how = HEARTBEAT_ANNOUNCED;
	if (ch->state == CHANNEL_UP)
		heartbeat_stop(ch->heartbeat, how, now_ms);
	ch->state = CHANNEL_ENDED;
	ch->rc = rc;
	wire_fini(&ch->wire);
}

void channel_start(struct channel *ch, const struct channel_config *config,
		   int fd, int64_t now_ms)
{
	char body[FRAME_BODY_MAX];
	struct buf b;
	int rc;

	*ch = (struct channel){
		.state = CHANNEL_AUTHENTICATING,
		.seq = 1,
		.auth_due_ms = now_ms + config->auth_timeout_ms,
		.heartbeat = config->heartbeat,
		.handler = config->handler,
		.families = config->families,
	};
	wire_init(&ch->wire, fd, config->interest);
	buf_init_fixed(&b, body, sizeof(body));
	channel_put_auth(&b, config->identity);
	rc = b.failed ? ERR_TOOBIG
		      : wire_send(&ch->wire, FRAME_AUTH, ch->seq, buf_view(&b));
	if (rc != 0)
		end(ch, rc, now_ms);
}

/* {"code":0} or nothing means yes. */
static int read_auth_code(struct sv body, int32_t *code_r)
{
	struct json_problem p;
	struct json *root;
	int64_t code = 0;
	int rc;

	*code_r = 0;
	if (body.len == 0)
		return 0;
	rc = json_parse(body, &root, &p);
	if (rc != 0)
		return rc;
	if (!json_is_object(root))
		rc = ERR_SYNTAX;
	else if (json_member(root, "code"))
		rc = json_get_i64(json_member(root, "code"), &code);
	json_free(&root);
	if (rc != 0)
		return ERR_SYNTAX;
	*code_r = code >= INT32_MIN && code <= INT32_MAX ? (int32_t)code : -1;
	return 0;
}

static int take_auth_reply(struct channel *ch, const struct frame *frame)
{
	int rc = read_auth_code(frame->body, &ch->auth_code);

	if (rc != 0)
		return rc;
	if (ch->auth_code != 0)
		return ERR_DENIED;
	ch->state = CHANNEL_UP;
	heartbeat_start(ch->heartbeat, ch->now_ms);
	return 0;
}

static void take_beat_reply(struct channel *ch, const struct frame *frame)
{
	uint32_t online = 0;

	/* The count is for people; a reply without it is a reply too. */
	if (frame_get_u32(frame->body, &online) != 0)
		online = 0;
	heartbeat_reply(ch->heartbeat, ch->now_ms);
	if (ch->handler->beat_reply)
		ch->handler->beat_reply(online, ch->handler->arg);
}

static int take_goodbye(struct channel *ch, const struct frame *frame)
{
	ch->goodbye = mem_alloc(sizeof(*ch->goodbye));
	goodbye_read(frame->body, ch->families, ch->goodbye);
	return SAID_GOODBYE;
}

static void take_push(struct channel *ch, const struct frame *frame)
{
	heartbeat_received(ch->heartbeat);
	if (ch->handler->message)
		ch->handler->message(frame, ch->handler->arg);
}

/* A batch (op 9) belongs to WebSocket; a server that sends one over TCP means
 * the packets inside. */
static int take_batch(struct channel *ch, const struct frame *batch)
{
	struct sv rest = batch->body;
	struct frame frame;
	size_t consumed;

	while (rest.len > 0) {
		int rc = frame_read(rest, &frame, &consumed);

		if (rc != 0)
			return rc == ERR_AGAIN ? ERR_SYNTAX : rc;
		take_push(ch, &frame);
		rest.ptr += consumed;
		rest.len -= consumed;
	}
	return 0;
}

static int take_frame(const struct frame *frame, void *arg)
{
	struct channel *ch = arg;

	if (frame->op == FRAME_GOODBYE)
		return take_goodbye(ch, frame);
	if (ch->state == CHANNEL_AUTHENTICATING)
		return frame->op == FRAME_AUTH_REPLY
			       ? take_auth_reply(ch, frame)
			       : 0;
	switch (frame->op) {
	case FRAME_HEARTBEAT_REPLY:
		take_beat_reply(ch, frame);
		return 0;
	case FRAME_RAW:
		return take_batch(ch, frame);
	case FRAME_AUTH_REPLY:
		return 0; /* once is enough */
	default:
		take_push(ch, frame);
		return 0;
	}
}

static void step_wire(struct channel *ch)
{
	int rc = wire_flush(&ch->wire);

	if (rc == 0)
		rc = wire_read(&ch->wire, take_frame, ch);
	if (rc != 0)
		end(ch, rc == SAID_GOODBYE ? ERR_CLOSED : rc, ch->now_ms);
}

static void send_beat(struct channel *ch)
{
	uint32_t declared_s = heartbeat_declared_s(ch->heartbeat, ch->now_ms);
	uint8_t body[4];
	int rc;

	frame_put_u32(body, declared_s);
	rc = wire_send(&ch->wire, FRAME_HEARTBEAT, ++ch->seq, sv_of(body, 4));
	/* Too much unsent means that nothing goes out: the reply timeout will
	 * see to it. */
	if (rc != 0 && rc != ERR_LIMIT)
		end(ch, rc, ch->now_ms);
	else if (ch->handler->beat)
		ch->handler->beat(declared_s, ch->handler->arg);
}

static void step_timers(struct channel *ch)
{
	if (ch->state == CHANNEL_AUTHENTICATING &&
	    ch->now_ms >= ch->auth_due_ms)
		end(ch, ERR_TIMEOUT, ch->now_ms);
	if (ch->state != CHANNEL_UP)
		return;
	switch (heartbeat_tick(ch->heartbeat, ch->now_ms)) {
	case HEARTBEAT_NOTHING:
		break;
	case HEARTBEAT_SEND:
		send_beat(ch);
		break;
	case HEARTBEAT_DEAD:
		end(ch, ERR_TIMEOUT, ch->now_ms);
		break;
	}
}

void channel_step(struct channel *ch, int64_t now_ms)
{
	ch->now_ms = now_ms;
	if (ch->state != CHANNEL_ENDED)
		step_wire(ch);
	if (ch->state != CHANNEL_ENDED)
		step_timers(ch);
}

int64_t channel_due_ms(const struct channel *ch)
{
	switch (ch->state) {
	case CHANNEL_AUTHENTICATING:
		return ch->auth_due_ms;
	case CHANNEL_UP:
		return heartbeat_due_ms(ch->heartbeat);
	case CHANNEL_ENDED:
		break;
	}
	return INT64_MAX;
}

int channel_send(struct channel *ch, int32_t op, struct sv body, int64_t now_ms)
{
	int rc;

	if (ch->state != CHANNEL_UP)
		return ERR_STATE;
	rc = wire_send(&ch->wire, op, ++ch->seq, body);
	if (rc == 0)
		heartbeat_sent(ch->heartbeat, now_ms);
	return rc;
}
