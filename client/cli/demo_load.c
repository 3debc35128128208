/*
 * demo_load.c - the loop that drives the demo's clients. One thread.
 * Invariant: a client has an armed timer until is_gone is set; then it is in
 * the `gone` list and freed when the batch of events is over, because a later
 * event of the batch may still name it.
 */
#include "client/cli/demo_load.h"

#include <math.h>
#include <sys/resource.h>

#include "client/cli/demo_client.h"
#include "client/cli/demo_line.h"
#include "client/cli/demo_pool.h"
#include "client/cli/stopper.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define TICK_MS	  10
#define SLOTS	  8192 /* 82 s a turn */
#define BATCH	  256
#define FDS_SPARE 64

struct demo_load {
	const struct demo_load_options *options;
	struct servers balancers, registries;
	struct rng rng;
	struct demo_stats stats;
	struct demo_pool *pool;
	struct pollset *set;
	struct wheel *wheel;
	struct link_config link_config;
	struct pollset_member member; /* of fleet and stopper */
	struct interest interest;
	struct stopper stopper;
	struct demo_fleet *fleet;
	struct demo_crowd crowd;
	struct demo_client *gone; /* to be freed after the batch */
	struct demo_line line;
	double next_arrival_ms;
	int64_t began_ms, next_line_ms;
};

static int add_server(struct servers *servers, const char *option,
		      const char *url)
{
	int rc = servers_add(servers, sv_str(url));

	if (rc == 0)
		return CLI_OK;
	cli_error("%s takes a URL like http://127.0.0.1:8053, not \"%s\": %s",
		  option, url, err_str(rc));
	return CLI_USAGE;
}

/* As many files as clients may want; returns how many clients that makes. */
static uint32_t raise_files(uint32_t clients_max)
{
	struct rlimit limit;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return clients_max;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	room = limit.rlim_cur > FDS_SPARE ? limit.rlim_cur - FDS_SPARE : 1;
	/* Most clients have one connection, few are racing. */
	if (room / 2 < clients_max)
		return (uint32_t)(room / 2);
	return clients_max;
}

static int open_pool(struct demo_load *d)
{
	struct buf why, line;
	int rc;

	buf_init(&why, 4096);
	rc = demo_pool_new(d->options->geo_paths, &d->rng, &d->pool, &why);
	if (rc != 0)
		cli_error("--geo-db: %s", buf_cstr(&why));
	buf_fini(&why);
	if (rc != 0)
		return CLI_FAILED;
	if (d->options->json_lines)
		return CLI_OK;
	buf_init(&line, 512);
	if (demo_pool_has_places(d->pool))
		buf_printf(&line,
			   "clients come from %u countries, by Internet users "
			   "and the database's networks\n",
			   demo_pool_country_count(d->pool));
	else
		buf_str(&line,
			"no city database (--geo-db): clients come from "
			"198.18.0.0/15 (RFC 2544), which has no place\n");
	return cli_print(&line);
}

static void set_up_crowd(struct demo_load *d)
{
	link_defaults(&d->link_config);
	d->link_config.servers = &d->balancers;
	d->link_config.rng = &d->rng;
	d->member = (struct pollset_member){.set = d->set, .owner = d};
	d->interest = pollset_interest(&d->member);
	d->fleet = demo_fleet_new(&d->registries, &d->interest);
	stopper_init(&d->stopper, &d->interest);
	d->crowd = (struct demo_crowd){
		.link_config = &d->link_config,
		.host = d->options->host,
		.session_mean_s = d->options->session_mean_s,
		.secret = d->options->secret,
		.rng = &d->rng,
		.set = d->set,
		.fleet = d->fleet,
		.stats = &d->stats,
	};
}

/* ---- clients ---- */

static void settle(struct demo_load *d, struct demo_client *c)
{
	if (!c->is_gone) {
		wheel_arm(d->wheel, &c->timer, demo_client_due_ms(c));
		return;
	}
	wheel_cancel(d->wheel, &c->timer);
	c->next = d->gone;
	d->gone = c;
}

static void step_client(struct demo_load *d, struct demo_client *c,
			int64_t now_ms)
{
	if (c->is_gone)
		return;
	demo_client_step(c, now_ms);
	settle(d, c);
}

static void free_gone(struct demo_load *d)
{
	while (d->gone) {
		struct demo_client *c = d->gone;

		d->gone = c->next;
		demo_client_free(&c);
	}
}

static void on_timer(struct wheel_timer *timer, void *arg)
{
	step_client(arg, CONTAINER_OF(timer, struct demo_client, timer),
		    clk_mono_ms());
}

static void arrive(struct demo_load *d, uint32_t clients_max, int64_t now_ms)
{
	struct addr ip = demo_pool_draw(d->pool, &d->rng);
	struct demo_client *c;

	if (d->stats.clients >= clients_max) {
		d->stats.held_back++;
		return;
	}
	c = demo_client_new(&d->crowd, &ip, d->stats.arrivals + 1, now_ms);
	step_client(d, c, now_ms);
}

/* A Poisson stream; after a stall the backlog is let go, not poured in. */
static void let_arrive(struct demo_load *d, uint32_t clients_max,
		       int64_t now_ms)
{
	double gap_ms = 1000 / d->options->rate_per_s;

	if ((double)now_ms - d->next_arrival_ms > 1000)
		d->next_arrival_ms = (double)now_ms;
	while (d->next_arrival_ms <= (double)now_ms) {
		d->next_arrival_ms += -log(1 - rng_unit(&d->rng)) * gap_ms;
		arrive(d, clients_max, now_ms);
	}
}

/* ---- the loop ---- */

static int64_t next_turn_ms(const struct demo_load *d, int64_t now_ms)
{
	int64_t due_ms = (int64_t)ceil(d->next_arrival_ms);
	int64_t fleet_ms = demo_fleet_due_ms(d->fleet);

	if (d->stats.clients > 0 && now_ms + TICK_MS < due_ms)
		due_ms = now_ms + TICK_MS; /* the wheel's */
	if (fleet_ms < due_ms)
		due_ms = fleet_ms;
	return d->next_line_ms < due_ms ? d->next_line_ms : due_ms;
}

static void turn(struct demo_load *d, uint32_t clients_max)
{
	void *owners[BATCH];
	int64_t now_ms = clk_mono_ms();
	int64_t wait_ms = next_turn_ms(d, now_ms) - now_ms;
	unsigned count =
		pollset_wait(d->set, wait_ms > 0 ? wait_ms : 0, owners, BATCH);

	now_ms = clk_mono_ms();
	for (unsigned i = 0; i < count; i++) {
		if (owners[i] != d)
			step_client(d, owners[i], now_ms);
	}
	demo_fleet_step(d->fleet, now_ms);
	(void)wheel_advance(d->wheel, now_ms, on_timer, d);
	let_arrive(d, clients_max, now_ms);
	free_gone(d);
	if (now_ms >= d->next_line_ms) {
		d->next_line_ms += 1000;
		demo_line_print(&d->line, &d->stats, d->fleet, now_ms);
	}
}

static void run_loop(struct demo_load *d)
{
	uint32_t clients_max = raise_files(d->options->clients_max);
	int64_t end_ms = INT64_MAX;

	d->began_ms = clk_mono_ms();
	d->next_arrival_ms = (double)d->began_ms;
	d->next_line_ms = d->began_ms + 1000;
	if (d->options->run_ms > 0)
		end_ms = d->began_ms + d->options->run_ms;
	while (!stopper_has_come(&d->stopper) && clk_mono_ms() < end_ms)
		turn(d, clients_max);
}

static void free_one(struct wheel_timer *timer, void *arg UNUSED)
{
	struct demo_client *c = CONTAINER_OF(timer, struct demo_client, timer);

	demo_client_free(&c);
}

static void close_all(struct demo_load *d)
{
	free_gone(d);
	if (d->wheel) /* every client that is left has an armed timer */
		(void)wheel_advance(d->wheel, INT64_MAX / 2, free_one, d);
	demo_fleet_free(&d->fleet);
	stopper_fini(&d->stopper);
	wheel_free(&d->wheel);
	pollset_free(&d->set);
	demo_pool_free(&d->pool);
}

/* ---- verdict ---- */

static int judge(const struct demo_load *d)
{
	const struct demo_stats *s = &d->stats;
	double tolerated = DEMO_LOAD_TOLERANCE * (double)s->connects;
	bool good = s->connects > 0 && s->resolve_failed == 0 &&
		    s->refused == 0 && (double)s->connect_failed <= tolerated &&
		    (double)s->lost <= tolerated;

	if (!d->options->strict || good)
		return CLI_OK;
	cli_error("not all well: of %llu clients %llu came up; failed: %llu "
		  "resolves, %llu connects, %llu refused, %llu lost",
		  (unsigned long long)s->arrivals,
		  (unsigned long long)s->connects,
		  (unsigned long long)s->resolve_failed,
		  (unsigned long long)s->connect_failed,
		  (unsigned long long)s->refused, (unsigned long long)s->lost);
	return CLI_FAILED;
}

int demo_load_run(const struct cli *cli,
		  const struct demo_load_options *options)
{
	struct demo_load *d = mem_alloc(sizeof(*d));
	int rc;

	d->options = options;
	d->stopper.fd = -1;
	demo_line_init(&d->line, options->json_lines);
	if (options->seed)
		rng_seed(&d->rng, options->seed);
	else
		rng_seed_os(&d->rng);
	rc = add_server(&d->balancers, "--balancer", cli->balancer);
	if (rc == CLI_OK)
		rc = add_server(&d->registries, "--registry", cli->registry);
	if (rc == CLI_OK)
		rc = open_pool(d);
	if (rc == CLI_OK && pollset_new(&d->set) != 0)
		rc = CLI_FAILED;
	if (rc == CLI_OK) {
		d->wheel = wheel_new(SLOTS, TICK_MS, clk_mono_ms());
		set_up_crowd(d);
		run_loop(d);
		rc = judge(d);
	}
	close_all(d);
	mem_free(d);
	return rc;
}
