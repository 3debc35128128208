/*
 * http1_fields.c - header fields (RFC 9112 5): CRLF ends a line, nothing is
 * folded, no space before the colon; and the few that frame the message.
 */
#include "lib/proto/http1_fields.h"

#include "lib/base/err.h"
#include "lib/proto/http1_class.h"

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
static int note_length(struct http1_facts *facts, struct sv value)
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

static int note_coding(struct http1_facts *facts, struct sv value)
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

static void note_connection(struct http1_facts *facts, struct sv value)
{
	while (value.len > 0) {
		struct sv option = sv_trim(sv_cut(&value, ','));

		facts->close |= sv_eq_nocase(option, SV("close"));
		facts->keep_alive |= sv_eq_nocase(option, SV("keep-alive"));
	}
}

static int note_host(struct http1_facts *facts, struct sv value)
{
	const char *end = value.ptr + value.len;

	facts->hosts++;
	return http1_class_skip(value.ptr, end, HTTP1_IS_HOST) == end
		       ? 0
		       : ERR_SYNTAX;
}

/* Take note of the headers that frame the message; most are none of them. */
static inline int note(struct http1_facts *facts,
		       const struct http1_header *header)
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
	const char *colon = http1_class_skip(name, end, HTTP1_IS_TOKEN);
	const char *value, *stop, *last;

	if (colon == end)
		return ERR_AGAIN;
	if (*colon != ':' || colon == name)
		return ERR_SYNTAX;
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	stop = http1_class_skip_value(value, end);
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

int http1_fields_read(const char **at, const char *end,
		      struct http1_header *headers, unsigned *count_r,
		      struct http1_facts *facts)
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
