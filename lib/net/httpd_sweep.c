/*
 * httpd_sweep.c - how long each phase of a connection may last. There is no
 * timer per connection: the phase's beginning is stamped and looked at about
 * once a second.
 */
#include "lib/net/httpd_conn.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Who takes less in write_timeout does not read. */
#define PROGRESS_BYTES	16384
#define LINGER_MS	5000 /* for reading on after the last answer */
/* A drain has an end: its phases together last less than a service waits. */
#define DRAIN_PHASE_MS	2500 /* head, body, a reader that stands still */
#define DRAIN_IDLE_MS	1000 /* for a request that is on its way */
#define DRAIN_LINGER_MS 2000

static void end(struct httpd_conn *conn, uint64_t *counter)
{
	HTTPD_COUNT(*counter, 1);
	httpd_conn_kill(conn);
}

/* Whether the phase has lasted longer than @limit_ms, or, while the server
 * drains, longer than @drain_limit_ms since that began. */
static bool lasts(const struct httpd_conn *conn, int64_t now_ms,
		  int64_t limit_ms, int64_t drain_limit_ms)
{
	const struct httpd *server = conn->server;
	int64_t since_ms = conn->stamp_ms;

	if (now_ms - since_ms > limit_ms)
		return true;
	if (!server->draining)
		return false;
	if (since_ms < server->drain_ms)
		since_ms = server->drain_ms;
	return now_ms - since_ms > drain_limit_ms;
}

/* Between requests. */
static void sweep_idle(struct httpd_conn *conn, int64_t now_ms)
{
	struct httpd *server = conn->server;
	const struct httpd_limits *limits = &server->limits;
	int64_t limit_ms = conn->spoken ? limits->idle_timeout_ms
					: limits->head_timeout_ms;

	if (!lasts(conn, now_ms, limit_ms, DRAIN_IDLE_MS))
		return;
	if (server->draining)
		httpd_conn_finish(conn);
	else if (conn->spoken)
		end(conn, &server->counters.closed_idle);
	else
		end(conn, &server->counters.closed_silent);
}

uint64_t httpd_sweep_acked_bytes(int fd)
{
	struct tcp_info info = {0};
	socklen_t info_bytes = sizeof(info);

	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes);
	return info.tcpi_bytes_acked;
}

/* That the socket takes more says little of the peer: it does when a third of
 * megabytes has gone, and for the first byte as for the last. */
static void sweep_blocked(struct httpd_conn *conn, int64_t now_ms)
{
	struct httpd *server = conn->server;
	uint64_t acked_bytes = httpd_sweep_acked_bytes(conn->fd);

	if (acked_bytes - conn->acked_bytes >= PROGRESS_BYTES) {
		conn->acked_bytes = acked_bytes;
		conn->stamp_ms = now_ms;
	} else if (lasts(conn, now_ms, server->limits.write_timeout_ms,
			 DRAIN_PHASE_MS)) {
		end(conn, &server->counters.closed_slow_write);
	}
}

void httpd_sweep(struct httpd_conn *conn, int64_t now_ms)
{
	struct httpd *server = conn->server;
	const struct httpd_limits *limits = &server->limits;

	if (conn->state == HTTPD_CONN_DEAD)
		return;
	if (conn->blocked) {
		sweep_blocked(conn, now_ms);
		return;
	}
	switch ((enum httpd_conn_state)conn->state) {
	case HTTPD_CONN_HEAD:
		if (conn->unparsed)
			return; /* goes on this very turn */
		if (!conn->kept)
			sweep_idle(conn, now_ms);
		else if (lasts(conn, now_ms, limits->head_timeout_ms,
			       DRAIN_PHASE_MS))
			httpd_refuse(conn, 408);
		return;
	case HTTPD_CONN_BODY:
		if (lasts(conn, now_ms, limits->body_timeout_ms,
			  DRAIN_PHASE_MS))
			httpd_refuse(conn, 408);
		return;
	case HTTPD_CONN_LINGER:
		if (lasts(conn, now_ms, LINGER_MS, DRAIN_LINGER_MS))
			httpd_conn_kill(conn);
		return;
	case HTTPD_CONN_LATER:
	case HTTPD_CONN_STREAM:
	case HTTPD_CONN_LAST:
	case HTTPD_CONN_DEAD:
		return; /* the owner's business */
	}
}
