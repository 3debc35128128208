/*
 * test_conn.c - stream connections: partial input, queued output, every end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/net/conn.h"
#include "lib/net/listener.h"
#include "tests/unit/lib-net/net_helper.h"

static const struct conn_limits limits = {.read_max_bytes = 32,
					  .queue_max_bytes = 1u << 20};

/* Takes frames of "<length digit><bytes>"; what it saw is in text. */
struct owner {
	struct loop *loop;
	struct conn *conn;
	struct buf text;
	unsigned frames, ends, drains, connects;
	enum conn_end why;
	int rc;
	bool close_in_data, close_in_end, finish_in_data, refuse_all;
};

static size_t on_data(struct conn *conn, struct sv bytes, void *arg)
{
	struct owner *owner = arg;
	size_t used = 0;

	assert_ptr_equal(conn, owner->conn);
	assert_int_equal(owner->ends, 0);
	while (used < bytes.len && !owner->refuse_all) {
		size_t len = (size_t)(bytes.ptr[used] - '0') + 1;

		if (bytes.len - used < len)
			break;
		buf_put(&owner->text, bytes.ptr + used + 1, len - 1);
		buf_char(&owner->text, '|');
		owner->frames++;
		used += len;
	}
	if (owner->close_in_data)
		conn_close(conn);
	if (owner->finish_in_data)
		conn_finish(conn, 5000);
	return used;
}

static void on_end(struct conn *conn, enum conn_end why, void *arg)
{
	struct owner *owner = arg;

	owner->ends++;
	owner->why = why;
	if (owner->close_in_end)
		conn_close(conn);
	owner->conn = NULL;
}

static void on_drained(struct conn *conn, void *arg)
{
	(void)conn;
	((struct owner *)arg)->drains++;
}

static void on_connected(struct conn *conn, int rc, void *arg)
{
	struct owner *owner = arg;

	(void)conn;
	owner->connects++;
	owner->rc = rc;
	if (rc)
		owner->conn = NULL;
}

static const struct conn_handler handler = {
	.data = on_data,
	.end = on_end,
	.drained = on_drained,
	.connected = on_connected,
};

/* The owner's side of a socket pair; the peer's side in @c. */
static void open_pair(struct owner *owner, struct helper_client *c)
{
	int fds[2];

	assert_int_equal(loop_new(&owner->loop), 0);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	buf_init(&owner->text, 1000);
	owner->conn = conn_new(owner->loop, fds[0], &handler, &limits, owner);
	*c = (struct helper_client){.loop = owner->loop, .fd = fds[1]};
	buf_init(&c->in, 64u << 20);
}

static void close_pair(struct owner *owner, struct helper_client *c)
{
	if (owner->conn)
		conn_close(owner->conn);
	helper_close(c);
	buf_fini(&owner->text);
	loop_free(&owner->loop);
}

static bool has_ended(void *arg)
{
	return ((struct owner *)arg)->ends > 0;
}

static bool has_connected(void *arg)
{
	return ((struct owner *)arg)->connects > 0;
}

static void test_partial_input(void **state)
{
	static const char text[] = "3abc0"
				   "5hello"
				   "1x"
				   "9123456789";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		struct owner owner = {0};
		struct helper_client c;

		open_pair(&owner, &c);
		for (size_t at = 0; at < sizeof(text) - 1; at += step) {
			size_t left = sizeof(text) - 1 - at;

			helper_write(&c, sv_of(text + at,
					       left < step ? left : step));
			helper_turn(owner.loop);
		}
		assert_int_equal(owner.frames, 5);
		assert_string_equal(buf_cstr(&owner.text),
				    "abc||hello|x|123456789|");
		close_pair(&owner, &c);
	}
}

static void test_ends(void **state)
{
	static const struct {
		const char *rule, *bytes;
		bool closes;
		enum conn_end why;
	} rows[] = {
		{"the peer closes", "", true, CONN_END_EOF},
		{"the peer closes within a frame", "5he", true, CONN_END_EOF},
		{"unconsumed input at its limit is kept",
		 "00000000000000000000000000000000", false, CONN_END_EOF},
		{"one byte more ends it", "000000000000000000000000000000000",
		 false, CONN_END_OVERFLOW},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int inside = 0; inside < 2; inside++) {
			struct owner owner = {.refuse_all = !rows[i].closes,
					      .close_in_end = inside};
			struct helper_client c;

			print_message("%s\n", rows[i].rule);
			open_pair(&owner, &c);
			helper_write(&c, sv_str(rows[i].bytes));
			if (rows[i].closes)
				helper_close(&c);
			helper_turn(owner.loop);
			if (rows[i].why == CONN_END_EOF && !rows[i].closes) {
				helper_turn(owner.loop);
				assert_int_equal(owner.ends, 0);
				helper_close(&c);
			}
			helper_until(owner.loop, has_ended, &owner);
			assert_int_equal(owner.why, rows[i].why);
			helper_turn(owner.loop);
			assert_int_equal(owner.ends, 1);
			close_pair(&owner, &c);
		}
	}
}

static void test_close_inside_data(void **state)
{
	struct owner owner = {.close_in_data = true};
	struct helper_client c;

	(void)state;
	open_pair(&owner, &c);
	helper_write(&c, SV("1a1b5par"));
	helper_read_end(&c);
	assert_int_equal(owner.frames, 2);
	assert_int_equal(owner.ends, 0);
	owner.conn = NULL;
	close_pair(&owner, &c);
}

/* What the socket does not take waits, in order; then drained is told. */
static void test_queue(void **state)
{
	static char block[65536];
	struct owner owner = {0};
	struct helper_client c;
	size_t total = 0;

	(void)state;
	open_pair(&owner, &c);
	while (conn_queued_bytes(owner.conn) == 0) {
		memset(block, 'a' + (char)(total / sizeof(block) % 26),
		       sizeof(block));
		conn_send(owner.conn, sv_of(block, sizeof(block)));
		total += sizeof(block);
	}
	conn_send(owner.conn, SV("the end"));
	assert_int_equal(owner.drains, 0);
	/* Input comes all the while. */
	helper_write(&c, SV("1x"));
	helper_turn(owner.loop);
	assert_int_equal(owner.frames, 1);
	helper_read_text(&c, "the end", 1);
	assert_int_equal(c.in.len, total + 7);
	for (size_t i = 0; i < total; i++)
		assert_int_equal(c.in.data[i],
				 'a' + (char)(i / sizeof(block) % 26));
	assert_int_equal(owner.drains, 1);
	assert_int_equal(conn_queued_bytes(owner.conn), 0);
	close_pair(&owner, &c);
}

static void test_queue_overflows(void **state)
{
	static char block[65536];
	struct owner owner = {0};
	struct helper_client c;

	(void)state;
	open_pair(&owner, &c);
	for (unsigned i = 0; i < 100; i++) {
		conn_send(owner.conn, sv_of(block, sizeof(block)));
		/* Never from inside: the owner may be walking its list. */
		assert_int_equal(owner.ends, 0);
	}
	assert_true(conn_queued_bytes(owner.conn) <= limits.queue_max_bytes);
	helper_until(owner.loop, has_ended, &owner);
	assert_int_equal(owner.why, CONN_END_OVERFLOW);
	close_pair(&owner, &c);
}

static void test_send_to_one_who_left(void **state)
{
	struct owner owner = {0};
	struct helper_client c;

	(void)state;
	open_pair(&owner, &c);
	helper_close(&c);
	conn_send(owner.conn, SV("hello"));
	conn_send(owner.conn, SV("again"));
	assert_int_equal(owner.ends, 0);
	helper_until(owner.loop, has_ended, &owner);
	assert_int_equal(owner.why, CONN_END_ERROR);
	close_pair(&owner, &c);
}

/* The last words arrive, also behind a long queue and unread input. */
static void test_finish(void **state)
{
	static char block[600000];
	struct owner owner = {0};
	struct helper_client c;

	(void)state;
	open_pair(&owner, &c);
	helper_write(&c, SV("never read"));
	memset(block, 'q', sizeof(block));
	conn_send(owner.conn, sv_of(block, sizeof(block)));
	conn_send(owner.conn, SV("goodbye"));
	conn_finish(owner.conn, 60000);
	conn_finish(owner.conn, 60000);
	conn_send(owner.conn, SV("too late"));
	owner.conn = NULL;
	helper_read_end(&c);
	assert_int_equal(c.in.len, sizeof(block) + 7);
	assert_int_equal(helper_count(&c, "goodbye"), 1);
	helper_close(&c);
	helper_turn(owner.loop);
	helper_turn(owner.loop);
	assert_int_equal(owner.frames + owner.ends + owner.drains, 0);
	close_pair(&owner, &c);
}

static bool is_reset(void *arg)
{
	struct helper_client *c = arg;

	return send(c->fd, "x", 1, MSG_NOSIGNAL) < 0;
}

static void test_finish_gives_up(void **state)
{
	struct owner owner = {.finish_in_data = true};
	struct owner at_once = {0};
	struct helper_client c;

	(void)state;
	open_pair(&at_once, &c);
	conn_finish(at_once.conn, 0);
	at_once.conn = NULL;
	helper_read_end(&c);
	close_pair(&at_once, &c);
	open_pair(&owner, &c);
	conn_finish(owner.conn, 20);
	owner.conn = NULL;
	helper_until(owner.loop, is_reset, &c); /* it never closes its side */
	close_pair(&owner, &c);
}

/* The loop ends within the linger: it is the only one left to free it. */
static void test_finish_outlives_the_loop(void **state)
{
	static char block[600000];
	struct owner unsent = {0}, sent = {0};
	struct helper_client a, b;

	(void)state;
	open_pair(&sent, &a);
	conn_finish(sent.conn, 60000);
	sent.conn = NULL;
	helper_turn(sent.loop);
	open_pair(&unsent, &b);
	conn_send(unsent.conn, sv_of(block, sizeof(block)));
	conn_finish(unsent.conn, 60000);
	unsent.conn = NULL;
	close_pair(&sent, &a);
	close_pair(&unsent, &b);
	assert_int_equal(sent.ends + unsent.ends, 0);
}

static void on_accept(int fd, const struct addr *peer, uint16_t port, void *arg)
{
	(void)peer;
	(void)port;
	*(int *)arg = fd;
}

static bool is_accepted(void *arg)
{
	return *(int *)arg >= 0;
}

static void test_connect(void **state)
{
	struct owner owner = {0};
	struct listener *listener;
	struct helper_client c = {.fd = -1};
	struct addr peer;
	uint16_t port, peer_port = 0;

	(void)state;
	assert_int_equal(loop_new(&owner.loop), 0);
	buf_init(&owner.text, 1000);
	assert_int_equal(listener_new(owner.loop, &helper_local, 0, on_accept,
				      &c.fd, &listener),
			 0);
	port = listener_port(listener);
	assert_int_equal(conn_connect(owner.loop, &helper_local, port, &handler,
				      &limits, &owner, &owner.conn),
			 0);
	assert_int_equal(owner.connects, 0);
	conn_send(owner.conn, SV("early"));
	helper_until(owner.loop, is_accepted, &c.fd);
	helper_until(owner.loop, has_connected, &owner);
	assert_int_equal(owner.rc, 0);
	conn_peer(owner.conn, &peer, &peer_port);
	assert_true(addr_eq(&peer, &helper_local));
	assert_int_equal(peer_port, port);
	c.loop = owner.loop;
	buf_init(&c.in, 1000);
	helper_read_text(&c, "early", 1);
	helper_write(&c, SV("1x"));
	for (unsigned i = 0; i < 3; i++)
		helper_turn(owner.loop);
	assert_int_equal(owner.frames, 1);
	/* Nobody listens there any more. */
	listener_free(&listener);
	conn_close(owner.conn);
	owner.connects = 0;
	assert_int_equal(conn_connect(owner.loop, &helper_local, port, &handler,
				      &limits, &owner, &owner.conn),
			 0);
	helper_until(owner.loop, has_connected, &owner);
	assert_int_equal(owner.rc, -ECONNREFUSED);
	assert_int_equal(owner.ends, 0);
	close_pair(&owner, &c);
}

static void test_peer_of_an_accepted_one(void **state)
{
	struct owner owner = {0};
	struct listener *listener;
	struct helper_client c;
	struct addr peer;
	uint16_t port;
	int fd = -1;

	(void)state;
	assert_int_equal(loop_new(&owner.loop), 0);
	buf_init(&owner.text, 1000);
	assert_int_equal(listener_new(owner.loop, &helper_local, 0, on_accept,
				      &fd, &listener),
			 0);
	helper_connect(&c, owner.loop, listener_port(listener));
	helper_until(owner.loop, is_accepted, &fd);
	owner.conn = conn_new(owner.loop, fd, &handler, &limits, &owner);
	conn_peer(owner.conn, &peer, &port);
	assert_true(addr_eq(&peer, &helper_local));
	assert_int_not_equal(port, 0);
	listener_free(&listener);
	close_pair(&owner, &c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partial_input),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_close_inside_data),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_queue_overflows),
		cmocka_unit_test(test_send_to_one_who_left),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_finish_gives_up),
		cmocka_unit_test(test_finish_outlives_the_loop),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_peer_of_an_accepted_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
