/*
 * httpd_reply.c - the bytes of an answer: status line, Date, Content-Length,
 * Connection, body. The status line of a 200 and its Date are made once a
 * second; nothing here allocates in the steady state.
 */
#include "lib/net/httpd_reply.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "lib/base/clk.h"
#include "lib/net/httpd_door.h"

/* Content-Length of the fast path: spaces are legal before a value (RFC 9110
 * 5.6.3), so the digits go to the right end of a field of fixed width. */
#define LENGTH_LINE  "Content-Length:      \r\n"
#define LENGTH_WIDTH 5
#define HEAD_ROOM    1024 /* status line, Date, Connection */

_Static_assert(HTTPD_FAST_BODY_MAX <= 99999, "fits LENGTH_WIDTH digits");

static void put_two(char *at, int value)
{
	at[0] = (char)('0' + value / 10);
	at[1] = (char)('0' + value % 10);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), 29 bytes. */
static void put_date(char *at, time_t wall_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	gmtime_r(&wall_s, &tm);
	memcpy(at, "Sun, 06 Nov 1994 08:49:37 GMT", 29);
	memcpy(at, days + 3 * tm.tm_wday, 3);
	put_two(at + 5, tm.tm_mday);
	memcpy(at + 8, months + 3 * tm.tm_mon, 3);
	put_two(at + 12, (tm.tm_year + 1900) / 100);
	put_two(at + 14, (tm.tm_year + 1900) % 100);
	put_two(at + 17, tm.tm_hour);
	put_two(at + 20, tm.tm_min);
	put_two(at + 23, tm.tm_sec);
}

void httpd_reply_date(struct httpd *server)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nDate: ";
	int64_t now_s = clk_wall_s();

	if (now_s == server->date_s && server->ok_head_bytes)
		return;
	server->date_s = now_s;
	server->date_at = sizeof(head) - 1 - 6;
	memcpy(server->ok_head, head, sizeof(head) - 1);
	put_date(server->ok_head + sizeof(head) - 1, (time_t)now_s);
	memcpy(server->ok_head + sizeof(head) - 1 + 29, "\r\n", 2);
	server->ok_head_bytes = sizeof(head) - 1 + 29 + 2;
}

void httpd_reply_status(struct httpd *server, struct buf *out, unsigned status)
{
	HTTPD_COUNT(server->counters.status[status / 100 % 6], 1);
	if (LIKELY(status == 200)) {
		buf_put(out, server->ok_head, server->ok_head_bytes);
		return;
	}
	buf_sv(out, SV("HTTP/1.1 "));
	buf_u64(out, status);
	buf_char(out, ' ');
	buf_str(out, http1_status_text(status));
	buf_sv(out, SV("\r\n"));
	buf_put(out, server->ok_head + server->date_at,
		server->ok_head_bytes - server->date_at);
}

void httpd_reply_connection(struct buf *out,
			    const struct httpd_framing *framing)
{
	if (!framing->keep_alive)
		buf_sv(out, SV("Connection: close\r\n"));
	else if (framing->minor_version == 0)
		buf_sv(out, SV("Connection: keep-alive\r\n"));
}

void httpd_reply_put(struct httpd *server, struct buf *out,
		     const struct httpd_framing *framing, unsigned status,
		     const char *content_type, struct sv headers,
		     struct sv body)
{
	bool bodiless = status < 200 || status == 204 || status == 304;

	httpd_reply_status(server, out, status);
	if (content_type) {
		buf_sv(out, SV("Content-Type: "));
		buf_str(out, content_type);
		buf_sv(out, SV("\r\n"));
	}
	buf_sv(out, headers);
	if (!bodiless) {
		buf_sv(out, SV("Content-Length: "));
		buf_u64(out, body.len);
		buf_sv(out, SV("\r\n"));
	}
	httpd_reply_connection(out, framing);
	buf_sv(out, SV("\r\n"));
	if (!bodiless && !framing->head_only)
		buf_sv(out, body);
}

void httpd_reply(struct httpd_request *req, unsigned status,
		 const char *content_type, struct sv headers, struct sv body)
{
	struct httpd_conn *conn = req->conn;

	assert(!req->answered);
	req->answered = true;
	if (UNLIKELY(status >= 400 && status < 500))
		httpd_door_note_bad(conn);
	httpd_reply_put(req->server, req->out, &conn->framing, status,
			content_type, headers, body);
}

struct buf *httpd_reply_begin(struct httpd_request *req, unsigned status,
			      struct sv headers)
{
	struct httpd_conn *conn = req->conn;

	assert(!req->answered && !req->body_at);
	/* All at once, so that nothing below has to look for room. */
	(void)buf_reserve(req->out,
			  HEAD_ROOM + headers.len + HTTPD_FAST_BODY_MAX);
	httpd_reply_status(req->server, req->out, status);
	buf_sv(req->out, headers);
	httpd_reply_connection(req->out, &conn->framing);
	buf_sv(req->out, SV(LENGTH_LINE "\r\n"));
	req->body_at = req->out->len;
	return req->out;
}

void httpd_reply_end(struct httpd_request *req)
{
	struct httpd_conn *conn = req->conn;
	struct buf *out = req->out;
	size_t length = out->len - req->body_at;
	char *digit;

	assert(!req->answered && req->body_at && length <= HTTPD_FAST_BODY_MAX);
	req->answered = true;
	if (out->failed)
		return;			      /* noticed by the connection */
	digit = out->data + req->body_at - 4; /* behind two line ends */
	if (conn->framing.head_only)
		out->len = req->body_at;
	do {
		*--digit = (char)('0' + length % 10);
		length /= 10;
	} while (length > 0);
}
