/*
 * test_channel.c - auth, heartbeat, pushes, goodbye and every way to end,
 * against a scripted comet at the other end of a socket pair.
 */
#include "tests/unit/client/scripted.h"

#include "client/channel.h"
#include "lib/base/err.h"

struct bench {
	struct watched watched;
	struct interest interest;
	struct heartbeat heartbeat;
	struct rng rng;
	struct channel_handler handler;
	struct channel channel;
	int peer;
	int64_t now_ms;
	unsigned messages, beats, replies;
	uint32_t interval_s, online;
	char last_body[64];
};

static void on_message(const struct frame *frame, void *arg)
{
	struct bench *b = arg;

	b->messages++;
	assert_int_equal(
		sv_copy(frame->body, b->last_body, sizeof(b->last_body)), 0);
}

static void on_beat(uint32_t interval_s, void *arg)
{
	struct bench *b = arg;

	b->beats++;
	b->interval_s = interval_s;
}

static void on_reply(uint32_t online, void *arg)
{
	struct bench *b = arg;

	b->replies++;
	b->online = online;
}

static const struct channel_identity identity = {
	.mid = 123,
	.room = "test://1",
	.platform = "ios",
	.accepts = (const int32_t[]){1000, 1001},
	.accept_count = 2,
	.token = "t.o.k",
};

static void begin_as(struct bench *b, const struct channel_identity *who)
{
	static const struct heartbeat_bounds bounds = {60, 60, 300, 30};
	struct channel_config config = {.identity = who,
					.auth_timeout_ms = 5000};
	int fds[2];

	memset(b, 0, sizeof(*b));
	scripted_pair(fds);
	rng_seed(&b->rng, 3);
	b->interest = watched_interest(&b->watched);
	heartbeat_init(&b->heartbeat, &bounds, NULL, &b->rng);
	b->handler = (struct channel_handler){
		.message = on_message,
		.beat = on_beat,
		.beat_reply = on_reply,
		.arg = b,
	};
	config.heartbeat = &b->heartbeat;
	config.handler = &b->handler;
	config.interest = &b->interest;
	b->peer = fds[1];
	channel_start(&b->channel, &config, fds[0], 0);
}

static void begin(struct bench *b)
{
	begin_as(b, &identity);
}

static void finish(struct bench *b)
{
	channel_fini(&b->channel, HEARTBEAT_ANNOUNCED, b->now_ms);
	channel_fini(&b->channel, HEARTBEAT_ANNOUNCED, b->now_ms);
	assert_int_equal(b->watched.count, 0);
	close(b->peer);
}

static void say(struct bench *b, int32_t op, const char *body)
{
	struct frame frame = {1, op, 1, sv_str(body)};
	char bytes[8192];
	struct buf out;

	buf_init_fixed(&out, bytes, sizeof(bytes));
	frame_put(&out, &frame);
	scripted_write(b->peer, out.data, out.len);
	channel_step(&b->channel, b->now_ms);
}

static void begin_up(struct bench *b)
{
	char bytes[8192];

	begin(b);
	(void)scripted_read(b->peer, bytes, sizeof(bytes));
	say(b, FRAME_AUTH_REPLY, "");
	assert_int_equal(b->channel.state, CHANNEL_UP);
}

static void test_auth_bytes(void **state)
{
	char bytes[8192];
	struct frame frame;
	size_t n, consumed;
	struct bench b;

	(void)state;
	begin(&b);
	n = scripted_read(b.peer, bytes, sizeof(bytes));
	assert_int_equal(frame_read(sv_of(bytes, n), &frame, &consumed), 0);
	assert_int_equal(consumed, n);
	assert_int_equal(frame.op, FRAME_AUTH);
	assert_int_equal(frame.version, 1);
	assert_true(
		sv_eq(frame.body,
		      SV("{\"mid\":123,\"key\":\"\",\"room_id\":\"test://1\","
			 "\"platform\":\"ios\",\"accepts\":[1000,1001],"
			 "\"token\":\"t.o.k\",\"caps\":[\"goodbye\"]}")));
	finish(&b);
}

static void test_auth_too_long(void **state)
{
	static char token[5000];
	struct channel_identity long_one = {.token = token};
	struct bench b;

	(void)state;
	memset(token, 't', sizeof(token) - 1);
	begin_as(&b, &long_one);
	assert_int_equal(b.channel.state, CHANNEL_ENDED);
	assert_int_equal(b.channel.rc, ERR_TOOBIG);
	finish(&b);
}

static const struct auth_row {
	const char *rule;
	int32_t op;
	const char *body;
	enum channel_state want;
	int rc;
} auth_rows[] = {
	{"an empty reply is yes", 8, "", CHANNEL_UP, 0},
	{"code 0 is yes", 8, "{\"code\":0}", CHANNEL_UP, 0},
	{"an object without a code is yes", 8, "{}", CHANNEL_UP, 0},
	{"another code is no", 8, "{\"code\":-401}", CHANNEL_ENDED, ERR_DENIED},
	{"a huge code is no", 8, "{\"code\":99999999999}", CHANNEL_ENDED,
	 ERR_DENIED},
	{"no JSON is no protocol", 8, "yes", CHANNEL_ENDED, ERR_SYNTAX},
	{"a list is no protocol", 8, "[]", CHANNEL_ENDED, ERR_SYNTAX},
	{"a text as code is no protocol", 8, "{\"code\":\"0\"}", CHANNEL_ENDED,
	 ERR_SYNTAX},
	{"a push before the reply is not heard", 1000, "x",
	 CHANNEL_AUTHENTICATING, 0},
	{"a heartbeat reply before it neither", 3, "1234",
	 CHANNEL_AUTHENTICATING, 0},
	{"a goodbye ends it", 6, "{\"reason\":\"full\"}", CHANNEL_ENDED,
	 ERR_CLOSED},
};

static void test_auth_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(auth_rows) / sizeof(*auth_rows); i++) {
		const struct auth_row *row = &auth_rows[i];
		struct bench b;

		begin(&b);
		say(&b, row->op, row->body);
		if (b.channel.state != row->want || b.channel.rc != row->rc)
			fail_msg("%s: state %d rc %d", row->rule,
				 (int)b.channel.state, b.channel.rc);
		assert_int_equal(b.messages, 0);
		finish(&b);
	}
}

static void test_auth_timeout(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	assert_int_equal(channel_due_ms(&b.channel), 5000);
	channel_step(&b.channel, 4999);
	assert_int_equal(b.channel.state, CHANNEL_AUTHENTICATING);
	channel_step(&b.channel, 5000);
	assert_int_equal(b.channel.rc, ERR_TIMEOUT);
	finish(&b);
}

static void test_heartbeat(void **state)
{
	char bytes[64];
	struct frame frame;
	size_t n, consumed;
	uint32_t declared_s;
	struct bench b;

	(void)state;
	begin_up(&b);
	assert_int_equal(channel_due_ms(&b.channel), 60000);
	b.now_ms = 60000;
	channel_step(&b.channel, b.now_ms);
	n = scripted_read(b.peer, bytes, sizeof(bytes));
	assert_int_equal(frame_read(sv_of(bytes, n), &frame, &consumed), 0);
	assert_int_equal(frame.op, FRAME_HEARTBEAT);
	assert_int_equal(frame_get_u32(frame.body, &declared_s), 0);
	assert_int_equal(declared_s, 60);
	assert_int_equal(b.beats, 1);
	{
		static const uint8_t reply[] = {0, 0, 0, 20, 0, 16, 0, 1, 0, 0,
						0, 3, 0, 0,  0, 2,  0, 0, 1, 2};

		scripted_write(b.peer, reply, sizeof(reply));
	}
	channel_step(&b.channel, b.now_ms);
	assert_int_equal(b.replies, 1);
	assert_int_equal(b.online, 258);
	assert_int_equal(channel_due_ms(&b.channel), 120000);
	finish(&b);
}

static void test_dead_link(void **state)
{
	struct bench b;

	(void)state;
	begin_up(&b);
	channel_step(&b.channel, 60000);
	channel_step(&b.channel, 68000); /* the second ping */
	assert_int_equal(b.beats, 2);
	assert_int_equal(b.channel.state, CHANNEL_UP);
	channel_step(&b.channel, 73000);
	assert_int_equal(b.channel.state, CHANNEL_ENDED);
	assert_int_equal(b.channel.rc, ERR_TIMEOUT);
	assert_int_equal(channel_due_ms(&b.channel), INT64_MAX);
	finish(&b);
}

static void test_pushes(void **state)
{
	struct bench b;

	(void)state;
	begin_up(&b);
	say(&b, 1000, "hello");
	assert_int_equal(b.messages, 1);
	assert_string_equal(b.last_body, "hello");
	say(&b, FRAME_AUTH_REPLY, "{\"code\":5}"); /* once is enough */
	assert_int_equal(b.channel.state, CHANNEL_UP);
	say(&b, FRAME_SEND, "");
	assert_int_equal(b.messages, 2);
	finish(&b);
}

static void test_batches(void **state)
{
	struct frame inner = {1, 1000, 0, SV("in")};
	char bytes[256];
	struct buf body;
	struct bench b;

	(void)state;
	buf_init_fixed(&body, bytes, sizeof(bytes) - 1);
	frame_put(&body, &inner);
	frame_put(&body, &inner);
	begin_up(&b);
	{
		struct frame outer = {1, FRAME_RAW, 0, buf_view(&body)};
		char out_bytes[512];
		struct buf out;

		buf_init_fixed(&out, out_bytes, sizeof(out_bytes));
		frame_put(&out, &outer);
		scripted_write(b.peer, out.data, out.len);
		channel_step(&b.channel, 0);
		assert_int_equal(b.messages, 2);
		/* a batch whose last packet is cut short lies */
		outer.body.len--;
		buf_reset(&out);
		frame_put(&out, &outer);
		scripted_write(b.peer, out.data, out.len);
		channel_step(&b.channel, 0);
	}
	assert_int_equal(b.channel.rc, ERR_SYNTAX);
	finish(&b);
}

static void test_goodbye(void **state)
{
	struct bench b;

	(void)state;
	begin_up(&b);
	say(&b, FRAME_GOODBYE, "{\"reason\":\"drain\",\"retry_ms\":1500}");
	assert_int_equal(b.channel.state, CHANNEL_ENDED);
	assert_int_equal(b.channel.rc, ERR_CLOSED);
	assert_non_null(b.channel.goodbye);
	assert_string_equal(b.channel.goodbye->reason, "drain");
	assert_int_equal(b.channel.goodbye->retry_ms, 1500);
	assert_int_equal(b.heartbeat.probe_failures, 0);
	finish(&b);
}

static void test_server_closes(void **state)
{
	struct bench b;

	(void)state;
	begin_up(&b);
	shutdown(b.peer, SHUT_RDWR);
	channel_step(&b.channel, 1000);
	assert_int_equal(b.channel.rc, ERR_CLOSED);
	finish(&b);
}

static void test_server_lies(void **state)
{
	struct bench b;

	(void)state;
	begin_up(&b);
	scripted_write(b.peer, "HTTP/1.1 400 Bad Request", 24);
	channel_step(&b.channel, 1000);
	assert_int_equal(b.channel.rc, ERR_TOOBIG);
	assert_int_equal(b.heartbeat.phase, HEARTBEAT_OFFLINE);
	finish(&b);
}

static void test_sending(void **state)
{
	static char body[FRAME_BODY_MAX + 1];
	struct bench b;

	(void)state;
	begin(&b);
	assert_int_equal(channel_send(&b.channel, 4, SV("x"), 0), ERR_STATE);
	finish(&b);
	begin_up(&b);
	/* any byte sent re-arms the heartbeat */
	assert_int_equal(channel_send(&b.channel, 4, SV("x"), 30000), 0);
	assert_int_equal(channel_due_ms(&b.channel), 90000);
	assert_int_equal(
		channel_send(&b.channel, 4, sv_of(body, sizeof(body)), 31000),
		ERR_TOOBIG);
	assert_int_equal(channel_due_ms(&b.channel), 90000);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auth_bytes),
		cmocka_unit_test(test_auth_too_long),
		cmocka_unit_test(test_auth_replies),
		cmocka_unit_test(test_auth_timeout),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_dead_link),
		cmocka_unit_test(test_pushes),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_goodbye),
		cmocka_unit_test(test_server_closes),
		cmocka_unit_test(test_server_lies),
		cmocka_unit_test(test_sending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
