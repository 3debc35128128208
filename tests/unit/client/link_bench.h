/*
 * link_bench.h - for the tests of client/link.c: a scripted balancer and
 * scripted comets, real sockets on loopback, a virtual clock.
 */
#ifndef PERI_TESTS_UNIT_CLIENT_LINK_BENCH_H
#define PERI_TESTS_UNIT_CLIENT_LINK_BENCH_H

#include "tests/unit/client/scripted.h"

#include "client/link.h"

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

static inline void on_state(struct link *link, enum link_state state, int rc,
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

static inline void on_failed(struct link *link, const struct addr *addr,
			     uint16_t port, int rc, void *arg)
{
	struct bench *b = arg;

	(void)link, (void)addr, (void)port, (void)rc;
	b->failures++;
}

static inline void on_message(struct link *link, const struct frame *frame,
			      void *arg)
{
	struct bench *b = arg;

	(void)link, (void)frame;
	b->messages++;
}

static inline void begin(struct bench *b, const enum manner *manners,
			 unsigned count)
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

static inline void hang_up(struct comet *c)
{
	if (c->peer >= 0)
		close(c->peer);
	c->peer = -1;
}

static inline void finish(struct bench *b)
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

static inline void put_nodes(struct bench *b, struct buf *out)
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

static inline void serve_balancer(struct bench *b)
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

static inline void say(struct comet *c, int32_t op, const char *body)
{
	struct frame frame = {1, op, 1, sv_str(body)};
	char bytes[1024];
	struct buf out;

	buf_init_fixed(&out, bytes, sizeof(bytes));
	frame_put(&out, &frame);
	scripted_write(c->peer, out.data, out.len);
}

static inline void take_auth(struct comet *c)
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

static inline void serve_comet(struct comet *c)
{
	struct pollfd p = {.fd = c->listener, .events = POLLIN};

	if (c->manner == IS_NOT_THERE || poll(&p, 1, 0) != 1)
		return;
	hang_up(c);
	c->peer = scripted_accept(c->listener);
	take_auth(c);
}

/* Turns at a standing clock until the link is in @want or nothing happens. */
static inline void run_until(struct bench *b, enum link_state want)
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

static inline void go_up(struct bench *b)
{
	link_start(b->link, b->now_ms);
	run_until(b, LINK_UP);
}

/* To the end of the wait. */
static inline void sit_out(struct bench *b)
{
	assert_int_equal(link_state(b->link), LINK_WAITING);
	assert_true(link_due_ms(b->link) < INT64_MAX);
	if (link_due_ms(b->link) > b->now_ms)
		b->now_ms = link_due_ms(b->link);
}

#endif
