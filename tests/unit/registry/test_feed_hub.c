/* Watchers that read slowly or not at all, over real sockets on one loop. */
#include "registry/feed_hub.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#define NODES	    6000 /* about 1.3 kB each: more than sockets buffer */
#define DEADLINE_MS 60000
#define READ_BYTES  262144

struct world {
	struct loop *loop;
	struct httpd *httpd;
	struct lease_table *leases;
	struct region_table *regions;
	struct override_table *overrides;
	struct feed_hub *hub;
	uint16_t port;
	/* The watcher's end. */
	int fd;
	struct loop_timer *timer;
	bool reading, header_done, ended;
	struct buf in;
	/* What it has been told. */
	uint32_t weights[NODES];
	unsigned nodes, syncs, resets;
	unsigned intents, released; /* heard; of them gone */
	uint64_t rev;
	bool (*until)(const struct world *w);
	int64_t deadline_ms;
};

static void on_lease(struct lease *lease, enum lease_event event,
		     enum node_state before, void *arg)
{
	struct world *w = arg;

	(void)before;
	if (event == LEASE_LEFT)
		feed_hub_gone(w->hub, lease, "left");
	else
		feed_hub_node(w->hub, lease);
}

static void on_override(struct override *entry, enum override_event event,
			void *arg)
{
	struct world *w = arg;

	if (event == OVERRIDE_PUT)
		feed_hub_intent(w->hub, entry);
	else
		feed_hub_intent_gone(w->hub, entry);
}

static void on_request(struct httpd_request *req, void *arg)
{
	struct world *w = arg;
	struct sv from = req->head->query;

	(void)sv_cut(&from, '=');
	if (feed_hub_watch(w->hub, req, from) != 0)
		httpd_problem_simple(req, 400, "bad", "Bad", NULL);
}

/* The nodes are numbered: "n-123". */
static void put_node(struct world *w, unsigned number, uint32_t weight)
{
	struct node_record r = {.service = "im",
				.region = "eu",
				.capacity = 9,
				.ports.tcp = 1,
				.ttl_ms = NODE_TTL_MAX_MS,
				.boot_epoch = 1,
				.weight = weight,
				.ipv4_count = 1,
				.label_count = 8};
	enum lease_verdict verdict;
	const struct lease *lease;
	struct buf id;

	buf_init_fixed(&id, r.id, sizeof(r.id) - 1);
	buf_printf(&id, "n-%u", number);
	assert_int_equal(addr_parse(SV("127.0.0.1"), &r.ipv4[0]), 0);
	for (size_t i = 0; i < 8; i++) {
		memset(r.labels[i].key, 'a' + (int)i, 32);
		memset(r.labels[i].value, 'v', 64);
	}
	assert_int_equal(lease_register(w->leases, &r, loop_now_ms(w->loop),
					&verdict, &lease),
			 0);
}

static void seen_node(void *arg, const struct feed_node *node, uint64_t rev)
{
	struct world *w = arg;
	uint64_t number;

	assert_int_equal(
		num_u64(sv_str(node->record.id + 2), NODES - 1, &number), 0);
	w->weights[number] = node->record.weight;
	w->nodes++;
	/* Revisions never go back. */
	assert_true(rev >= w->rev);
	w->rev = rev;
}

static void seen_intent(void *arg, const struct intent *intent, uint64_t rev)
{
	struct world *w = arg;

	assert_string_equal(intent->id, "eu");
	assert_int_equal(intent->scope, INTENT_REGION);
	assert_true(rev >= w->rev);
	w->rev = rev;
	w->intents++;
	w->released += intent->gone;
}

static void seen_synced(void *arg, const char *epoch, uint64_t rev)
{
	struct world *w = arg;

	(void)epoch;
	w->syncs++;
	w->rev = rev;
}

static void seen_reset(void *arg, const char *why)
{
	struct world *w = arg;

	(void)why;
	w->resets++;
}

/* Chunk sizes and line ends lie between the lines: a line begins with '{'. */
static void take_lines(struct world *w)
{
	struct feed_sink sink = {.node = seen_node,
				 .intent = seen_intent,
				 .synced = seen_synced,
				 .reset = seen_reset,
				 .arg = w};
	struct sv rest = buf_view(&w->in);
	struct json_problem p;
	const char *end;

	while (rest.len > 0 &&
	       (end = memchr(rest.ptr, '\n', rest.len)) != NULL) {
		struct sv line = sv_cut(&rest, '\n');

		if (line.len > 0 && line.ptr[0] == '{' &&
		    feed_read_line(line, &sink, &p) != 0)
			fail_msg("%s %s", p.path, p.rule);
	}
	memmove(w->in.data, rest.ptr, rest.len);
	w->in.len = rest.len;
}

static void on_turn(void *arg)
{
	struct world *w = arg;
	char *at;
	ssize_t n;

	if (w->reading && !w->ended) {
		at = buf_reserve(&w->in, READ_BYTES);
		assert_non_null(at);
		n = read(w->fd, at, READ_BYTES);
		if (n > 0) {
			w->in.len += (size_t)n;
			take_lines(w);
		}
		w->ended = n == 0 || (n < 0 && errno != EAGAIN);
	}
	if (w->until(w) || clk_mono_ms() > w->deadline_ms)
		loop_stop(w->loop);
}

static void turn_until(struct world *w, bool (*until)(const struct world *w))
{
	w->until = until;
	w->deadline_ms = clk_mono_ms() + DEADLINE_MS;
	assert_int_equal(loop_run(w->loop), 0);
	assert_true(until(w));
}

static void connect_watch(struct world *w, const char *query)
{
	struct sockaddr_storage ss;
	struct addr to;
	socklen_t len;
	char storage[256];
	struct buf request;
	int small = 65536;

	assert_int_equal(addr_parse(SV("127.0.0.1"), &to), 0);
	len = addr_to_sockaddr(&to, w->port, &ss);
	w->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(w->fd >= 0);
	assert_int_equal(
		setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)),
		0);
	assert_int_equal(connect(w->fd, (struct sockaddr *)&ss, len), 0);
	buf_init_fixed(&request, storage, sizeof(storage));
	buf_printf(&request, "GET /v1/watch%s HTTP/1.1\r\nHost: x\r\n\r\n",
		   query);
	assert_int_equal(write(w->fd, request.data, request.len),
			 (ssize_t)request.len);
}

/* read() must not wait: the loop that feeds the socket is ours. */
static void set_nonblocking(struct world *w)
{
	struct timeval short_wait = {0, 1000};

	assert_int_equal(setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &short_wait,
				    sizeof(short_wait)),
			 0);
}

static void open_world(struct world *w, int64_t write_timeout_ms)
{
	struct feed_hub_config config = {
		.change_count = 16384, .watchers_max = 4, .epoch = "e"};
	struct lease_config leases = {.leases_max = NODES, .renews_per_ttl = 3};
	struct httpd_limits limits = httpd_default_limits();
	struct addr any;

	memset(w, 0, sizeof(*w));
	limits.write_timeout_ms = write_timeout_ms;
	assert_int_equal(loop_new(&w->loop), 0);
	w->regions = region_table_new();
	w->leases = lease_table_new(&leases, loop_now_ms(w->loop), on_lease, w);
	w->overrides = override_table_new(on_override, w);
	w->hub = feed_hub_new(w->loop, &config,
			      &(struct feed_state){.leases = w->leases,
						   .regions = w->regions,
						   .overrides = w->overrides});
	w->httpd = httpd_new(w->loop, &limits, on_request, w);
	assert_int_equal(addr_parse(SV("127.0.0.1"), &any), 0);
	assert_int_equal(httpd_listen(w->httpd, &any, 0, &w->port), 0);
	buf_init(&w->in, 4u << 20);
	w->timer = loop_timer_new(w->loop, on_turn, w);
	loop_timer_every(w->timer, 1);
}

static void close_world(struct world *w)
{
	close(w->fd);
	loop_timer_free(&w->timer);
	feed_hub_free(&w->hub);
	httpd_free(&w->httpd);
	lease_table_free(&w->leases);
	region_table_free(&w->regions);
	override_table_free(&w->overrides);
	loop_free(&w->loop);
	buf_fini(&w->in);
}

static bool is_synced(const struct world *w)
{
	return w->syncs > 0;
}

static bool is_paced(const struct world *w)
{
	/* The same for several turns: the sender waits for the reader. */
	static uint64_t last;
	static int turns;

	turns = feed_hub_counters(w->hub)->bytes == last && last > 0 ? turns + 1
								     : 0;
	last = feed_hub_counters(w->hub)->bytes;
	return turns > 100;
}

static void a_large_state_is_paced_by_its_reader(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 30000);
	for (unsigned i = 0; i < NODES; i++)
		put_node(&w, i, 5);
	connect_watch(&w, "");
	set_nonblocking(&w);
	turn_until(&w, is_paced);
	/* The rest is not made, let alone held in memory. */
	assert_true(feed_hub_counters(w.hub)->bytes < NODES * 1000);
	w.reading = true;
	/* Changes during the state reach it too, once each. */
	for (unsigned i = 0; i < 100; i++)
		put_node(&w, i * 50, 77);
	turn_until(&w, is_synced);
	assert_true(w.nodes >= NODES && w.nodes <= NODES + 100);
	for (unsigned i = 0; i < NODES; i++)
		assert_int_equal(w.weights[i],
				 i % 50 == 0 && i < 5000 ? 77 : 5);
	assert_int_equal(w.rev, feed_hub_rev(w.hub));
	assert_int_equal(w.resets, 0);
	close_world(&w);
}

static bool has_all_weights(const struct world *w)
{
	for (unsigned i = 0; i < NODES; i++) {
		if (w->weights[i] != 9)
			return false;
	}
	return true;
}

static void a_live_watcher_that_lags_catches_up(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 30000);
	connect_watch(&w, "");
	set_nonblocking(&w);
	w.reading = true;
	turn_until(&w, is_synced);
	w.reading = false;
	for (unsigned i = 0; i < NODES; i++)
		put_node(&w, i, 8);
	assert_true(feed_hub_counters(w.hub)->lagged > 0);
	for (unsigned i = 0; i < NODES; i++)
		put_node(&w, i, 9);
	w.reading = true;
	turn_until(&w, has_all_weights);
	/* What it had missed twice it was sent once. */
	assert_true(w.nodes < 2 * NODES);
	assert_int_equal(w.syncs, 1);
	assert_int_equal(w.resets, 0);
	close_world(&w);
}

static void who_missed_too_much_starts_anew(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 30000);
	connect_watch(&w, "");
	set_nonblocking(&w);
	w.reading = true;
	turn_until(&w, is_synced);
	w.reading = false;
	for (unsigned round = 5; round <= 9; round++) {
		for (unsigned i = 0; i < NODES; i++)
			put_node(&w, i, round); /* more than the ring holds */
	}
	w.reading = true;
	w.rev = 0;
	turn_until(&w, has_all_weights);
	assert_int_equal(w.resets, 1);
	close_world(&w);
}

static bool has_no_watcher(const struct world *w)
{
	return feed_hub_counters(w->hub)->watchers == 0;
}

static void who_does_not_read_at_all_is_closed(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 300);
	for (unsigned i = 0; i < NODES; i++)
		put_node(&w, i, 5);
	connect_watch(&w, "");
	turn_until(&w, is_paced);
	turn_until(&w, has_no_watcher);
	assert_int_equal(feed_hub_counters(w.hub)->closed_slow, 1);
	assert_int_equal(feed_hub_counters(w.hub)->watchers_total, 1);
	close_world(&w);
}

static bool has_intent(const struct world *w)
{
	return w->intents > 0 && w->released == 0;
}

static bool has_release(const struct world *w)
{
	return w->released > 0;
}

static void intents_come_with_the_state_and_as_they_change(void **state)
{
	struct intent drain = {
		.scope = INTENT_REGION, .id = "eu", .state = INTENT_DRAIN};
	struct world w;

	(void)state;
	open_world(&w, 30000);
	override_put(w.overrides, &drain);
	connect_watch(&w, "");
	set_nonblocking(&w);
	w.reading = true;
	turn_until(&w, is_synced);
	assert_int_equal(w.intents, 1); /* before "synced" */
	override_release(w.overrides, INTENT_REGION, SV("eu"),
			 OVERRIDE_EXPIRED);
	turn_until(&w, has_release);
	assert_int_equal(w.intents, 2);
	w.intents = w.released = 0;
	override_put(w.overrides, &drain);
	turn_until(&w, has_intent);
	assert_int_equal(w.rev, feed_hub_rev(w.hub));
	close_world(&w);
}

/* Whoever lags is told once what holds now, and what no longer does. */
static void a_watcher_that_lags_hears_of_intents(void **state)
{
	struct intent drain = {
		.scope = INTENT_REGION, .id = "eu", .state = INTENT_DRAIN};
	struct world w;

	(void)state;
	open_world(&w, 30000);
	override_put(w.overrides, &drain);
	connect_watch(&w, "");
	set_nonblocking(&w);
	w.reading = true;
	turn_until(&w, is_synced);
	w.reading = false;
	w.intents = 0;
	for (unsigned i = 0; i < NODES; i++)
		put_node(&w, i, 8);
	assert_true(feed_hub_counters(w.hub)->lagged > 0);
	override_put(w.overrides, &drain);
	override_put(w.overrides, &drain);
	override_release(w.overrides, INTENT_REGION, SV("eu"),
			 OVERRIDE_RELEASED);
	for (unsigned i = 0; i < NODES; i++)
		put_node(&w, i, 9);
	w.reading = true;
	turn_until(&w, has_all_weights);
	assert_int_equal(w.intents, 1);
	assert_int_equal(w.released, 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_state_is_paced_by_its_reader),
		cmocka_unit_test(a_live_watcher_that_lags_catches_up),
		cmocka_unit_test(who_missed_too_much_starts_anew),
		cmocka_unit_test(who_does_not_read_at_all_is_closed),
		cmocka_unit_test(
			intents_come_with_the_state_and_as_they_change),
		cmocka_unit_test(a_watcher_that_lags_hears_of_intents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
