/*
 * state_stream.c - see the header. Invariant: a reader has been sent all
 * up to where it is in its reading. Loop thread.
 */
#include "registry/state_stream.h"

#include <sys/queue.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "registry/pulse.h"

#define PUMP_PERIOD_MS 2
#define PUMP_PIECES    4 /* of one reader, before the loop turns */
#define UNREAD_BYTES   (256u << 10)
#define PIECE_BYTES    (8u << 20) /* the head of 4,096 regions is 2 MiB */

struct reader {
	LIST_ENTRY(reader) link;
	struct state_streams *streams;
	struct httpd_stream *stream;
	struct pulse_reading reading; /* what was sent */
};

struct state_streams {
	struct pulse *pulse;
	LIST_HEAD(, reader) readers;
	unsigned count;
	struct loop_timer *timer;
};

static void on_pump(void *arg);

struct state_streams *state_stream_new(struct pulse *pulse, struct loop *loop)
{
	struct state_streams *streams = mem_alloc(sizeof(*streams));

	streams->pulse = pulse;
	LIST_INIT(&streams->readers);
	streams->timer = loop_timer_new(loop, on_pump, streams);
	return streams;
}

static void reader_free(struct state_streams *streams, struct reader *reader)
{
	streams->count--;
	LIST_REMOVE(reader, link);
	mem_free(reader);
}

static void reader_end(struct state_streams *streams, struct reader *reader)
{
	httpd_stream_end(reader->stream);
	reader_free(streams, reader);
}

void state_stream_free(struct state_streams **streams)
{
	if (!*streams)
		return;
	while (!LIST_EMPTY(&(*streams)->readers))
		reader_end(*streams, LIST_FIRST(&(*streams)->readers));
	loop_timer_free(&(*streams)->timer);
	mem_free(*streams);
	*streams = NULL;
}

/* The next piece. Returns whether there is another. */
static bool send_piece(struct state_streams *streams, struct reader *reader)
{
	struct buf piece;
	bool more;

	buf_init(&piece, PIECE_BYTES);
	more = pulse_put_state(streams->pulse, &reader->reading, &piece);
	httpd_stream_send(reader->stream, buf_view(&piece));
	buf_fini(&piece);
	return more;
}

/* Returns whether the reader has all. */
static bool pump(struct state_streams *streams, struct reader *reader)
{
	for (unsigned i = 0; i < PUMP_PIECES; i++) {
		if (httpd_stream_queued_bytes(reader->stream) >= UNREAD_BYTES)
			return false;
		if (!send_piece(streams, reader))
			return true;
	}
	return false;
}

static void on_pump(void *arg)
{
	struct state_streams *streams = arg;
	struct reader *reader, *next;

	for (reader = LIST_FIRST(&streams->readers); reader; reader = next) {
		next = LIST_NEXT(reader, link);
		if (pump(streams, reader))
			reader_end(streams, reader);
	}
	if (streams->count > 0)
		loop_timer_once(streams->timer, PUMP_PERIOD_MS);
}

/* The reader went away, or does not read. */
static void on_closed(struct httpd_stream *stream, void *arg)
{
	struct reader *reader = arg;

	(void)stream;
	reader_free(reader->streams, reader);
}

int state_stream_answer(struct state_streams *streams,
			struct httpd_request *req)
{
	struct reader *reader;

	if (streams->count >= STATE_STREAM_READERS_MAX)
		return ERR_LIMIT;
	reader = mem_alloc(sizeof(*reader));
	reader->streams = streams;
	reader->stream = httpd_stream(req, "application/json",
				      SV("Cache-Control: no-store\r\n"),
				      on_closed, reader);
	LIST_INSERT_HEAD(&streams->readers, reader, link);
	streams->count++;
	loop_timer_once(streams->timer, 0);
	return 0;
}
