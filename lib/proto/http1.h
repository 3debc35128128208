/*
 * http1.h - HTTP/1.1 messages (RFC 9112): a parser for requests (our server)
 * and one for responses (libperihelion's client). Zero copy: views point into
 * the bytes given. No state between calls: a partial head is parsed again when
 * more bytes came, which the head limit keeps cheap. Pure, any thread.
 */
#ifndef PERI_LIB_PROTO_HTTP1_H
#define PERI_LIB_PROTO_HTTP1_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/sv.h"

#define HTTP1_HEADERS_MAX 48
#define HTTP1_TARGET_MAX  4096	/* bytes of the request target: else 414 */
#define HTTP1_HEAD_MAX	  16384 /* bytes of the whole head: else 431 */

enum http1_method {
	HTTP1_GET,
	HTTP1_HEAD,
	HTTP1_POST,
	HTTP1_PUT,
	HTTP1_DELETE,
	HTTP1_OPTIONS,
	HTTP1_PATCH,
	HTTP1_OTHER, /* a valid token that we do not know: 501 */
};

enum http1_body {
	HTTP1_BODY_NONE,
	HTTP1_BODY_LENGTH,  /* content_bytes of it */
	HTTP1_BODY_CHUNKED, /* until the last chunk */
	HTTP1_BODY_CLOSE,   /* responses: until the connection closes */
};

struct http1_header {
	struct sv name, value; /* value trimmed */
};

struct http1_request {
	enum http1_method method;
	uint8_t minor_version; /* HTTP/1.0 or 1.1 */
	bool keep_alive;
	bool expect_continue;
	enum http1_body body;
	uint64_t content_bytes; /* with HTTP1_BODY_LENGTH */
	struct sv path;		/* without the query; absolute-form reduced */
	struct sv query;	/* without the '?'; may be empty */
	size_t head_bytes;	/* up to and with the empty line */
	unsigned header_count;
	struct http1_header headers[HTTP1_HEADERS_MAX];
};

/*
 * http1_read_request - the request head at the start of @bytes.
 *
 * Returns 0; ERR_AGAIN when the head is not complete (and legal so far);
 * otherwise the HTTP status to refuse it with, as a positive number: 400
 * (grammar, two lengths, no Host in 1.1, obs-fold, bare CR), 414, 431, 501
 * (unknown transfer coding), 505.
 */
MUST_CHECK int http1_read_request(struct sv bytes,
				  struct http1_request *request_r);

/* http1_header_find - value of the first header @name (without case), or the
 * view with a NULL ptr when there is none. */
struct sv http1_header_find(const struct http1_header *headers, unsigned count,
			    struct sv name);

struct http1_response {
	unsigned status;
	bool keep_alive;
	enum http1_body body;
	uint64_t content_bytes;
	size_t head_bytes;
	unsigned header_count;
	struct http1_header headers[HTTP1_HEADERS_MAX];
};

/* http1_read_response - the response head at the start of @bytes. Returns 0,
 * ERR_AGAIN, ERR_SYNTAX or ERR_TOOBIG. */
MUST_CHECK int http1_read_response(struct sv bytes,
				   struct http1_response *response_r);

/* Decoder of a chunked body; zero it before use. */
struct http1_chunks {
	uint64_t left_bytes; /* of the current chunk */
	uint16_t line_bytes; /* of the size line or the trailers so far */
	uint8_t state;
};

/*
 * http1_chunk_next - take what can be taken off the front of *@bytes.
 *
 * @data_r  out: the next piece of body, maybe empty, points into *@bytes
 *
 * Returns 0 when a piece came, 1 after the last chunk and its trailers,
 * ERR_AGAIN when more bytes are needed, ERR_SYNTAX.
 */
MUST_CHECK int http1_chunk_next(struct http1_chunks *chunks, struct sv *bytes,
				struct sv *data_r);

/* http1_status_text - "OK", "Not Found", ...; "" for an unknown one. */
const char *http1_status_text(unsigned status);

#endif
