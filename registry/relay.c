/*
 * relay.c - see the header. Invariant: every question that was deferred is
 * answered exactly once, by httpc's callback. Loop thread.
 */
#include "registry/relay.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/url.h"
#include "lib/net/httpc.h"

#define URL_BYTES 256

#define WHAT_IF_GAP_MS 1000

struct relay {
	struct loop *loop;
	struct httpc *client; /* NULL = nobody is asked */
	char url[URL_BYTES];
	unsigned pending;
	int64_t what_if_from_ms; /* for those who may change nothing */
	struct relay_counters counters;
};

/* A request that waits for its answer. */
struct question {
	struct registry *registry;
	struct relay *relay;
	struct httpd_later *later;
};

struct relay *relay_new(struct loop *loop)
{
	struct relay *relay = mem_alloc(sizeof(*relay));

	relay->loop = loop;
	return relay;
}

void relay_free(struct relay **relay)
{
	if (!*relay)
		return;
	httpc_free(&(*relay)->client);
	mem_free(*relay);
	*relay = NULL;
}

int relay_set(struct relay *relay, const char *base_url)
{
	struct httpc *client = NULL;
	int rc;

	if (strcmp(base_url, relay->url) == 0)
		return 0;
	rc = base_url[0] ? httpc_new(relay->loop, sv_str(base_url), &client)
			 : 0;
	if (rc == 0)
		rc = sv_copy(sv_str(base_url), relay->url, sizeof(relay->url));
	if (rc != 0) {
		httpc_free(&client);
		return rc;
	}
	httpc_free(&relay->client);
	relay->client = client;
	return 0;
}

static void refuse_later(const struct question *question, int rc)
{
	struct refusal_case c = {.reason = rc == ERR_TIMEOUT
						   ? REFUSAL_BALANCER_SILENT
						   : REFUSAL_BALANCER_AWAY,
				 .detail = err_str(rc)};

	question->relay->counters.failed++;
	refusal_reply_later(&question->registry->refusals, question->later, &c);
}

static void on_answer(const struct httpc_answer *answer, void *arg)
{
	struct question *question = arg;
	bool is_problem = answer->status >= 400;

	question->relay->pending--;
	if (answer->rc != 0) {
		refuse_later(question, answer->rc);
	} else {
		question->relay->counters.answered++;
		httpd_later_reply(question->later, answer->status,
				  is_problem ? PROBLEM_CONTENT_TYPE : API_JSON,
				  SV("Cache-Control: no-store\r\n"),
				  answer->body);
	}
	mem_free(question);
}

/* A target that came through our own parser holds nothing that could end a
 * request line. */
static void ask(struct relay *relay, const struct api_call *call)
{
	char storage[RELAY_QUERY_BYTES_MAX + 64];
	struct httpc_call request = {.method = HTTP1_GET,
				     .timeout_ms = RELAY_TIMEOUT_MS,
				     .answer_max_bytes = RELAY_ANSWER_BYTES};
	struct question *question = mem_alloc(sizeof(*question));
	struct buf path;

	buf_init_fixed(&path, storage, sizeof(storage));
	buf_sv(&path, call->req->head->path);
	if (call->req->head->query.len > 0) {
		buf_char(&path, '?');
		buf_sv(&path, call->req->head->query);
	}
	request.path = buf_cstr(&path);
	question->registry = call->registry;
	question->relay = relay;
	question->later = httpd_defer(call->req);
	relay->pending++;
	httpc_request(relay->client, &request, on_answer, question);
}

static bool is_what_if(const struct api_call *call)
{
	static const char *const changes[] = {"without", "drained", "release",
					      "weight", "bias"};
	struct sv query = call->req->head->query, key, value;

	if (sv_eq(call->req->head->path, SV("/v1/preview")))
		return true;
	while (url_query_next(&query, &key, &value)) {
		for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
			if (sv_eq(key, sv_str(changes[i])))
				return true;
		}
	}
	return false;
}

/* What-ifs keep the balancer from its next snapshot: all who may change nothing
 * share one in a while. */
static bool is_too_soon(struct relay *relay, const struct api_call *call)
{
	int64_t now_ms = call->req->now_ms;

	if (call->who->role >= ACCESS_OPERATOR || !is_what_if(call))
		return false;
	if (now_ms < relay->what_if_from_ms)
		return true;
	relay->what_if_from_ms = now_ms + WHAT_IF_GAP_MS;
	return false;
}

void relay_answer(const struct api_call *call)
{
	struct relay *relay = call->registry->relay;

	if (!relay->client)
		api_refuse(call, REFUSAL_NO_BALANCER,
			   "set balancer_admin to the URL of a balancer's "
			   "admin listener");
	else if (call->req->head->query.len > RELAY_QUERY_BYTES_MAX)
		api_refuse(call, REFUSAL_BAD_PARAMETER,
			   "the query is longer than 2048 bytes");
	else if (relay->pending >= RELAY_PENDING_MAX ||
		 is_too_soon(relay, call))
		api_refuse(call, REFUSAL_BALANCER_BUSY, NULL);
	else
		ask(relay, call);
}

const struct relay_counters *relay_counters(const struct relay *relay)
{
	return &relay->counters;
}
