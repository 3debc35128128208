/*
 * test_link.c - a client's whole life against a scripted balancer and scripted
 * comets: real sockets on loopback, a virtual clock.
 */
#include "tests/unit/client/scripted.h"

#include "client/link.h"
#include "lib/base/err.h"

#define NODES_MAX  3
#define STATES_MAX 64
#define TEXT_MAX   4096

/* How a comet behaves. */
enum manner {
	ACCEPTS,     /* says yes to everybody */
	SHUTS_DOOR,  /* closes when the auth frame has come */
	SAYS_NO,     /* code 401 */
	IS_SILENT,   /* takes the connection and says nothing */
	IS_NOT_THERE /* nobody listens */
};

struct comet {
	int listener, peer; /* -1 = none */
	uint16_t port;
	enum manner manner;
	unsigned accepts;
};

struct bench {
	struct watched watched;
	struct interest interest;
	struct servers servers;
	struct cache *cache;
	struct netmemory memory;
	struct rng rng;
	struct link_config config;
	struct resolver_query query;
	struct channel_identity identity;
	struct link_handler handler;
	struct link *link;
	int64_t now_ms;
	int balancer;	     /* listener */
	const char *refusal; /* NULL = answers with the nodes */
	struct comet comets[NODES_MAX];
	unsigned comet_count;
	unsigned questions;
	char question[TEXT_MAX]; /* the last one */
	enum link_state states[STATES_MAX];
	int last_rc;
	unsigned state_count, failures, messages;
	const char *extra; /* members of the answer, with a comma behind */
	int stop_when_up;
};

static void on_state(struct link *link, enum link_state state, int rc,
		     void *arg)
{
	struct bench *b = arg;

	if (b->state_count < STATES_MAX)
		b->states[b->state_count++] = state;
	if (state == LINK_WAITING)
		b->last_rc = rc;
	if (state == LINK_UP && b->stop_when_up)
		link_stop(link);
}

static void on_failed(struct link *link, const struct addr *addr, uint16_t port,
		      int rc, void *arg)
{
	struct bench *b = arg;

	(void)link, (void)addr, (void)port, (void)rc;
	b->failures++;
}

static void on_message(struct link *link, const struct frame *frame, void *arg)
{
	struct bench *b = arg;

	(void)link, (void)frame;
	b->messages++;
}

static void begin(struct bench *b, const enum manner *manners, unsigned count)
{
	char url[64];
	struct buf text;
	uint16_t port;

	memset(b, 0, sizeof(*b));
	b->now_ms = 1000;
	b->extra = "";
	b->interest = watched_interest(&b->watched);
	b->balancer = scripted_listen(&port);
	buf_init_fixed(&text, url, sizeof(url));
	buf_str(&text, "http://127.0.0.1:");
	buf_u64(&text, port);
	assert_int_equal(servers_add(&b->servers, buf_view(&text)), 0);
	for (unsigned i = 0; i < count; i++) {
		struct comet *c = &b->comets[b->comet_count++];

		c->peer = -1;
		c->manner = manners[i];
		c->listener = scripted_listen(&c->port);
		if (c->manner == IS_NOT_THERE)
			close(c->listener);
	}
	rng_seed(&b->rng, 5);
	b->cache = cache_new();
	link_defaults(&b->config);
	b->config.servers = &b->servers;
	b->config.cache = b->cache;
	b->config.memory = &b->memory;
	b->config.rng = &b->rng;
	b->query.host = "im.test";
	b->handler = (struct link_handler){.state = on_state,
					   .failed = on_failed,
					   .message = on_message,
					   .arg = b};
	b->link = link_new(&b->config, &b->query, &b->identity, &b->handler,
			   &b->interest);
}

static void hang_up(struct comet *c)
{
	if (c->peer >= 0)
		close(c->peer);
	c->peer = -1;
}

static void finish(struct bench *b)
{
	link_free(&b->link);
	assert_int_equal(b->watched.count, 0);
	cache_free(&b->cache);
	close(b->balancer);
	for (unsigned i = 0; i < b->comet_count; i++) {
		hang_up(&b->comets[i]);
		if (b->comets[i].manner != IS_NOT_THERE)
			close(b->comets[i].listener);
	}
}

static void put_nodes(struct bench *b, struct buf *out)
{
	buf_str(out, "HTTP/1.1 200 OK\r\n\r\n{");
	buf_str(out, b->extra);
	buf_str(out, "\"backoff\":{\"base_ms\":1000,\"max_ms\":1000,"
		     "\"factor\":1},\"ttl\":60,\"nodes\":[");
	for (unsigned i = 0; i < b->comet_count; i++)
		buf_printf(out,
			   "%s{\"id\":\"n%u\",\"region\":\"r\",\"ipv4\":"
			   "[\"127.0.0.1\"],\"tcp\":%u}",
			   i > 0 ? "," : "", i, b->comets[i].port);
	buf_str(out, "]}");
}

static void serve_balancer(struct bench *b)
{
	struct pollfd p = {.fd = b->balancer, .events = POLLIN};
	struct buf out;
	int fd;

	if (poll(&p, 1, 0) != 1)
		return;
	fd = scripted_accept(b->balancer);
	if (scripted_read(fd, b->question, sizeof(b->question)) > 0) {
		b->questions++;
		buf_init(&out, 8192);
		if (b->refusal)
			buf_str(&out, b->refusal);
		else
			put_nodes(b, &out);
		scripted_write(fd, out.data, out.len);
		buf_fini(&out);
	}
	close(fd);
}

static void say(struct comet *c, int32_t op, const char *body)
{
	struct frame frame = {1, op, 1, sv_str(body)};
	char bytes[1024];
	struct buf out;

	buf_init_fixed(&out, bytes, sizeof(bytes));
	frame_put(&out, &frame);
	scripted_write(c->peer, out.data, out.len);
}

static void take_auth(struct comet *c)
{
	char bytes[TEXT_MAX];

	if (scripted_read(c->peer, bytes, sizeof(bytes)) == 0) {
		hang_up(c); /* a loser of the race */
		return;
	}
	c->accepts++;
	if (c->manner == ACCEPTS)
		say(c, FRAME_AUTH_REPLY, "");
	else if (c->manner == SAYS_NO)
		say(c, FRAME_AUTH_REPLY, "{\"code\":401}");
	else if (c->manner == SHUTS_DOOR)
		hang_up(c);
}

static void serve_comet(struct comet *c)
{
	struct pollfd p = {.fd = c->listener, .events = POLLIN};

	if (c->manner == IS_NOT_THERE || poll(&p, 1, 0) != 1)
		return;
	hang_up(c);
	c->peer = scripted_accept(c->listener);
	take_auth(c);
}

/* Turns at a standing clock until the link is in @want or nothing happens. */
static void run_until(struct bench *b, enum link_state want)
{
	for (int i = 0; i < 400; i++) {
		link_step(b->link, b->now_ms);
		if (link_state(b->link) == want)
			return;
		watched_wait(&b->watched, 2);
		link_step(b->link, b->now_ms);
		if (link_state(b->link) == want)
			return;
		serve_balancer(b);
		for (unsigned k = 0; k < b->comet_count; k++)
			serve_comet(&b->comets[k]);
	}
	fail_msg("is %s, not %s", link_state_str(link_state(b->link)),
		 link_state_str(want));
}

static void go_up(struct bench *b)
{
	link_start(b->link, b->now_ms);
	run_until(b, LINK_UP);
}

/* To the end of the wait. */
static void sit_out(struct bench *b)
{
	assert_int_equal(link_state(b->link), LINK_WAITING);
	assert_true(link_due_ms(b->link) < INT64_MAX);
	if (link_due_ms(b->link) > b->now_ms)
		b->now_ms = link_due_ms(b->link);
}

static void test_way_up(void **state)
{
	static const enum manner manners[] = {ACCEPTS, ACCEPTS};
	static const enum link_state want[] = {LINK_RESOLVING, LINK_CONNECTING,
					       LINK_AUTHENTICATING, LINK_UP};
	struct link_facts facts;
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	assert_int_equal(link_due_ms(b.link), INT64_MAX);
	link_step(b.link, b.now_ms); /* not started: nothing happens */
	assert_int_equal(link_state(b.link), LINK_IDLE);
	go_up(&b);
	assert_int_equal(b.state_count, 4);
	assert_memory_equal(b.states, want, sizeof(want));
	link_facts(b.link, b.now_ms, &facts);
	assert_string_equal(facts.node->id, "n0");
	assert_int_equal(facts.target->port, b.comets[0].port);
	assert_int_equal(b.comets[1].accepts, 0);
	assert_non_null(strstr(b.question, "GET /resolve?host=im.test "));
	say(&b.comets[0], 1000, "push");
	watched_wait(&b.watched, 1000);
	link_step(b.link, b.now_ms);
	assert_int_equal(b.messages, 1);
	finish(&b);
}

static void test_dead_nodes_are_passed_and_reported(void **state)
{
	static const enum manner manners[] = {IS_NOT_THERE, IS_NOT_THERE};
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, -ECONNREFUSED);
	assert_int_equal(b.failures, 2);
	assert_null(strstr(b.question, "failed="));
	sit_out(&b);
	/* the answer is fresh, but led nowhere: ask again, and tell */
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.questions, 2);
	assert_non_null(strstr(b.question, "&failed=127.0.0.1 "));
	finish(&b);
}

static void test_silent_node_loses_the_auth(void **state)
{
	static const enum manner manners[] = {IS_SILENT, ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_AUTHENTICATING);
	b.now_ms = link_due_ms(b.link);
	run_until(&b, LINK_UP);
	assert_int_equal(b.failures, 1);
	assert_int_equal(b.comets[1].accepts, 1);
	finish(&b);
}

static void test_closed_doors_are_not_reported(void **state)
{
	static const enum manner manners[] = {SHUTS_DOOR, SHUTS_DOOR,
					      SHUTS_DOOR};
	struct bench b;

	(void)state;
	begin(&b, manners, 3);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	for (int i = 0; i < 3; i++)
		assert_int_equal(b.comets[i].accepts, 1);
	sit_out(&b);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.questions, 2);
	assert_null(strstr(b.question, "failed="));
	finish(&b);
}

static void test_a_no_is_final_for_this_attempt(void **state)
{
	static const enum manner manners[] = {SAYS_NO, ACCEPTS};
	struct link_facts facts;
	struct bench b;

	(void)state;
	begin(&b, manners, 2);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_DENIED);
	assert_int_equal(b.comets[1].accepts, 0);
	link_facts(b.link, b.now_ms, &facts);
	assert_int_equal(facts.auth_code, 401);
	assert_null(facts.node);
	finish(&b);
}

static void test_lost_and_up_again_from_the_cache(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	go_up(&b);
	hang_up(&b.comets[0]);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_CLOSED);
	sit_out(&b);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 1); /* within the ttl */
	assert_int_equal(b.comets[0].accepts, 2);
	finish(&b);
}

static void test_stale_answers_when_no_balancer_does(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	go_up(&b);
	b.refusal = "HTTP/1.1 503 X\r\n\r\n{\"detail\":\"starting\"}";
	b.now_ms += 61000;
	hang_up(&b.comets[0]);
	run_until(&b, LINK_WAITING);
	sit_out(&b);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 2);
	finish(&b);
}

static void test_retry_after_is_respected(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct link_facts facts;
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	b.refusal = "HTTP/1.1 503 X\r\nRetry-After: 7\r\n\r\n"
		    "{\"detail\":\"no snapshot yet\"}";
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_UNAVAILABLE);
	assert_in_range(link_due_ms(b.link), b.now_ms + 7000, b.now_ms + 8000);
	link_facts(b.link, b.now_ms, &facts);
	assert_string_equal(facts.detail, "no snapshot yet");
	assert_int_equal(facts.retry_ms, link_due_ms(b.link) - b.now_ms);
	b.refusal = NULL;
	sit_out(&b);
	run_until(&b, LINK_UP);
	finish(&b);
}

static void test_goodbye_sends_elsewhere(void **state)
{
	static const enum manner manners[] = {ACCEPTS, ACCEPTS};
	struct bench b;
	char body[256];
	struct buf text;

	(void)state;
	begin(&b, manners, 2);
	go_up(&b);
	buf_init_fixed(&text, body, sizeof(body) - 1);
	buf_printf(&text,
		   "{\"reason\":\"drain\",\"retry_ms\":500,\"nodes\":[{\"id\":"
		   "\"n1\",\"ipv4\":[\"127.0.0.1\"],\"tcp\":%u}]}",
		   b.comets[1].port);
	say(&b.comets[0], FRAME_GOODBYE, buf_cstr(&text));
	run_until(&b, LINK_WAITING);
	assert_in_range(link_due_ms(b.link), b.now_ms + 500, b.now_ms + 1500);
	assert_int_equal(b.failures, 0);
	sit_out(&b);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 1);
	assert_int_equal(b.comets[1].accepts, 1);
	assert_int_equal(b.comets[0].accepts, 1);
	finish(&b);
}

static void test_stop_in_a_callback_and_start_again(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	b.stop_when_up = 1;
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_IDLE); /* not started to the eye yet */
	for (int i = 0; i < 100 && b.state_count < 5; i++) {
		watched_wait(&b.watched, 5);
		link_step(b.link, b.now_ms);
		serve_balancer(&b);
		serve_comet(&b.comets[0]);
	}
	assert_int_equal(b.states[3], LINK_UP);
	assert_int_equal(b.states[4], LINK_IDLE);
	assert_int_equal(b.watched.count, 0);
	assert_int_equal(link_send(b.link, 4, SV("x"), b.now_ms), ERR_STATE);
	b.stop_when_up = 0;
	go_up(&b);
	assert_int_equal(link_send(b.link, 4, SV("x"), b.now_ms), 0);
	finish(&b);
}

static void test_network_change_reconnects_at_once(void **state)
{
	static const enum manner manners[] = {ACCEPTS};
	struct bench b;

	(void)state;
	begin(&b, manners, 1);
	go_up(&b);
	link_network(b.link, "mobile", b.now_ms);
	assert_int_equal(link_due_ms(b.link), 0);
	link_step(b.link, b.now_ms);
	assert_int_not_equal(link_state(b.link), LINK_UP);
	run_until(&b, LINK_UP);
	assert_int_equal(b.questions, 2); /* elsewhere others are near */
	assert_int_equal(b.comets[0].accepts, 2);
	finish(&b);
}

static void test_answer_without_nodes(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL, 0);
	link_start(b.link, b.now_ms);
	run_until(&b, LINK_WAITING);
	assert_int_equal(b.last_rc, ERR_NOTFOUND);
	finish(&b);
}

static void test_fallback_names_are_looked_up(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, NULL, 0);
	b.extra = "\"fallback\":[\"localhost\"],";
	link_start(b.link, b.now_ms);
	/* nobody listens on goim's port here, or somebody does: it was tried */
	for (int i = 0; i < 500 && b.failures == 0 &&
			link_state(b.link) != LINK_AUTHENTICATING &&
			link_state(b.link) != LINK_UP;
	     i++) {
		watched_wait(&b.watched, 10);
		link_step(b.link, b.now_ms);
		serve_balancer(&b);
	}
	assert_int_equal(b.states[1], LINK_CONNECTING);
	finish(&b);
}

static void test_freed_in_every_state(void **state)
{
	static const enum manner manners[] = {IS_SILENT};
	static const enum link_state states[] = {
		LINK_RESOLVING, LINK_CONNECTING, LINK_AUTHENTICATING};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		struct bench b;

		begin(&b, manners, 1);
		link_start(b.link, b.now_ms);
		for (int k = 0; k < 400; k++) {
			link_step(b.link, b.now_ms);
			if (link_state(b.link) >= states[i])
				break;
			watched_wait(&b.watched, 2);
			serve_balancer(&b);
		}
		assert_true(link_state(b.link) >= states[i]);
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_way_up),
		cmocka_unit_test(test_dead_nodes_are_passed_and_reported),
		cmocka_unit_test(test_silent_node_loses_the_auth),
		cmocka_unit_test(test_closed_doors_are_not_reported),
		cmocka_unit_test(test_a_no_is_final_for_this_attempt),
		cmocka_unit_test(test_lost_and_up_again_from_the_cache),
		cmocka_unit_test(test_stale_answers_when_no_balancer_does),
		cmocka_unit_test(test_retry_after_is_respected),
		cmocka_unit_test(test_goodbye_sends_elsewhere),
		cmocka_unit_test(test_stop_in_a_callback_and_start_again),
		cmocka_unit_test(test_network_change_reconnects_at_once),
		cmocka_unit_test(test_answer_without_nodes),
		cmocka_unit_test(test_fallback_names_are_looked_up),
		cmocka_unit_test(test_freed_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
