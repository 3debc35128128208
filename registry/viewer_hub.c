/*
 * viewer_hub.c - see the header. Invariant: a viewer has been sent, or does
 * not want, every event below its next_seq; events that are kept have numbers
 * above lost_seq. Loop thread.
 */
#include "registry/viewer_hub.h"

#include <string.h>
#include <sys/queue.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#define PING_PERIOD_MS 5000
#define PUMP_PERIOD_MS 100
#define EPOCH_BYTES    64

struct viewer {
	LIST_ENTRY(viewer) link;
	struct viewer_hub *hub;
	struct httpd_stream *stream;
	unsigned kinds;
	uint64_t next_seq; /* the first event not sent */
	int64_t began_ms;
};

struct event_kept {
	TAILQ_ENTRY(event_kept) link;
	uint64_t seq;
	unsigned kinds;	  /* who is sent it */
	struct sv framed; /* owned */
};

struct viewer_hub {
	struct loop *loop;
	char epoch[EPOCH_BYTES];
	uint64_t seq;	   /* of the last event */
	uint64_t lost_seq; /* up to it events may be missing */
	LIST_HEAD(, viewer) viewers;
	TAILQ_HEAD(kept_list, event_kept) kept; /* oldest first */
	size_t kept_count, kept_bytes;
	struct loop_timer *ping_timer, *pump_timer;
	struct viewer_hub_counters counters;
};

static void on_ping(void *arg);
static void on_pump(void *arg);

struct viewer_hub *viewer_hub_new(struct loop *loop, const char *epoch)
{
	struct viewer_hub *hub = mem_alloc(sizeof(*hub));
	int rc = sv_copy(sv_str(epoch), hub->epoch, sizeof(hub->epoch));

	(void)rc; /* ours, and short */
	hub->loop = loop;
	LIST_INIT(&hub->viewers);
	TAILQ_INIT(&hub->kept);
	hub->ping_timer = loop_timer_new(loop, on_ping, hub);
	hub->pump_timer = loop_timer_new(loop, on_pump, hub);
	loop_timer_every(hub->ping_timer, PING_PERIOD_MS);
	return hub;
}

static void drop_oldest(struct viewer_hub *hub)
{
	struct event_kept *event = TAILQ_FIRST(&hub->kept);

	hub->lost_seq = event->seq;
	hub->kept_count--;
	hub->kept_bytes -= event->framed.len;
	TAILQ_REMOVE(&hub->kept, event, link);
	mem_free((void *)(uintptr_t)event->framed.ptr);
	mem_free(event);
}

static void viewer_free(struct viewer *viewer)
{
	viewer->hub->counters.viewers--;
	LIST_REMOVE(viewer, link);
	mem_free(viewer);
}

static void viewer_end(struct viewer *viewer)
{
	httpd_stream_end(viewer->stream);
	viewer_free(viewer);
}

void viewer_hub_end_all(struct viewer_hub *hub)
{
	while (!LIST_EMPTY(&hub->viewers))
		viewer_end(LIST_FIRST(&hub->viewers));
}

void viewer_hub_free(struct viewer_hub **hub)
{
	if (!*hub)
		return;
	viewer_hub_end_all(*hub);
	while (!TAILQ_EMPTY(&(*hub)->kept))
		drop_oldest(*hub);
	loop_timer_free(&(*hub)->ping_timer);
	loop_timer_free(&(*hub)->pump_timer);
	mem_free(*hub);
	*hub = NULL;
}

static void put_id(const struct viewer_hub *hub, uint64_t seq, struct buf *b)
{
	buf_str(b, hub->epoch);
	buf_char(b, ':');
	buf_u64(b, seq);
}

void viewer_hub_put_id(const struct viewer_hub *hub, struct buf *b)
{
	put_id(hub, hub->seq, b);
}

void viewer_hub_put_next_id(const struct viewer_hub *hub, struct buf *b)
{
	put_id(hub, hub->seq + 1, b);
}

/* ---- sending ---- */

static void send_bytes(struct viewer *viewer, struct sv bytes)
{
	viewer->hub->counters.events++;
	viewer->hub->counters.bytes += bytes.len;
	httpd_stream_send(viewer->stream, bytes);
}

static void put_frame(const struct viewer_hub *hub, uint64_t seq,
		      const char *name, struct sv json, struct buf *b)
{
	buf_str(b, "id: ");
	put_id(hub, seq, b);
	buf_str(b, "\nevent: ");
	buf_str(b, name);
	buf_str(b, "\ndata: ");
	buf_sv(b, json);
	buf_str(b, "\n\n");
}

static void put_reset(const struct viewer_hub *hub, uint64_t seq,
		      const char *why, struct buf *b)
{
	char storage[256];
	struct buf json;

	buf_init_fixed(&json, storage, sizeof(storage));
	buf_str(&json, "{\"why\":");
	buf_json_str(&json, sv_str(why));
	buf_char(&json, '}');
	put_frame(hub, seq, "reset", buf_view(&json), b);
}

/* What it has seen leads nowhere: it goes on from now. */
static void send_reset(struct viewer *viewer, const char *why)
{
	struct viewer_hub *hub = viewer->hub;
	char storage[512];
	struct buf frame;

	buf_init_fixed(&frame, storage, sizeof(storage));
	put_reset(hub, hub->seq, why, &frame);
	viewer->next_seq = hub->seq + 1;
	hub->counters.resets++;
	send_bytes(viewer, buf_view(&frame));
}

/* The first event that is kept from @seq on; most ask for the last. */
static struct event_kept *find_from(const struct viewer_hub *hub, uint64_t seq)
{
	struct event_kept *event = TAILQ_LAST(&hub->kept, kept_list);
	struct event_kept *before;

	if (!event || event->seq < seq)
		return NULL;
	while ((before = TAILQ_PREV(event, kept_list, link)) &&
	       before->seq >= seq)
		event = before;
	return event;
}

static bool is_behind(const struct viewer *viewer)
{
	return viewer->next_seq <= viewer->hub->seq;
}

/* Send what there is, as far as the viewer reads. */
static void catch_up(struct viewer *viewer)
{
	struct viewer_hub *hub = viewer->hub;
	struct event_kept *event;

	if (!is_behind(viewer) || httpd_stream_queued_bytes(viewer->stream) >=
					  VIEWER_HUB_UNREAD_BYTES)
		return;
	if (viewer->next_seq <= hub->lost_seq) {
		send_reset(viewer, "too far behind");
		return;
	}
	for (event = find_from(hub, viewer->next_seq); event;
	     event = TAILQ_NEXT(event, link)) {
		if (httpd_stream_queued_bytes(viewer->stream) >=
		    VIEWER_HUB_UNREAD_BYTES)
			return;
		viewer->next_seq = event->seq + 1;
		if (event->kinds & viewer->kinds)
			send_bytes(viewer, event->framed);
	}
	viewer->next_seq = hub->seq + 1;
}

static void catch_up_all(struct viewer_hub *hub)
{
	struct viewer *viewer;
	bool some_are_behind = false;

	LIST_FOREACH (viewer, &hub->viewers, link) {
		catch_up(viewer);
		some_are_behind |= is_behind(viewer);
	}
	if (some_are_behind)
		loop_timer_once(hub->pump_timer, PUMP_PERIOD_MS);
}

static void on_pump(void *arg)
{
	catch_up_all(arg);
}

static void on_ping(void *arg)
{
	struct viewer_hub *hub = arg;
	struct viewer *viewer, *next;

	for (viewer = LIST_FIRST(&hub->viewers); viewer; viewer = next) {
		next = LIST_NEXT(viewer, link);
		if (loop_now_ms(hub->loop) - viewer->began_ms <
		    VIEWER_HUB_AGE_MS)
			httpd_stream_send(viewer->stream,
					  SV(": still here\n\n"));
		else
			viewer_end(viewer);
	}
}

/* ---- events ---- */

/* Takes the bytes of @frame over. */
static void keep(struct viewer_hub *hub, unsigned kinds, struct buf *frame)
{
	struct event_kept *event = mem_alloc(sizeof(*event));

	event->seq = ++hub->seq;
	event->kinds = kinds;
	event->framed = sv_of(mem_dup(frame->data, frame->len), frame->len);
	TAILQ_INSERT_TAIL(&hub->kept, event, link);
	hub->kept_count++;
	hub->kept_bytes += event->framed.len;
	while (hub->kept_count > VIEWER_HUB_EVENTS_MAX ||
	       hub->kept_bytes > VIEWER_HUB_KEPT_BYTES)
		drop_oldest(hub);
	catch_up_all(hub);
}

void viewer_hub_add(struct viewer_hub *hub, enum viewer_kind kind,
		    struct sv json)
{
	struct buf frame;

	buf_init(&frame, VIEWER_HUB_EVENT_BYTES);
	put_frame(hub, hub->seq + 1, kind == VIEWER_LOG ? "log" : "state", json,
		  &frame);
	if (!frame.failed)
		keep(hub, kind, &frame);
	else
		viewer_hub_reset(hub, "too much has changed");
	buf_fini(&frame);
}

void viewer_hub_reset(struct viewer_hub *hub, const char *why)
{
	struct buf frame;

	buf_init(&frame, 512);
	put_reset(hub, hub->seq + 1, why, &frame);
	hub->counters.resets += viewer_hub_wanted(hub, VIEWER_STATE);
	keep(hub, VIEWER_STATE, &frame);
	buf_fini(&frame);
}

void viewer_hub_gap(struct viewer_hub *hub)
{
	struct viewer *viewer;

	while (!TAILQ_EMPTY(&hub->kept))
		drop_oldest(hub);
	hub->seq++;
	hub->lost_seq = hub->seq;
	/* Whoever has seen all until now, and does not want state, goes on. */
	LIST_FOREACH (viewer, &hub->viewers, link) {
		if (viewer->next_seq == hub->seq)
			viewer->next_seq++;
	}
}

/* ---- viewers ---- */

static void on_closed(struct httpd_stream *stream, void *arg)
{
	struct viewer *viewer = arg;

	(void)stream;
	viewer->hub->counters.closed++;
	viewer_free(viewer);
}

/* The number in "EPOCH:SEQ"; one of another life is 0. */
static int read_from(const struct viewer_hub *hub, struct sv from,
		     uint64_t *seq_r)
{
	struct sv epoch = sv_cut(&from, ':');
	int rc = num_u64(from, UINT64_MAX, seq_r);

	if (rc != 0 || epoch.len == 0)
		return ERR_SYNTAX;
	if (!sv_eq(epoch, sv_str(hub->epoch)))
		*seq_r = 0;
	return 0;
}

static void begin(struct viewer *viewer, struct sv from, uint64_t seen_seq)
{
	struct viewer_hub *hub = viewer->hub;

	httpd_stream_send(viewer->stream, SV("retry: 1000\n\n"));
	viewer->next_seq = hub->seq + 1;
	if (from.len == 0)
		return;
	if (seen_seq < hub->lost_seq || seen_seq > hub->seq || seen_seq == 0) {
		send_reset(viewer, "this is not known any more");
		return;
	}
	hub->counters.resumed++;
	viewer->next_seq = seen_seq + 1;
	/* Not before the handler is over: only then does the stream tell what
	 * is unread. */
	if (is_behind(viewer))
		loop_timer_once(hub->pump_timer, 0);
}

int viewer_hub_watch(struct viewer_hub *hub, struct httpd_request *req,
		     struct sv from, unsigned kinds)
{
	struct viewer *viewer;
	uint64_t seen_seq = 0;

	if (from.len > 0 && read_from(hub, from, &seen_seq) != 0)
		return ERR_SYNTAX;
	if (hub->counters.viewers >= VIEWER_HUB_MAX) {
		hub->counters.refused++;
		return ERR_LIMIT;
	}
	viewer = mem_alloc(sizeof(*viewer));
	viewer->hub = hub;
	viewer->kinds = kinds;
	viewer->began_ms = req->now_ms;
	viewer->stream = httpd_stream(req, "text/event-stream",
				      SV("Cache-Control: no-store\r\n"
					 "X-Accel-Buffering: no\r\n"),
				      on_closed, viewer);
	LIST_INSERT_HEAD(&hub->viewers, viewer, link);
	hub->counters.viewers++;
	hub->counters.viewers_total++;
	begin(viewer, from, seen_seq);
	return 0;
}

unsigned viewer_hub_wanted(const struct viewer_hub *hub, enum viewer_kind kind)
{
	const struct viewer *viewer;
	unsigned count = 0;

	LIST_FOREACH (viewer, &hub->viewers, link)
		count += (viewer->kinds & kind) != 0;
	return count;
}

const struct viewer_hub_counters *
viewer_hub_counters(const struct viewer_hub *hub)
{
	return &hub->counters;
}
