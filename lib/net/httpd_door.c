/*
 * httpd_door.c - who comes in: limits per address, proxies, and the PROXY
 * header that some of them send first. Nothing here runs for a good request.
 */
#include "lib/net/httpd_door.h"

#include "lib/base/err.h"
#include "lib/proto/proxy_header.h"

void httpd_door_init(struct httpd *server)
{
	const struct httpd_limits *limits = &server->limits;

	if (limits->per_peer.conns_max > 0 || limits->per_peer.bad_per_s > 0)
		server->peers =
			peer_table_new(&limits->per_peer,
				       limits->conns_max + HTTPD_REFUSED_CONNS);
}

static enum httpd_admission admission(const struct httpd_conn *conn)
{
	const struct httpd *server = conn->server;

	return server->admit ? server->admit(&conn->peer, server->arg)
			     : HTTPD_CLIENT;
}

/* Hold the client's entry. Returns false if it may not come in. */
static bool hold(struct httpd_conn *conn)
{
	struct httpd *server = conn->server;

	if (!server->peers)
		return true;
	switch (peer_enter(server->peers, &conn->peer,
			   loop_now_ms(server->loop), &conn->entry)) {
	case PEER_OK:
		return true;
	case PEER_TOO_MANY:
		HTTPD_COUNT(server->counters.reset_many, 1);
		return false;
	case PEER_BARRED:
		HTTPD_COUNT(server->counters.reset_barred, 1);
		return false;
	}
	return false;
}

bool httpd_door_enter(struct httpd_conn *conn)
{
	enum httpd_admission as = admission(conn);

	conn->proxied = as == HTTPD_PROXY_HEADER;
	return as != HTTPD_CLIENT || hold(conn);
}

void httpd_door_leave(struct httpd_conn *conn)
{
	if (conn->entry)
		peer_leave(conn->server->peers, &conn->entry,
			   loop_now_ms(conn->server->loop));
}

/* From here on the connection is that of whom the proxy speaks for. */
static void become(struct httpd_conn *conn, const struct proxy_header *header)
{
	conn->proxied = false;
	if (header->source.family == ADDR_NONE)
		return;
	conn->peer = header->source;
	conn->peer_port = header->source_port;
	if (admission(conn) == HTTPD_CLIENT && !hold(conn))
		httpd_conn_kill(conn);
}

size_t httpd_door_header(struct httpd_conn *conn, struct sv bytes)
{
	struct proxy_header header;
	int rc = proxy_header_read(bytes, &header);

	if (rc == ERR_AGAIN)
		return 0;
	if (rc != 0) {
		HTTPD_COUNT(conn->server->counters.refused_proxy_header, 1);
		httpd_refuse(conn, 400);
		return bytes.len;
	}
	/* The client itself has perhaps said nothing yet. */
	conn->spoken = bytes.len > header.bytes;
	become(conn, &header);
	return header.bytes;
}

void httpd_door_note_bad(struct httpd_conn *conn)
{
	struct httpd *server = conn->server;

	if (!conn->entry || !peer_note_bad(server->peers, conn->entry,
					   loop_now_ms(server->loop)))
		return;
	conn->framing.keep_alive = false;
	HTTPD_COUNT(server->counters.closed_bad, 1);
}

bool httpd_door_is_barred(const struct httpd_conn *conn)
{
	return conn->entry && peer_is_barred(conn->server->peers, conn->entry,
					     loop_now_ms(conn->server->loop));
}
