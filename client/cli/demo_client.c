/*
 * demo_client.c - a client's life and what of it is counted. One thread.
 * Invariant: it is in stats->clients until it is freed, and in stats->up (and
 * up_located, up_nearest as its two marks say) exactly while state is LINK_UP.
 */
#include "client/cli/demo_client.h"

#include <math.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/token.h"

/* A client that cannot get in for so long goes away disappointed. */
#define PATIENCE_MS 120000
#define TOKEN_TTL_S 3600

static double draw_exponential(struct rng *rng, double mean)
{
	return -log(1 - rng_unit(rng)) * mean;
}

static void leave_up(struct demo_client *c)
{
	struct demo_stats *stats = c->crowd->stats;

	stats->up--;
	stats->up_located -= c->is_located;
	stats->up_nearest -= c->is_nearest;
}

static void enter_up(struct demo_client *c)
{
	struct demo_stats *stats = c->crowd->stats;
	int64_t now_ms = clk_mono_ms();
	struct link_facts facts;

	link_facts(c->link, now_ms, &facts);
	c->is_located = c->nearest[0] != '\0';
	c->is_nearest = c->is_located &&
			sv_eq(sv_str(c->nearest), sv_str(facts.node->region));
	stats->connects++;
	stats->up++;
	stats->up_located += c->is_located;
	stats->up_nearest += c->is_nearest;
	c->leave_ms =
		now_ms + (int64_t)(draw_exponential(c->crowd->rng,
						    c->crowd->session_mean_s) *
				   1000);
}

/* Why an attempt ended, by how far it had come. Addresses that did not work
 * are counted one by one in on_failed(). */
static void count_failure(struct demo_client *c)
{
	struct demo_stats *stats = c->crowd->stats;

	if (c->state == LINK_UP)
		stats->lost++;
	else if (c->state == LINK_RESOLVING)
		stats->resolve_failed++;
}

static void on_state(struct link *link UNUSED, enum link_state state,
		     int rc UNUSED, void *arg)
{
	struct demo_client *c = arg;

	if (state == LINK_RESOLVING)
		c->asked_us = clk_mono_us();
	if (state == LINK_WAITING)
		count_failure(c);
	if (c->state == LINK_UP)
		leave_up(c);
	c->state = state;
	if (state == LINK_UP)
		enter_up(c);
}

static void on_answer(struct link *link UNUSED, const struct reply *reply,
		      void *arg)
{
	struct demo_client *c = arg;
	const char *nearest = NULL;

	c->crowd->stats->resolves++;
	demo_stats_sample(c->crowd->stats, clk_mono_us() - c->asked_us);
	if (reply->client_has_position)
		nearest = demo_fleet_nearest(c->crowd->fleet,
					     reply->client_lat_deg,
					     reply->client_lon_deg);
	if (!nearest ||
	    sv_copy(sv_str(nearest), c->nearest, sizeof(c->nearest)) != 0)
		c->nearest[0] = '\0';
}

static void on_failed(struct link *link UNUSED, const struct addr *addr UNUSED,
		      uint16_t port UNUSED, int rc, void *arg)
{
	struct demo_client *c = arg;

	if (c->state == LINK_AUTHENTICATING && rc != ERR_TIMEOUT)
		c->crowd->stats->refused++;
	else
		c->crowd->stats->connect_failed++;
}

static void on_beat(struct link *link UNUSED, uint32_t interval_s UNUSED,
		    void *arg)
{
	struct demo_client *c = arg;

	c->crowd->stats->beats++;
}

static void on_beat_reply(struct link *link UNUSED, uint32_t online UNUSED,
			  void *arg)
{
	struct demo_client *c = arg;

	c->crowd->stats->beats_answered++;
}

static void make_token(struct demo_client *c)
{
	struct buf b;

	if (!c->crowd->secret)
		return;
	buf_init(&b, TOKEN_TEXT_MAX);
	secret_file_sign(c->crowd->secret, c->device, TOKEN_TTL_S, &b);
	c->token = mem_strdup(buf_cstr(&b));
	buf_fini(&b);
}

static void introduce(struct demo_client *c, uint64_t number)
{
	struct buf b;

	buf_init_fixed(&b, c->device, sizeof(c->device) - 1);
	buf_str(&b, "demo-");
	buf_u64(&b, number);
	make_token(c);
	c->identity = (struct channel_identity){
		.key = c->device,
		.platform = "demo",
		.token = c->token,
	};
	c->handler = (struct link_handler){
		.state = on_state,
		.answer = on_answer,
		.failed = on_failed,
		.beat = on_beat,
		.beat_reply = on_beat_reply,
		.arg = c,
	};
}

struct demo_client *demo_client_new(struct demo_crowd *crowd,
				    const struct addr *ip, uint64_t number,
				    int64_t now_ms)
{
	struct demo_client *c = mem_alloc(sizeof(*c));
	struct interest interest;

	c->crowd = crowd;
	c->leave_ms = now_ms + PATIENCE_MS;
	c->member = (struct pollset_member){.set = crowd->set, .owner = c};
	introduce(c, number);
	c->query = (struct resolver_query){
		.host = crowd->host, .device = c->device, .ip = *ip};
	interest = pollset_interest(&c->member);
	c->link = link_new(crowd->link_config, &c->query, &c->identity,
			   &c->handler, &interest);
	crowd->stats->arrivals++;
	crowd->stats->clients++;
	link_start(c->link, now_ms);
	return c;
}

void demo_client_free(struct demo_client **client)
{
	struct demo_client *c = *client;

	if (!c)
		return;
	if (c->state == LINK_UP)
		leave_up(c);
	c->crowd->stats->clients--;
	link_free(&c->link);
	mem_free(c->token);
	mem_free(c);
	*client = NULL;
}

void demo_client_step(struct demo_client *c, int64_t now_ms)
{
	if (c->is_gone)
		return;
	link_step(c->link, now_ms);
	if (now_ms < c->leave_ms)
		return;
	c->is_gone = true;
	c->crowd->stats->left++;
}

int64_t demo_client_due_ms(const struct demo_client *c)
{
	int64_t due_ms = link_due_ms(c->link);

	return due_ms < c->leave_ms ? due_ms : c->leave_ms;
}
