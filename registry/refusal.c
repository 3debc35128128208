/*
 * refusal.c - the table of refusals and their answers. The types are stable:
 * programs compare them, docs/PROTOCOL.md lists them.
 */
#include "registry/refusal.h"

#include "lib/base/err.h"

#define ANSWER_BYTES_MAX 4096
#define RETRY_AFTER_S	 "1"

static const struct {
	unsigned status;
	const char *type, *title;
} rows[REFUSAL_COUNT] = {
	[REFUSAL_MALFORMED_JSON] = {400, "malformed-json",
				    "The body is not JSON"},
	[REFUSAL_UNKNOWN_FIELD] = {400, "unknown-field",
				   "The body has a field that nobody knows"},
	[REFUSAL_MISSING_FIELD] = {400, "missing-field",
				   "The body lacks a required field"},
	[REFUSAL_WRONG_TYPE] = {400, "wrong-type",
				"A value has the wrong JSON type"},
	[REFUSAL_OUT_OF_RANGE] = {400, "out-of-range",
				  "A value is outside its limits"},
	[REFUSAL_TOO_LONG] = {400, "too-long", "A text is too long"},
	[REFUSAL_ADDRESS_NOT_ALLOWED] = {400, "address-not-allowed",
					 "An address may not be announced"},
	[REFUSAL_UNKNOWN_REGION] = {400, "unknown-region",
				    "The region is not known"},
	[REFUSAL_BAD_NODE_ID] = {400, "bad-node-id",
				 "The id has wrong characters"},
	[REFUSAL_BAD_PARAMETER] = {400, "bad-parameter",
				   "A query parameter is wrong"},
	[REFUSAL_UNAUTHORIZED] = {401, "unauthorized",
				  "The token is missing or wrong"},
	[REFUSAL_FORBIDDEN] = {403, "forbidden", "Your role may not do this"},
	[REFUSAL_WRONG_ORIGIN] = {403, "wrong-origin",
				  "Another site's page may not do this"},
	[REFUSAL_WRONG_HOST] = {421, "wrong-host",
				"This listener is not known by that name"},
	[REFUSAL_UNKNOWN_PATH] = {404, "unknown-path",
				  "There is nothing at this path"},
	[REFUSAL_UNKNOWN_NODE] = {404, "unknown-node",
				  "The node is not registered"},
	[REFUSAL_UNKNOWN_INTENT] = {404, "unknown-intent",
				    "Nobody wants anything of this target"},
	[REFUSAL_UNKNOWN_TARGET] = {404, "unknown-target",
				    "There is no history of this target"},
	[REFUSAL_METHOD_NOT_ALLOWED] = {405, "method-not-allowed",
					"The path does not know this method"},
	[REFUSAL_NEWER_BOOT_EPOCH] = {409, "newer-boot-epoch",
				      "A newer process holds this node id"},
	[REFUSAL_STALE_SEQ] = {409, "stale-seq",
			       "The renewal is older than the last one"},
	[REFUSAL_INTENT_CHANGED] = {412, "intent-changed",
				    "Somebody has changed it meanwhile"},
	[REFUSAL_UNSUPPORTED_MEDIA_TYPE] =
		{415, "unsupported-media-type",
		 "The body must be application/json"},
	[REFUSAL_TOO_MANY_LOGINS] = {429, "too-many-logins",
				     "Too many wrong tokens or codes from "
				     "this address"},
	[REFUSAL_TOO_MANY_NODES] = {503, "too-many-nodes",
				    "The registry holds max_nodes nodes"},
	[REFUSAL_TOO_MANY_REGIONS] = {503, "too-many-regions",
				      "The registry holds no more regions"},
	[REFUSAL_TOO_MANY_SERVICES] = {503, "too-many-services",
				       "The registry holds no more services"},
	[REFUSAL_TOO_MANY_WATCHERS] =
		{503, "too-many-watchers",
		 "The registry has max_watchers watchers"},
	[REFUSAL_TOO_MANY_INTENTS] = {503, "too-many-intents",
				      "8192 targets have an intent already"},
	[REFUSAL_TOO_MANY_BALANCERS] = {503, "too-many-balancers",
					"256 balancers report already"},
	[REFUSAL_TOO_MANY_VIEWERS] = {503, "too-many-viewers",
				      "256 pages look at the fleet already"},
	[REFUSAL_BALANCER_AWAY] = {502, "balancer-away",
				   "The balancer could not be asked"},
	[REFUSAL_BALANCER_SILENT] = {504, "balancer-silent",
				     "The balancer has not answered in time"},
	[REFUSAL_BALANCER_BUSY] = {503, "balancer-busy",
				   "Too many questions wait for the balancer"},
	[REFUSAL_NO_BALANCER] = {503, "no-balancer",
				 "No balancer to ask is configured"},
	[REFUSAL_STORE_QUEUE_FULL] = {503, "store-queue-full",
				      "Too many changes wait to be stored"},
	[REFUSAL_STORE_UNAVAILABLE] = {503, "store-unavailable",
				       "The change could not be stored"},
};

const char *refusal_name(enum refusal reason)
{
	return rows[reason].type;
}

enum refusal refusal_of(const struct json_problem *p)
{
	switch (p->rc) {
	case ERR_UNKNOWN_FIELD:
		return REFUSAL_UNKNOWN_FIELD;
	case ERR_MISSING_FIELD:
		return REFUSAL_MISSING_FIELD;
	case ERR_TYPE:
		return REFUSAL_WRONG_TYPE;
	case ERR_TOOBIG:
		return REFUSAL_TOO_LONG;
	case ERR_DENIED:
		return REFUSAL_ADDRESS_NOT_ALLOWED;
	case ERR_SYNTAX:
		return REFUSAL_MALFORMED_JSON;
	default:
		return REFUSAL_OUT_OF_RANGE;
	}
}

static void put_headers(struct buf *headers, const struct refusal_case *c)
{
	switch (rows[c->reason].status) {
	case 401:
		buf_str(headers, "WWW-Authenticate: Bearer\r\n");
		break;
	case 405:
		buf_printf(headers, "Allow: %s\r\n", c->allow);
		break;
	case 429:
		buf_str(headers, "Retry-After: 60\r\n"); /* access_limit.h */
		break;
	case 503:
		buf_str(headers, "Retry-After: " RETRY_AFTER_S "\r\n");
		break;
	default:
		break;
	}
}

/* An answer being built, all on the stack. */
struct answer {
	struct buf headers, body;
	char headers_storage[128];
	char body_storage[ANSWER_BYTES_MAX];
};

static void build(struct answer *a, struct refusal_counters *counters,
		  const struct refusal_case *c)
{
	struct problem problem = {
		.status = rows[c->reason].status,
		.type = rows[c->reason].type,
		.title = rows[c->reason].title,
		.detail = c->detail,
		.errors = c->errors,
	};

	counters->by_reason[c->reason]++;
	buf_init_fixed(&a->headers, a->headers_storage,
		       sizeof(a->headers_storage));
	buf_init_fixed(&a->body, a->body_storage, sizeof(a->body_storage));
	put_headers(&a->headers, c);
	problem_put(&a->body, &problem);
}

void refusal_reply(struct refusal_counters *counters, struct httpd_request *req,
		   const struct refusal_case *c)
{
	struct answer a;

	build(&a, counters, c);
	httpd_reply(req, rows[c->reason].status, PROBLEM_CONTENT_TYPE,
		    buf_view(&a.headers), buf_view(&a.body));
}

void refusal_reply_later(struct refusal_counters *counters,
			 struct httpd_later *later,
			 const struct refusal_case *c)
{
	struct answer a;

	build(&a, counters, c);
	httpd_later_reply(later, rows[c->reason].status, PROBLEM_CONTENT_TYPE,
			  buf_view(&a.headers), buf_view(&a.body));
}
