/*
 * httpd_later.c - an answer that comes after the handler has returned. The
 * handle outlives the connection: then the answer goes nowhere.
 */
#include <assert.h>

#include "lib/base/mem.h"
#include "lib/net/httpd_conn.h"
#include "lib/net/httpd_reply.h"

struct httpd_later {
	struct httpd_conn *conn; /* borrowed; NULL = gone */
};

struct httpd_later *httpd_later_new(struct httpd_conn *conn)
{
	struct httpd_later *later = mem_alloc(sizeof(*later));

	later->conn = conn;
	conn->later = later;
	conn->state = HTTPD_CONN_LATER;
	return later;
}

void httpd_later_gone(struct httpd_later *later)
{
	later->conn = NULL;
}

void httpd_later_reply(struct httpd_later *later, unsigned status,
		       const char *content_type, struct sv headers,
		       struct sv body)
{
	struct httpd_conn *conn = later->conn;

	mem_free(later);
	if (!conn)
		return;
	assert(conn->later);
	conn->later = NULL;
	if (conn->state == HTTPD_CONN_DEAD)
		return;
	httpd_reply_put(conn->server, httpd_conn_out(conn), &conn->framing,
			status, content_type, headers, body);
	httpd_conn_answered(conn);
}

void httpd_later_problem(struct httpd_later *later,
			 const struct problem *problem)
{
	struct buf text;

	buf_init(&text, 65536);
	problem_put(&text, problem);
	httpd_later_reply(later, problem->status, PROBLEM_CONTENT_TYPE, SV(""),
			  buf_view(&text));
	buf_fini(&text);
}
