/*
 * feed_hub.c - the watchers' streams. Invariant: a watcher in WATCHER_LIVE has
 * been sent every change up to the ring's revision; one in WATCHER_REPLAY all
 * below next_rev; one in WATCHER_STATE gets the nodes in the order of their
 * ids and has next_rev where it began, so that what changed meanwhile follows.
 * Loop thread only.
 */
#include "registry/feed_hub.h"

#include <string.h>
#include <sys/queue.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define LOAD_PERIOD_MS 1000
#define PING_PERIOD_MS 5000
#define PUMP_PERIOD_MS 20
/* Catching up stops here until the socket has taken it, so that a watcher of a
 * large fleet is paced by its own reading. */
#define CATCH_UP_BYTES (1024u * 1024)
#define PUMP_STEPS     64 /* of one watcher at a time: the loop must turn */
/* A live watcher with more unread bytes falls back to catching up. */
#define LIVE_BYTES     (2048u * 1024)

enum watcher_state { WATCHER_STATE, WATCHER_REPLAY, WATCHER_LIVE };

struct watcher {
	LIST_ENTRY(watcher) link;
	struct feed_hub *hub;
	struct httpd_stream *stream;
	enum watcher_state state;
	uint64_t next_rev;	   /* the first change not sent */
	char after[NODE_ID_BYTES]; /* last node of the state sent so far */
	const char *reset_why;	   /* still to be sent; NULL = no */
	size_t queued_bytes;	   /* unread when last looked at */
	bool synced;		   /* the initial state is complete */
};

struct feed_hub {
	struct feed_ring *ring;
	struct feed_state tables;
	struct loop *loop;
	LIST_HEAD(, watcher) watchers;
	struct buf line;  /* the one being sent */
	struct buf state; /* of a single watcher that catches up */
	struct loop_timer *load_timer, *ping_timer, *pump_timer;
	bool pumping; /* the timer is armed */
	unsigned watchers_max;
	int balancers; /* live ones; -1 = not known */
	struct feed_hub_counters counters;
};

static void on_load(void *arg);
static void on_ping(void *arg);
static void on_pump(void *arg);

struct feed_hub *feed_hub_new(struct loop *loop,
			      const struct feed_hub_config *config,
			      const struct feed_state *state)
{
	struct feed_hub *hub = mem_alloc(sizeof(*hub));

	hub->ring = feed_ring_new(config->change_count, config->epoch);
	hub->watchers_max = config->watchers_max;
	hub->balancers = -1;
	hub->tables = *state;
	hub->loop = loop;
	LIST_INIT(&hub->watchers);
	buf_init(&hub->line, FEED_LINE_MAX + 1);
	buf_init(&hub->state, FEED_LINE_MAX + 1);
	hub->load_timer = loop_timer_new(loop, on_load, hub);
	hub->ping_timer = loop_timer_new(loop, on_ping, hub);
	hub->pump_timer = loop_timer_new(loop, on_pump, hub);
	loop_timer_every(hub->load_timer, LOAD_PERIOD_MS);
	loop_timer_every(hub->ping_timer, PING_PERIOD_MS);
	return hub;
}

static void watcher_drop(struct watcher *watcher)
{
	watcher->hub->counters.watchers--;
	LIST_REMOVE(watcher, link);
	mem_free(watcher);
}

static void watcher_end(struct watcher *watcher)
{
	httpd_stream_end(watcher->stream);
	watcher_drop(watcher);
}

void feed_hub_free(struct feed_hub **hub)
{
	if (!*hub)
		return;
	while (!LIST_EMPTY(&(*hub)->watchers))
		watcher_end(LIST_FIRST(&(*hub)->watchers));
	loop_timer_free(&(*hub)->load_timer);
	loop_timer_free(&(*hub)->ping_timer);
	loop_timer_free(&(*hub)->pump_timer);
	feed_ring_free(&(*hub)->ring);
	buf_fini(&(*hub)->line);
	buf_fini(&(*hub)->state);
	mem_free(*hub);
	*hub = NULL;
}

static void pump_in(struct feed_hub *hub, int64_t delay_ms)
{
	if (hub->pumping)
		return;
	hub->pumping = true;
	loop_timer_once(hub->pump_timer, delay_ms);
}

static void send_to(struct watcher *watcher, const struct buf *line)
{
	struct feed_hub_counters *c = &watcher->hub->counters;

	c->lines++;
	c->bytes += line->len;
	httpd_stream_send(watcher->stream, buf_view(line));
}

static size_t look_at_queue(struct watcher *watcher)
{
	watcher->queued_bytes = httpd_stream_queued_bytes(watcher->stream);
	return watcher->queued_bytes;
}

/* Give hub->line to everybody who is up to date. @rev is the line's, 0 for
 * lines that are not part of the history. */
static void broadcast(struct feed_hub *hub, uint64_t rev)
{
	struct watcher *watcher;

	LIST_FOREACH (watcher, &hub->watchers, link) {
		if (watcher->state != WATCHER_LIVE)
			continue;
		if (look_at_queue(watcher) < LIVE_BYTES) {
			send_to(watcher, &hub->line);
			watcher->next_rev = feed_ring_rev(hub->ring) + 1;
		} else if (rev > 0) {
			watcher->state = WATCHER_REPLAY;
			watcher->next_rev = rev;
			hub->counters.lagged++;
			pump_in(hub, 0);
		}
	}
}

void feed_hub_node(struct feed_hub *hub, struct lease *lease)
{
	uint64_t rev = feed_ring_add(hub->ring, FEED_RING_NODE,
				     lease->record.id, NULL);
	struct feed_node node;

	lease->rev = rev;
	if (LIST_EMPTY(&hub->watchers))
		return;
	lease_to_feed(lease, loop_now_ms(hub->loop), &node);
	buf_reset(&hub->line);
	feed_put_node(&hub->line, &node, rev);
	broadcast(hub, rev);
}

void feed_hub_gone(struct feed_hub *hub, const struct lease *lease,
		   const char *why)
{
	uint64_t rev =
		feed_ring_add(hub->ring, FEED_RING_NODE, lease->record.id, why);

	buf_reset(&hub->line);
	feed_put_gone(&hub->line, lease->record.id, why, rev);
	broadcast(hub, rev);
}

void feed_hub_region(struct feed_hub *hub, struct region *region)
{
	region->rev = feed_ring_add(hub->ring, FEED_RING_REGION,
				    region->feed.id, NULL);
	buf_reset(&hub->line);
	feed_put_region(&hub->line, &region->feed, region->rev);
	broadcast(hub, region->rev);
}

void feed_hub_region_gone(struct feed_hub *hub, const struct region *region)
{
	struct feed_region gone = {.gone = true};
	uint64_t rev = feed_ring_add(hub->ring, FEED_RING_REGION,
				     region->feed.id, "gone");

	memcpy(gone.id, region->feed.id, sizeof(gone.id));
	buf_reset(&hub->line);
	feed_put_region(&hub->line, &gone, rev);
	broadcast(hub, rev);
}

static enum feed_ring_kind kind_of(const struct override *entry)
{
	return entry->intent.scope == INTENT_NODE ? FEED_RING_NODE_INTENT
						  : FEED_RING_REGION_INTENT;
}

void feed_hub_intent(struct feed_hub *hub, struct override *entry)
{
	entry->rev = feed_ring_add(hub->ring, kind_of(entry), entry->intent.id,
				   NULL);
	buf_reset(&hub->line);
	feed_put_intent(&hub->line, &entry->intent, entry->rev);
	broadcast(hub, entry->rev);
}

void feed_hub_intent_gone(struct feed_hub *hub, const struct override *entry)
{
	struct intent gone = entry->intent;
	uint64_t rev =
		feed_ring_add(hub->ring, kind_of(entry), gone.id, "gone");

	gone.gone = true;
	buf_reset(&hub->line);
	feed_put_intent(&hub->line, &gone, rev);
	broadcast(hub, rev);
}

static void broadcast_balancers(struct feed_hub *hub)
{
	if (hub->balancers < 0)
		return;
	buf_reset(&hub->line);
	feed_put_balancers(&hub->line, (unsigned)hub->balancers);
	broadcast(hub, 0);
}

void feed_hub_balancers(struct feed_hub *hub, int count)
{
	if (count == hub->balancers)
		return;
	hub->balancers = count;
	broadcast_balancers(hub);
}

static void on_load(void *arg)
{
	struct feed_hub *hub = arg;
	struct feed_load loads[FEED_LOADS_BATCH];
	int64_t now_ms = loop_now_ms(hub->loop);
	size_t count;

	while ((count = feed_state_take_loads(&hub->tables, now_ms, loads)) >
	       0) {
		if (LIST_EMPTY(&hub->watchers))
			continue;
		buf_reset(&hub->line);
		feed_put_loads(&hub->line, loads, count);
		hub->counters.load_lines++;
		broadcast(hub, 0);
	}
}

static void on_ping(void *arg)
{
	struct feed_hub *hub = arg;

	buf_reset(&hub->line);
	feed_put_ping(&hub->line, feed_ring_rev(hub->ring));
	broadcast(hub, 0);
	/* Whoever lagged when it changed has not heard of it. */
	broadcast_balancers(hub);
}

/* All regions and intents, in lines of a bounded length. */
static void send_tables(struct watcher *watcher)
{
	struct feed_hub *hub = watcher->hub;
	uint64_t rev = watcher->next_rev - 1;
	const struct region *region = NULL;
	const struct override *entry = NULL;
	bool more;

	do {
		buf_reset(&hub->state);
		more = feed_state_put_regions(&hub->tables, &region, rev,
					      &hub->state);
		send_to(watcher, &hub->state);
	} while (more);
	do {
		buf_reset(&hub->state);
		more = feed_state_put_intents(&hub->tables, &entry, rev,
					      &hub->state);
		send_to(watcher, &hub->state);
	} while (more);
}

/* One step of the full state: the next nodes; after the last all the rest. */
static void send_state(struct watcher *watcher)
{
	struct feed_hub *hub = watcher->hub;

	buf_reset(&hub->state);
	if (feed_state_put_nodes(&hub->tables, watcher->after,
				 loop_now_ms(hub->loop), watcher->next_rev - 1,
				 &hub->state)) {
		send_to(watcher, &hub->state);
		return;
	}
	send_tables(watcher);
	watcher->state = WATCHER_REPLAY;
}

static void send_synced(struct watcher *watcher)
{
	struct feed_hub *hub = watcher->hub;

	watcher->state = WATCHER_LIVE;
	if (watcher->synced)
		return;
	watcher->synced = true;
	if (hub->balancers >= 0) {
		buf_reset(&hub->state);
		feed_put_balancers(&hub->state, (unsigned)hub->balancers);
		send_to(watcher, &hub->state);
	}
	buf_reset(&hub->state);
	feed_put_synced(&hub->state, feed_ring_epoch(hub->ring),
			feed_ring_rev(hub->ring));
	send_to(watcher, &hub->state);
}

static void start_state(struct watcher *watcher, const char *reset_why)
{
	watcher->state = WATCHER_STATE;
	watcher->next_rev = feed_ring_rev(watcher->hub->ring) + 1;
	watcher->after[0] = '\0';
	watcher->reset_why = reset_why;
	watcher->synced = false;
}

static void send_missed(struct watcher *watcher)
{
	struct feed_hub *hub = watcher->hub;
	const struct feed_ring_change *change;

	if (watcher->next_rev > feed_ring_rev(hub->ring)) {
		send_synced(watcher);
		return;
	}
	change = feed_ring_at(hub->ring, watcher->next_rev);
	if (!change) {
		start_state(watcher, "too slow");
		return;
	}
	watcher->next_rev++;
	buf_reset(&hub->state);
	feed_state_put_change(&hub->tables, change, loop_now_ms(hub->loop),
			      &hub->state);
	if (hub->state.len > 0)
		send_to(watcher, &hub->state);
}

static void send_reset(struct watcher *watcher)
{
	struct feed_hub *hub = watcher->hub;

	buf_reset(&hub->state);
	feed_put_reset(&hub->state, watcher->reset_why);
	watcher->reset_why = NULL;
	send_to(watcher, &hub->state);
}

static void catch_up(struct watcher *watcher)
{
	for (unsigned step = 0; step < PUMP_STEPS; step++) {
		if (watcher->state == WATCHER_LIVE ||
		    look_at_queue(watcher) > CATCH_UP_BYTES)
			return;
		if (watcher->reset_why)
			send_reset(watcher);
		if (watcher->state == WATCHER_STATE)
			send_state(watcher);
		else
			send_missed(watcher);
	}
}

static void on_pump(void *arg)
{
	struct feed_hub *hub = arg;
	struct watcher *watcher;
	bool more = false;

	hub->pumping = false;
	LIST_FOREACH (watcher, &hub->watchers, link) {
		catch_up(watcher);
		more |= watcher->state != WATCHER_LIVE;
	}
	if (more)
		pump_in(hub, PUMP_PERIOD_MS);
}

/* The reader went away, or httpd closed it because it does not read. */
static void on_closed(struct httpd_stream *stream, void *arg)
{
	struct watcher *watcher = arg;

	(void)stream;
	if (watcher->queued_bytes > CATCH_UP_BYTES) {
		watcher->hub->counters.closed_slow++;
		log_warn("watch.slow queued_bytes=%zu", watcher->queued_bytes);
	}
	watcher_drop(watcher);
}

/* Where a new watcher begins. */
static int start_watcher(struct feed_hub *hub, struct watcher *watcher,
			 struct sv from)
{
	const char *why = NULL;
	uint64_t seen_rev = 0;
	int rc = from.len > 0
			 ? feed_ring_resume(hub->ring, from, &seen_rev, &why)
			 : 0;

	if (rc == ERR_SYNTAX)
		return rc;
	if (from.len > 0 && rc == 0) {
		watcher->state = WATCHER_REPLAY;
		watcher->next_rev = seen_rev + 1;
		hub->counters.resumed++;
		return 0;
	}
	hub->counters.reset += why != NULL;
	start_state(watcher, why);
	return 0;
}

int feed_hub_watch(struct feed_hub *hub, struct httpd_request *req,
		   struct sv from)
{
	struct watcher *watcher;
	int rc;

	if (hub->counters.watchers >= hub->watchers_max) {
		hub->counters.refused++;
		return ERR_LIMIT;
	}
	watcher = mem_alloc(sizeof(*watcher));
	watcher->hub = hub;
	rc = start_watcher(hub, watcher, from);
	if (rc != 0) {
		mem_free(watcher);
		return rc;
	}
	watcher->stream = httpd_stream(req, "application/x-ndjson",
				       SV("Cache-Control: no-store\r\n"),
				       on_closed, watcher);
	LIST_INSERT_HEAD(&hub->watchers, watcher, link);
	hub->counters.watchers++;
	hub->counters.watchers_total++;
	pump_in(hub, 0);
	return 0;
}

uint64_t feed_hub_rev(const struct feed_hub *hub)
{
	return feed_ring_rev(hub->ring);
}

const char *feed_hub_epoch(const struct feed_hub *hub)
{
	return feed_ring_epoch(hub->ring);
}

const struct feed_ring *feed_hub_ring(const struct feed_hub *hub)
{
	return hub->ring;
}

const struct feed_hub_counters *feed_hub_counters(const struct feed_hub *hub)
{
	return &hub->counters;
}
