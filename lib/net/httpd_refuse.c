/*
 * httpd_refuse.c - what the server refuses by itself: the answer, its reason
 * and its counter.
 */
#include "lib/net/httpd_conn.h"
#include "lib/net/httpd_input.h"
#include "lib/net/httpd_reply.h"
#include "lib/net/httpd_door.h"

struct refusal {
	struct problem problem;
	size_t counter_at; /* offset in struct httpd_counters */
};

#define COUNTER(code) offsetof(struct httpd_counters, refused_##code)

static const struct refusal refusals[] = {
	{{400, "bad-request", "Malformed request",
	  "the request does not follow RFC 9112", NULL},
	 COUNTER(400)},
	{{408, "request-timeout", "Request timeout",
	  "the request did not arrive in time", NULL},
	 COUNTER(408)},
	{{413, "content-too-large", "Content too large",
	  "the body is longer than this server accepts", NULL},
	 COUNTER(413)},
	{{414, "uri-too-long", "URI too long",
	  "the request target is longer than 4096 bytes", NULL},
	 COUNTER(414)},
	{{431, "headers-too-large", "Header fields too large",
	  "the head is longer than 16384 bytes or has more than 48 fields",
	  NULL},
	 COUNTER(431)},
	{{501, "not-implemented", "Not implemented",
	  "the method or the transfer coding is unknown here", NULL},
	 COUNTER(501)},
	{{503, "overloaded", "Service overloaded",
	  "too many connections are open; try again later", NULL},
	 COUNTER(503)},
	{{505, "http-version", "HTTP version not supported",
	  "this server speaks HTTP/1.1", NULL},
	 COUNTER(505)},
};

static const struct refusal *find(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		if (refusals[i].problem.status == status)
			return &refusals[i];
	}
	return &refusals[0];
}

static void count(struct httpd *server, const struct refusal *refusal)
{
	uint64_t *counter = (uint64_t *)(void *)((char *)&server->counters +
						 refusal->counter_at);

	HTTPD_COUNT(*counter, 1);
}

void httpd_refuse(struct httpd_conn *conn, unsigned status)
{
	struct httpd *server = conn->server;
	const struct refusal *refusal = find(status);
	struct sv headers = status == 503 ? SV("Retry-After: 1\r\n") : SV("");

	httpd_input_drop_body(conn);
	count(server, refusal);
	if (status != 503)
		httpd_door_note_bad(conn);
	conn->framing = (struct httpd_framing){.minor_version = 1};
	conn->state = HTTPD_CONN_LAST;
	conn->linger = true;
	buf_reset(&server->text);
	problem_put(&server->text, &refusal->problem);
	httpd_reply_put(server, httpd_conn_out(conn), &conn->framing,
			refusal->problem.status, PROBLEM_CONTENT_TYPE, headers,
			buf_view(&server->text));
	httpd_conn_flush(conn);
}
