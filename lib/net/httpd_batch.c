/*
 * httpd_batch.c - the input of several connections at a time: first all of it
 * is read, then looked ahead in, then answered, then all answers are sent. So
 * the memory that one request waits for comes while others are worked on, and
 * the kernel's code for reading and that for writing displace each other less
 * often.
 *
 * What waits here is answered before anything else is read from its connection,
 * and at the latest when the turn's events are through. Only whole requests
 * that came alone are answered beside others; other input goes the ordinary
 * way.
 */
#include "lib/net/httpd_batch.h"

#include <assert.h>
#include <sys/socket.h>

#include "lib/base/mem.h"
#include "lib/net/httpd_conn.h"
#include "lib/net/httpd_input.h"

#define INPUT_BYTES   4096  /* more is read on in the ordinary way */
#define AT_ONCE_BYTES 65536 /* answers that do not wait for others */

struct slot {
	struct httpd_conn *conn; /* NULL: nothing to answer any more */
	size_t got_bytes;
	size_t out_at, out_end; /* of the answer in the server's scratch */
	struct httpd_request req;
	struct http1_request head;
	char input[INPUT_BYTES];
};

struct httpd_batch {
	struct httpd *server; /* NULL: freed, waits for on_turn_end() */
	unsigned count;
	bool due; /* on_turn_end() will be called */
	struct slot slots[HTTPD_BATCH];
};

struct httpd_batch *httpd_batch_new(struct httpd *server)
{
	struct httpd_batch *batch = mem_alloc(sizeof(*batch));

	batch->server = server;
	return batch;
}

void httpd_batch_free(struct httpd_batch *batch)
{
	batch->server = NULL;
	if (!batch->due)
		mem_free(batch);
}

/* Whether the input is one whole request and nothing else. */
static bool is_plain(struct slot *slot, const struct httpd_limits *limits)
{
	struct http1_request *head = &slot->head;
	size_t whole;

	if (http1_read_request(sv_of(slot->input, slot->got_bytes), head) ||
	    head->method == HTTP1_OTHER || head->body == HTTP1_BODY_CHUNKED)
		return false;
	whole = head->head_bytes;
	if (head->body == HTTP1_BODY_LENGTH) {
		if (head->content_bytes > limits->body_max_bytes)
			return false;
		whole += head->content_bytes;
	}
	return whole == slot->got_bytes;
}

static void parse(struct httpd_batch *batch, unsigned number)
{
	struct slot *slot = &batch->slots[number];
	struct httpd_conn *conn = slot->conn;
	size_t head_bytes;

	conn->batched = false;
	if (conn->state == HTTPD_CONN_HEAD && !conn->proxied &&
	    is_plain(slot, &batch->server->limits)) {
		head_bytes = slot->head.head_bytes;
		slot->req = httpd_input_request(
			conn, &slot->head,
			sv_of(slot->input + head_bytes,
			      slot->got_bytes - head_bytes));
		slot->req.slot = number;
		return;
	}
	slot->conn = NULL;
	if (conn->state != HTTPD_CONN_DEAD)
		httpd_conn_handle(conn, sv_of(slot->input, slot->got_bytes));
}

static void send_answer(struct slot *slot)
{
	struct httpd_conn *conn = slot->conn;
	const struct buf *out = &conn->server->out;

	slot->conn = NULL;
	httpd_conn_send(conn, sv_of(out->data + slot->out_at,
				    slot->out_end - slot->out_at));
	httpd_conn_settle(conn);
}

/* An answer that is open, or large, is sent before the next one is made. */
static void answer(struct slot *slot)
{
	struct httpd_conn *conn = slot->conn;
	struct httpd *server = conn->server;

	slot->out_at = slot->out_end = server->out.len;
	if (conn->state == HTTPD_CONN_DEAD)
		return;
	server->current = conn;
	httpd_input_dispatch(conn, &slot->req);
	server->current = NULL;
	slot->out_end = server->out.len;
	if (conn->state != HTTPD_CONN_HEAD ||
	    slot->out_end - slot->out_at > AT_ONCE_BYTES) {
		server->out.len = slot->out_at;
		send_answer(slot);
	}
}

static void run(struct httpd_batch *batch)
{
	struct httpd *server = batch->server;
	struct slot *slots = batch->slots;
	unsigned count = batch->count;

	batch->count = 0;
	for (unsigned i = 0; i < count; i++)
		parse(batch, i);
	for (unsigned step = 0; step < server->ahead_steps; step++)
		for (unsigned i = 0; i < count; i++)
			if (slots[i].conn)
				server->ahead(&slots[i].req, step, server->arg);
	for (unsigned i = 0; i < count; i++)
		if (slots[i].conn)
			answer(&slots[i]);
	for (unsigned i = 0; i < count; i++)
		if (slots[i].conn)
			send_answer(&slots[i]);
	httpd_conn_reset_out(server);
}

static void on_turn_end(void *arg)
{
	struct httpd_batch *batch = arg;

	batch->due = false;
	if (batch->server)
		run(batch);
	else
		mem_free(batch);
}

void httpd_batch_read(struct httpd_conn *conn, short what)
{
	struct httpd_batch *batch = conn->server->batch;
	struct slot *slot = &batch->slots[batch->count];
	ssize_t got;

	assert(!conn->batched); /* one event a turn */
	got = recv(conn->fd, slot->input, INPUT_BYTES, 0);
	if (!httpd_conn_took(conn, got, INPUT_BYTES, what))
		return;
	conn->stamp_ms = loop_now_ms(conn->server->loop);
	conn->batched = true;
	slot->conn = conn;
	slot->got_bytes = (size_t)got;
	batch->count++;
	if (!batch->due) {
		/* Before anything that could free the connection. */
		batch->due = true;
		loop_later(conn->server->loop, on_turn_end, batch);
	}
	if (batch->count == HTTPD_BATCH)
		run(batch);
}
