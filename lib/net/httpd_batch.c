/*
 * httpd_batch.c - the input of several connections at a time: first all of it
 * is read, then looked ahead in, then answered, then all answers are sent. So
 * the memory that one request waits for comes while others are worked on, and
 * the kernel's code for reading and that for writing displace each other less
 * often. The requests of one pipeline are looked ahead in side by side, too.
 *
 * What waits here is answered before anything else is read from its connection,
 * and at the latest when the turn's events are through. Only whole requests
 * that came alone are answered beside those of other connections; other input
 * goes the ordinary way, behind them.
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

/* How long the request at the start of @bytes is when it is whole and plain;
 * else 0. */
static size_t plain_bytes(struct sv bytes, struct http1_request *head,
			  const struct httpd_limits *limits)
{
	uint64_t body_bytes = 0;

	if (http1_read_request(bytes, head) || head->method == HTTP1_OTHER ||
	    head->body == HTTP1_BODY_CHUNKED)
		return 0;
	if (head->body == HTTP1_BODY_LENGTH)
		body_bytes = head->content_bytes;
	return body_bytes <= limits->body_max_bytes &&
			       body_bytes <= bytes.len - head->head_bytes
		       ? head->head_bytes + (size_t)body_bytes
		       : 0;
}

/* The request that @bytes is; its head is in slot @number already. */
static void fill(struct httpd_batch *batch, unsigned number,
		 struct httpd_conn *conn, struct sv bytes)
{
	struct slot *slot = &batch->slots[number];
	size_t head_bytes = slot->head.head_bytes;

	slot->req = httpd_input_request(
		conn, &slot->head,
		sv_of(bytes.ptr + head_bytes, bytes.len - head_bytes));
	slot->req.slot = number;
}

/* Returns whether the slot's input is one whole request and nothing else. */
static bool parse(struct httpd_batch *batch, unsigned number)
{
	struct slot *slot = &batch->slots[number];
	struct httpd_conn *conn = slot->conn;
	struct sv bytes = sv_of(slot->input, slot->got_bytes);

	conn->batched = false;
	if (conn->state != HTTPD_CONN_HEAD || conn->proxied ||
	    plain_bytes(bytes, &slot->head, &batch->server->limits) !=
		    bytes.len)
		return false;
	fill(batch, number, conn, bytes);
	return true;
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
	unsigned count = batch->count, plain_count = 0, odd_count = 0;
	unsigned plain[HTTPD_BATCH], odd[HTTPD_BATCH];

	batch->count = 0;
	for (unsigned i = 0; i < count; i++)
		if (parse(batch, i))
			plain[plain_count++] = i;
		else
			odd[odd_count++] = i;
	for (unsigned step = 0; step < server->ahead_steps; step++)
		for (unsigned i = 0; i < plain_count; i++)
			server->ahead(&slots[plain[i]].req, step, server->arg);
	for (unsigned i = 0; i < plain_count; i++)
		answer(&slots[plain[i]]);
	for (unsigned i = 0; i < plain_count; i++)
		if (slots[plain[i]].conn)
			send_answer(&slots[plain[i]]);
	httpd_conn_reset_out(server);
	/* These use the slots' requests, but not their input. */
	for (unsigned i = 0; i < odd_count; i++)
		if (slots[odd[i]].conn->state != HTTPD_CONN_DEAD)
			httpd_conn_handle(slots[odd[i]].conn,
					  sv_of(slots[odd[i]].input,
						slots[odd[i]].got_bytes));
}

size_t httpd_batch_pipeline(struct httpd_conn *conn, struct sv bytes)
{
	struct httpd *server = conn->server;
	struct slot *slots = server->batch->slots;
	size_t whole[HTTPD_BATCH], used = 0;
	unsigned count = 0;

	do {
		whole[count] =
			plain_bytes(bytes, &slots[count].head, &server->limits);
		if (whole[count] == 0)
			break;
		fill(server->batch, count, conn,
		     sv_of(bytes.ptr, whole[count]));
		bytes.ptr += whole[count];
		bytes.len -= whole[count];
	} while (slots[count++].head.keep_alive && bytes.len > 0 &&
		 count < HTTPD_BATCH);
	for (unsigned step = 0; step < server->ahead_steps; step++)
		for (unsigned i = 0; i < count; i++)
			server->ahead(&slots[i].req, step, server->arg);
	for (unsigned i = 0; i < count && conn->state == HTTPD_CONN_HEAD; i++) {
		httpd_input_dispatch(conn, &slots[i].req);
		used += whole[i];
	}
	return used;
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
