/* Frames: lengths that are right, short, and lying; captures byte for byte. */
#include "lib/proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/base/err.h"

/* Hexadecimal text (spaces allowed) to bytes; returns how many. */
static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	char pair[3] = {0};

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		pair[0] = hex[0];
		pair[1] = hex[1];
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
		hex++;
	}
	return n;
}

struct read_row {
	const char *rule;
	const char *hex;
	int want;
	int16_t version;
	int32_t op, seq;
	size_t body_bytes;
};

static const struct read_row read_rows[] = {
	{"nothing yet asks for more", "", ERR_AGAIN, 0, 0, 0, 0},
	{"one legal byte asks for more", "00", ERR_AGAIN, 0, 0, 0, 0},
	{"15 bytes of a header ask for more",
	 "00000010 0010 0001 00000002 000000", ERR_AGAIN, 0, 0, 0, 0},
	{"goim's heartbeat, version 0 as its client sends it",
	 "00000010 0010 0000 00000002 00000001", 0, 0, 2, 1, 0},
	{"goim's heartbeat reply",
	 "00000014 0010 0000 00000003 00000001 00000001", 0, 0, 3, 1, 4},
	{"goim's push",
	 "00000019 0010 0001 000003e8 00000000 68656c6c6f2d6b6579", 0, 1, 1000,
	 0, 9},
	{"the last byte of the body is missing",
	 "00000014 0010 0001 00000002 00000001 000000", ERR_AGAIN, 0, 0, 0, 0},
	{"a second frame behind the first is left alone",
	 "00000010 0010 0001 00000002 00000007 00000010", 0, 1, 2, 7, 0},
	{"op and seq are signed", "00000010 0010 ffff ffffffff 80000000", 0, -1,
	 -1, INT32_MIN, 0},
	{"packet length 15 is below the header", "0000000f 0010", ERR_SYNTAX, 0,
	 0, 0, 0},
	{"packet length 15 is refused before the header length is here",
	 "0000000f", ERR_SYNTAX, 0, 0, 0, 0},
	{"packet length 0", "00000000 0010 0001 00000002 00000001", ERR_SYNTAX,
	 0, 0, 0, 0},
	{"a negative packet length is refused at its first byte", "80",
	 ERR_SYNTAX, 0, 0, 0, 0},
	{"packet length -1", "ffffffff 0010", ERR_SYNTAX, 0, 0, 0, 0},
	{"a body of 4096 is the longest: waits", "00001010 0010", ERR_AGAIN, 0,
	 0, 0, 0},
	{"a body of 4097 is too big", "00001011 0010", ERR_TOOBIG, 0, 0, 0, 0},
	{"4097 is too big before the header length is here", "00001011",
	 ERR_TOOBIG, 0, 0, 0, 0},
	{"a length whose first byte is too big is refused at that byte", "01",
	 ERR_TOOBIG, 0, 0, 0, 0},
	{"HTTP on this port is refused at once", "47455420", ERR_TOOBIG, 0, 0,
	 0, 0},
	{"a TLS hello on this port is refused at once", "1603010200",
	 ERR_TOOBIG, 0, 0, 0, 0},
	{"header length 15", "00000010 000f", ERR_SYNTAX, 0, 0, 0, 0},
	{"header length 17", "00000011 0011", ERR_SYNTAX, 0, 0, 0, 0},
	{"header length is refused at its first byte", "00000010 01",
	 ERR_SYNTAX, 0, 0, 0, 0},
	{"header length 0", "00000010 0000", ERR_SYNTAX, 0, 0, 0, 0},
};

static void test_read(void **state)
{
	uint8_t bytes[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(read_rows); i++) {
		const struct read_row *row = &read_rows[i];
		size_t len = unhex(row->hex, bytes), consumed = 0;
		/* A copy of the exact size lets ASan see a read beyond. */
		uint8_t *exact = malloc(len ? len : 1);
		struct frame frame = {0};
		int rc;

		memcpy(exact, bytes, len);
		rc = frame_read(sv_of(exact, len), &frame, &consumed);
		if (rc != row->want)
			fail_msg("%s: got %d", row->rule, rc);
		if (rc == 0) {
			assert_int_equal(frame.version, row->version);
			assert_int_equal(frame.op, row->op);
			assert_int_equal(frame.seq, row->seq);
			assert_int_equal(frame.body.len, row->body_bytes);
			assert_int_equal(consumed, 16 + row->body_bytes);
		}
		free(exact);
	}
}

static void test_put_reads_back(void **state)
{
	char body[FRAME_BODY_MAX], out[FRAME_BODY_MAX + FRAME_HEAD_BYTES];
	static const size_t sizes[] = {0, 1, 4, 4095, FRAME_BODY_MAX};

	(void)state;
	memset(body, 'x', sizeof(body));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct frame in = {.version = -7,
				   .op = INT32_MIN,
				   .seq = INT32_MAX,
				   .body = sv_of(body, sizes[i])};
		struct frame back;
		size_t consumed;
		struct buf b;

		buf_init_fixed(&b, out, sizeof(out));
		frame_put(&b, &in);
		assert_false(b.failed);
		assert_int_equal(frame_read(buf_view(&b), &back, &consumed), 0);
		assert_int_equal(consumed, b.len);
		assert_int_equal(back.version, in.version);
		assert_int_equal(back.op, in.op);
		assert_int_equal(back.seq, in.seq);
		assert_true(sv_eq(back.body, in.body));
	}
}

static void test_put_refuses_a_long_body(void **state)
{
	char body[FRAME_BODY_MAX + 1] = {0};
	struct frame frame = {.body = sv_of(body, sizeof(body))};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	frame_put(&b, &frame);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

static void test_put_is_goims_bytes(void **state)
{
	struct frame reply = {.version = 1, .op = FRAME_AUTH_REPLY};
	uint8_t want[16], out[16];
	struct buf b;

	(void)state;
	unhex("00000010 0010 0001 00000008 00000000", want);
	buf_init_fixed(&b, out, sizeof(out));
	frame_put(&b, &reply);
	assert_false(b.failed);
	assert_memory_equal(out, want, sizeof(want));
}

static void test_u32(void **state)
{
	uint8_t four[4];
	uint32_t value = 7;

	(void)state;
	frame_put_u32(four, 0xdeadbeef);
	assert_int_equal(frame_get_u32(sv_of(four, 4), &value), 0);
	assert_int_equal(value, 0xdeadbeef);
	assert_int_equal(frame_get_u32(sv_of(four, 3), &value), ERR_SYNTAX);
	assert_int_equal(frame_get_u32(sv_of(four, 0), &value), ERR_SYNTAX);
	assert_int_equal(frame_get_u32(SV("12345"), &value), ERR_SYNTAX);
	assert_int_equal(value, 0xdeadbeef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_put_reads_back),
		cmocka_unit_test(test_put_refuses_a_long_body),
		cmocka_unit_test(test_put_is_goims_bytes),
		cmocka_unit_test(test_u32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
