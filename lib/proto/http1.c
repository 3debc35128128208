/*
 * http1.c - HTTP/1.1 heads (RFC 9112), read in one pass without copying, and
 * the decoder of chunked bodies. Strict where leniency has let requests be
 * smuggled: line ends are CRLF, no folding, no space before the colon, one
 * length. Pure; nothing is read beyond the bytes given.
 */
#include "lib/proto/http1.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lib/base/err.h"

#define METHOD_MAX 32 /* longest token taken for a method */

/* What a byte may be part of. */
enum {
	IS_TOKEN = 1,  /* RFC 9110 5.6.2: names, methods */
	IS_TARGET = 2, /* visible ASCII without '#' */
	IS_VALUE = 4,  /* visible, space, tab, obs-text */
	IS_HOST = 8,   /* RFC 3986 3.2.2 and the port's colon */
	IS_DIGIT = 16,
	IS_HEX = 32,
};

#define ALNUM (IS_TOKEN | IS_TARGET | IS_VALUE | IS_HOST)
static const uint8_t class_of[256] = {
	['\t'] = IS_VALUE,
	[' '] = IS_VALUE,
	['!'] = ALNUM,
	['"'] = IS_TARGET | IS_VALUE,
	['#'] = IS_TOKEN | IS_VALUE,
	['$'] = ALNUM,
	['%'] = ALNUM,
	['&'] = ALNUM,
	['\''] = ALNUM,
	['('] = IS_TARGET | IS_VALUE | IS_HOST,
	[')'] = IS_TARGET | IS_VALUE | IS_HOST,
	['*'] = ALNUM,
	['+'] = ALNUM,
	[','] = IS_TARGET | IS_VALUE | IS_HOST,
	['-'] = ALNUM,
	['.'] = ALNUM,
	['/'] = IS_TARGET | IS_VALUE,
	['0' ... '9'] = ALNUM | IS_DIGIT | IS_HEX,
	[':'] = IS_TARGET | IS_VALUE | IS_HOST,
	[';'] = IS_TARGET | IS_VALUE | IS_HOST,
	['<'] = IS_TARGET | IS_VALUE,
	['='] = IS_TARGET | IS_VALUE | IS_HOST,
	['>'] = IS_TARGET | IS_VALUE,
	['?'] = IS_TARGET | IS_VALUE,
	['@'] = IS_TARGET | IS_VALUE,
	['A' ... 'F'] = ALNUM | IS_HEX,
	['G' ... 'Z'] = ALNUM,
	['['] = IS_TARGET | IS_VALUE | IS_HOST,
	['\\'] = IS_TARGET | IS_VALUE,
	[']'] = IS_TARGET | IS_VALUE | IS_HOST,
	['^'] = IS_TOKEN | IS_TARGET | IS_VALUE,
	['_'] = ALNUM,
	['`'] = IS_TOKEN | IS_TARGET | IS_VALUE,
	['a' ... 'f'] = ALNUM | IS_HEX,
	['g' ... 'z'] = ALNUM,
	['{'] = IS_TARGET | IS_VALUE,
	['|'] = IS_TOKEN | IS_TARGET | IS_VALUE,
	['}'] = IS_TARGET | IS_VALUE,
	['~'] = ALNUM,
	[0x80 ... 0xff] = IS_VALUE,
};

static inline bool is(char c, unsigned class)
{
	return class_of[(uint8_t)c] & class;
}

/* What the headers said about the message as a whole. */
struct facts {
	unsigned hosts, lengths, codings;
	bool chunked;	/* the last coding is chunked */
	bool unknown;	/* there is another coding than chunked */
	bool misplaced; /* a coding after chunked */
	bool close, keep_alive, expect_continue;
	uint64_t content_bytes;
};

/* The first byte in [at, end) that is not of @class, or end. */
static const char *skip(const char *at, const char *end, unsigned class)
{
	while (at < end && is(*at, class))
		at++;
	return at;
}

#ifdef __SSE2__
/* skip(IS_VALUE), 16 bytes a step: stops at controls but tab, and at DEL. */
static const char *skip_value(const char *at, const char *end)
{
	const __m128i last_control = _mm_set1_epi8(0x1f);
	const __m128i tab = _mm_set1_epi8('\t');
	const __m128i del = _mm_set1_epi8(0x7f);

	while (end - at >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, last_control), x);
		__m128i bad = _mm_or_si128(
			_mm_andnot_si128(_mm_cmpeq_epi8(x, tab), low),
			_mm_cmpeq_epi8(x, del));
		unsigned mask = (unsigned)_mm_movemask_epi8(bad);

		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
	return skip(at, end, IS_VALUE);
}

/* skip(IS_TARGET), 16 bytes a step; as signed bytes 0x80.. are below '!'. */
static const char *skip_target(const char *at, const char *end)
{
	const __m128i first = _mm_set1_epi8('!');
	const __m128i hash = _mm_set1_epi8('#');
	const __m128i del = _mm_set1_epi8(0x7f);

	while (end - at >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i bad =
			_mm_or_si128(_mm_cmplt_epi8(x, first),
				     _mm_or_si128(_mm_cmpeq_epi8(x, hash),
						  _mm_cmpeq_epi8(x, del)));
		unsigned mask = (unsigned)_mm_movemask_epi8(bad);

		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
	return skip(at, end, IS_TARGET);
}
#else
static const char *skip_value(const char *at, const char *end)
{
	return skip(at, end, IS_VALUE);
}

static const char *skip_target(const char *at, const char *end)
{
	return skip(at, end, IS_TARGET);
}
#endif

/* Whether the @len bytes at @name are @lower but for case; @lower consists of
 * letters and '-', @name of token bytes, so that |0x20 folds just the case. */
static inline bool is_name(const char *name, const char *lower, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((name[i] | 0x20) != lower[i])
			return false;
	}
	return true;
}

/* Content-Length = 1*DIGIT; one too large to count is the largest number. */
static int note_length(struct facts *facts, struct sv value)
{
	uint64_t bytes = 0;

	if (value.len == 0 || facts->lengths++ > 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < value.len; i++) {
		unsigned digit = (uint8_t)value.ptr[i] - '0';

		if (digit > 9)
			return ERR_SYNTAX;
		if (__builtin_mul_overflow(bytes, UINT64_C(10), &bytes) ||
		    __builtin_add_overflow(bytes, (uint64_t)digit, &bytes))
			bytes = UINT64_MAX / 10; /* stays too large */
	}
	facts->content_bytes = bytes;
	return 0;
}

static int note_coding(struct facts *facts, struct sv value)
{
	while (value.len > 0) {
		struct sv coding = sv_trim(sv_cut(&value, ','));

		if (coding.len == 0)
			continue;
		facts->codings++;
		facts->misplaced |= facts->chunked;
		facts->chunked = sv_eq_nocase(coding, SV("chunked"));
		facts->unknown |= !facts->chunked;
	}
	return facts->codings ? 0 : ERR_SYNTAX;
}

static void note_connection(struct facts *facts, struct sv value)
{
	while (value.len > 0) {
		struct sv option = sv_trim(sv_cut(&value, ','));

		facts->close |= sv_eq_nocase(option, SV("close"));
		facts->keep_alive |= sv_eq_nocase(option, SV("keep-alive"));
	}
}

static int note_host(struct facts *facts, struct sv value)
{
	const char *end = value.ptr + value.len;

	facts->hosts++;
	return skip(value.ptr, end, IS_HOST) == end ? 0 : ERR_SYNTAX;
}

/* Take note of the headers that frame the message; most are none of them. */
static inline int note(struct facts *facts, const struct http1_header *header)
{
	const char *name = header->name.ptr;

	switch (header->name.len) {
	case 4:
		if (is_name(name, "host", 4))
			return note_host(facts, header->value);
		return 0;
	case 6:
		if (is_name(name, "expect", 6))
			facts->expect_continue =
				sv_eq_nocase(header->value, SV("100-continue"));
		return 0;
	case 10:
		if (is_name(name, "connection", 10))
			note_connection(facts, header->value);
		return 0;
	case 14:
		if (is_name(name, "content-length", 14))
			return note_length(facts, header->value);
		return 0;
	case 17:
		if (is_name(name, "transfer-encoding", 17))
			return note_coding(facts, header->value);
		return 0;
	default:
		return 0;
	}
}

/* One header line at *@at. Returns 0, ERR_AGAIN or ERR_SYNTAX. */
static inline int read_header(const char **at, const char *end,
			      struct http1_header *header)
{
	const char *name = *at;
	const char *colon = skip(name, end, IS_TOKEN);
	const char *value, *stop, *last;

	if (colon == end)
		return ERR_AGAIN;
	if (*colon != ':' || colon == name)
		return ERR_SYNTAX;
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	stop = skip_value(value, end);
	if (end - stop < 2)
		return stop == end || *stop == '\r' ? ERR_AGAIN : ERR_SYNTAX;
	if (stop[0] != '\r' || stop[1] != '\n')
		return ERR_SYNTAX;
	last = stop;
	while (last > value && (last[-1] == ' ' || last[-1] == '\t'))
		last--;
	header->name = (struct sv){name, (size_t)(colon - name)};
	header->value = (struct sv){value, (size_t)(last - value)};
	*at = stop + 2;
	return 0;
}

/* All header lines and the empty one. Returns 0, ERR_AGAIN, ERR_SYNTAX or
 * ERR_TOOBIG (more than HTTP1_HEADERS_MAX). */
static int read_headers(const char **at, const char *end,
			struct http1_header *headers, unsigned *count_r,
			struct facts *facts)
{
	unsigned count = 0;
	int rc;

	for (;;) {
		if (*at < end && **at == '\r') {
			if (end - *at < 2)
				return ERR_AGAIN;
			*at += 2;
			*count_r = count;
			return (*at)[-1] == '\n' ? 0 : ERR_SYNTAX;
		}
		if (count == HTTP1_HEADERS_MAX)
			return *at < end ? ERR_TOOBIG : ERR_AGAIN;
		rc = read_header(at, end, &headers[count]);
		if (rc == 0)
			rc = note(facts, &headers[count++]);
		if (rc)
			return rc;
	}
}

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
		if (!is(rest.ptr[host], IS_HOST))
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
	if (!is(v[5], IS_DIGIT) || v[6] != '.' || !is(v[7], IS_DIGIT) ||
	    v[8] != '\r' || v[9] != '\n')
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
	const char *space = skip(method, end, IS_TOKEN);
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
	stop = skip_target(target, end);
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
			    const struct facts *facts)
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
	struct facts facts = {0};
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
	rc = read_headers(at, end, request->headers, &request->header_count,
			  &facts);
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
	if (!is(v[7], IS_DIGIT) || v[8] != ' ' || v[9] < '1' || v[9] > '9' ||
	    !is(v[10], IS_DIGIT) || !is(v[11], IS_DIGIT) ||
	    (v[12] != ' ' && v[12] != '\r'))
		return ERR_SYNTAX;
	*minor_r = v[7] != '0';
	*status_r = (unsigned)(v[9] - '0') * 100 +
		    (unsigned)(v[10] - '0') * 10 + (unsigned)(v[11] - '0');
	stop = skip_value(v + 12, end);
	if (end - stop < 2)
		return stop == end || *stop == '\r' ? ERR_AGAIN : ERR_SYNTAX;
	if (stop[0] != '\r' || stop[1] != '\n')
		return ERR_SYNTAX;
	*at = stop + 2;
	return 0;
}

/* What the headers together mean for a response (RFC 9112 6.3). */
static int conclude_response(struct http1_response *response, uint8_t minor,
			     const struct facts *facts)
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
	struct facts facts = {0};
	uint8_t minor = 0;
	int rc = bytes.len == 0 ? ERR_AGAIN
				: read_status_line(&at, end, &minor,
						   &response_r->status);

	if (rc == 0)
		rc = read_headers(&at, end, response_r->headers,
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
