/*
 * httpd_conn.c - one connection of a server: reading, writing, its state, its
 * end. An idle one owns no buffer. See httpd_conn.h for the states.
 */
#include "lib/net/httpd_conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/net/httpd_batch.h"
#include "lib/net/httpd_input.h"
#include "lib/net/httpd_door.h"

#define KEPT_MAX_BYTES	 32768	     /* pipelined behind a deferred answer */
#define QUEUE_MAX_BYTES	 (64u << 20) /* unsent, besides a stream's limit */
#define OUT_KEEP_BYTES	 (1u << 20)  /* scratch above this is given back */
#define COMPACT_AT_BYTES 65536

static void start_reading(struct httpd_conn *conn)
{
	if (!conn->reading)
		event_add(&conn->readable, NULL);
	conn->reading = true;
}

static void stop_reading(struct httpd_conn *conn)
{
	if (conn->reading)
		event_del(&conn->readable);
	conn->reading = false;
}

/* Hear of what the socket still holds in the next turn. */
static void rearm(struct httpd_conn *conn)
{
	stop_reading(conn);
	start_reading(conn);
}

static void drop_kept(struct httpd_conn *conn)
{
	mem_free(conn->kept);
	conn->kept = NULL;
	conn->kept_bytes = 0;
	conn->unparsed = false;
}

/* ---- end ---- */

/* Give back all but the memory of @conn itself. */
static void release(struct httpd_conn *conn)
{
	TAILQ_REMOVE(&conn->server->conns, conn, link);
	stop_reading(conn);
	event_del(&conn->writable);
	close(conn->fd);
	httpd_door_leave(conn);
	conn->server = NULL;
	drop_kept(conn);
	httpd_input_drop_body(conn);
	buf_fini(&conn->unsent);
	conn->sent_bytes = 0;
	if (conn->later)
		httpd_later_gone(conn->later);
	if (conn->stream)
		httpd_stream_gone(conn->stream);
}

static void on_reap(void *arg)
{
	struct httpd_conn *conn = arg;

	conn->queued--;
	if (conn->server)
		release(conn);
	if (conn->queued == 0)
		mem_free(conn);
}

void httpd_conn_kill(struct httpd_conn *conn)
{
	if (conn->state == HTTPD_CONN_DEAD)
		return;
	conn->state = HTTPD_CONN_DEAD;
	HTTPD_COUNT(conn->server->counters.conns_open, -1);
	stop_reading(conn);
	event_del(&conn->writable);
	conn->queued++;
	loop_later(conn->server->loop, on_reap, conn);
}

void httpd_conn_free(struct httpd_conn *conn)
{
	conn->state = HTTPD_CONN_DEAD;
	release(conn);
	if (conn->queued == 0)
		mem_free(conn);
}

/* A stream that was cut: its owner need not wait for the peer too. */
static void on_stream_over(void *arg)
{
	struct httpd_conn *conn = arg;
	struct httpd_stream *stream = conn->stream;

	conn->queued--;
	if (conn->server && stream) {
		conn->stream = NULL;
		httpd_stream_gone(stream);
	} else if (!conn->server && conn->queued == 0) {
		mem_free(conn);
	}
}

/* The last answer is out. */
static void finish(struct httpd_conn *conn)
{
	/* A close with unread input resets the connection, and the peer would
	 * lose the answer (RFC 9112 9.6): read on until it closes too. */
	if ((conn->linger || conn->server->draining) && !conn->ended &&
	    !httpd_door_is_barred(conn) && shutdown(conn->fd, SHUT_WR) == 0) {
		conn->state = HTTPD_CONN_LINGER;
		conn->stamp_ms = loop_now_ms(conn->server->loop);
		start_reading(conn);
		if (conn->stream) {
			conn->queued++;
			loop_later(conn->server->loop, on_stream_over, conn);
		}
	} else {
		httpd_conn_kill(conn);
	}
}

/* ---- output ---- */

size_t httpd_conn_queued_bytes(const struct httpd_conn *conn)
{
	return conn->unsent.len - conn->sent_bytes;
}

static void block(struct httpd_conn *conn)
{
	conn->blocked = true;
	conn->stamp_ms = loop_now_ms(conn->server->loop);
	conn->acked_bytes = httpd_sweep_acked_bytes(conn->fd);
	stop_reading(conn);
	event_add(&conn->writable, NULL);
}

/* Returns how many bytes the socket took; kills the connection on an error. */
static size_t send_some(struct httpd_conn *conn, struct sv bytes)
{
	ssize_t sent = send(conn->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

	if (sent >= 0) {
		HTTPD_COUNT(conn->server->counters.bytes_out, (size_t)sent);
		return (size_t)sent;
	}
	if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		httpd_conn_kill(conn);
	return 0;
}

static void ready_queue(struct httpd_conn *conn)
{
	if (conn->unsent.max_bytes > 0)
		return;
	buf_init(&conn->unsent,
		 QUEUE_MAX_BYTES + 2 * conn->server->limits.stream_queue_bytes);
	conn->sent_bytes = 0;
}

static void drop_queue(struct httpd_conn *conn)
{
	buf_fini(&conn->unsent);
	conn->unsent = (struct buf){0};
	conn->sent_bytes = 0;
}

void httpd_conn_send(struct httpd_conn *conn, struct sv bytes)
{
	if (bytes.len > 0 && conn->state != HTTPD_CONN_DEAD) {
		size_t sent = conn->blocked ? 0 : send_some(conn, bytes);

		if (UNLIKELY(sent < bytes.len) &&
		    conn->state != HTTPD_CONN_DEAD) {
			ready_queue(conn);
			buf_put(&conn->unsent, bytes.ptr + sent,
				bytes.len - sent);
			if (!conn->blocked)
				block(conn);
		}
	}
}

void httpd_conn_reset_out(struct httpd *server)
{
	struct buf *out = &server->out;

	out->len = 0;
	if (UNLIKELY(out->cap_bytes > OUT_KEEP_BYTES)) {
		size_t max_bytes = out->max_bytes;

		buf_fini(out);
		buf_init(out, max_bytes);
	}
}

void httpd_conn_write_out(struct httpd_conn *conn)
{
	httpd_conn_send(conn, buf_view(&conn->server->out));
	httpd_conn_reset_out(conn->server);
}

struct buf *httpd_conn_out(struct httpd_conn *conn)
{
	if (conn->server->current == conn)
		return &conn->server->out;
	ready_queue(conn);
	return &conn->unsent;
}

/* Send what is queued. Returns whether all is out. */
static bool send_queue(struct httpd_conn *conn)
{
	struct sv bytes = {conn->unsent.data + conn->sent_bytes,
			   httpd_conn_queued_bytes(conn)};
	size_t sent = bytes.len ? send_some(conn, bytes) : 0;

	if (sent == bytes.len) {
		drop_queue(conn);
		return true;
	}
	conn->sent_bytes += sent;
	if (conn->sent_bytes > COMPACT_AT_BYTES &&
	    conn->sent_bytes > conn->unsent.len / 2) {
		conn->unsent.len -= conn->sent_bytes;
		memmove(conn->unsent.data, conn->unsent.data + conn->sent_bytes,
			conn->unsent.len);
		conn->sent_bytes = 0;
	}
	/* A kernel that does not tell what has arrived. */
	if (sent > 0 && conn->acked_bytes == 0)
		conn->stamp_ms = loop_now_ms(conn->server->loop);
	return false;
}

void httpd_conn_flush(struct httpd_conn *conn)
{
	if (conn->server->current == conn || conn->blocked ||
	    conn->state == HTTPD_CONN_DEAD)
		return;
	if (conn->unsent.failed)
		httpd_conn_kill(conn);
	else if (!send_queue(conn) && conn->state != HTTPD_CONN_DEAD)
		block(conn);
	httpd_conn_settle(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct httpd_conn *conn = arg;

	(void)fd;
	(void)what;
	if (!send_queue(conn) || conn->state == HTTPD_CONN_DEAD)
		return;
	conn->blocked = false;
	conn->stamp_ms = loop_now_ms(conn->server->loop);
	event_del(&conn->writable);
	httpd_conn_settle(conn);
}

/* ---- input ---- */

/* Behind a stream or the last answer input is read only to notice its end;
 * what was pipelined there stays unanswered, so the connection must close. */
static void drop_input(struct httpd_conn *conn)
{
	conn->linger = true;
	conn->framing.keep_alive = false;
}

void httpd_conn_handle(struct httpd_conn *conn, struct sv bytes)
{
	struct httpd *server = conn->server;
	size_t used;

	server->current = conn;
	used = httpd_input_take(conn, bytes);
	bytes.ptr += used;
	bytes.len -= used;
	if (UNLIKELY(bytes.len > 0)) {
		if (conn->state <= HTTPD_CONN_LATER) {
			conn->kept = mem_dup(bytes.ptr, bytes.len);
			conn->kept_bytes = bytes.len;
			conn->unparsed = conn->state == HTTPD_CONN_LATER ||
					 conn->blocked;
		} else {
			drop_input(conn);
		}
	}
	httpd_conn_write_out(conn);
	server->current = NULL;
	httpd_conn_settle(conn);
}

static void on_resume(void *arg)
{
	struct httpd_conn *conn = arg;
	char *kept;
	size_t kept_bytes;

	conn->queued--;
	conn->resuming = false;
	if (!conn->server) {
		if (conn->queued == 0)
			mem_free(conn);
		return;
	}
	if (!conn->unparsed || conn->blocked || conn->state > HTTPD_CONN_BODY)
		return;
	kept = conn->kept;
	kept_bytes = conn->kept_bytes;
	conn->kept = NULL;
	drop_kept(conn);
	httpd_conn_handle(conn, sv_of(kept, kept_bytes));
	mem_free(kept);
}

void httpd_conn_settle(struct httpd_conn *conn)
{
	bool in_request = conn->kept || conn->state == HTTPD_CONN_BODY;

	if (conn->blocked || conn->state == HTTPD_CONN_DEAD)
		return;
	if (conn->state == HTTPD_CONN_LAST) {
		finish(conn);
	} else if (conn->state <= HTTPD_CONN_BODY && conn->unparsed) {
		/* Not from here: we may be inside another one's handler. */
		if (!conn->resuming) {
			conn->resuming = true;
			conn->queued++;
			loop_later(conn->server->loop, on_resume, conn);
		}
	} else if (conn->state <= HTTPD_CONN_BODY && conn->ended) {
		if (in_request)
			httpd_refuse(conn, 400);
		else
			httpd_conn_kill(conn);
	} else if (conn->ended || conn->kept_bytes >= KEPT_MAX_BYTES) {
		stop_reading(conn);
	} else {
		start_reading(conn);
	}
}

static void on_end_of_input(struct httpd_conn *conn)
{
	conn->ended = true;
	/* A stream's reader that shut down half is taken for gone: nothing
	 * else would tell us. */
	if (conn->state >= HTTPD_CONN_STREAM)
		httpd_conn_kill(conn);
	else
		httpd_conn_settle(conn);
}

bool httpd_conn_took(struct httpd_conn *conn, ssize_t got, size_t room_bytes,
		     short what)
{
	/* A short read empties the socket, and the next byte makes an edge. A
	 * connection's first read comes before any event is asked for, which
	 * is done when its answer is out and it stays. */
	if (UNLIKELY(conn->reading && ((size_t)got == room_bytes ||
				       (got > 0 && (what & EV_CLOSED)))))
		rearm(conn);
	if (LIKELY(got > 0)) {
		HTTPD_COUNT(conn->server->counters.bytes_in, (size_t)got);
		conn->spoken = true;
		return true;
	}
	if (got == 0)
		on_end_of_input(conn);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		httpd_conn_kill(conn);
	else
		start_reading(conn);
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct httpd_conn *conn = arg;
	char *scratch = loop_scratch(conn->server->loop);
	size_t kept = conn->kept_bytes;
	size_t room = LOOP_SCRATCH_BYTES - kept;
	ssize_t got;

	if (LIKELY(conn->state == HTTPD_CONN_HEAD && kept == 0)) {
		httpd_batch_read(conn, what);
		return;
	}
	assert(kept < LOOP_SCRATCH_BYTES);
	got = recv(fd, scratch + kept, room, 0);
	if (!httpd_conn_took(conn, got, room, what))
		return;
	if (conn->state >= HTTPD_CONN_STREAM) {
		drop_input(conn);
		return;
	}
	if (kept > 0) {
		memcpy(scratch, conn->kept, kept);
		drop_kept(conn);
	}
	httpd_conn_handle(conn, sv_of(scratch, kept + (size_t)got));
}

/* ---- life ---- */

void httpd_conn_drain(struct httpd_conn *conn)
{
	if (conn->server->current == conn)
		conn->framing.keep_alive = false;
	else if (conn->state == HTTPD_CONN_STREAM && conn->stream)
		httpd_stream_cut(conn->stream);
	else if (conn->state == HTTPD_CONN_LATER)
		conn->framing.keep_alive = false;
	/* Others hear "Connection: close" in the answer to their next request;
	 * the sweep ends those that have none. */
}

void httpd_conn_answered(struct httpd_conn *conn)
{
	if (conn->state == HTTPD_CONN_DEAD)
		return;
	conn->state =
		conn->framing.keep_alive ? HTTPD_CONN_HEAD : HTTPD_CONN_LAST;
	conn->linger |= conn->kept_bytes > 0;
	conn->stamp_ms = loop_now_ms(conn->server->loop);
	httpd_conn_flush(conn);
}

void httpd_conn_finish(struct httpd_conn *conn)
{
	if (conn->state == HTTPD_CONN_DEAD)
		return;
	conn->framing.keep_alive = false;
	conn->state = HTTPD_CONN_LAST;
	httpd_conn_flush(conn);
}

/* Nothing is owed to this peer: no answer, no TIME_WAIT. */
static void reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

void httpd_conn_accept(int fd, const struct addr *peer, uint16_t peer_port,
		       void *arg)
{
	struct httpd *server = arg;
	uint64_t open = server->counters.conns_open;
	struct httpd_conn *conn;

	if (open >= server->limits.conns_max)
		HTTPD_COUNT(server->counters.conns_refused, 1);
	if (open >= (uint64_t)server->limits.conns_max + HTTPD_REFUSED_CONNS) {
		close(fd);
		return;
	}
	conn = mem_alloc(sizeof(*conn));
	conn->server = server;
	conn->fd = fd;
	conn->peer = *peer;
	conn->peer_port = peer_port;
	if (UNLIKELY(!httpd_door_enter(conn))) {
		reset(fd);
		mem_free(conn);
		return;
	}
	conn->stamp_ms = loop_now_ms(server->loop);
	event_assign(&conn->readable, loop_base(server->loop), fd,
		     EV_READ | EV_CLOSED | EV_ET | EV_PERSIST, on_readable,
		     conn);
	event_assign(&conn->writable, loop_base(server->loop), fd,
		     EV_WRITE | EV_PERSIST, on_writable, conn);
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
	HTTPD_COUNT(server->counters.conns_accepted, 1);
	HTTPD_COUNT(server->counters.conns_open, 1);
	if (open >= server->limits.conns_max)
		httpd_refuse(conn, 503);
	else
		httpd_batch_read(conn, 0); /* what it is accepted for */
}
