/*
 * httpd_world.h - for the tests of lib/net/httpd.c: a server on one loop whose
 * paths answer in every way there is. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_LIB_NET_HTTPD_WORLD_H
#define PERI_TESTS_UNIT_LIB_NET_HTTPD_WORLD_H

#include <stdlib.h>

#include "lib/net/httpd_ahead.h"
#include "tests/unit/lib-net/net_helper.h"

#define BODY_MAX 1000

struct world {
	struct loop *loop;
	struct httpd *server;
	uint16_t port;
	struct httpd_later *laters[64];
	unsigned later_count;
	struct httpd_stream *stream;
	unsigned stream_closed;
	const struct httpd_request *seen[HTTPD_BATCH]; /* by the last step */
	char big[300000];
};

static inline void on_stream_closed(struct httpd_stream *stream, void *arg)
{
	struct world *world = arg;

	assert_ptr_equal(world->stream, stream);
	world->stream = NULL;
	world->stream_closed++;
}

static inline void answer_fast(struct httpd_request *req)
{
	struct buf *out = httpd_reply_begin(req, 200, SV("X-Fast: yes\r\n"));

	buf_str(out, "fast ");
	buf_sv(out, req->head->query);
	httpd_reply_end(req);
}

static inline void answer_stream(struct httpd_request *req, struct world *world)
{
	world->stream = httpd_stream(req, "text/plain", SV(""),
				     on_stream_closed, world);
	httpd_stream_send(world->stream, SV("first"));
	if (sv_eq(req->head->query, SV("end"))) {
		httpd_stream_end(world->stream);
		world->stream = NULL;
	}
}

/* Method, path, query and body, for all to see. */
static inline void answer_echo(struct httpd_request *req)
{
	char text[4096];
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	buf_printf(&b, "%d " SV_FMT " " SV_FMT " [" SV_FMT "]",
		   req->head->method, SV_ARG(req->head->path),
		   SV_ARG(req->head->query), SV_ARG(req->body));
	httpd_reply(req, 200, "text/plain", SV("X-Echo: yes\r\n"),
		    buf_view(&b));
}

/* Each request goes through both steps, and then to the handler. */
static inline void on_ahead(struct httpd_request *req, unsigned step, void *arg)
{
	struct world *world = arg;
	const struct httpd_request **seen = &world->seen[req->slot];

	assert_true(step < 2);
	assert_true(step == 0 || *seen == req);
	*seen = req;
}

static inline void on_request(struct httpd_request *req, void *arg)
{
	struct world *world = arg;
	struct sv path = req->head->path;

	assert_ptr_equal(world->seen[req->slot], req);
	world->seen[req->slot] = NULL;
	assert_int_equal(req->peer.family, ADDR_V4);
	assert_true(req->peer_port > 0);
	if (sv_eq(path, SV("/fast")))
		answer_fast(req);
	else if (sv_eq(path, SV("/later")))
		world->laters[world->later_count++] = httpd_defer(req);
	else if (sv_eq(path, SV("/now")))
		httpd_later_reply(httpd_defer(req), 200, "text/plain", SV(""),
				  SV("now"));
	else if (sv_eq(path, SV("/stream")))
		answer_stream(req, world);
	else if (sv_eq(path, SV("/big")))
		httpd_reply(req, 200, "text/plain", SV(""),
			    sv_of(world->big, sizeof(world->big)));
	else if (sv_eq(path, SV("/none")))
		return;
	else if (sv_eq(path, SV("/half")))
		(void)httpd_reply_begin(req, 200, SV(""));
	else if (sv_eq(path, SV("/empty")))
		httpd_reply(req, 204, NULL, SV(""), SV(""));
	else if (sv_eq(path, SV("/drain")))
		httpd_drain(world->server), answer_echo(req);
	else
		answer_echo(req);
}

static inline struct httpd_limits short_limits(void)
{
	struct httpd_limits limits = httpd_default_limits();

	limits.body_max_bytes = BODY_MAX;
	return limits;
}

static inline struct world *open_world(struct httpd_limits limits)
{
	struct world *world = calloc(1, sizeof(*world));

	memset(world->big, 'b', sizeof(world->big));
	assert_int_equal(loop_new(&world->loop), 0);
	world->server = httpd_new(world->loop, &limits, on_request, world);
	httpd_look_ahead(world->server, on_ahead, 2);
	assert_int_equal(
		httpd_listen(world->server, &helper_local, 0, &world->port), 0);
	return world;
}

static inline void close_world(struct world *world)
{
	httpd_free(&world->server);
	loop_free(&world->loop);
	free(world);
}

static inline const struct httpd_counters *counters(const struct world *world)
{
	return httpd_counters(world->server);
}

static inline bool is_empty(void *arg)
{
	const struct world *world = arg;

	return httpd_open_conns(world->server) == 0;
}

#define HOST	 "Host: a\r\n"
#define COUNT(c) offsetof(struct httpd_counters, refused_##c)
#define CHUNKED	 "PUT /b HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static inline uint64_t counter_at(const struct world *world, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)counters(world) +
						 offset);
}

enum feed { FEED_WHOLE, FEED_BYTES };

static inline bool has_later(void *arg)
{
	return ((struct world *)arg)->later_count == 1;
}

/* A client that has sent @bytes. */
static inline void ask(struct world *world, struct helper_client *c,
		       struct sv bytes)
{
	helper_connect(c, world->loop, world->port);
	helper_write(c, bytes);
}

static inline bool has_stream(void *arg)
{
	return ((struct world *)arg)->stream != NULL;
}

static inline void open_stream(struct world *world, struct helper_client *c)
{
	ask(world, c, SV("GET /stream HTTP/1.1\r\n" HOST "\r\n"));
	helper_until(world->loop, has_stream, world);
}

#endif
