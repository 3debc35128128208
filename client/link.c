/*
 * link.c - the life of a client as a machine of machines. One thread.
 * Invariant: each state owns exactly its own machine (RESOLVING: asker or
 * fallback; CONNECTING: race and targets; AUTHENTICATING and UP: an open
 * channel; IDLE and WAITING: none of them); set_state() alone changes it.
 */
#include "client/link.h"

#include "client/fallback.h"
#include "client/plan.h"
#include "client/race.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

/* Up for so long means that it works: back-off starts from its base again. */
#define SETTLED_MS 60000

enum wish { WISH_NOTHING, WISH_STOP, WISH_RESTART };

struct link {
	enum link_state state;
	enum wish wish; /* carried out by the next step */
	int64_t due_ms; /* IDLE: never; WAITING: end of the wait */
	int64_t up_since_ms;
	struct asker asker;	  /* RESOLVING */
	struct fallback fallback; /* RESOLVING, without a node */
	struct race *race;	  /* CONNECTING */
	struct targets *targets;  /* owned; kept until UP, and after a goodbye
				   * that names nodes */
	struct race_config race_config;
	struct channel channel; /* AUTHENTICATING, UP */
	struct channel_handler channel_handler;
	struct heartbeat heartbeat;
	struct backoff backoff;
	struct targets_failed failed;
	bool has_unreported;	 /* something failed since the last question */
	struct target target;	 /* connected to */
	struct target_node node; /* connected to */
	const struct link_config *config;
	const struct link_handler *handler;
	const struct channel_identity *identity;
	const struct resolver_query *query;
	struct interest interest;
	enum targets_families families;
	int step_again; /* a state was entered that can go on at once */
};

static void set_state(struct link *l, enum link_state state, int rc)
{
	l->state = state;
	l->step_again = 1;
	if (l->handler->state)
		l->handler->state(l, state, rc, l->handler->arg);
}

/* ---- what the channel tells ---- */

static void on_message(const struct frame *frame, void *arg)
{
	struct link *l = arg;

	if (l->handler->message)
		l->handler->message(l, frame, l->handler->arg);
}

static void on_beat(uint32_t interval_s, void *arg)
{
	struct link *l = arg;

	if (l->handler->beat)
		l->handler->beat(l, interval_s, l->handler->arg);
}

static void on_beat_reply(uint32_t online, void *arg)
{
	struct link *l = arg;

	if (l->handler->beat_reply)
		l->handler->beat_reply(l, online, l->handler->arg);
}

static void tell_failed(struct link *l, const struct target *target, int rc)
{
	if (l->handler->failed)
		l->handler->failed(l, &target->addr, target->port, rc,
				   l->handler->arg);
}

/* An address did not work: the next question says so. */
static void on_failed(const struct target *target, int rc, void *arg)
{
	struct link *l = arg;

	targets_failed_add(&l->failed, &target->addr);
	l->has_unreported = true;
	tell_failed(l, target, rc);
}

/* ---- life ---- */

void link_defaults(struct link_config *config)
{
	config->resolve_timeout_ms = 3000;
	config->connect_timeout_ms = 5000;
	config->auth_timeout_ms = 5000;
	config->stagger_ms = 250;
}

static void init_parts(struct link *l)
{
	static const struct heartbeat_bounds bounds = {60, 60, 300, 30};

	l->channel.state = CHANNEL_ENDED;
	l->channel.wire.fd = -1;
	l->channel_handler = (struct channel_handler){
		.message = on_message,
		.beat = on_beat,
		.beat_reply = on_beat_reply,
		.arg = l,
	};
	heartbeat_init(&l->heartbeat, &bounds, l->config->memory,
		       l->config->rng);
	backoff_init(&l->backoff);
}

struct link *link_new(const struct link_config *config,
		      const struct resolver_query *query,
		      const struct channel_identity *identity,
		      const struct link_handler *handler,
		      const struct interest *interest)
{
	struct link *l = mem_alloc(sizeof(*l));

	l->config = config;
	l->query = query;
	l->identity = identity;
	l->handler = handler;
	l->interest = interest ? *interest : *config->interest;
	l->due_ms = INT64_MAX;
	init_parts(l);
	return l;
}

/* Whatever the state owns goes. */
static void close_all(struct link *l, enum heartbeat_end end, int64_t now_ms)
{
	asker_close(&l->asker);
	fallback_close(&l->fallback);
	race_free(&l->race);
	channel_fini(&l->channel, end, now_ms);
}

void link_free(struct link **link)
{
	struct link *l = *link;

	if (!l)
		return;
	close_all(l, HEARTBEAT_ANNOUNCED, 0);
	asker_fini(&l->asker);
	mem_free(l->targets);
	mem_free(l);
	*link = NULL;
}

void link_start(struct link *l, int64_t now_ms)
{
	if (l->wish == WISH_STOP)
		l->wish = WISH_RESTART;
	if (l->state == LINK_IDLE)
		l->due_ms = now_ms;
}

void link_stop(struct link *l)
{
	l->wish = WISH_STOP;
}

/* ---- the end of an attempt ---- */

static void wait_again(struct link *l, int rc, int64_t wait_ms, int64_t now_ms)
{
	l->due_ms = now_ms + wait_ms;
	set_state(l, LINK_WAITING, rc);
}

static void attempt_failed(struct link *l, int rc, int64_t now_ms)
{
	int64_t wait_ms = backoff_next_ms(&l->backoff, l->config->rng);

	mem_free(l->targets);
	l->targets = NULL;
	wait_again(l, rc, wait_ms, now_ms);
}

/* ---- RESOLVING ---- */

static void enter_connecting(struct link *l, int64_t now_ms)
{
	set_state(l, LINK_CONNECTING, 0);
	l->race_config = (struct race_config){
		.stagger_ms = l->config->stagger_ms,
		.connect_timeout_ms = l->config->connect_timeout_ms,
		.failed = on_failed,
		.arg = l,
	};
	l->race = race_start(l->targets, &l->race_config, &l->interest, now_ms);
}

static void start_fallback(struct link *l, const char *name, int64_t now_ms)
{
	int rc = fallback_start(&l->fallback, name, &l->interest,
				l->config->resolve_timeout_ms, now_ms);

	if (rc != 0)
		attempt_failed(l, rc, now_ms);
}

static void use_answer(struct link *l, const struct reply *reply,
		       int64_t now_ms)
{
	if (l->handler->answer)
		l->handler->answer(l, reply, l->handler->arg);
	plan_take_numbers(reply, &l->heartbeat, &l->backoff);
	l->families = plan_families(reply);
	if (!l->targets)
		l->targets = mem_alloc(sizeof(*l->targets));
	targets_fill(l->targets, reply, l->families, &l->failed);
	if (l->targets->count > 0)
		enter_connecting(l, now_ms);
	else if (reply->fallback_count > 0)
		start_fallback(l, reply->fallback[0], now_ms);
	else
		attempt_failed(l, ERR_NOTFOUND, now_ms);
}

static void start_asker(struct link *l, int64_t now_ms)
{
	struct resolver_query query = *l->query;

	query.failed = l->failed.list;
	query.failed_count = l->failed.count;
	asker_start(&l->asker, l->config->cache, l->config->servers, &query,
		    &l->interest, l->config->resolve_timeout_ms, now_ms);
}

static void enter_resolving(struct link *l, int64_t now_ms)
{
	start_asker(l, now_ms);
	set_state(l, LINK_RESOLVING, 0);
}

static void step_asker(struct link *l, int64_t now_ms)
{
	struct reply *reply;
	int rc;

	asker_step(&l->asker, now_ms);
	rc = asker_take(&l->asker, &reply);
	if (rc == ERR_AGAIN)
		return;
	if (rc != 0) {
		if (l->asker.retry_ms > 0)
			backoff_set_floor(&l->backoff, l->asker.retry_ms);
		attempt_failed(l, rc, now_ms);
		return;
	}
	if (l->asker.origin == ASKER_BALANCER)
		l->has_unreported = false;
	use_answer(l, reply, now_ms);
	mem_free(reply);
}

static void step_fallback(struct link *l, int64_t now_ms)
{
	int rc = fallback_take(&l->fallback, now_ms, l->targets);

	if (rc == 0)
		enter_connecting(l, now_ms);
	else if (rc != ERR_AGAIN)
		attempt_failed(l, rc, now_ms);
}

/* ---- CONNECTING ---- */

static void step_race(struct link *l, int64_t now_ms)
{
	struct channel_config config = {
		.identity = l->identity,
		.heartbeat = &l->heartbeat,
		.handler = &l->channel_handler,
		.interest = &l->interest,
		.auth_timeout_ms = l->config->auth_timeout_ms,
		.families = l->families,
	};
	const struct target *target;
	int rc, fd;

	race_step(l->race, now_ms);
	rc = race_take(l->race, &target, &fd);
	if (rc == ERR_AGAIN)
		return;
	if (rc == 0) {
		l->target = *target;
		l->node = l->targets->nodes[target->node];
	}
	race_free(&l->race);
	if (rc != 0) {
		asker_distrust(l->config->cache, l->query, now_ms);
		attempt_failed(l, rc, now_ms);
		return;
	}
	channel_start(&l->channel, &config, fd, now_ms);
	set_state(l, LINK_AUTHENTICATING, 0);
}

/* ---- AUTHENTICATING and UP ---- */

/*
 * What failed on the way here is news now and none at the next question, which
 * may be hours away: the balancers are told at once, and the list that misled
 * us is replaced.
 */
static void start_report(struct link *l, int64_t now_ms)
{
	if (l->has_unreported && l->failed.count > 0) {
		asker_distrust(l->config->cache, l->query, now_ms);
		start_asker(l, now_ms);
	}
	l->has_unreported = false;
	l->failed.count = 0;
}

static void step_report(struct link *l, int64_t now_ms)
{
	struct reply *reply;

	if (!l->asker.resolver)
		return;
	asker_step(&l->asker, now_ms);
	if (asker_take(&l->asker, &reply) == 0)
		mem_free(reply);
}

static void enter_up(struct link *l, int64_t now_ms)
{
	targets_failed_del(&l->failed, &l->target.addr);
	start_report(l, now_ms);
	mem_free(l->targets);
	l->targets = NULL;
	l->up_since_ms = now_ms;
	set_state(l, LINK_UP, 0);
}

/*
 * Authentication went wrong here; the next address of the list may do, unless
 * the server said no: then it is the token or the identity. A server that
 * closes without a word is full or refuses us: nothing that the balancer has to
 * hear from us, or clients with an old token would make good nodes suspect.
 */
static void auth_failed(struct link *l, int64_t now_ms)
{
	int rc = l->channel.rc;

	if (rc == ERR_TIMEOUT || rc == ERR_SYNTAX || rc == ERR_TOOBIG)
		on_failed(&l->target, rc, l);
	else
		tell_failed(l, &l->target, rc);
	if (rc != ERR_DENIED && l->targets &&
	    l->targets->next < l->targets->count) {
		enter_connecting(l, now_ms);
		return;
	}
	asker_distrust(l->config->cache, l->query, now_ms);
	attempt_failed(l, rc, now_ms);
}

/* A goodbye may bring nodes and the earliest time; taken over here. */
static void take_goodbye(struct link *l)
{
	struct goodbye *g = l->channel.goodbye;

	if (!g)
		return;
	backoff_set_floor(&l->backoff, g->retry_ms);
	if (g->targets) {
		mem_free(l->targets);
		l->targets = g->targets;
		g->targets = NULL;
	}
}

static void up_ended(struct link *l, int64_t now_ms)
{
	int rc = l->channel.rc;
	int64_t wait_ms;

	if (now_ms - l->up_since_ms >= SETTLED_MS)
		backoff_reset(&l->backoff);
	/* If the node has died the next connect says so, and only that is
	 * reported: it may as well have been the network or a kick. */
	take_goodbye(l);
	wait_ms = backoff_next_ms(&l->backoff, l->config->rng);
	wait_again(l, rc, wait_ms, now_ms);
	channel_fini(&l->channel, HEARTBEAT_LOST, now_ms);
	asker_close(&l->asker);
}

static void step_channel(struct link *l, int64_t now_ms)
{
	channel_step(&l->channel, now_ms);
	if (l->state == LINK_AUTHENTICATING &&
	    l->channel.state == CHANNEL_ENDED && l->channel.goodbye) {
		up_ended(l, now_ms);
		return;
	}
	if (l->state == LINK_AUTHENTICATING) {
		if (l->channel.state == CHANNEL_ENDED)
			auth_failed(l, now_ms);
		else if (l->channel.state == CHANNEL_UP)
			enter_up(l, now_ms);
		return;
	}
	step_report(l, now_ms);
	if (l->channel.state == CHANNEL_ENDED)
		up_ended(l, now_ms);
}

/* ---- the step ---- */

static void carry_out_wish(struct link *l, int64_t now_ms)
{
	enum wish wish = l->wish;

	l->wish = WISH_NOTHING;
	close_all(l, HEARTBEAT_ANNOUNCED, now_ms);
	mem_free(l->targets);
	l->targets = NULL;
	l->due_ms = wish == WISH_STOP ? INT64_MAX : now_ms;
	if (l->state != LINK_IDLE)
		set_state(l, LINK_IDLE, 0);
}

static void end_wait(struct link *l, int64_t now_ms)
{
	if (now_ms < l->due_ms)
		return;
	l->due_ms = INT64_MAX;
	if (l->targets && l->targets->count > 0) /* a goodbye's nodes */
		enter_connecting(l, now_ms);
	else
		enter_resolving(l, now_ms);
}

static void step_state(struct link *l, int64_t now_ms)
{
	switch (l->state) {
	case LINK_IDLE:
	case LINK_WAITING:
		end_wait(l, now_ms);
		break;
	case LINK_RESOLVING:
		if (l->fallback.lookup)
			step_fallback(l, now_ms);
		else
			step_asker(l, now_ms);
		break;
	case LINK_CONNECTING:
		step_race(l, now_ms);
		break;
	case LINK_AUTHENTICATING:
	case LINK_UP:
		step_channel(l, now_ms);
		break;
	}
}

void link_step(struct link *l, int64_t now_ms)
{
	do {
		l->step_again = 0;
		if (l->wish != WISH_NOTHING)
			carry_out_wish(l, now_ms);
		step_state(l, now_ms);
	} while (l->step_again || l->wish != WISH_NOTHING);
}

/* The channel's, and that of a report under way. */
static int64_t up_due_ms(const struct link *l)
{
	int64_t due_ms = channel_due_ms(&l->channel);
	int64_t report_ms =
		l->asker.resolver ? asker_due_ms(&l->asker) : due_ms;

	return report_ms < due_ms ? report_ms : due_ms;
}

int64_t link_due_ms(const struct link *l)
{
	if (l->wish != WISH_NOTHING)
		return 0;
	switch (l->state) {
	case LINK_IDLE:
	case LINK_WAITING:
		return l->due_ms;
	case LINK_RESOLVING:
		return l->fallback.lookup ? l->fallback.due_ms
					  : asker_due_ms(&l->asker);
	case LINK_CONNECTING:
		return l->race ? race_due_ms(l->race) : 0;
	case LINK_AUTHENTICATING:
	case LINK_UP:
		break;
	}
	return up_due_ms(l);
}

enum link_state link_state(const struct link *l)
{
	return l->state;
}

const char *link_state_str(enum link_state state)
{
	static const char *const names[] = {"idle",	  "resolving",
					    "connecting", "authenticating",
					    "up",	  "waiting"};

	return names[state];
}

int link_send(struct link *l, int32_t op, struct sv body, int64_t now_ms)
{
	if (l->state != LINK_UP || l->wish != WISH_NOTHING)
		return ERR_STATE;
	return channel_send(&l->channel, op, body, now_ms);
}

void link_activity(struct link *l, enum heartbeat_activity activity)
{
	heartbeat_set_activity(&l->heartbeat, activity);
}

void link_network(struct link *l, const char *key, int64_t now_ms)
{
	/* The wire's verdict belongs to the old network; stop it first. */
	if (l->channel.state == CHANNEL_UP)
		heartbeat_stop(&l->heartbeat, HEARTBEAT_ANNOUNCED, now_ms);
	heartbeat_set_network(&l->heartbeat, key, now_ms);
	if (l->config->cache)
		cache_clear(l->config->cache);
	l->failed.count = 0;
	backoff_reset(&l->backoff);
	if (l->state != LINK_IDLE && l->wish == WISH_NOTHING)
		l->wish = WISH_RESTART;
}

void link_facts(const struct link *l, int64_t now_ms,
		struct link_facts *facts_r)
{
	bool connected = l->state == LINK_AUTHENTICATING || l->state == LINK_UP;

	*facts_r = (struct link_facts){
		.node = connected ? &l->node : NULL,
		.target = connected ? &l->target : NULL,
		.goodbye = l->channel.goodbye,
		.interval_s = heartbeat_declared_s(&l->heartbeat, now_ms),
		.auth_code = l->channel.auth_code,
		.detail = l->asker.detail ? l->asker.detail : "",
	};
	if (l->state == LINK_WAITING && l->due_ms > now_ms)
		facts_r->retry_ms = l->due_ms - now_ms;
}
