/*
 * forwarded.c - reads RFC 7239's list: elements with ',' between them, pairs
 * name=value with ';' between them, values a token or quoted. Pure.
 */
#include "lib/proto/forwarded.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* tchar of RFC 9110 5.6.2. */
static bool is_token_char(char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* qdtext or what a backslash may quote: no controls but the tab. */
static bool is_text_char(char c)
{
	return c == '\t' || ((uint8_t)c >= 0x20 && c != 0x7f);
}

static void skip_space(struct sv *rest)
{
	while (rest->len > 0 && (*rest->ptr == ' ' || *rest->ptr == '\t')) {
		rest->ptr++;
		rest->len--;
	}
}

/* Take @c off the front, if it is there. */
static bool take_char(struct sv *rest, char c)
{
	if (rest->len == 0 || *rest->ptr != c)
		return false;
	rest->ptr++;
	rest->len--;
	return true;
}

static struct sv take_token(struct sv *rest)
{
	struct sv token = {rest->ptr, 0};

	while (rest->len > 0 && is_token_char(*rest->ptr)) {
		rest->ptr++;
		rest->len--;
		token.len++;
	}
	return token;
}

/* The inside of a quotation whose first '"' is taken; escapes stay. */
static int take_quoted(struct sv *rest, struct sv *text_r)
{
	*text_r = sv_of(rest->ptr, 0);
	while (rest->len > 0 && *rest->ptr != '"') {
		size_t step = *rest->ptr == '\\' ? 2 : 1;

		if (step > rest->len || !is_text_char(rest->ptr[step - 1]))
			return ERR_SYNTAX;
		rest->ptr += step;
		rest->len -= step;
		text_r->len += step;
	}
	return take_char(rest, '"') ? 0 : ERR_SYNTAX;
}

static int take_value(struct sv *rest, struct sv *value_r)
{
	if (take_char(rest, '"'))
		return take_quoted(rest, value_r);
	*value_r = take_token(rest);
	return value_r->len > 0 ? 0 : ERR_SYNTAX;
}

/* obfnode and obfport: "_" and letters, digits, '.', '_', '-'. */
static bool is_hidden_name(struct sv text)
{
	if (text.len < 2 || text.ptr[0] != '_')
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (!is_alnum(text.ptr[i]) && !strchr("._-", text.ptr[i]))
			return false;
	return true;
}

static bool is_port(struct sv text)
{
	uint64_t port;

	return is_hidden_name(text) ||
	       (text.len <= 5 && num_u64(text, UINT16_MAX, &port) == 0);
}

static int read_address(struct sv text, bool is_v6, struct forwarded_hop *hop_r)
{
	bool has_colon = text.len > 0 && memchr(text.ptr, ':', text.len);

	hop_r->kind = FORWARDED_ADDRESS;
	return has_colon == is_v6 ? addr_parse(text, &hop_r->address)
				  : ERR_SYNTAX;
}

/* node = nodename [ ":" node-port ] (section 6), inside its quotation. */
static int read_node(struct sv node, struct forwarded_hop *hop_r)
{
	bool in_brackets = take_char(&node, '[');
	const char *end =
		node.len > 0
			? memchr(node.ptr, in_brackets ? ']' : ':', node.len)
			: NULL;
	struct sv name = node;

	if (in_brackets && !end)
		return ERR_SYNTAX;
	if (end) {
		name.len = (size_t)(end - node.ptr);
		node.ptr += name.len;
		node.len -= name.len;
		if (in_brackets)
			(void)take_char(&node, ']');
		if (take_char(&node, ':') ? !is_port(node) : node.len > 0)
			return ERR_SYNTAX;
	}
	if (in_brackets)
		return read_address(name, true, hop_r);
	hop_r->kind = FORWARDED_HIDDEN;
	if (sv_eq_nocase(name, SV("unknown")) || is_hidden_name(name))
		return 0;
	return read_address(name, false, hop_r);
}

/* name=value; @has_for_r: whether the element has named its node. */
static int take_pair(struct sv *rest, bool *has_for_r,
		     struct forwarded_hop *hop_r)
{
	struct sv name = take_token(rest);
	struct sv value;

	if (name.len == 0 || !take_char(rest, '=') ||
	    take_value(rest, &value) != 0)
		return ERR_SYNTAX;
	if (!sv_eq_nocase(name, SV("for")))
		return 0;
	if (*has_for_r)
		return ERR_SYNTAX; /* section 4: once an element */
	*has_for_r = true;
	return read_node(value, hop_r);
}

/* Pairs and semicolons up to the comma or the end. */
static int take_element(struct sv *rest, struct forwarded_hop *hop_r)
{
	bool has_for = false;

	for (;;) {
		if (rest->len > 0 && *rest->ptr != ';' && *rest->ptr != ',') {
			int rc = take_pair(rest, &has_for, hop_r);

			if (rc != 0)
				return rc;
			skip_space(rest);
		}
		if (!take_char(rest, ';'))
			return rest->len == 0 || take_char(rest, ',')
				       ? 0
				       : ERR_SYNTAX;
		skip_space(rest);
	}
}

int forwarded_next(struct sv *rest, struct forwarded_hop *hop_r)
{
	struct forwarded_hop hop = {.kind = FORWARDED_HIDDEN};
	int rc;

	do
		skip_space(rest);
	while (take_char(rest, ','));
	if (rest->len == 0)
		return 0;
	rc = take_element(rest, &hop);
	if (rc != 0)
		return rc;
	*hop_r = hop;
	return 1;
}
