/*
 * test_perihelion.c - the public API: arguments, states, limits, texts, and a
 * life of its own in perihelion_run() against scripted peers in threads.
 */
#include "tests/unit/client/scripted.h"

#include <pthread.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/proto/frame.h"
#include "perihelion.h"

static void test_texts(void **state)
{
	(void)state;
	assert_string_equal(perihelion_error_text(0), "all well");
	for (int e = -1; e >= PERIHELION_ERROR_SYSTEM; e--) {
		assert_string_not_equal(perihelion_error_text(e),
					"unknown error");
		assert_string_not_equal(perihelion_error_text(e), "all well");
	}
	assert_string_equal(perihelion_error_text(-13), "unknown error");
	assert_string_equal(perihelion_error_text(1), "unknown error");
	assert_string_equal(perihelion_state_text(PERIHELION_UP), "up");
	assert_string_equal(perihelion_state_text((enum perihelion_state)99),
			    "unknown");
	assert_string_equal(perihelion_version(), PERIHELION_VERSION);
}

static void test_configuration(void **state)
{
	struct perihelion *p = perihelion_new();
	static char long_text[3000];
	int32_t accepts[65] = {0};

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	assert_int_equal(perihelion_start(p), PERIHELION_ERROR_STATE);
	assert_int_equal(perihelion_add_balancer(p, "ftp://x"),
			 PERIHELION_ERROR_ARGUMENT);
	assert_int_equal(perihelion_set_text(p, PERIHELION_HOST, NULL),
			 PERIHELION_ERROR_ARGUMENT);
	assert_int_equal(
		perihelion_set_text(p, (enum perihelion_text_option)0, "x"),
		PERIHELION_ERROR_ARGUMENT);
	assert_int_equal(
		perihelion_set_text(p, (enum perihelion_text_option)6, "x"),
		PERIHELION_ERROR_ARGUMENT);
	assert_int_equal(perihelion_set_text(p, PERIHELION_TOKEN, long_text),
			 PERIHELION_ERROR_TOO_BIG);
	long_text[2048] = '\0';
	assert_int_equal(perihelion_set_text(p, PERIHELION_TOKEN, long_text),
			 0);
	long_text[65] = '\0';
	assert_int_equal(perihelion_set_text(p, PERIHELION_DEVICE, long_text),
			 PERIHELION_ERROR_TOO_BIG);
	long_text[64] = '\0';
	assert_int_equal(perihelion_set_text(p, PERIHELION_DEVICE, long_text),
			 0);
	assert_int_equal(perihelion_set_number(p, PERIHELION_NODES_WANTED, 17),
			 PERIHELION_ERROR_ARGUMENT);
	assert_int_equal(perihelion_set_number(p, PERIHELION_NODES_WANTED, 16),
			 0);
	assert_int_equal(perihelion_set_number(p, PERIHELION_STAGGER_MS, -1),
			 PERIHELION_ERROR_ARGUMENT);
	assert_int_equal(perihelion_set_number(p, PERIHELION_STAGGER_MS, 0), 0);
	assert_int_equal(
		perihelion_set_number(p, (enum perihelion_number_option)77, 1),
		PERIHELION_ERROR_ARGUMENT);
	assert_int_equal(perihelion_set_accepts(p, accepts, 65),
			 PERIHELION_ERROR_LIMIT);
	assert_int_equal(perihelion_set_accepts(p, accepts, 64), 0);
	assert_int_equal(perihelion_set_accepts(p, NULL, 0), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(perihelion_add_balancer(p, "http://192.0.2.1"),
				 0);
	assert_int_equal(perihelion_add_balancer(p, "http://192.0.2.1"),
			 PERIHELION_ERROR_LIMIT);
	assert_int_equal(perihelion_send(p, 4, "x", 1), PERIHELION_ERROR_STATE);
	perihelion_free(&p);
	assert_null(p);
	perihelion_free(&p);
}

static void test_idle_handle(void **state)
{
	struct perihelion *p = perihelion_new();
	struct perihelion_info info = {.size = sizeof(info)};

	(void)state;
	assert_true(perihelion_poll_fd(p) >= 0);
	assert_int_equal(perihelion_next_ms(p), -1);
	perihelion_step(p);
	perihelion_stop(p);
	perihelion_run(p, -1); /* nothing was started: back at once */
	assert_int_equal(perihelion_info(p, &info), 0);
	assert_int_equal(info.state, PERIHELION_IDLE);
	assert_int_equal(info.km, -1);
	info.size = 4;
	assert_int_equal(perihelion_info(p, &info), PERIHELION_ERROR_ARGUMENT);
	perihelion_free(&p);
}

/* A program that was built with a longer struct than the library knows. */
static void test_info_of_a_later_header(void **state)
{
	struct {
		struct perihelion_info info;
		char later[32];
	} wide;
	struct perihelion *p = perihelion_new();

	(void)state;
	memset(&wide, 'x', sizeof(wide));
	wide.info.size = sizeof(wide);
	assert_int_equal(perihelion_info(p, &wide.info), 0);
	for (size_t i = 0; i < sizeof(wide.later); i++)
		assert_int_equal(wide.later[i], 0);
	perihelion_free(&p);
}

/* ---- a whole life ---- */

struct world {
	int balancer, comet;
	uint16_t balancer_port, comet_port;
};

static void *play_balancer(void *arg)
{
	struct world *w = arg;
	int fd = scripted_accept(w->balancer);
	char bytes[4096];
	int n;

	(void)scripted_read(fd, bytes, sizeof(bytes));
	n = snprintf(bytes, sizeof(bytes),
		     "HTTP/1.1 200 OK\r\n\r\n{\"nodes\":[{\"id\":\"n7\","
		     "\"region\":\"r7\",\"ipv4\":[\"127.0.0.1\"],\"tcp\":%u,"
		     "\"km\":12}]}",
		     w->comet_port);
	scripted_write(fd, bytes, (size_t)n);
	close(fd);
	return NULL;
}

static void put_frame(int fd, int32_t op, const char *body)
{
	struct frame frame = {1, op, 0, sv_str(body)};
	char bytes[256];
	struct buf b;

	buf_init_fixed(&b, bytes, sizeof(bytes));
	frame_put(&b, &frame);
	scripted_write(fd, b.data, b.len);
}

static void *play_comet(void *arg)
{
	struct world *w = arg;
	int fd = scripted_accept(w->comet);
	char bytes[4096];

	(void)scripted_read(fd, bytes, sizeof(bytes));
	put_frame(fd, FRAME_AUTH_REPLY, "");
	(void)scripted_read(fd, bytes, sizeof(bytes)); /* the app's message */
	put_frame(fd, 1000, "answer");
	(void)scripted_read(fd, bytes, sizeof(bytes)); /* the end */
	close(fd);
	return NULL;
}

struct seen {
	unsigned ups;
	char body[16];
	struct perihelion_info info;
};

static void on_state(struct perihelion *p, enum perihelion_state state,
		     int error, void *arg)
{
	struct seen *seen = arg;

	(void)error;
	if (state != PERIHELION_UP)
		return;
	seen->ups++;
	assert_int_equal(perihelion_set_text(p, PERIHELION_HOST, "other"),
			 PERIHELION_ERROR_STATE);
	assert_int_equal(perihelion_set_text(p, PERIHELION_TOKEN, "new"), 0);
	assert_int_equal(perihelion_send(p, 1000, "hi", 2), 0);
}

static void on_message(struct perihelion *p, const struct perihelion_message *m,
		       void *arg)
{
	struct seen *seen = arg;

	assert_int_equal(m->size, sizeof(*m));
	assert_int_equal(m->op, 1000);
	memcpy(seen->body, m->body, m->body_bytes);
	seen->info.size = sizeof(seen->info);
	assert_int_equal(perihelion_info(p, &seen->info), 0);
	perihelion_stop(p);
}

static void test_life(void **state)
{
	struct perihelion *p = perihelion_new();
	pthread_t balancer, comet;
	struct seen seen = {0};
	struct world w;
	char url[64];

	(void)state;
	w.balancer = scripted_listen(&w.balancer_port);
	w.comet = scripted_listen(&w.comet_port);
	assert_int_equal(pthread_create(&balancer, NULL, play_balancer, &w), 0);
	assert_int_equal(pthread_create(&comet, NULL, play_comet, &w), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u",
		       w.balancer_port);
	assert_int_equal(perihelion_add_balancer(p, url), 0);
	perihelion_on_state(p, on_state, &seen);
	perihelion_on_message(p, on_message, &seen);
	perihelion_network_changed(p, "wifi");
	perihelion_set_activity(p, PERIHELION_FOREGROUND);
	assert_int_equal(perihelion_start(p), 0);
	assert_int_equal(perihelion_start(p), 0);
	perihelion_run(p, -1);
	assert_int_equal(seen.ups, 1);
	assert_string_equal(seen.body, "answer");
	assert_string_equal(seen.info.node, "n7");
	assert_string_equal(seen.info.region, "r7");
	assert_string_equal(seen.info.address, "127.0.0.1");
	assert_int_equal(seen.info.port, w.comet_port);
	assert_int_equal(seen.info.km, 12);
	assert_int_equal(seen.info.heartbeat_s, 60);
	perihelion_free(&p);
	pthread_join(balancer, NULL);
	pthread_join(comet, NULL);
	close(w.balancer);
	close(w.comet);
}

static void on_waiting(struct perihelion *p, enum perihelion_state state,
		       int error, void *arg)
{
	if (state != PERIHELION_WAITING)
		return;
	*(int *)arg = error;
	perihelion_stop(p);
}

static void test_nobody_answers(void **state)
{
	struct perihelion *p = perihelion_new();
	struct perihelion_info info = {.size = sizeof(info)};
	int error = 0;
	char url[64];
	uint16_t port;

	(void)state;
	close(scripted_listen(&port));
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
	assert_int_equal(perihelion_add_balancer(p, url), 0);
	perihelion_on_state(p, on_waiting, &error);
	assert_int_equal(perihelion_start(p), 0);
	assert_int_equal(perihelion_next_ms(p), 0);
	perihelion_run(p, -1);
	assert_int_equal(error, PERIHELION_ERROR_UNREACHABLE);
	assert_int_equal(perihelion_info(p, &info), 0);
	assert_int_equal(info.last_error, PERIHELION_ERROR_UNREACHABLE);
	perihelion_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_idle_handle),
		cmocka_unit_test(test_info_of_a_later_header),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_nobody_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
