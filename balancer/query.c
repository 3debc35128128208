/*
 * query.c - reads the parameters of /resolve, each by its own function out of
 * one table. Pure; runs on every request, so nothing is copied that has no
 * escapes.
 */
#include "balancer/query.h"

#include "lib/base/num.h"
#include "lib/proto/url.h"

/* The longest value that any parameter has, decoded. */
#define VALUE_MAX (QUERY_FAILED_MAX * ADDR_TEXT_MAX)

static const struct query_refusal_row refusals[QUERY_REFUSAL_COUNT] = {
	[QUERY_OK] = {"ok", 200, "", "", ""},
	[QUERY_UNKNOWN_PARAMETER] =
		{"unknown_parameter", 400, "unknown-parameter",
		 "Unknown parameter",
		 "known are host, ip, n, family, device and failed"},
	[QUERY_REPEATED_PARAMETER] = {"repeated_parameter", 400,
				      "repeated-parameter",
				      "Parameter given twice",
				      "give each parameter once"},
	[QUERY_BAD_ESCAPE] = {"bad_escape", 400, "bad-parameter",
			      "Bad parameter",
			      "a percent sign is followed by two hexadecimal "
			      "digits that are not 00"},
	[QUERY_BAD_HOST] = {"bad_host", 400, "bad-parameter", "Bad parameter",
			    "host is a service's name: 1 to 253 of "
			    "a-z 0-9 . - _"},
	[QUERY_BAD_IP] = {"bad_ip", 400, "bad-parameter", "Bad parameter",
			  "ip is an IPv4 or IPv6 address"},
	[QUERY_BAD_N] = {"bad_n", 400, "bad-parameter", "Bad parameter",
			 "n is 1 to 16"},
	[QUERY_BAD_FAMILY] = {"bad_family", 400, "bad-parameter",
			      "Bad parameter", "family is 4, 6 or 46"},
	[QUERY_BAD_DEVICE] = {"bad_device", 400, "bad-parameter",
			      "Bad parameter", "device is at most 64 bytes"},
	[QUERY_BAD_FAILED] = {"bad_failed", 400, "bad-parameter",
			      "Bad parameter",
			      "failed is at most 8 addresses with commas"},
	[QUERY_IP_NOT_TRUSTED] =
		{"ip_not_trusted", 403, "ip-not-trusted",
		 "The ip parameter is not believed",
		 "this caller is not one of trusted_proxies and "
		 "trust_ip_parameter is off: leave ip out"},
	[QUERY_BAD_FORWARDED_FOR] =
		{"bad_forwarded_for", 400, "bad-forwarded-for",
		 "Bad forwarding header",
		 "the proxy's X-Forwarded-For or Forwarded does not follow its "
		 "grammar or holds something that is not an address"},
	[QUERY_RATE_LIMITED] =
		{"rate_limited", 429, "rate-limited", "Too many requests",
		 "this network asks more often than rate_limit allows: try "
		 "again in a second"},
	[QUERY_HOST_REQUIRED] = {"host_required", 400, "host-required",
				 "Which service?",
				 "there are several services: say host="},
	[QUERY_UNKNOWN_HOST] = {"unknown_host", 404, "unknown-host",
				"No such service",
				"no node has registered for this host"},
	[QUERY_NOT_READY] = {"not_ready", 503, "not-ready", "Starting",
			     "no state from the registry yet: try again"},
	[QUERY_METHOD] = {"method", 405, "method-not-allowed",
			  "Method not allowed", "use GET, HEAD or OPTIONS"},
	[QUERY_PATH] = {"path", 404, "not-found", "No such path",
			"try /resolve?host="},
};

const struct query_refusal_row *query_refusal_row(enum query_refusal refusal)
{
	return &refusals[refusal];
}

/* Whether @value has to be decoded before it can be read. */
static bool is_escaped(struct sv value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '%' || value.ptr[i] == '+')
			return true;
	return false;
}

/* *@value without escapes, in @room when there were any. */
static enum query_refusal decode(struct sv *value, char *room, size_t room_max,
				 enum query_refusal too_long)
{
	size_t len;

	if (!is_escaped(*value))
		return value->len <= room_max ? QUERY_OK : too_long;
	if (value->len > room_max * 3)
		return too_long;
	if (value->len > room_max) {
		char large[3 * VALUE_MAX];

		if (url_decode(*value, large, &len) != 0)
			return QUERY_BAD_ESCAPE;
		if (len > room_max)
			return too_long;
		memcpy(room, large, len);
	} else if (url_decode(*value, room, &len) != 0) {
		return QUERY_BAD_ESCAPE;
	}
	*value = sv_of(room, len);
	return QUERY_OK;
}

/* 0 for a byte that no host has, else the byte in lower case. */
static char host_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	    c == '-' || c == '_')
		return c;
	return 0;
}

static enum query_refusal read_host(struct sv value, struct query *q)
{
	enum query_refusal refusal =
		decode(&value, q->host_text, QUERY_HOST_MAX, QUERY_BAD_HOST);

	if (refusal != QUERY_OK)
		return refusal;
	if (value.len > 1 && value.ptr[value.len - 1] == '.')
		value.len--; /* a fully qualified name is the same name */
	for (size_t i = 0; i < value.len; i++) {
		q->host_text[i] = host_char(value.ptr[i]);
		if (q->host_text[i] == 0)
			return QUERY_BAD_HOST;
	}
	q->host = sv_of(q->host_text, value.len);
	return value.len > 0 ? QUERY_OK : QUERY_BAD_HOST;
}

static enum query_refusal read_ip(struct sv value, struct query *q)
{
	char room[ADDR_TEXT_MAX];
	enum query_refusal refusal =
		decode(&value, room, sizeof(room), QUERY_BAD_IP);

	if (refusal != QUERY_OK)
		return refusal;
	q->has_ip = true;
	return addr_parse(value, &q->ip) == 0 ? QUERY_OK : QUERY_BAD_IP;
}

static enum query_refusal read_n(struct sv value, struct query *q)
{
	uint64_t want;

	if (num_u64(value, DRAW_MAX, &want) != 0 || want == 0)
		return QUERY_BAD_N;
	q->want = (uint8_t)want;
	return QUERY_OK;
}

static enum query_refusal read_family(struct sv value, struct query *q)
{
	if (sv_eq(value, SV("46")))
		q->family = SNAPSHOT_V46;
	else if (sv_eq(value, SV("4")))
		q->family = SNAPSHOT_V4;
	else if (sv_eq(value, SV("6")))
		q->family = SNAPSHOT_V6;
	else
		return QUERY_BAD_FAMILY;
	return QUERY_OK;
}

static enum query_refusal read_device(struct sv value, struct query *q)
{
	enum query_refusal refusal = decode(&value, q->device_text,
					    QUERY_DEVICE_MAX, QUERY_BAD_DEVICE);

	q->device = value;
	return refusal;
}

static enum query_refusal read_failed(struct sv value, struct query *q)
{
	char room[VALUE_MAX];
	enum query_refusal refusal =
		decode(&value, room, sizeof(room), QUERY_BAD_FAILED);

	if (refusal != QUERY_OK)
		return refusal;
	while (value.len > 0) {
		struct sv text = sv_cut(&value, ',');

		if (q->failed_count == QUERY_FAILED_MAX ||
		    addr_parse(text, &q->failed[q->failed_count]) != 0)
			return QUERY_BAD_FAILED;
		q->failed_count++;
	}
	return QUERY_OK;
}

static const struct parameter {
	struct sv name;
	enum query_refusal (*read)(struct sv value, struct query *q);
} parameters[] = {
	{{"ip", 2}, read_ip},	      {{"host", 4}, read_host},
	{{"device", 6}, read_device}, {{"n", 1}, read_n},
	{{"family", 6}, read_family}, {{"failed", 6}, read_failed},
};

static enum query_refusal read_one(struct sv name, struct sv value,
				   unsigned *seen, struct query *q)
{
	for (unsigned i = 0; i < ARRAY_LEN(parameters); i++) {
		if (!sv_eq(name, parameters[i].name))
			continue;
		if (*seen & 1U << i)
			return QUERY_REPEATED_PARAMETER;
		*seen |= 1U << i;
		return parameters[i].read(value, q);
	}
	return QUERY_UNKNOWN_PARAMETER;
}

enum query_refusal query_parse(struct sv text, struct query *query_r)
{
	unsigned seen = 0;
	struct sv name, value;

	/* Not the whole struct: its texts are 300 bytes of a hot path. */
	query_r->host = query_r->device = query_r->culprit = sv_of("", 0);
	query_r->has_ip = false;
	query_r->want = DRAW_DEFAULT;
	query_r->family = SNAPSHOT_V46;
	query_r->failed_count = 0;
	while (url_query_next(&text, &name, &value)) {
		enum query_refusal refusal =
			read_one(name, value, &seen, query_r);

		if (refusal != QUERY_OK) {
			query_r->culprit = name;
			return refusal;
		}
	}
	return QUERY_OK;
}
