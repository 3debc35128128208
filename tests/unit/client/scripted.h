/*
 * scripted.h - the other side of a client's socket, played by the test in the
 * same thread: a listener on a free port, and bytes on cue. Nothing sleeps:
 * waits end as soon as the condition holds.
 */
#ifndef PERI_TESTS_UNIT_CLIENT_SCRIPTED_H
#define PERI_TESTS_UNIT_CLIENT_SCRIPTED_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/interest.h"
#include "lib/base/addr.h"

#define SCRIPTED_WAIT_MS 5000
#define SCRIPTED_FDS	 32

/* Counts what is waited for, so that a test sees leaks. */
struct watched {
	int fds[SCRIPTED_FDS];
	unsigned bits[SCRIPTED_FDS];
	unsigned count;
};

static inline void watched_set(int fd, unsigned bits, void *arg)
{
	struct watched *w = arg;
	unsigned i = 0;

	while (i < w->count && w->fds[i] != fd)
		i++;
	if (bits == INTEREST_NONE) {
		if (i == w->count)
			return;
		w->count--;
		w->fds[i] = w->fds[w->count];
		w->bits[i] = w->bits[w->count];
		return;
	}
	assert_true(i < SCRIPTED_FDS);
	w->fds[i] = fd;
	w->bits[i] = bits;
	if (i == w->count)
		w->count++;
}

static inline struct interest watched_interest(struct watched *w)
{
	*w = (struct watched){.count = 0};
	return (struct interest){.set = watched_set, .arg = w};
}

/* Wait until a watched socket is ready, at most @timeout_ms. */
static inline void watched_wait(const struct watched *w, int timeout_ms)
{
	struct pollfd p[SCRIPTED_FDS];

	for (unsigned i = 0; i < w->count; i++) {
		p[i] = (struct pollfd){.fd = w->fds[i]};
		if (w->bits[i] & INTEREST_READ)
			p[i].events |= POLLIN;
		if (w->bits[i] & INTEREST_WRITE)
			p[i].events |= POLLOUT;
	}
	(void)poll(p, w->count, timeout_ms);
}

/* A listening socket on 127.0.0.1; returns it and its port. */
static inline int scripted_listen(uint16_t *port_r)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port_r = ntohs(sin.sin_port);
	return fd;
}

static inline int scripted_wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, SCRIPTED_WAIT_MS) == 1;
}

static inline int scripted_accept(int listener)
{
	int fd;

	assert_true(scripted_wait_for(listener, POLLIN));
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Everything that is there now, at least a byte; NUL-terminated. */
static inline size_t scripted_read(int fd, char *dst, size_t room)
{
	ssize_t n;

	assert_true(scripted_wait_for(fd, POLLIN));
	n = recv(fd, dst, room - 1, MSG_DONTWAIT);
	if (n < 0)
		n = 0;
	dst[n] = '\0';
	return (size_t)n;
}

static inline void scripted_write(int fd, const void *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent < 0)
			return; /* the client hung up: part of some scripts */
		bytes = (const char *)bytes + sent;
		n -= (size_t)sent;
	}
}

static inline struct addr scripted_loopback(void)
{
	return addr_from_v4_host(INADDR_LOOPBACK);
}

/* Two ends of a connection: [0] non-blocking for the client. */
static inline void scripted_pair(int fds[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
}

#endif
