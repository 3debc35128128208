/*
 * test_wire.c - frames in any pieces, lies about lengths, what does not fit.
 */
#include "tests/unit/client/scripted.h"

#include "client/wire.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct bench {
	struct watched watched;
	struct interest interest;
	struct wire wire;
	int peer;
	unsigned frames;
	size_t body_bytes;
	int32_t last_op;
	int stop_with; /* what the callback says */
};

static void begin(struct bench *b)
{
	int fds[2];

	memset(b, 0, sizeof(*b));
	scripted_pair(fds);
	b->interest = watched_interest(&b->watched);
	wire_init(&b->wire, fds[0], &b->interest);
	b->peer = fds[1];
}

static void finish(struct bench *b)
{
	wire_fini(&b->wire);
	wire_fini(&b->wire);
	assert_int_equal(b->watched.count, 0);
	close(b->peer);
}

static int on_frame(const struct frame *frame, void *arg)
{
	struct bench *b = arg;

	b->frames++;
	b->body_bytes += frame->body.len;
	b->last_op = frame->op;
	return b->stop_with;
}

static int read_all(struct bench *b)
{
	return wire_read(&b->wire, on_frame, b);
}

/* Three frames: empty, small, the largest. */
static void put_three(struct buf *b)
{
	static char body[FRAME_BODY_MAX];
	const struct frame frames[] = {
		{1, 8, 1, {NULL, 0}},
		{1, 1000, 0, SV("hello")},
		{1, 1001, 0, {body, sizeof(body)}},
	};

	for (int i = 0; i < 3; i++)
		frame_put(b, &frames[i]);
}

static void test_any_pieces(void **state)
{
	static const size_t pieces[] = {1,  2,	 3,    7,    15,   16,
					17, 100, 4111, 4112, 4113, 9999};
	struct buf all;

	(void)state;
	buf_init(&all, 16384);
	put_three(&all);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct bench b;

		begin(&b);
		for (size_t at = 0; at < all.len; at += pieces[i]) {
			size_t n = all.len - at < pieces[i] ? all.len - at
							    : pieces[i];

			scripted_write(b.peer, all.data + at, n);
			assert_int_equal(read_all(&b), 0);
		}
		assert_int_equal(b.frames, 3);
		assert_int_equal(b.body_bytes, 5 + FRAME_BODY_MAX);
		/* a quiet connection owns no buffer */
		assert_null(b.wire.partial.data);
		finish(&b);
	}
	buf_fini(&all);
}

static void test_closed_at_every_byte(void **state)
{
	struct buf all;

	(void)state;
	buf_init(&all, 16384);
	put_three(&all);
	for (size_t cut = 0; cut <= 64; cut++) {
		struct bench b;

		begin(&b);
		scripted_write(b.peer, all.data, cut);
		shutdown(b.peer, SHUT_WR);
		/* one call reads the bytes, the next the end */
		if (cut > 0)
			assert_int_equal(read_all(&b), 0);
		assert_int_equal(read_all(&b), ERR_CLOSED);
		assert_int_equal(b.frames, (cut >= 16) + (cut >= 37));
		finish(&b);
	}
	buf_fini(&all);
}

static const struct lie {
	const char *rule;
	uint8_t bytes[16];
	int want;
} lies[] = {
	{"a length below the header", {0, 0, 0, 15, 0, 16}, ERR_SYNTAX},
	{"a length of zero", {0, 0, 0, 0, 0, 16}, ERR_SYNTAX},
	{"a negative length", {0xff, 0xff, 0xff, 0xff, 0, 16}, ERR_SYNTAX},
	{"a length above the limit", {0, 0, 0x10, 0x11, 0, 16}, ERR_TOOBIG},
	{"another header length", {0, 0, 0, 16, 0, 17}, ERR_SYNTAX},
	{"text", "HTTP/1.1 400 Ba", ERR_TOOBIG},
};

static void test_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		for (size_t piece = 1; piece <= 16; piece += 15) {
			struct bench b;
			int rc = 0;

			begin(&b);
			for (size_t at = 0; at < 16 && rc == 0; at += piece) {
				scripted_write(b.peer, lies[i].bytes + at,
					       piece);
				rc = read_all(&b);
			}
			if (rc != lies[i].want)
				fail_msg("%s: %d", lies[i].rule, rc);
			assert_int_equal(b.frames, 0);
			finish(&b);
		}
	}
}

static void test_callback_ends_the_reading(void **state)
{
	struct buf all;
	struct bench b;

	(void)state;
	buf_init(&all, 16384);
	put_three(&all);
	begin(&b);
	b.stop_with = 5;
	scripted_write(b.peer, all.data, all.len);
	assert_int_equal(read_all(&b), 5);
	assert_int_equal(b.frames, 1);
	finish(&b);
	buf_fini(&all);
}

static void test_unsent_waits_and_is_limited(void **state)
{
	static char body[FRAME_BODY_MAX + 1];
	struct bench b;
	size_t got = 0, sent = 0;
	char sink[65536];
	ssize_t n;
	int rc;

	(void)state;
	begin(&b);
	assert_int_equal(wire_send(&b.wire, 4, 1, sv_of(body, sizeof(body))),
			 ERR_TOOBIG);
	do {
		rc = wire_send(&b.wire, 4, 1, sv_of(body, FRAME_BODY_MAX));
		sent += rc == 0;
		assert_true(sent < 10000);
	} while (rc == 0);
	assert_int_equal(rc, ERR_LIMIT);
	assert_true(b.wire.unsent.len <= WIRE_UNSENT_MAX);
	assert_int_equal(b.watched.bits[0], INTEREST_READ | INTEREST_WRITE);
	while (b.wire.unsent.len > 0 ||
	       got < sent * (FRAME_HEAD_BYTES + FRAME_BODY_MAX)) {
		n = recv(b.peer, sink, sizeof(sink), MSG_DONTWAIT);
		got += n > 0 ? (size_t)n : 0;
		assert_int_equal(wire_flush(&b.wire), 0);
	}
	assert_int_equal(got, sent * (FRAME_HEAD_BYTES + FRAME_BODY_MAX));
	assert_null(b.wire.unsent.data);
	assert_int_equal(b.watched.bits[0], INTEREST_READ);
	finish(&b);
}

static void test_closed_wire_takes_nothing(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	shutdown(b.peer, SHUT_RDWR);
	assert_int_equal(wire_send(&b.wire, 2, 1, SV("")), -EPIPE);
	wire_fini(&b.wire);
	assert_int_equal(wire_send(&b.wire, 2, 1, SV("")), ERR_CLOSED);
	assert_int_equal(wire_flush(&b.wire), 0);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_pieces),
		cmocka_unit_test(test_closed_at_every_byte),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_callback_ends_the_reading),
		cmocka_unit_test(test_unsent_waits_and_is_limited),
		cmocka_unit_test(test_closed_wire_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
