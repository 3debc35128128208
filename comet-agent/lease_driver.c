/*
 * lease_driver.c - the arms and legs of the lease keeper. Invariant: when no
 * call is in flight, the timer is armed for the keeper's next wish.
 */
#include "comet-agent/lease_driver.h"

#include <inttypes.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/httpc.h"

#define BACKOFF_BASE_MS	 250
#define ANSWER_MAX_BYTES 65536
#define PATH_MAX_BYTES	 128

struct lease_driver {
	struct lease_keeper keeper;
	struct lease_driver_config config;
	struct node_record record;
	struct loop *loop;
	struct loop_timer *timer;
	struct httpc *clients[CONF_LIST_MAX]; /* by number of the URL */
	unsigned client_count;
	enum lease_call call;	       /* in flight */
	unsigned url;		       /* it goes to */
	uint64_t seq;		       /* of the last renewal */
	enum lease_answer last_answer; /* log only what changes */
	uint64_t answers[LEASE_CALL_COUNT][LEASE_ANSWER_COUNT];
};

static void go_on(void *arg);

static enum lease_answer classify(const struct httpc_answer *answer)
{
	if (answer->rc)
		return LEASE_ANSWER_FAILED;
	/* Our own renewal was overtaken: nobody else holds the id. */
	if (answer->status == 409 && lease_reply_is_stale(answer->body))
		return LEASE_ANSWER_FAILED;
	switch (answer->status) {
	case 200:
	case 201:
	case 204:
		return LEASE_ANSWER_OK;
	case 404:
		return LEASE_ANSWER_UNKNOWN;
	case 409:
		return LEASE_ANSWER_CONFLICT;
	case 408:
	case 425:
	case 429:
		return LEASE_ANSWER_FAILED;
	}
	return answer->status >= 400 && answer->status < 500
		       ? LEASE_ANSWER_REFUSED
		       : LEASE_ANSWER_FAILED;
}

static void log_conflict(const struct lease_driver *driver)
{
	log_err("lease.conflict node=%s boot_epoch=%" PRIu64
		" detail=\"a process that was started later holds this node "
		"id, so this one gets no clients any more: stop one of the "
		"two, or give this one another --node-id\"",
		driver->record.id, driver->record.boot_epoch);
}

/* A line per change, not per call: a registry that is away for an hour is one
 * line. Conflicts come rarely and need a person: each is said. */
static void log_answer(struct lease_driver *driver,
		       const struct httpc_answer *answer,
		       enum lease_answer kind)
{
	const char *url = driver->config.urls->items[driver->url];
	const char *call = lease_keeper_call_str(driver->call);

	if (kind == LEASE_ANSWER_CONFLICT) {
		log_conflict(driver);
	} else if (kind == LEASE_ANSWER_REFUSED) {
		log_err("lease.refused call=%s registry=%s status=%u "
			"answer=\"" SV_FMT "\"",
			call, url, answer->status,
			(int)(answer->body.len < 300 ? answer->body.len : 300),
			answer->body.ptr ? answer->body.ptr : "");
	} else if (kind == LEASE_ANSWER_OK) {
		if (driver->call != LEASE_CALL_RENEW ||
		    driver->last_answer != LEASE_ANSWER_OK)
			log_info("lease.%s node=%s registry=%s", call,
				 driver->record.id, url);
	} else if (driver->last_answer != kind) {
		log_warn("lease.%s_%s node=%s registry=%s status=%u why=\"%s\"",
			 call, lease_keeper_answer_str(kind), driver->record.id,
			 url, answer->rc ? 0 : answer->status,
			 err_str(answer->rc));
	}
	driver->last_answer = kind;
}

/* The body of a good answer; garbage makes it a failed one. */
static enum lease_answer read_reply(const struct httpc_answer *answer,
				    enum lease_call call,
				    struct lease_reply *reply_r)
{
	struct json_problem problem;

	*reply_r = (struct lease_reply){0};
	if (call == LEASE_CALL_DEREGISTER)
		return LEASE_ANSWER_OK;
	return lease_reply_decode(answer->body, reply_r, &problem)
		       ? LEASE_ANSWER_FAILED
		       : LEASE_ANSWER_OK;
}

static void on_answer(const struct httpc_answer *answer, void *arg)
{
	struct lease_driver *driver = arg;
	enum lease_call call = driver->call;
	enum lease_answer kind = classify(answer);
	struct lease_reply reply = {0};

	if (answer->rc == ERR_CLOSED && !driver->timer)
		return; /* lease_driver_free() ends what is under way */
	if (kind == LEASE_ANSWER_OK)
		kind = read_reply(answer, call, &reply);
	driver->answers[call][kind]++;
	log_answer(driver, answer, kind);
	lease_keeper_answer(&driver->keeper, kind, reply.renew_ms, reply.ttl_ms,
			    loop_now_ms(driver->loop));
	if (kind == LEASE_ANSWER_OK && call == LEASE_CALL_RENEW)
		driver->config.intent(&reply, driver->config.arg);
	go_on(driver);
}

static void put_renewal(struct lease_driver *driver, struct buf *body)
{
	struct node_load load = {.boot_epoch = driver->record.boot_epoch,
				 .seq = ++driver->seq,
				 .cpu_pct = -1};

	driver->config.load(&load, driver->config.arg);
	node_load_put(body, &load);
}

static void put_registration(struct lease_driver *driver, struct buf *body)
{
	struct jsonw w;

	jsonw_init(&w, body);
	jsonw_object(&w, NULL);
	node_put(&w, &driver->record);
	jsonw_object_end(&w);
}

/* Path and body of @call; returns its method. */
static enum http1_method put_call(struct lease_driver *driver,
				  enum lease_call call, struct buf *path,
				  struct buf *body)
{
	buf_str(path, "/v1/nodes/");
	buf_str(path, driver->record.id);
	switch (call) {
	case LEASE_CALL_REGISTER:
		put_registration(driver, body);
		return HTTP1_PUT;
	case LEASE_CALL_RENEW:
		buf_str(path, "/renew");
		put_renewal(driver, body);
		return HTTP1_POST;
	default:
		buf_str(path, "?boot_epoch=");
		buf_u64(path, driver->record.boot_epoch);
		return HTTP1_DELETE;
	}
}

static void make_call(struct lease_driver *driver,
		      const struct lease_step *step)
{
	char path_text[PATH_MAX_BYTES];
	struct httpc_call call = {.timeout_ms = driver->config.timeout_ms,
				  .answer_max_bytes = ANSWER_MAX_BYTES};
	struct buf path, body;

	driver->call = step->call;
	driver->url = step->url;
	buf_init_fixed(&path, path_text, sizeof(path_text));
	buf_init(&body, NODE_RECORD_JSON_MAX);
	call.method = put_call(driver, step->call, &path, &body);
	call.path = buf_cstr(&path);
	call.body = buf_view(&body);
	httpc_request(driver->clients[step->url], &call, on_answer, driver);
	buf_fini(&body);
}

static void go_on(void *arg)
{
	struct lease_driver *driver = arg;
	int64_t now_ms = loop_now_ms(driver->loop);
	struct lease_step step = lease_keeper_next(&driver->keeper, now_ms);

	if (step.call != LEASE_CALL_NONE)
		make_call(driver, &step);
	else if (step.wake_ms != INT64_MAX)
		loop_timer_once(driver->timer, step.wake_ms - now_ms);
}

int lease_driver_new(struct loop *loop,
		     const struct lease_driver_config *config,
		     const struct node_record *record,
		     struct lease_driver **driver_r)
{
	struct lease_driver *driver = mem_alloc(sizeof(*driver));
	struct lease_config keeper = {.url_count = config->urls->count,
				      .backoff_base_ms = BACKOFF_BASE_MS,
				      .backoff_max_ms = config->backoff_max_ms,
				      .slow_ms = config->conflict_retry_ms};
	struct rng rng;
	int rc = 0;

	driver->config = *config;
	driver->record = *record;
	driver->loop = loop;
	driver->last_answer = LEASE_ANSWER_COUNT;
	rng_seed_os(&rng);
	lease_keeper_init(&driver->keeper, &keeper, rng_u64(&rng),
			  loop_now_ms(loop));
	driver->timer = loop_timer_new(loop, go_on, driver);
	while (!rc && driver->client_count < config->urls->count) {
		rc = httpc_new(
			loop, sv_str(config->urls->items[driver->client_count]),
			&driver->clients[driver->client_count]);
		if (rc)
			break;
		rc = httpc_set_bearer(driver->clients[driver->client_count++],
				      config->token);
	}
	if (rc) {
		lease_driver_free(&driver);
		return rc;
	}
	loop_timer_once(driver->timer, 0);
	*driver_r = driver;
	return 0;
}

void lease_driver_free(struct lease_driver **driver)
{
	struct lease_driver *d = *driver;

	if (!d)
		return;
	loop_timer_free(&d->timer);
	for (unsigned i = 0; i < d->client_count; i++)
		httpc_free(&d->clients[i]);
	mem_free(d);
	*driver = NULL;
}

void lease_driver_set_weight(struct lease_driver *driver, uint32_t weight)
{
	if (driver->record.weight == weight)
		return;
	driver->record.weight = weight;
	lease_keeper_change(&driver->keeper, loop_now_ms(driver->loop));
	go_on(driver);
}

void lease_driver_leave(struct lease_driver *driver)
{
	lease_keeper_leave(&driver->keeper, loop_now_ms(driver->loop));
	go_on(driver);
}

enum lease_state lease_driver_state(const struct lease_driver *driver)
{
	return lease_keeper_state(&driver->keeper, loop_now_ms(driver->loop));
}

bool lease_driver_is_current(const struct lease_driver *driver)
{
	return lease_keeper_is_current(&driver->keeper);
}

uint64_t lease_driver_answers(const struct lease_driver *driver,
			      enum lease_call call, enum lease_answer answer)
{
	return driver->answers[call][answer];
}
