/*
 * url.c - splits absolute URLs and query strings into views and translates
 * percent-encoding. Nothing is copied except decoded values. Pure, any thread.
 */
#include "lib/proto/url.h"

#include "lib/base/addr.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

#define URL_HOST_MAX 253 /* RFC 1035: a name's text */

static int take_scheme(struct sv *rest, struct url *url)
{
	static const struct scheme {
		struct sv prefix;
		size_t name_len;
		uint16_t port;
	} schemes[] = {
		{{"http://", 7}, 4, 80},
		{{"https://", 8}, 5, 443},
	};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct sv prefix = schemes[i].prefix;

		if (rest->len < prefix.len ||
		    !sv_eq_nocase(sv_of(rest->ptr, prefix.len), prefix))
			continue;
		url->scheme = sv_of(prefix.ptr, schemes[i].name_len);
		url->port = schemes[i].port;
		*rest = sv_of(rest->ptr + prefix.len, rest->len - prefix.len);
		return 0;
	}
	for (size_t i = 0; i + 2 < rest->len; i++)
		if (rest->ptr[i] == ':')
			return rest->ptr[i + 1] == '/' ? ERR_UNSUPPORTED
						       : ERR_SYNTAX;
	return ERR_SYNTAX;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool is_name(struct sv host)
{
	if (host.len == 0 || host.len > URL_HOST_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!is_name_char(host.ptr[i]))
			return false;
	return true;
}

static int take_port(struct sv port, uint16_t *port_r)
{
	uint64_t value = 0;

	if (num_u64(port, 65535, &value) != 0 || value == 0)
		return ERR_SYNTAX;
	*port_r = (uint16_t)value;
	return 0;
}

/* "[::1]:80": the address stands in brackets (RFC 3986 section 3.2.2). */
static int split_brackets(struct sv authority, struct url *url)
{
	struct sv rest = sv_of(authority.ptr + 1, authority.len - 1);
	struct sv host = sv_cut(&rest, ']');
	struct addr addr;

	if (host.len + 1 == authority.len)
		return ERR_SYNTAX; /* no closing bracket */
	if (addr_parse(host, &addr) != 0 || !memchr(host.ptr, ':', host.len))
		return ERR_SYNTAX;
	url->host = host;
	if (rest.len == 0)
		return 0;
	if (rest.ptr[0] != ':')
		return ERR_SYNTAX;
	return take_port(sv_of(rest.ptr + 1, rest.len - 1), &url->port);
}

static int split_authority(struct sv authority, struct url *url)
{
	struct sv rest = authority;

	if (authority.len == 0)
		return ERR_SYNTAX;
	if (authority.ptr[0] == '[')
		return split_brackets(authority, url);
	url->host = sv_cut(&rest, ':');
	if (!is_name(url->host))
		return ERR_SYNTAX;
	if (url->host.len == authority.len)
		return 0;
	return take_port(rest, &url->port);
}

/* Visible ASCII without a fragment; anything else has to be escaped. */
static bool is_path(struct sv path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];

		if (c <= ' ' || c >= 0x7f || c == '#')
			return false;
	}
	return true;
}

static size_t authority_len(struct sv text)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] != '/' && text.ptr[len] != '?' &&
	       text.ptr[len] != '#')
		len++;
	return len;
}

int url_parse(struct sv text, struct url *url_r)
{
	struct url url = {.path = SV("/")};
	struct sv rest = text;
	size_t len;
	int rc;

	rc = take_scheme(&rest, &url);
	if (rc != 0)
		return rc;
	len = authority_len(rest);
	rc = split_authority(sv_of(rest.ptr, len), &url);
	if (rc != 0)
		return rc;
	if (len < rest.len) {
		url.path = sv_of(rest.ptr + len, rest.len - len);
		if (url.path.ptr[0] != '/' || !is_path(url.path))
			return ERR_SYNTAX;
	}
	*url_r = url;
	return 0;
}

bool url_query_next(struct sv *query, struct sv *name_r, struct sv *value_r)
{
	while (query->len > 0) {
		struct sv pair = sv_cut(query, '&');

		if (pair.len == 0)
			continue;
		*name_r = sv_cut(&pair, '=');
		*value_r = pair;
		return true;
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int url_decode(struct sv in, char *out, size_t *len_r)
{
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		int high, low;

		if (in.ptr[i] != '%') {
			out[len++] = in.ptr[i] == '+' ? ' ' : in.ptr[i];
			continue;
		}
		if (in.len - i < 3)
			return ERR_SYNTAX;
		high = hex_digit(in.ptr[i + 1]);
		low = hex_digit(in.ptr[i + 2]);
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return ERR_SYNTAX;
		out[len++] = (char)(high * 16 + low);
		i += 2;
	}
	*len_r = len;
	return 0;
}

void url_encode(struct buf *b, struct sv in)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.ptr[i];
		char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};

		/* RFC 3986 section 2.3 */
		if (is_name_char(in.ptr[i]) || c == '~')
			buf_char(b, in.ptr[i]);
		else
			buf_put(b, escaped, sizeof(escaped));
	}
}
