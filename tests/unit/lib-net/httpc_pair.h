/*
 * httpc_pair.h - for the tests of lib/net/httpc.c: our own server, a scripted
 * peer that answers anything, and what came back. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_LIB_NET_HTTPC_PAIR_H
#define PERI_TESTS_UNIT_LIB_NET_HTTPC_PAIR_H

#include "lib/net/httpc.h"
#include "lib/net/httpd.h"
#include "tests/unit/lib-net/net_helper.h"

#define BODY_MAX 65536

struct result {
	unsigned calls;
	int rc;
	unsigned status;
	struct buf body;
	struct httpc **free_inside;
};

static inline void on_answer(const struct httpc_answer *answer, void *arg)
{
	struct result *result = arg;

	result->calls++;
	result->rc = answer->rc;
	result->status = answer->status;
	buf_sv(&result->body, answer->body);
	if (result->free_inside)
		httpc_free(result->free_inside);
}

static inline bool is_answered(void *arg)
{
	const struct result *result = arg;

	return result->calls > 0;
}

static inline void result_init(struct result *result)
{
	*result = (struct result){0};
	buf_init(&result->body, BODY_MAX);
}

static inline void new_client(struct loop *loop, const char *host,
			      uint16_t port, struct httpc **client_r)
{
	char text[128];
	struct buf url;

	buf_init_fixed(&url, text, sizeof(text));
	buf_printf(&url, "http://%s:%u", host, port);
	assert_int_equal(httpc_new(loop, buf_view(&url), client_r), 0);
}

/* A call, until it has its answer. */
static inline void exchange(struct loop *loop, struct httpc *client,
			    const struct httpc_call *call,
			    struct result *result)
{
	httpc_request(client, call, on_answer, result);
	helper_until(loop, is_answered, result);
}

struct pair {
	struct loop *loop;
	struct httpd *server;
	uint16_t port;
	struct httpd_stream *stream;
	unsigned stream_closed;
};

static inline void on_stream_closed(struct httpd_stream *stream, void *arg)
{
	struct pair *pair = arg;

	assert_ptr_equal(stream, pair->stream);
	pair->stream = NULL;
	pair->stream_closed++;
}

static inline void on_request(struct httpd_request *req, void *arg)
{
	struct pair *pair = arg;

	if (sv_eq(req->head->path, SV("/stream")))
		pair->stream = httpd_stream(req, "application/jsonl", SV(""),
					    on_stream_closed, pair);
	else if (sv_eq(req->head->path, SV("/silent")))
		httpd_later_reply(httpd_defer(req), 204, NULL, SV(""), SV(""));
	else if (sv_eq(req->head->path, SV("/who")))
		httpd_reply(req, 200, "text/plain", SV(""),
			    httpd_header(req, SV("authorization")));
	else if (sv_eq(req->head->path, SV("/missing")))
		httpd_problem_simple(req, 404, "x", "X", NULL);
	else
		httpd_reply(req, 200, "text/plain", SV(""), req->body);
}

static inline void pair_open(struct pair *pair)
{
	struct httpd_limits limits = httpd_default_limits();

	*pair = (struct pair){0};
	limits.body_max_bytes = 1u << 20;
	assert_int_equal(loop_new(&pair->loop), 0);
	pair->server = httpd_new(pair->loop, &limits, on_request, pair);
	assert_int_equal(
		httpd_listen(pair->server, &helper_local, 0, &pair->port), 0);
}

static inline void pair_close(struct pair *pair)
{
	httpd_free(&pair->server);
	loop_free(&pair->loop);
}

#endif
