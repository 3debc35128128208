/*
 * http1.c - HTTP/1.1 heads (RFC 9112), read in one pass without copying. Strict
 * where leniency has let requests be smuggled: line ends are CRLF, no folding,
 * no space before the colon, one length. Pure; nothing is read beyond the bytes
 * given.
 */
#include "lib/proto/http1.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/http1_class.h"
#include "lib/proto/http1_fields.h"

#define METHOD_MAX 32 /* longest token taken for a method */

static enum http1_method method_of(struct sv text)
{
	static const struct {
		struct sv text;
		enum http1_method method;
	} methods[] = {
		{SV("GET"), HTTP1_GET},		{SV("HEAD"), HTTP1_HEAD},
		{SV("POST"), HTTP1_POST},	{SV("PUT"), HTTP1_PUT},
		{SV("DELETE"), HTTP1_DELETE},	{SV("PATCH"), HTTP1_PATCH},
		{SV("OPTIONS"), HTTP1_OPTIONS},
	};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (sv_eq(text, methods[i].text))
			return methods[i].method;
	}
	return HTTP1_OTHER;
}

/* The authority of an absolute-form target ends where the path begins; the
 * Host header says the rest. Returns 0 or 400. */
static int reduce_absolute(struct sv *target)
{
	struct sv rest = *target;
	size_t scheme = 0, host;

	if (rest.len > 7 && sv_eq_nocase(sv_of(rest.ptr, 7), SV("http://")))
		scheme = 7;
	else if (rest.len > 8 &&
		 sv_eq_nocase(sv_of(rest.ptr, 8), SV("https://")))
		scheme = 8;
	else
		return 400;
	for (host = scheme; host < rest.len; host++) {
		if (rest.ptr[host] == '/' || rest.ptr[host] == '?')
			break;
		if (!http1_class_is(rest.ptr[host], HTTP1_IS_HOST))
			return 400;
	}
	if (host == scheme)
		return 400;
	*target = (struct sv){rest.ptr + host, rest.len - host};
	return 0;
}

/* Split the target into path and query by its form (RFC 9112 3.2). */
static int split_target(struct http1_request *request, struct sv target)
{
	const char *mark;

	if (target.ptr[0] != '/' && request->method != HTTP1_OTHER) {
		bool asterisk = target.len == 1 && target.ptr[0] == '*';

		if (asterisk && request->method != HTTP1_OPTIONS)
			return 400;
		if (!asterisk && reduce_absolute(&target))
			return 400;
	}
	mark = target.len ? memchr(target.ptr, '?', target.len) : NULL;
	request->query = (struct sv){target.ptr + target.len, 0};
	request->path = target;
	if (mark) {
		request->path.len = (size_t)(mark - target.ptr);
		request->query.ptr = mark + 1;
		request->query.len = target.len - request->path.len - 1;
	}
	if (request->path.len == 0) /* "http://host?query" */
		request->path = SV("/");
	return 0;
}

/* "HTTP/1.x" CRLF at *@at. */
static inline int read_version(const char **at, const char *end,
			       uint8_t *minor_r)
{
	static const char prefix[] = "HTTP/";
	const char *v = *at;
	size_t have = (size_t)(end - v);

	if (memcmp(v, prefix, have < 5 ? have : 5) != 0)
		return 400;
	if (have < 10)
		return ERR_AGAIN;
	if (!http1_class_is(v[5], HTTP1_IS_DIGIT) || v[6] != '.' ||
	    !http1_class_is(v[7], HTTP1_IS_DIGIT) || v[8] != '\r' ||
	    v[9] != '\n')
		return 400;
	if (v[5] != '1')
		return 505;
	/* A later minor version understands what 1.1 says (RFC 9110 2.5). */
	*minor_r = v[7] != '0';
	*at = v + 10;
	return 0;
}

/* Returns 0, ERR_AGAIN, or the status to refuse with. */
static inline int read_request_line(const char **at, const char *end,
				    struct http1_request *request)
{
	const char *method = *at;
	const char *space = http1_class_skip(method, end, HTTP1_IS_TOKEN);
	const char *target, *stop;

	if (space - method > METHOD_MAX)
		return 501;
	if (space == end)
		return ERR_AGAIN;
	if (*space != ' ' || space == method)
		return 400;
	request->method =
		method_of((struct sv){method, (size_t)(space - method)});
	target = space + 1;
	stop = http1_class_skip_target(target, end);
	if (stop - target > HTTP1_TARGET_MAX)
		return 414;
	if (stop == end)
		return ERR_AGAIN;
	if (*stop != ' ' || stop == target)
		return 400;
	*at = stop + 1;
	return split_target(request,
			    (struct sv){target, (size_t)(stop - target)});
}

/* What the headers together mean for a request. Returns 0 or a status. */
static int conclude_request(struct http1_request *request,
			    const struct http1_facts *facts)
{
	if (facts->hosts > 1 || (facts->hosts == 0 && request->minor_version))
		return 400;
	if (facts->codings > 0) {
		/* RFC 9112 6.1: both, or 1.0 with one, means smuggling. */
		if (facts->lengths > 0 || request->minor_version == 0 ||
		    facts->misplaced)
			return 400;
		if (facts->unknown)
			return 501;
	}
	request->body = facts->codings	 ? HTTP1_BODY_CHUNKED
			: facts->lengths ? HTTP1_BODY_LENGTH
					 : HTTP1_BODY_NONE;
	request->content_bytes = facts->content_bytes;
	request->keep_alive =
		!facts->close && (request->minor_version || facts->keep_alive);
	request->expect_continue =
		facts->expect_continue && request->minor_version;
	return 0;
}

static int read_request(const char **at, const char *end,
			struct http1_request *request)
{
	struct http1_facts facts = {0};
	int rc;

	/* One empty line before a request is tolerated (RFC 9112 2.2). */
	if (*at < end && **at == '\r') {
		if (end - *at < 2)
			return ERR_AGAIN;
		if ((*at)[1] != '\n')
			return 400;
		*at += 2;
	}
	if (*at == end)
		return ERR_AGAIN;
	rc = read_request_line(at, end, request);
	if (rc == 0)
		rc = read_version(at, end, &request->minor_version);
	if (rc)
		return rc;
	rc = http1_fields_read(at, end, request->headers,
			       &request->header_count, &facts);
	if (rc)
		return rc == ERR_AGAIN ? rc : rc == ERR_TOOBIG ? 431 : 400;
	return conclude_request(request, &facts);
}

int http1_read_request(struct sv bytes, struct http1_request *request_r)
{
	const char *at = bytes.ptr;
	int rc = read_request(&at, bytes.ptr + bytes.len, request_r);

	if (rc == ERR_AGAIN)
		return bytes.len >= HTTP1_HEAD_MAX ? 431 : rc;
	request_r->head_bytes = (size_t)(at - bytes.ptr);
	if (rc == 0 && request_r->head_bytes > HTTP1_HEAD_MAX)
		return 431;
	return rc;
}

/* "HTTP/1.x SP 3DIGIT [SP reason] CRLF" at *@at. */
static int read_status_line(const char **at, const char *end, uint8_t *minor_r,
			    unsigned *status_r)
{
	const char *v = *at;
	const char *stop;
	size_t have = (size_t)(end - v);

	if (memcmp(v, "HTTP/1.", have < 7 ? have : 7) != 0)
		return ERR_SYNTAX;
	if (have < 14)
		return ERR_AGAIN;
	if (!http1_class_is(v[7], HTTP1_IS_DIGIT) || v[8] != ' ' ||
	    v[9] < '1' || v[9] > '9' ||
	    !http1_class_is(v[10], HTTP1_IS_DIGIT) ||
	    !http1_class_is(v[11], HTTP1_IS_DIGIT) ||
	    (v[12] != ' ' && v[12] != '\r'))
		return ERR_SYNTAX;
	*minor_r = v[7] != '0';
	*status_r = (unsigned)(v[9] - '0') * 100 +
		    (unsigned)(v[10] - '0') * 10 + (unsigned)(v[11] - '0');
	stop = http1_class_skip_value(v + 12, end);
	if (end - stop < 2)
		return stop == end || *stop == '\r' ? ERR_AGAIN : ERR_SYNTAX;
	if (stop[0] != '\r' || stop[1] != '\n')
		return ERR_SYNTAX;
	*at = stop + 2;
	return 0;
}

/* What the headers together mean for a response (RFC 9112 6.3). */
static int conclude_response(struct http1_response *response, uint8_t minor,
			     const struct http1_facts *facts)
{
	bool has_body = response->status >= 200 && response->status != 204 &&
			response->status != 304;

	if (facts->codings > 0 &&
	    (facts->lengths > 0 || facts->unknown || facts->misplaced))
		return ERR_SYNTAX;
	response->body = !has_body	  ? HTTP1_BODY_NONE
			 : facts->codings ? HTTP1_BODY_CHUNKED
			 : facts->lengths ? HTTP1_BODY_LENGTH
					  : HTTP1_BODY_CLOSE;
	response->content_bytes = facts->content_bytes;
	response->keep_alive = !facts->close && (minor || facts->keep_alive) &&
			       response->body != HTTP1_BODY_CLOSE;
	return 0;
}

int http1_read_response(struct sv bytes, struct http1_response *response_r)
{
	const char *at = bytes.ptr;
	const char *end = bytes.ptr + bytes.len;
	struct http1_facts facts = {0};
	uint8_t minor = 0;
	int rc = bytes.len == 0 ? ERR_AGAIN
				: read_status_line(&at, end, &minor,
						   &response_r->status);

	if (rc == 0)
		rc = http1_fields_read(&at, end, response_r->headers,
				       &response_r->header_count, &facts);
	if (rc == ERR_AGAIN && bytes.len >= HTTP1_HEAD_MAX)
		return ERR_TOOBIG;
	if (rc)
		return rc;
	response_r->head_bytes = (size_t)(at - bytes.ptr);
	if (response_r->head_bytes > HTTP1_HEAD_MAX)
		return ERR_TOOBIG;
	return conclude_response(response_r, minor, &facts);
}

struct sv http1_header_find(const struct http1_header *headers, unsigned count,
			    struct sv name)
{
	for (unsigned i = 0; i < count; i++) {
		if (sv_eq_nocase(headers[i].name, name))
			return headers[i].value;
	}
	return (struct sv){NULL, 0};
}
