/*
 * query.h - the parameters of /resolve: what may be asked and how it is
 * refused. Pure, allocates nothing.
 */
#ifndef PERI_BALANCER_QUERY_H
#define PERI_BALANCER_QUERY_H

#include "balancer/draw.h"
#include "lib/base/addr.h"

#define QUERY_HOST_MAX	 253
#define QUERY_DEVICE_MAX 64
#define QUERY_FAILED_MAX 8

/* Why a request is refused: metric labels; the first column of one table. */
enum query_refusal {
	QUERY_OK,
	QUERY_UNKNOWN_PARAMETER,
	QUERY_REPEATED_PARAMETER,
	QUERY_BAD_ESCAPE,
	QUERY_BAD_HOST,
	QUERY_BAD_IP,
	QUERY_BAD_N,
	QUERY_BAD_FAMILY,
	QUERY_BAD_DEVICE,
	QUERY_BAD_FAILED,
	QUERY_IP_NOT_TRUSTED,
	QUERY_BAD_FORWARDED_FOR,
	QUERY_RATE_LIMITED,
	QUERY_HOST_REQUIRED,
	QUERY_UNKNOWN_HOST,
	QUERY_NOT_READY,
	QUERY_METHOD,
	QUERY_PATH,
	QUERY_REFUSAL_COUNT,
};

/* One way to refuse: what the answer says. */
struct query_refusal_row {
	const char *label; /* of the metric: "unknown_parameter" */
	unsigned status;
	const char *type, *title, *detail; /* of the problem */
};

struct query {
	struct sv host; /* lower case; borrowed from text or the URL; or "" */
	bool has_ip;
	struct addr ip;
	uint8_t want; /* 1..DRAW_MAX */
	enum snapshot_family family;
	struct sv device; /* "" = anonymous */
	struct addr failed[QUERY_FAILED_MAX];
	uint8_t failed_count;
	struct sv culprit; /* the parameter that was refused, still encoded */
	char host_text[QUERY_HOST_MAX];
	char device_text[QUERY_DEVICE_MAX];
};

/*
 * query_parse - read the query string @text of /resolve.
 *
 * Views in *@query_r point into @text or into *@query_r itself. Any thread.
 * Returns QUERY_OK, or the refusal, with the parameter in query_r->culprit.
 */
MUST_CHECK enum query_refusal query_parse(struct sv text,
					  struct query *query_r);

/* query_refusal_row - what to say about @refusal; constant. */
const struct query_refusal_row *query_refusal_row(enum query_refusal refusal);

#endif
