/*
 * httpc.c - a client of one origin: its calls wait in a queue and go out one
 * after the other on one kept connection. A call ends exactly once: by its
 * answer, an error, its time-out or the client's end; its callback is the last
 * thing that happens, so that it may do anything.
 */
#include "lib/net/httpc.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/httpc_client.h"
#include "lib/proto/url.h"

#define ANSWER_DEFAULT_BYTES (1u << 20)
#define REQUEST_MAX_BYTES    (15u << 20)

struct httpc_call_entry {
	struct httpc *client; /* borrowed */
	struct buf request;   /* the whole message */
	int rc;		      /* why it cannot be sent; 0 = it can */
	enum http1_method method;
	size_t answer_max_bytes;
	struct loop_timer *timeout; /* owned */
	httpc_cb *cb;
	void *arg;
	TAILQ_ENTRY(httpc_call_entry) link;
};

/* Send the next call, if none is under way. */
static void pump(struct httpc *client)
{
	struct httpc_call_entry *call = TAILQ_FIRST(&client->calls);

	while (call && call->rc)
		call = TAILQ_NEXT(call, link);
	if (client->current || !client->exchange || !call)
		return;
	client->current = call;
	client->status = 0;
	buf_fini(&client->body);
	buf_init(&client->body, call->answer_max_bytes);
	httpc_exchange_start(client->exchange, buf_view(&call->request),
			     call->method);
}

/* End @call with @answer. The callback may free the client: nothing of either
 * may be touched after this. */
static void end_call(struct httpc_call_entry *call,
		     const struct httpc_answer *answer)
{
	struct httpc *client = call->client;
	httpc_cb *cb = call->cb;
	void *arg = call->arg;

	TAILQ_REMOVE(&client->calls, call, link);
	if (client->current == call)
		client->current = NULL;
	loop_timer_free(&call->timeout);
	buf_fini(&call->request);
	mem_free(call);
	pump(client);
	cb(answer, arg);
}

static void fail_call(struct httpc_call_entry *call, int rc)
{
	const struct httpc_answer answer = {.rc = rc};

	end_call(call, &answer);
}

static void on_timeout(void *arg)
{
	struct httpc_call_entry *call = arg;

	if (call->client->current == call)
		httpc_exchange_abort(call->client->exchange);
	fail_call(call, call->rc ? call->rc : ERR_TIMEOUT);
}

/* ---- the answer of the current call ---- */

/* The rest of the answer is not worth reading. */
static void give_up(struct httpc *client, int rc)
{
	httpc_exchange_abort(client->exchange);
	fail_call(client->current, rc);
}

static void on_head(const struct http1_response *response, void *arg)
{
	struct httpc *client = arg;

	client->status = response->status;
	if (response->body == HTTP1_BODY_LENGTH &&
	    response->content_bytes > client->current->answer_max_bytes)
		give_up(client, ERR_TOOBIG);
}

static void on_data(struct sv piece, void *arg)
{
	struct httpc *client = arg;

	buf_sv(&client->body, piece);
	if (client->body.failed)
		give_up(client, ERR_TOOBIG);
}

static void on_done(int rc, void *arg)
{
	struct httpc *client = arg;
	struct httpc_answer answer = {.rc = rc};
	struct buf body = client->body;

	if (rc == 0) {
		answer.status = client->status;
		answer.body = buf_view(&body);
	}
	client->body = (struct buf){0}; /* the next call gets its own */
	end_call(client->current, &answer);
	buf_fini(&body);
}

static const struct httpc_exchange_handler exchange_handler = {
	.head = on_head,
	.data = on_data,
	.done = on_done,
};

/* ---- life ---- */

static int read_origin(struct sv base_url, struct httpc_origin *origin_r)
{
	struct url url;
	int rc = url_parse(base_url, &url);

	if (rc)
		return rc;
	if (!sv_eq_nocase(url.scheme, SV("http")) || !sv_eq(url.path, SV("/")))
		return ERR_UNSUPPORTED;
	origin_r->port = url.port;
	if (addr_parse(url.host, &origin_r->numeric))
		origin_r->numeric.family = ADDR_NONE;
	return sv_copy(url.host, origin_r->host, sizeof(origin_r->host))
		       ? ERR_SYNTAX
		       : 0;
}

int httpc_new(struct loop *loop, struct sv base_url, struct httpc **client_r)
{
	struct httpc_origin origin = {.port = 0};
	struct httpc *client;
	int rc = read_origin(base_url, &origin);

	if (rc)
		return rc;
	client = mem_alloc(sizeof(*client));
	client->loop = loop;
	client->origin = origin;
	TAILQ_INIT(&client->calls);
	client->exchange =
		httpc_exchange_new(loop, &origin, &exchange_handler, client);
	*client_r = client;
	return 0;
}

int httpc_set_bearer(struct httpc *client, const char *token)
{
	/* b64token: what may follow "Bearer " (RFC 6750 section 2.1). */
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~+/=";

	if (token[strspn(token, allowed)] != '\0')
		return ERR_SYNTAX;
	client->origin.bearer = token[0] ? token : NULL;
	return 0;
}

void httpc_free(struct httpc **client_ptr)
{
	struct httpc *client = *client_ptr;
	struct httpc_call_entry *call;

	if (!client)
		return;
	*client_ptr = NULL;
	httpc_exchange_free(&client->exchange);
	while ((call = TAILQ_FIRST(&client->calls)))
		fail_call(call, ERR_CLOSED);
	buf_fini(&client->body);
	mem_free(client);
}

void httpc_request(struct httpc *client, const struct httpc_call *call,
		   httpc_cb *cb, void *arg)
{
	struct httpc_call_entry *entry = mem_alloc(sizeof(*entry));

	entry->client = client;
	entry->method = call->method;
	entry->answer_max_bytes = call->answer_max_bytes
					  ? call->answer_max_bytes
					  : ANSWER_DEFAULT_BYTES;
	entry->cb = cb;
	entry->arg = arg;
	buf_init(&entry->request, REQUEST_MAX_BYTES);
	entry->rc = httpc_exchange_put(&entry->request, &client->origin,
				       call->method, call->path, call->body);
	entry->timeout = loop_timer_new(client->loop, on_timeout, entry);
	loop_timer_once(entry->timeout, entry->rc ? 0 : call->timeout_ms);
	TAILQ_INSERT_TAIL(&client->calls, entry, link);
	pump(client);
}
