/*
 * conn.c - a stream connection with as little memory as an idle one needs: one
 * event, no buffer. What only few connections have at a time (unsent output, a
 * linger timer) lives in struct extra. Nothing is freed inside a callback:
 * `pending` counts the calls that loop_later() still has to make.
 */
#include "lib/net/conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define COMPACT_AT_BYTES 16384

enum state {
	STATE_CONNECTING,
	STATE_OPEN,
	STATE_ENDING,	 /* the owner hears of the end after this turn */
	STATE_FINISHING, /* sends the rest, then waits for the peer to close */
	STATE_CLOSED,
};

struct extra {
	struct buf queue;  /* unsent output */
	size_t sent_bytes; /* of queue */
	struct loop_timer *linger;
	struct loop_last last; /* while it lingers nobody else holds it */
};

struct conn {
	struct event event;
	struct loop *loop;		    /* borrowed */
	const struct conn_handler *handler; /* borrowed */
	const struct conn_limits *limits;   /* borrowed */
	void *arg;
	char *kept;	     /* owned; unconsumed input, NULL = none */
	struct extra *extra; /* owned; NULL = nothing unsent */
	int fd;
	uint32_t kept_bytes;
	struct addr peer;
	uint8_t state; /* enum state */
	uint8_t why;   /* enum conn_end, in STATE_ENDING */
	uint8_t pending;
	bool writing; /* EV_WRITE is armed too */
	uint16_t peer_port;
};

_Static_assert(sizeof(struct conn) - sizeof(struct event) <= 96,
	       "a million idle connections: keep it small");

static void on_event(evutil_socket_t fd, short what, void *arg);

static void watch(struct conn *conn, short what)
{
	event_del(&conn->event);
	event_assign(&conn->event, loop_base(conn->loop), conn->fd,
		     (short)(what | EV_PERSIST), on_event, conn);
	event_add(&conn->event, NULL);
	conn->writing = (what & EV_WRITE) != 0;
}

/* ---- end ---- */

static void drop_extra(struct conn *conn)
{
	if (!conn->extra)
		return;
	buf_fini(&conn->extra->queue);
	loop_timer_free(&conn->extra->linger);
	loop_last_remove(&conn->extra->last);
	mem_free(conn->extra);
	conn->extra = NULL;
}

static void on_free(void *arg)
{
	struct conn *conn = arg;

	if (--conn->pending == 0)
		mem_free(conn);
}

void conn_close(struct conn *conn)
{
	if (conn->state == STATE_CLOSED)
		return;
	conn->state = STATE_CLOSED;
	event_del(&conn->event);
	close(conn->fd);
	conn->fd = -1;
	drop_extra(conn);
	mem_free(conn->kept);
	conn->kept = NULL;
	conn->kept_bytes = 0;
	conn->pending++;
	loop_later(conn->loop, on_free, conn);
}

static void on_ending(void *arg)
{
	struct conn *conn = arg;

	if (conn->state == STATE_ENDING) {
		conn->state = STATE_CLOSED;
		conn->handler->end(conn, conn->why, conn->arg);
		conn->state = STATE_ENDING;
		conn_close(conn);
	}
	on_free(conn);
}

/* The owner hears of it after this turn; nothing is read or written more. */
static void end_later(struct conn *conn, enum conn_end why)
{
	if (conn->state == STATE_FINISHING) {
		conn_close(conn); /* the owner is gone already */
		return;
	}
	if (conn->state > STATE_OPEN)
		return;
	conn->state = STATE_ENDING;
	conn->why = (uint8_t)why;
	event_del(&conn->event);
	conn->pending++;
	loop_later(conn->loop, on_ending, conn);
}

/* ---- output ---- */

size_t conn_queued_bytes(const struct conn *conn)
{
	return conn->extra ? conn->extra->queue.len - conn->extra->sent_bytes
			   : 0;
}

static bool is_temporary(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Returns how many bytes the socket took; begins the end on an error. */
static size_t send_some(struct conn *conn, struct sv bytes)
{
	ssize_t sent = send(conn->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

	if (sent >= 0)
		return (size_t)sent;
	if (!is_temporary(errno))
		end_later(conn, CONN_END_ERROR);
	return 0;
}

static void need_extra(struct conn *conn)
{
	if (conn->extra)
		return;
	conn->extra = mem_alloc(sizeof(*conn->extra));
	/* The part already sent is cut off when it has grown to half. */
	buf_init(&conn->extra->queue,
		 2 * conn->limits->queue_max_bytes + 2 * COMPACT_AT_BYTES);
}

static void enqueue(struct conn *conn, struct sv bytes)
{
	if (conn_queued_bytes(conn) + bytes.len >
	    conn->limits->queue_max_bytes) {
		end_later(conn, CONN_END_OVERFLOW);
		return;
	}
	need_extra(conn);
	buf_sv(&conn->extra->queue, bytes);
	if (!conn->writing && conn->state != STATE_CONNECTING)
		watch(conn, EV_READ | EV_WRITE);
}

void conn_send(struct conn *conn, struct sv bytes)
{
	if (conn->state > STATE_OPEN || bytes.len == 0)
		return;
	if (conn->state == STATE_OPEN && conn_queued_bytes(conn) == 0) {
		size_t sent = send_some(conn, bytes);

		bytes.ptr += sent;
		bytes.len -= sent;
	}
	if (bytes.len > 0 && conn->state <= STATE_OPEN)
		enqueue(conn, bytes);
}

static void compact(struct extra *extra)
{
	if (extra->sent_bytes < COMPACT_AT_BYTES ||
	    extra->sent_bytes < extra->queue.len / 2)
		return;
	extra->queue.len -= extra->sent_bytes;
	memmove(extra->queue.data, extra->queue.data + extra->sent_bytes,
		extra->queue.len);
	extra->sent_bytes = 0;
}

/* All is sent: say so, and read on until the peer closes. An immediate close
 * with unread input would reset the connection and lose what is on its way. */
static void finish_sent(struct conn *conn)
{
	if (shutdown(conn->fd, SHUT_WR) < 0)
		conn_close(conn);
	else
		watch(conn, EV_READ);
}

static void send_queue(struct conn *conn)
{
	struct extra *extra = conn->extra;

	extra->sent_bytes += send_some(
		conn, (struct sv){extra->queue.data + extra->sent_bytes,
				  conn_queued_bytes(conn)});
	if (conn->state == STATE_CLOSED || conn->state == STATE_ENDING)
		return;
	compact(extra);
	if (conn_queued_bytes(conn) > 0)
		return;
	if (conn->state == STATE_FINISHING) {
		finish_sent(conn);
		return;
	}
	drop_extra(conn);
	watch(conn, EV_READ);
	if (conn->handler->drained)
		conn->handler->drained(conn, conn->arg);
}

/* ---- input ---- */

static void keep(struct conn *conn, struct sv rest)
{
	if (rest.len > conn->limits->read_max_bytes) {
		end_later(conn, CONN_END_OVERFLOW);
		return;
	}
	if (rest.len == 0) {
		mem_free(conn->kept);
		conn->kept = NULL;
	} else {
		conn->kept = mem_grow(conn->kept, rest.len, 1);
		memcpy(conn->kept, rest.ptr, rest.len);
	}
	conn->kept_bytes = (uint32_t)rest.len;
}

static void on_input(struct conn *conn)
{
	char *scratch = loop_scratch(conn->loop);
	size_t kept = conn->kept_bytes, used;
	ssize_t got =
		recv(conn->fd, scratch + kept, LOOP_SCRATCH_BYTES - kept, 0);

	if (got == 0 || (got < 0 && !is_temporary(errno))) {
		end_later(conn, got == 0 ? CONN_END_EOF : CONN_END_ERROR);
		return;
	}
	if (got < 0 || conn->state != STATE_OPEN)
		return;
	if (kept > 0)
		memcpy(scratch, conn->kept, kept);
	used = conn->handler->data(conn, sv_of(scratch, kept + (size_t)got),
				   conn->arg);
	if (conn->state != STATE_OPEN)
		return;
	assert(used <= kept + (size_t)got);
	if (kept > 0 || used < (size_t)got)
		keep(conn, sv_of(scratch + used, kept + (size_t)got - used));
}

/* ---- life ---- */

static void on_connected(struct conn *conn)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		conn->state = STATE_CLOSED; /* so that it may be closed there */
		conn->handler->connected(conn, -error, conn->arg);
		conn->state = STATE_CONNECTING;
		conn_close(conn);
		return;
	}
	conn->state = STATE_OPEN;
	watch(conn, EV_READ | (conn->extra ? EV_WRITE : 0));
	conn->handler->connected(conn, 0, conn->arg);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	if (conn->state == STATE_CONNECTING) {
		on_connected(conn);
		return;
	}
	/* Writing may end or close the connection. */
	if ((what & EV_WRITE) && conn_queued_bytes(conn) > 0)
		send_queue(conn);
	if ((what & EV_READ) &&
	    (conn->state == STATE_OPEN || conn->state == STATE_FINISHING))
		on_input(conn);
}

static struct conn *conn_make(struct loop *loop, int fd,
			      const struct conn_handler *handler,
			      const struct conn_limits *limits, void *arg)
{
	struct conn *conn = mem_alloc(sizeof(*conn));

	assert(limits->read_max_bytes <= LOOP_SCRATCH_BYTES / 2);
	conn->loop = loop;
	conn->fd = fd;
	conn->handler = handler;
	conn->limits = limits;
	conn->arg = arg;
	return conn;
}

struct conn *conn_new(struct loop *loop, int fd,
		      const struct conn_handler *handler,
		      const struct conn_limits *limits, void *arg)
{
	struct conn *conn = conn_make(loop, fd, handler, limits, arg);

	conn->state = STATE_OPEN;
	event_assign(&conn->event, loop_base(loop), fd, EV_READ | EV_PERSIST,
		     on_event, conn);
	event_add(&conn->event, NULL);
	return conn;
}

static int connect_socket(const struct addr *to, uint16_t port, int *fd_r)
{
	struct sockaddr_storage name;
	socklen_t len = addr_to_sockaddr(to, port, &name);
	int fd = socket(name.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int yes = 1;
	int rc;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (connect(fd, (const struct sockaddr *)&name, len) < 0 &&
	    errno != EINPROGRESS) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*fd_r = fd;
	return 0;
}

int conn_connect(struct loop *loop, const struct addr *to, uint16_t port,
		 const struct conn_handler *handler,
		 const struct conn_limits *limits, void *arg,
		 struct conn **conn_r)
{
	struct conn *conn;
	int fd = -1;
	int rc = connect_socket(to, port, &fd);

	if (rc)
		return rc;
	conn = conn_make(loop, fd, handler, limits, arg);
	conn->peer = *to;
	conn->peer_port = port;
	conn->state = STATE_CONNECTING;
	event_assign(&conn->event, loop_base(loop), fd, EV_WRITE, on_event,
		     conn);
	event_add(&conn->event, NULL);
	*conn_r = conn;
	return 0;
}

static void on_linger(void *arg)
{
	conn_close(arg);
}

void conn_finish(struct conn *conn, int64_t linger_ms)
{
	if (conn->state == STATE_CLOSED || conn->state == STATE_FINISHING)
		return;
	if (conn->state != STATE_OPEN || linger_ms <= 0) {
		conn_close(conn);
		return;
	}
	conn->state = STATE_FINISHING;
	need_extra(conn);
	conn->extra->linger = loop_timer_new(conn->loop, on_linger, conn);
	loop_timer_once(conn->extra->linger, linger_ms);
	loop_last_add(conn->loop, &conn->extra->last, on_linger, conn);
	if (conn_queued_bytes(conn) == 0)
		finish_sent(conn);
}

void conn_set_arg(struct conn *conn, void *arg)
{
	conn->arg = arg;
}

void conn_peer(const struct conn *conn, struct addr *addr_r, uint16_t *port_r)
{
	struct conn *cache = (struct conn *)(uintptr_t)conn;
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	/* Asked for once, by those who want to know. */
	if (conn->peer.family == ADDR_NONE &&
	    (getpeername(conn->fd, (struct sockaddr *)&name, &len) < 0 ||
	     addr_from_sockaddr((const struct sockaddr *)&name, &cache->peer,
				&cache->peer_port) < 0))
		cache->peer.family = ADDR_NONE;
	*addr_r = conn->peer;
	*port_r = conn->peer_port;
}
