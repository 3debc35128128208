/*
 * buf_json.c - texts as JSON strings. Invariant: the output is valid UTF-8
 * whatever the input was (RFC 3629: no overlong forms, no surrogates, nothing
 * above U+10FFFF). One thread at a time.
 */
#include "lib/base/buf.h"

/*
 * Length of the valid multi-byte sequence at the front, 0 if there is none.
 * The second byte's range is what shuts out overlong forms and surrogates.
 */
static size_t json_utf8_len(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (left < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void json_escape(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		buf_put(b, "\\\"", 2);
		break;
	case '\\':
		buf_put(b, "\\\\", 2);
		break;
	case '\n':
		buf_put(b, "\\n", 2);
		break;
	case '\r':
		buf_put(b, "\\r", 2);
		break;
	case '\t':
		buf_put(b, "\\t", 2);
		break;
	default:
		buf_put(b, "\\u", 2);
		buf_hex(b, c, 4);
	}
}

static bool json_is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void buf_json_str(struct buf *b, struct sv v)
{
	const unsigned char *p = (const unsigned char *)v.ptr;
	size_t at = 0, from = 0, n;

	buf_char(b, '"');
	while (at < v.len) {
		n = json_is_plain(p[at]) ? 1
					 : json_utf8_len(p + at, v.len - at);
		if (n) {
			at += n;
			continue;
		}
		buf_put(b, v.ptr + from, at - from);
		if (p[at] < 0x80)
			json_escape(b, p[at]);
		else
			buf_put(b, "\xef\xbf\xbd", 3); /* U+FFFD */
		from = ++at;
	}
	buf_put(b, v.ptr ? v.ptr + from : "", at - from);
	buf_char(b, '"');
}
