/*
 * bench_balancer__request.c - /resolve through the real server, one worker's
 * loop and 16 connections, with a fixed input: the same requests, places, nodes
 * and random numbers everywhere. What valgrind counts inside loop_run() is what
 * tests/bench/instructions.sh compares; alone it prints the time.
 *
 * bench_balancer__request [anonymous|device|pipelined [REQUESTS]]
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/mem.h"
#include "lib/net/httpd_conn.h"
#include "tests/bench/bench_world.h"

#define CONNECTIONS 16
#define PREFIXES    256
#define DEPTH	    16 /* of a pipeline */

enum form { FORM_ANONYMOUS, FORM_DEVICE, FORM_PIPELINED };

struct bench {
	struct loop *loop;
	struct httpd *server;
	struct resolver resolver;
	struct ratelimit *limit;
	int clients[CONNECTIONS];
	uint64_t answers;
};

/* Networks of several lengths with a place each. */
static struct view_map *make_map(void)
{
	static struct cellmap_override overrides[PREFIXES];
	struct cellmap_config config = {.overrides = overrides,
					.override_count = PREFIXES};
	struct cellmap *map;
	struct buf why;

	for (unsigned i = 0; i < PREFIXES; i++) {
		const double *metro = bench_metros[i % ARRAY_LEN(bench_metros)];
		struct cellmap_override *o = &overrides[i];

		o->prefix.base = addr_from_v4_host((20 + i % 200) << 24 |
						   i * 7 % 256 << 16);
		o->prefix.bits = (uint8_t)(16 + i % 8);
		o->has_place = true;
		o->lat_deg = (float)metro[0] + (float)(i % 7) - 3;
		o->lon_deg = (float)metro[1] + (float)(i % 11) - 5;
		memcpy(o->country, "XX", 3);
		memcpy(o->area, "Area", 5);
	}
	buf_init(&why, 4096);
	if (cellmap_build(&config, &map, &why) != 0)
		bench_die(buf_cstr(&why));
	buf_fini(&why);
	return view_map_new(map, 0);
}

static void put_request(struct buf *b, enum form form, unsigned number)
{
	unsigned i = number % PREFIXES;

	buf_str(b, "GET /resolve?host=im.example.com&ip=");
	buf_printf(b, "%u.%u.0.%u", 20 + i % 200, i * 7 % 256,
		   1 + number % 250);
	if (form == FORM_DEVICE)
		buf_printf(b, "&device=device-%u", number);
	buf_str(b, " HTTP/1.1\r\nHost: im.example.com\r\n"
		   "User-Agent: bench\r\n\r\n");
}

static void stop(void *arg)
{
	loop_stop(arg);
}

/* This is what is measured. */
static void turn(struct bench *b)
{
	loop_later(b->loop, stop, b->loop);
	if (loop_run(b->loop) != 0)
		bench_die("loop");
}

static void take_answers(struct bench *b, unsigned want)
{
	static char bytes[65536];

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		ssize_t got = recv(b->clients[i], bytes, sizeof(bytes), 0);
		const char *at = bytes;
		unsigned count = 0;

		while (got > 0 && (at = memmem(at, (size_t)(bytes + got - at),
					       "HTTP/1.1 200 OK", 15))) {
			at++;
			count++;
		}
		if (count != want)
			bench_die("an answer is missing");
		b->answers += count;
	}
}

static void run(struct bench *b, enum form form, unsigned requests)
{
	unsigned depth = form == FORM_PIPELINED ? DEPTH : 1, number = 0;
	static char text[8192];

	while (b->answers < requests) {
		for (unsigned i = 0; i < CONNECTIONS; i++) {
			struct buf out;

			buf_init_fixed(&out, text, sizeof(text));
			for (unsigned k = 0; k < depth; k++)
				put_request(&out, form, number++);
			if (send(b->clients[i], text, out.len, 0) !=
			    (ssize_t)out.len)
				bench_die("send");
		}
		clk_fake(200000 + number / 100); /* 100,000 a second */
		turn(b);
		turn(b);
		take_answers(b, depth);
	}
}

static void connect_all(struct bench *b)
{
	const struct addr peer = addr_from_v4_host(0x7f000001);

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		int fds[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
			bench_die("socketpair");
		b->clients[i] = fds[0];
		httpd_conn_accept(fds[1], &peer, 1, b->server);
	}
}

static void set_up(struct bench *b, struct qsbr_slot *slot,
		   struct demand *demand)
{
	struct httpd_limits limits = httpd_default_limits();

	b->limit = ratelimit_new(); /* its clock begins anew, too */
	resolve_init(&b->resolver, slot, demand_counter(demand, 0), NULL,
		     b->limit);
	rng_seed(&b->resolver.rng, 7);
	clk_fake(200000);
	if (loop_new(&b->loop) != 0)
		bench_die("loop");
	b->server = httpd_new(b->loop, &limits, resolve_handle, &b->resolver);
	httpd_look_ahead(b->server, resolve_ahead, RESOLVE_STEPS);
	connect_all(b);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"anonymous", "device", "pipelined"};
	unsigned requests = argc > 2 ? (unsigned)atoi(argv[2]) : 400000;
	struct demand *demand = demand_new(1);
	static struct qsbr_slot slot;
	struct view_map *map = make_map();
	struct view *view = bench_view(map);
	static struct bench bench;
	int64_t start_us;

	atomic_store(&slot.current, view);
	for (unsigned form = 0; form < ARRAY_LEN(names); form++) {
		if (argc > 1 && strcmp(argv[1], names[form]) != 0)
			continue;
		memset(&bench, 0, sizeof(bench));
		set_up(&bench, &slot, demand);
		clk_fake(-1);
		start_us = clk_mono_us();
		run(&bench, (enum form)form, requests);
		clk_fake(-1);
		printf("request.%s %.1f ns\n", names[form],
		       (double)(clk_mono_us() - start_us) * 1000 /
			       (double)bench.answers);
		httpd_free(&bench.server);
		ratelimit_free(&bench.limit);
		loop_free(&bench.loop);
		for (unsigned i = 0; i < CONNECTIONS; i++)
			close(bench.clients[i]);
	}
	view_unref(&view);
	view_map_unref(&map);
	demand_free(&demand);
	return 0;
}
