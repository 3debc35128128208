/*
 * httpd.c - a server on one loop: its listeners, the sweep that ends what
 * lasts too long (10 times a second a tenth of the connections), draining, and
 * the small calls that handlers make.
 */
#include "lib/net/httpd.h"

#include <assert.h>
#include <errno.h>

#include "lib/base/mem.h"
#include "lib/net/httpd_batch.h"
#include "lib/net/httpd_conn.h"
#include "lib/net/httpd_reply.h"
#include "lib/net/httpd_door.h"

#define SWEEP_MS       100
#define SWEEP_SHARE    10
#define DRAIN_SHARE    2   /* they are to end in time */
#define HANDSHAKE_MS   200 /* for those that connect when draining begins */
#define BUSY_ACCEPTS   100 /* in a sweep's time */
#define OUT_MAX_BYTES  (64u << 20) /* answers of one read */
#define TEXT_MAX_BYTES 65536

struct httpd_limits httpd_default_limits(void)
{
	return (struct httpd_limits){
		.body_max_bytes = 65536,
		.conns_max = 16384,
		.head_timeout_ms = 10000,
		.body_timeout_ms = 10000,
		.idle_timeout_ms = 75000,
		.write_timeout_ms = 30000,
		.stream_queue_bytes = 4u << 20,
	};
}

/* While many connect, most of them are for one request. */
static void tune_listeners(struct httpd *server, int64_t now_ms)
{
	uint64_t accepted = server->counters.conns_accepted;
	bool busy = accepted - server->accepted_before >= BUSY_ACCEPTS;

	server->accepted_before = accepted;
	if (server->awaiting)
		server->awaited_ms = now_ms;
	if (server->draining || busy == server->awaiting)
		return;
	server->awaiting = busy;
	for (unsigned i = 0; i < server->listener_count; i++)
		if (busy)
			listener_await_input(server->listeners[i]);
		else
			listener_accept_at_once(server->listeners[i]);
}

/* Whether all that shook hands before the drain have come. */
static bool have_come(const struct httpd *server, int64_t now_ms)
{
	return now_ms - server->drain_ms >= HANDSHAKE_MS &&
	       now_ms - server->awaited_ms >= LISTENER_SILENT_MS;
}

/* No request is to be lost that waits to be accepted. */
static void finish_listeners(struct httpd *server)
{
	while (server->listener_count > 0)
		listener_finish(&server->listeners[--server->listener_count]);
}

/* Look at the connections at the head of the list and put them at its end, so
 * that each one's turn comes about once a second at the same cost a sweep. */
static void on_sweep(void *arg)
{
	struct httpd *server = arg;
	int64_t now_ms = loop_now_ms(server->loop);
	unsigned share = server->draining ? DRAIN_SHARE : SWEEP_SHARE;
	uint64_t count = server->counters.conns_open / share + 1;

	httpd_reply_date(server);
	tune_listeners(server, now_ms);
	if (server->draining && have_come(server, now_ms))
		finish_listeners(server);
	while (count-- > 0) {
		struct httpd_conn *conn = TAILQ_FIRST(&server->conns);

		if (!conn)
			return;
		TAILQ_REMOVE(&server->conns, conn, link);
		TAILQ_INSERT_TAIL(&server->conns, conn, link);
		httpd_sweep(conn, now_ms);
	}
}

struct httpd *httpd_new(struct loop *loop, const struct httpd_limits *limits,
			httpd_handler_cb *handler, void *arg)
{
	struct httpd *server = mem_alloc(sizeof(*server));

	server->loop = loop;
	server->limits = *limits;
	server->handler = handler;
	server->arg = arg;
	httpd_door_init(server);
	TAILQ_INIT(&server->conns);
	buf_init(&server->out, OUT_MAX_BYTES);
	buf_init(&server->text, TEXT_MAX_BYTES);
	httpd_reply_date(server);
	server->batch = httpd_batch_new(server);
	server->awaited_ms = loop_now_ms(loop) - LISTENER_SILENT_MS;
	server->sweep = loop_timer_new(loop, on_sweep, server);
	loop_timer_every(server->sweep, SWEEP_MS);
	return server;
}

void httpd_set_admission(struct httpd *server, httpd_admit_cb *admit)
{
	server->admit = admit;
}

void httpd_look_ahead(struct httpd *server, httpd_ahead_cb *ahead,
		      unsigned steps)
{
	server->ahead = ahead;
	server->ahead_steps = steps;
}

static void close_listeners(struct httpd *server)
{
	while (server->listener_count > 0)
		listener_free(&server->listeners[--server->listener_count]);
}

void httpd_free(struct httpd **server_ptr)
{
	struct httpd *server = *server_ptr;
	struct httpd_conn *conn;

	if (!server)
		return;
	assert(!server->current);
	*server_ptr = NULL;
	close_listeners(server);
	while ((conn = TAILQ_FIRST(&server->conns)))
		httpd_conn_free(conn);
	loop_timer_free(&server->sweep);
	peer_table_free(&server->peers);
	httpd_batch_free(server->batch);
	buf_fini(&server->out);
	buf_fini(&server->text);
	mem_free(server);
}

int httpd_listen(struct httpd *server, const struct addr *at, uint16_t port,
		 uint16_t *port_r)
{
	struct listener *listener = NULL;
	int rc;

	if (server->listener_count == HTTPD_LISTENERS_MAX)
		return -ENOSPC;
	rc = listener_new(server->loop, at, port, httpd_conn_accept, server,
			  &listener);
	if (rc)
		return rc;
	server->listeners[server->listener_count++] = listener;
	*port_r = listener_port(listener);
	return 0;
}

void httpd_drain(struct httpd *server)
{
	struct httpd_conn *conn = TAILQ_FIRST(&server->conns);

	if (server->draining)
		return;
	server->draining = true;
	server->drain_ms = loop_now_ms(server->loop);
	if (server->awaiting)
		server->awaited_ms = server->drain_ms;
	server->awaiting = false;
	for (unsigned i = 0; i < server->listener_count; i++)
		listener_drain(server->listeners[i]);
	while (conn) {
		struct httpd_conn *next = TAILQ_NEXT(conn, link);

		httpd_conn_drain(conn);
		conn = next;
	}
}

bool httpd_is_drained(const struct httpd *server)
{
	return server->draining && server->listener_count == 0 &&
	       server->counters.conns_open == 0;
}

unsigned httpd_open_conns(const struct httpd *server)
{
	return (unsigned)server->counters.conns_open;
}

const struct httpd_counters *httpd_counters(const struct httpd *server)
{
	return &server->counters;
}

void httpd_counters_add(struct httpd_counters *into,
			const struct httpd_counters *from)
{
	uint64_t *sums = (uint64_t *)into;
	const uint64_t *terms = (const uint64_t *)from;

	_Static_assert(sizeof(*into) % sizeof(*sums) == 0, "only counters");
	for (size_t i = 0; i < sizeof(*into) / sizeof(*sums); i++)
		sums[i] += __atomic_load_n(&terms[i], __ATOMIC_RELAXED);
}

void httpd_problem(struct httpd_request *req, const struct problem *problem)
{
	struct buf *text = &req->server->text;

	buf_reset(text);
	problem_put(text, problem);
	httpd_reply(req, problem->status, PROBLEM_CONTENT_TYPE, SV(""),
		    buf_view(text));
}

void httpd_problem_simple(struct httpd_request *req, unsigned status,
			  const char *type, const char *title,
			  const char *detail)
{
	const struct problem problem = {.status = status,
					.type = type,
					.title = title,
					.detail = detail};

	httpd_problem(req, &problem);
}

struct sv httpd_header(const struct httpd_request *req, struct sv name)
{
	return http1_header_find(req->head->headers, req->head->header_count,
				 name);
}

struct httpd_later *httpd_defer(struct httpd_request *req)
{
	assert(!req->answered);
	req->answered = true;
	return httpd_later_new(req->conn);
}
