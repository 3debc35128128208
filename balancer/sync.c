/*
 * sync.c - a small state machine around one line stream. One timer moves it:
 * in SYNC_WAITING it is the back-off, while opening and receiving it is the
 * deadline, and after a failure it closes what is left outside of callbacks.
 */
#include "balancer/sync.h"

#include <inttypes.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/net/httpc.h"
#include "lib/proto/url.h"

#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS	 10000
#define SILENCE_MS	 15000 /* the registry pings each 5 s */
#define COMPLETE_MS	 60000 /* from opening to a whole state */
/* A registry that lost its memory hears from living agents within one TTL and
 * a renewal; that long their nodes are kept. */
#define HOLD_BACK_MS	 20000
#define PATH_BYTES	 128

struct sync {
	enum sync_state state;
	struct loop *loop;
	struct sync_config config;
	struct state_file_mark mark;
	int64_t heard_at_ms;
	bool full;    /* a whole state is coming in, the fleet is a mix */
	bool holding; /* fleet_end_sync() is held back */
	bool ever;    /* a whole state came in this life */
	bool broken;  /* nothing of this stream counts any more */
	unsigned nodes_before, nodes_put; /* around a whole state */
	/* the connection */
	struct conf_list urls;
	unsigned url;	  /* of this or the next try */
	unsigned attempt; /* without success */
	struct httpc *client;
	struct httpc_stream *stream;
	struct loop_timer *timer;
	struct loop_timer *hold; /* fleet_end_sync() held back */
	struct rng rng;
	struct log_rate bad_rate, down_rate;
};

static void set_state(struct sync *s, enum sync_state state)
{
	s->state = state;
	counter_set(&s->config.counters->state, state);
}

static void count(struct counter *c)
{
	counter_add(c, 1);
}

static const char *url_of(const struct sync *s)
{
	return s->urls.items[s->url % s->urls.count];
}

/* ---- what lines say ---- */

static void begin_full(struct sync *s)
{
	unsigned count_now;

	loop_timer_stop(s->hold);
	s->holding = false;
	fleet_nodes(s->config.fleet, &count_now);
	fleet_begin_sync(s->config.fleet);
	s->full = true;
	s->mark.epoch[0] = '\0'; /* no resuming into a mix */
	s->nodes_before = count_now;
	s->nodes_put = 0;
}

static void advance(struct sync *s, uint64_t rev)
{
	if (!s->full && rev > s->mark.rev)
		s->mark.rev = rev;
	counter_set(&s->config.counters->revision, s->mark.rev);
}

static void changed(struct sync *s, uint64_t rev)
{
	advance(s, rev);
	if (!s->full)
		s->config.changed(SYNC_CHANGED, s->config.arg);
}

static void on_node(void *arg, const struct feed_node *node, uint64_t rev)
{
	struct sync *s = arg;

	s->nodes_put++;
	fleet_put(s->config.fleet, node, loop_now_ms(s->loop));
	changed(s, rev);
}

static void on_gone(void *arg, const char *id, const char *why, uint64_t rev)
{
	struct sync *s = arg;

	log_info("sync.gone node=%s why=\"%s\"", id, why);
	fleet_del(s->config.fleet, id);
	changed(s, rev);
}

static void on_region(void *arg, const struct feed_region *region, uint64_t rev)
{
	struct sync *s = arg;

	fleet_put_region(s->config.fleet, region);
	changed(s, rev);
}

static void on_intent(void *arg, const struct intent *intent, uint64_t rev)
{
	struct sync *s = arg;

	if (!s->full)
		log_info("sync.intent scope=%s id=%s state=%s",
			 intent_scope_str(intent->scope), intent->id,
			 intent->gone ? "gone"
				      : intent_state_str(intent->state));
	fleet_put_intent(s->config.fleet, intent);
	changed(s, rev);
}

static void on_load(void *arg, const struct feed_load *load)
{
	struct sync *s = arg;

	fleet_load(s->config.fleet, load, loop_now_ms(s->loop));
}

static void end_hold(void *arg)
{
	struct sync *s = arg;

	s->holding = false;
	fleet_end_sync(s->config.fleet);
	s->config.changed(SYNC_CHANGED, s->config.arg);
}

/* A whole state is there. When it lacks more than half of what was known a
 * moment ago, the registry rather than the fleet has been lost. */
static void end_full(struct sync *s)
{
	s->full = false;
	count(&s->config.counters->full_states);
	if (s->ever && s->nodes_put * 2 < s->nodes_before) {
		count(&s->config.counters->held_back);
		log_warn("sync.held_back nodes_before=%u nodes_now=%u "
			 "hold_ms=%d",
			 s->nodes_before, s->nodes_put, HOLD_BACK_MS);
		s->holding = true;
		loop_timer_once(s->hold, HOLD_BACK_MS);
	} else {
		fleet_end_sync(s->config.fleet);
	}
	s->ever = true;
}

static void on_synced(void *arg, const char *epoch, uint64_t rev)
{
	struct sync *s = arg;

	if (s->full)
		end_full(s);
	if (sv_copy(sv_str(epoch), s->mark.epoch, sizeof(s->mark.epoch)) != 0)
		s->mark.epoch[0] = '\0';
	s->mark.rev = rev;
	counter_set(&s->config.counters->revision, rev);
	s->attempt = 0;
	loop_timer_stop(s->timer);
	if (s->state != SYNC_FOLLOWING)
		log_info("sync.complete registry=%s epoch=%s rev=%" PRIu64,
			 url_of(s), s->mark.epoch, rev);
	set_state(s, SYNC_FOLLOWING);
	s->config.changed(SYNC_COMPLETE, s->config.arg);
}

static void on_balancers(void *arg, unsigned count)
{
	struct sync *s = arg;

	/* We live, whether or not our report has arrived. */
	s->mark.balancers = count > 0 ? count : 1;
}

static void on_ping(void *arg, uint64_t rev)
{
	advance(arg, rev);
}

static void on_reset(void *arg, const char *why)
{
	struct sync *s = arg;

	count(&s->config.counters->resets);
	log_info("sync.reset registry=%s why=\"%s\"", url_of(s), why);
	begin_full(s);
	if (s->state == SYNC_FOLLOWING) {
		set_state(s, SYNC_RECEIVING);
		loop_timer_once(s->timer, COMPLETE_MS);
	}
}

/* ---- the stream ---- */

static void fail(struct sync *s)
{
	s->broken = true;
	loop_timer_once(s->timer, 0);
}

static void on_line(struct sv line, void *arg)
{
	struct sync *s = arg;
	const struct feed_sink sink = {
		.node = on_node,
		.gone = on_gone,
		.region = on_region,
		.intent = on_intent,
		.load = on_load,
		.balancers = on_balancers,
		.synced = on_synced,
		.ping = on_ping,
		.reset = on_reset,
		.arg = s,
	};
	struct json_problem p;
	uint32_t dropped;

	if (s->broken)
		return;
	count(&s->config.counters->lines);
	if (feed_read_line(line, &sink, &p) == 0) {
		s->heard_at_ms = loop_now_ms(s->loop);
		return;
	}
	count(&s->config.counters->bad_lines);
	if (log_rate_pass(&s->bad_rate, loop_now_ms(s->loop), &dropped))
		log_warn("sync.bad_line registry=%s path=%s rule=\"%s\" "
			 "dropped=%" PRIu32,
			 url_of(s), p.path, p.rule, dropped);
	fail(s);
}

static void on_open(void *arg)
{
	struct sync *s = arg;

	set_state(s, SYNC_RECEIVING);
	count(&s->config.counters->opens);
}

static void on_end(int rc, unsigned status, void *arg)
{
	struct sync *s = arg;
	uint32_t dropped;

	s->stream = NULL;
	if (log_rate_pass(&s->down_rate, loop_now_ms(s->loop), &dropped))
		log_warn("sync.lost registry=%s error=\"%s\" status=%u "
			 "dropped=%" PRIu32,
			 url_of(s), err_str(rc), status, dropped);
	fail(s);
}

static const struct httpc_stream_handler stream_handler = {
	.open = on_open,
	.line = on_line,
	.end = on_end,
};

static int64_t backoff_ms(struct sync *s)
{
	int64_t limit_ms = BACKOFF_FIRST_MS;

	/* A whole round through the registries is one step. */
	for (unsigned i = s->urls.count; i <= s->attempt; i += s->urls.count)
		if (limit_ms < BACKOFF_MAX_MS)
			limit_ms *= 2;
	if (limit_ms > BACKOFF_MAX_MS)
		limit_ms = BACKOFF_MAX_MS;
	return 1 + (int64_t)rng_below(&s->rng, (uint64_t)limit_ms);
}

static void close_stream(struct sync *s)
{
	if (s->stream)
		httpc_stream_close(&s->stream);
	if (s->client)
		httpc_free(&s->client);
}

static void wait_for_next(struct sync *s)
{
	close_stream(s);
	count(&s->config.counters->failures);
	set_state(s, SYNC_WAITING);
	loop_timer_once(s->timer, backoff_ms(s));
	s->url = (s->url + 1) % s->urls.count;
	s->attempt++;
}

static void open_stream(struct sync *s)
{
	char path[PATH_BYTES];
	struct buf b;

	s->broken = false;
	set_state(s, SYNC_OPENING);
	counter_set(&s->config.counters->url, s->url);
	if (httpc_new(s->loop, sv_str(url_of(s)), &s->client) != 0) {
		fail(s);
		return;
	}
	buf_init_fixed(&b, path, sizeof(path));
	buf_str(&b, "/v1/watch");
	if (s->mark.epoch[0]) {
		buf_str(&b, "?from=");
		url_encode(&b, sv_str(s->mark.epoch));
		buf_char(&b, ':');
		buf_u64(&b, s->mark.rev);
	} else {
		begin_full(s);
	}
	s->stream = httpc_stream_open(s->client, buf_cstr(&b), SILENCE_MS,
				      FEED_LINE_MAX, &stream_handler, s);
	loop_timer_once(s->timer, COMPLETE_MS);
}

static void on_timer(void *arg)
{
	struct sync *s = arg;

	if (s->state == SYNC_WAITING && !s->broken)
		open_stream(s);
	else
		wait_for_next(s);
	if (s->state == SYNC_WAITING)
		s->broken = false;
}

/* ---- life ---- */

struct sync *sync_new(const struct sync_config *config,
		      const struct state_file_mark *mark)
{
	struct sync *s = mem_alloc(sizeof(*s));

	s->loop = config->loop;
	s->config = *config;
	s->urls = *config->urls;
	s->config.urls = NULL;
	s->mark = *mark;
	s->heard_at_ms = -1;
	rng_seed_os(&s->rng);
	s->timer = loop_timer_new(s->loop, on_timer, s);
	s->hold = loop_timer_new(s->loop, end_hold, s);
	set_state(s, SYNC_WAITING);
	loop_timer_once(s->timer, 0);
	return s;
}

void sync_free(struct sync **sync)
{
	struct sync *s = *sync;

	*sync = NULL;
	if (!s)
		return;
	close_stream(s);
	loop_timer_free(&s->timer);
	loop_timer_free(&s->hold);
	mem_free(s);
}

const struct state_file_mark *sync_mark(const struct sync *sync)
{
	return &sync->mark;
}

bool sync_is_whole(const struct sync *sync)
{
	return sync->mark.epoch[0] && !sync->full && !sync->holding;
}

int64_t sync_heard_at_ms(const struct sync *sync)
{
	return sync->heard_at_ms;
}

const char *sync_state_str(enum sync_state state)
{
	static const char *const names[] = {"waiting", "opening", "receiving",
					    "following"};

	return names[state];
}
