/*
 * fuzz_lib-net__httpd.c - the whole server on a socket pair. The first byte
 * says in which steps the rest arrives and, from 192 on, that a PROXY header
 * has to come first; the server must end in order whatever
 * comes, and answer nothing but HTTP. Another client beside it sends a plain
 * request at each step and has to get its answer.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/net/httpd_conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *the_loop;
static unsigned open_streams;
/* Of the request that was looked ahead for last in each slot. */
static const char *ahead_path[HTTPD_BATCH];

static void check(int holds)
{
	if (!holds)
		abort();
}

static void on_closed(struct httpd_stream *stream, void *arg)
{
	(void)stream;
	(void)arg;
	open_streams--;
}

static void on_request(struct httpd_request *req, void *arg)
{
	struct httpd_stream *stream;

	(void)arg;
	check(req->head->path.ptr == ahead_path[req->slot]);
	switch (req->head->path.len % 5) {
	case 0:
		buf_sv(httpd_reply_begin(req, 200, SV("")), req->head->query);
		httpd_reply_end(req);
		break;
	case 1:
		httpd_reply(req, 200, "text/plain", SV(""), req->body);
		break;
	case 2:
		httpd_later_reply(httpd_defer(req), 204, NULL, SV(""), SV(""));
		break;
	case 3:
		open_streams++;
		stream = httpd_stream(req, "text/plain", SV(""), on_closed,
				      NULL);
		httpd_stream_send(stream, req->head->query);
		if (req->body.len % 2 == 0) {
			httpd_stream_end(stream);
			open_streams--;
		}
		break;
	default:
		httpd_problem_simple(req, 404, "x", "X", NULL);
	}
}

static void on_ahead(struct httpd_request *req, unsigned step, void *arg)
{
	(void)arg;
	check(step == 0 && req->slot < HTTPD_BATCH);
	check(req->head->path.len > 0);
	ahead_path[req->slot] = req->head->path.ptr;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void turn(void)
{
	loop_later(the_loop, stop, the_loop);
	check(loop_run(the_loop) == 0);
}

/* The other client's request; its path's length chooses the first answer. */
static const char plain[] = "GET /four HTTP/1.1\r\nHost: h\r\n\r\n";

static void ask_plain(int fd)
{
	check(send(fd, plain, sizeof(plain) - 1, MSG_NOSIGNAL) ==
	      sizeof(plain) - 1);
}

static void check_plain(int fd, size_t *got_r)
{
	char bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	check(got > 20 && memcmp(bytes, "HTTP/1.1 200 OK\r\n", 17) == 0);
	check(memcmp(bytes + got - 4, "\r\n\r\n", 4) == 0);
	*got_r += (size_t)got;
}

static void drain_answers(int fd, size_t *got_r)
{
	char bytes[4096];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		if (*got_r == 0 && got >= 9)
			check(memcmp(bytes, "HTTP/1.1 ", 9) == 0);
		*got_r += (size_t)got;
	}
}

/* The fuzzed one; a source that its header names is a client, with limits. */
static enum httpd_admission on_admit(const struct addr *peer, void *arg)
{
	(void)arg;
	return peer->bytes[0] == 127 && peer->bytes[3] == 1 ? HTTPD_PROXY_HEADER
							    : HTTPD_CLIENT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct addr peer = {.family = ADDR_V4, .bytes = {127, 0, 0, 1}};
	const struct addr other = {.family = ADDR_V4, .bytes = {127, 0, 0, 2}};
	struct httpd_limits limits = httpd_default_limits();
	struct httpd *server;
	size_t step, got = 0, plain_got = 0;
	int fds[2], others[2];

	if (size < 2)
		return 0;
	if (!the_loop) {
		log_set_level(LOG_ERR);
		check(loop_new(&the_loop) == 0);
	}
	limits.body_max_bytes = 200;
	limits.per_peer.conns_max = 1;
	server = httpd_new(the_loop, &limits, on_request, NULL);
	httpd_look_ahead(server, on_ahead, 1);
	if (data[0] >= 192)
		httpd_set_admission(server, on_admit);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, others) == 0);
	httpd_conn_accept(fds[1], &peer, 1, server);
	httpd_conn_accept(others[1], &other, 2, server);
	step = data[0] ? data[0] : size;
	for (size_t at = 1; at < size; at += step) {
		size_t take = size - at < step ? size - at : step;

		if (send(fds[0], data + at, take, MSG_NOSIGNAL) < 0)
			break;
		ask_plain(others[0]);
		turn();
		turn();
		check_plain(others[0], &plain_got);
		drain_answers(fds[0], &got);
	}
	shutdown(fds[0], SHUT_WR);
	shutdown(others[0], SHUT_WR);
	for (int i = 0; i < 6; i++) {
		turn();
		drain_answers(fds[0], &got);
	}
	/* It has seen the end, and has read all: nothing may be left. */
	check(httpd_open_conns(server) == 0);
	check(got + plain_got == httpd_counters(server)->bytes_out);
	httpd_free(&server);
	turn();
	check(open_streams == 0);
	close(fds[0]);
	close(others[0]);
	return 0;
}
