/*
 * net_helper.h - for the tests of lib/net: turns of a loop, raw clients and a
 * deadline instead of sleeping. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_LIB_NET_NET_HELPER_H
#define PERI_TESTS_UNIT_LIB_NET_NET_HELPER_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/addr.h"
#include "lib/base/buf.h"
#include "lib/base/clk.h"
#include "lib/net/loop.h"

#define HELPER_DEADLINE_MS 10000

static const struct addr helper_local = {.bytes = {127, 0, 0, 1},
					 .family = ADDR_V4};

static inline void helper_stop(void *arg)
{
	loop_stop(arg);
}

/* One turn: what is ready now. */
static inline void helper_turn(struct loop *loop)
{
	loop_later(loop, helper_stop, loop);
	assert_int_equal(loop_run(loop), 0);
}

/* Turns until @done(@arg); fails the test after the deadline. */
static inline void helper_until(struct loop *loop, bool (*done)(void *),
				void *arg)
{
	int64_t until_ms = clk_mono_ms() + HELPER_DEADLINE_MS;

	while (!done(arg)) {
		assert_true(clk_mono_ms() < until_ms);
		helper_turn(loop);
	}
}

/* A raw client. */
struct helper_client {
	struct loop *loop;
	int fd;
	struct buf in;
	bool ended; /* the server has closed */
	const char *wanted;
	unsigned times;
};

/* @buffer_bytes is for what it has not read yet; 0 = as the kernel likes. */
static inline void helper_connect_small(struct helper_client *c,
					struct loop *loop, uint16_t port,
					int buffer_bytes)
{
	struct sockaddr_storage name;
	socklen_t len = addr_to_sockaddr(&helper_local, port, &name);

	*c = (struct helper_client){.loop = loop};
	buf_init(&c->in, 64u << 20);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	if (buffer_bytes > 0)
		assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF,
					    &buffer_bytes,
					    sizeof(buffer_bytes)),
				 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&name, len), 0);
	assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
}

static inline void helper_connect(struct helper_client *c, struct loop *loop,
				  uint16_t port)
{
	helper_connect_small(c, loop, port, 0);
}

static inline void helper_close(struct helper_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_fini(&c->in);
}

/* Write all; the loop turns while the socket is full. */
static inline void helper_write(struct helper_client *c, struct sv bytes)
{
	while (bytes.len > 0) {
		ssize_t sent = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (sent < 0) {
			/* The server has refused and closed. */
			if (errno == EPIPE || errno == ECONNRESET)
				return;
			assert_int_equal(errno, EAGAIN);
			helper_turn(c->loop);
			continue;
		}
		bytes.ptr += sent;
		bytes.len -= (size_t)sent;
	}
}

static inline void helper_read(struct helper_client *c)
{
	char bytes[65536];
	ssize_t got;

	while (!c->ended &&
	       (got = recv(c->fd, bytes, sizeof(bytes), 0)) != -1) {
		if (got == 0)
			c->ended = true;
		else
			buf_put(&c->in, bytes, (size_t)got);
	}
	if (!c->ended && errno != EAGAIN)
		c->ended = true;
}

static inline unsigned helper_count(const struct helper_client *c,
				    const char *text)
{
	const char *at = c->in.data;
	size_t left = c->in.len, len = strlen(text);
	unsigned count = 0;

	while (left >= len && (at = memmem(at, left, text, len))) {
		count++;
		at += len;
		left = c->in.len - (size_t)(at - c->in.data);
	}
	return count;
}

static inline bool helper_has_ended(void *arg)
{
	struct helper_client *c = arg;

	helper_read(c);
	return c->ended;
}

static inline bool helper_has_wanted(void *arg)
{
	struct helper_client *c = arg;

	helper_read(c);
	return helper_count(c, c->wanted) >= c->times;
}

static inline void helper_read_end(struct helper_client *c)
{
	helper_until(c->loop, helper_has_ended, c);
}

/* Until @text has come @times times. */
static inline void helper_read_text(struct helper_client *c, const char *text,
				    unsigned times)
{
	c->wanted = text;
	c->times = times;
	helper_until(c->loop, helper_has_wanted, c);
}

/* The status of the first answer, 0 without one. */
static inline unsigned helper_status(const struct helper_client *c)
{
	if (c->in.len < 12 || memcmp(c->in.data, "HTTP/1.1 ", 9) != 0)
		return 0;
	return (unsigned)(c->in.data[9] - '0') * 100 +
	       (unsigned)(c->in.data[10] - '0') * 10 +
	       (unsigned)(c->in.data[11] - '0');
}

#endif
