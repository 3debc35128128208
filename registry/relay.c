/*
 * relay.c - see the header. Invariant: every question that was deferred is
 * answered exactly once, by httpc's callback. Loop thread.
 */
#include "registry/relay.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/httpc.h"

#define URL_BYTES 256

struct relay {
	struct loop *loop;
	struct httpc *client; /* NULL = nobody is asked */
	char url[URL_BYTES];
	unsigned pending;
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
	else if (relay->pending >= RELAY_PENDING_MAX)
		api_refuse(call, REFUSAL_BALANCER_BUSY, NULL);
	else
		ask(relay, call);
}

const struct relay_counters *relay_counters(const struct relay *relay)
{
	return &relay->counters;
}
