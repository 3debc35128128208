/* Viewers that come back, and viewers that do not read, over real sockets on
 * one loop. */
#include "registry/viewer_hub.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define DEADLINE_MS 30000
#define BIG_BYTES   500000

static struct world {
	struct loop *loop;
	struct httpd *httpd;
	struct viewer_hub *hub;
	struct loop_timer *timer;
	uint16_t port;
	int fd;
	bool reads;
	struct buf in;
	const char *until; /* it is there */
	int64_t deadline_ms;
	int rc; /* of the last watch */
} w;

static void on_request(struct httpd_request *req, void *arg)
{
	struct sv from = req->head->query;

	(void)arg;
	(void)sv_cut(&from, '=');
	w.rc = viewer_hub_watch(w.hub, req, from, VIEWER_STATE | VIEWER_LOG);
	if (w.rc != 0)
		httpd_problem_simple(req, 400, "bad", "Bad", NULL);
}

static void take_bytes(void)
{
	char *at = buf_reserve(&w.in, 262144);
	ssize_t n = at ? read(w.fd, at, 262144) : 0;

	if (n > 0)
		w.in.len += (size_t)n;
}

static void on_timer(void *arg)
{
	(void)arg;
	if (w.reads)
		take_bytes();
	if (w.until && strstr(buf_cstr(&w.in), w.until)) {
		loop_stop(w.loop);
		return;
	}
	if (clk_mono_ms() > w.deadline_ms)
		fail_msg("no %s", w.until ? w.until : "end");
}

/* Turn until the viewer has read @text. */
static void until(const char *text)
{
	w.until = text;
	w.reads = true;
	w.deadline_ms = clk_mono_ms() + DEADLINE_MS;
	assert_int_equal(loop_run(w.loop), 0);
}

static void stop_turning(void *arg)
{
	loop_stop(arg);
}

static void turn_once(void)
{
	struct loop_timer *timer = loop_timer_new(w.loop, stop_turning, w.loop);

	loop_timer_once(timer, 1);
	w.until = NULL;
	w.deadline_ms = clk_mono_ms() + DEADLINE_MS;
	assert_int_equal(loop_run(w.loop), 0);
	loop_timer_free(&timer);
}

static void watch(const char *from)
{
	struct addr at;
	struct sockaddr_storage to;
	socklen_t len;
	char storage[256];
	struct buf request;

	assert_int_equal(addr_parse(SV("127.0.0.1"), &at), 0);
	len = addr_to_sockaddr(&at, w.port, &to);
	w.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(w.fd >= 0);
	assert_int_equal(connect(w.fd, (void *)&to, len), 0);
	buf_init_fixed(&request, storage, sizeof(storage));
	buf_printf(&request, "GET /e?from=%s HTTP/1.1\r\nHost: x\r\n\r\n",
		   from);
	assert_int_equal(write(w.fd, request.data, request.len),
			 (ssize_t)request.len);
	assert_int_equal(fcntl(w.fd, F_SETFL, O_NONBLOCK), 0);
	buf_reset(&w.in);
}

static int setup(void **state)
{
	struct httpd_limits limits = httpd_default_limits();
	struct addr at;

	(void)state;
	memset(&w, 0, sizeof(w));
	assert_int_equal(loop_new(&w.loop), 0);
	w.hub = viewer_hub_new(w.loop, "e1");
	w.httpd = httpd_new(w.loop, &limits, on_request, NULL);
	assert_int_equal(addr_parse(SV("127.0.0.1"), &at), 0);
	assert_int_equal(httpd_listen(w.httpd, &at, 0, &w.port), 0);
	buf_init(&w.in, 64u << 20);
	w.timer = loop_timer_new(w.loop, on_timer, NULL);
	loop_timer_every(w.timer, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (w.fd > 0)
		close(w.fd);
	loop_timer_free(&w.timer);
	viewer_hub_free(&w.hub);
	httpd_free(&w.httpd);
	loop_free(&w.loop);
	buf_fini(&w.in);
	return 0;
}

static void add_json(const char *json)
{
	viewer_hub_add(w.hub, VIEWER_STATE, sv_str(json));
}

static void add_big(void)
{
	char *text = mem_alloc(BIG_BYTES + 1);

	memset(text, 'x', BIG_BYTES);
	add_json(text);
	mem_free(text);
}

static void events_are_framed(void **state)
{
	(void)state;
	watch("");
	until("retry: 1000\n\n");
	add_json("{\"a\":1}");
	viewer_hub_add(w.hub, VIEWER_LOG, SV("{\"b\":2}"));
	until("id: e1:2\nevent: log\ndata: {\"b\":2}\n\n");
	assert_non_null(strstr(w.in.data,
			       "id: e1:1\nevent: state\ndata: {\"a\":1}\n\n"));
	assert_int_equal(viewer_hub_wanted(w.hub, VIEWER_STATE), 1);
}

static void what_was_missed_is_sent(void **state)
{
	(void)state;
	add_json("{\"n\":1}");
	add_json("{\"n\":2}");
	add_json("{\"n\":3}");
	watch("e1:1");
	until("{\"n\":3}");
	assert_non_null(strstr(w.in.data, "{\"n\":2}"));
	assert_null(strstr(w.in.data, "{\"n\":1}"));
	assert_int_equal(viewer_hub_counters(w.hub)->resumed, 1);
}

static void what_is_not_known_is_a_reset(void **state)
{
	static const char *const froms[] = {
		"e0:1", /* another life */
		"e1:9", /* from the future */
		"e1:1", /* before a gap */
		"e1:0",
	};

	(void)state;
	add_json("{\"n\":1}");
	viewer_hub_gap(w.hub);
	add_json("{\"n\":2}");
	for (size_t i = 0; i < ARRAY_LEN(froms); i++) {
		watch(froms[i]);
		until("event: reset\n");
		assert_null(strstr(w.in.data, "{\"n\":2}"));
		close(w.fd);
		w.fd = 0;
	}
	assert_int_equal(viewer_hub_counters(w.hub)->resets, 4);
}

static void the_last_that_were_kept_are_enough(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VIEWER_HUB_EVENTS_MAX + 1; i++)
		add_json("{}");
	watch("e1:1"); /* 2 is the first that is kept */
	until("id: e1:1025\n");
	assert_null(strstr(w.in.data, "event: reset"));
}

static void who_does_not_read_costs_no_more(void **state)
{
	(void)state;
	watch("");
	until("retry");
	w.reads = false;
	/* Far more than sockets and the hub hold. */
	for (unsigned i = 0; i < 100; i++) {
		add_big();
		turn_once();
	}
	assert_int_equal(viewer_hub_counters(w.hub)->viewers, 1);
	assert_true(viewer_hub_counters(w.hub)->bytes < 12u << 20);
	until("event: reset\n");
	add_json("{\"last\":1}");
	until("{\"last\":1}");
}

static void who_comes_back_and_does_not_read_costs_no_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 30; i++)
		add_big();
	watch("e1:1");
	for (unsigned i = 0; i < 20; i++)
		turn_once();
	assert_int_equal(viewer_hub_counters(w.hub)->resumed, 1);
	assert_true(viewer_hub_counters(w.hub)->bytes < 12u << 20);
	until("id: e1:30\n");
	assert_null(strstr(w.in.data, "event: reset"));
}

static void too_long_an_event_is_a_reset(void **state)
{
	char *text = mem_alloc(VIEWER_HUB_EVENT_BYTES + 1);

	(void)state;
	memset(text, 'x', VIEWER_HUB_EVENT_BYTES);
	watch("");
	until("retry");
	add_json(text);
	mem_free(text);
	until("event: reset\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_framed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_was_missed_is_sent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_a_reset,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_last_that_were_kept_are_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(who_does_not_read_costs_no_more,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_comes_back_and_does_not_read_costs_no_more, setup,
			teardown),
		cmocka_unit_test_setup_teardown(too_long_an_event_is_a_reset,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
