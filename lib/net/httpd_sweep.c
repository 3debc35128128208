/*
 * httpd_sweep.c - how long each phase of a connection may last. There is no
 * timer per connection: the phase's beginning is stamped and looked at about
 * once a second.
 */
#include "lib/net/httpd_conn.h"

#define LINGER_MS 5000 /* for reading on after the last answer */

static void end(struct httpd_conn *conn, uint64_t *counter)
{
	HTTPD_COUNT(*counter, 1);
	httpd_conn_kill(conn);
}

void httpd_sweep(struct httpd_conn *conn, int64_t now_ms)
{
	struct httpd *server = conn->server;
	const struct httpd_limits *limits = &server->limits;
	int64_t age_ms = now_ms - conn->stamp_ms;

	if (conn->state == HTTPD_CONN_DEAD)
		return;
	if (conn->blocked) {
		if (age_ms > limits->write_timeout_ms)
			end(conn, &server->counters.closed_slow_write);
		return;
	}
	switch ((enum httpd_conn_state)conn->state) {
	case HTTPD_CONN_HEAD:
		if (conn->unparsed)
			return; /* goes on this very turn */
		if (conn->kept && age_ms > limits->head_timeout_ms)
			httpd_refuse(conn, 408);
		else if (!conn->kept && age_ms > limits->idle_timeout_ms)
			end(conn, &server->counters.closed_idle);
		return;
	case HTTPD_CONN_BODY:
		if (age_ms > limits->body_timeout_ms)
			httpd_refuse(conn, 408);
		return;
	case HTTPD_CONN_LINGER:
		if (age_ms > LINGER_MS)
			httpd_conn_kill(conn);
		return;
	case HTTPD_CONN_LATER:
	case HTTPD_CONN_STREAM:
	case HTTPD_CONN_LAST:
	case HTTPD_CONN_DEAD:
		return; /* the owner's business */
	}
}
