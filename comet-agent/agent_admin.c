/*
 * agent_admin.c - sessions and drain for the operator of this machine. Answers
 * come from the shared directory and counters; no worker is asked.
 */
#include "comet-agent/agent_admin.h"

#include <stddef.h>
#include <string.h>

#include "comet-agent/agent.h"
#include "lib/base/err.h"
#include "lib/proto/jsonw.h"
#include "lib/proto/url.h"

#define ANSWER_MAX_BYTES 65536
#define PERSONS_MAX	 100
#define SESSIONS_PATH	 SV("/v1/sessions")
#define DRAIN_PATH	 SV("/v1/drain")

static void reply_json(struct httpd_request *req, struct buf *b)
{
	if (b->failed)
		httpd_problem_simple(req, 500, "internal", "Internal error",
				     NULL);
	else
		httpd_reply(req, 200, "application/json", SV(""), buf_view(b));
	buf_fini(b);
}

static void refuse_method(struct httpd_request *req, const char *allowed)
{
	httpd_problem_simple(req, 405, "method-not-allowed",
			     "Method not allowed", allowed);
}

static void put_person(struct jsonw *w, const struct directory_person *person)
{
	char peer[ADDR_TEXT_MAX];

	jsonw_object(w, NULL);
	jsonw_str(w, "key", person->key);
	jsonw_str(w, "user", person->user);
	jsonw_str(w, "platform", person->platform);
	jsonw_str(w, "peer", addr_text(&person->peer, peer));
	jsonw_i64(w, "since", person->since_wall_s);
	jsonw_u64(w, "worker", session_table_worker(person->session));
	jsonw_object_end(w);
}

static void reply_persons(struct httpd_request *req,
			  const struct directory_person *persons,
			  unsigned copied, unsigned total)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, ANSWER_MAX_BYTES);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "total", total);
	jsonw_array(&w, "sessions");
	for (unsigned i = 0; i < copied; i++)
		put_person(&w, &persons[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	reply_json(req, &b);
}

static void reply_counts(struct agent *agent, struct httpd_request *req)
{
	struct tally sum;
	struct jsonw w;
	struct buf b;

	gate_sum(agent->gate, &sum);
	buf_init(&b, ANSWER_MAX_BYTES);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "connections", gate_open_conns(agent->gate));
	jsonw_u64(&w, "authenticated", tally_get(&sum.authenticated));
	jsonw_u64(&w, "rooms", gate_room_count(agent->gate));
	jsonw_u64(&w, "capacity", agent_settings(agent)->capacity);
	jsonw_bool(&w, "draining", gate_is_draining(agent->gate));
	jsonw_str(&w, "lease",
		  lease_keeper_state_str(lease_driver_state(agent->lease)));
	jsonw_object_end(&w);
	reply_json(req, &b);
}

/* A parameter or path part, decoded; too long is the same as unknown. */
static int decode(struct sv in, char *dst, size_t dst_bytes, struct sv *out_r)
{
	size_t len;

	if (in.len > dst_bytes)
		return ERR_TOOBIG;
	if (url_decode(in, dst, &len))
		return ERR_SYNTAX;
	*out_r = sv_of(dst, len);
	return 0;
}

static void find_by_key(struct agent *agent, struct httpd_request *req,
			struct sv key)
{
	struct directory_person person;
	unsigned found = directory_find_key(gate_directory(agent->gate), key,
					    &person) == 0;

	reply_persons(req, &person, found, found);
}

static void find_by_user(struct agent *agent, struct httpd_request *req,
			 struct sv user)
{
	struct directory_person persons[PERSONS_MAX];
	unsigned total = directory_find_user(gate_directory(agent->gate), user,
					     persons, PERSONS_MAX);

	reply_persons(req, persons, total < PERSONS_MAX ? total : PERSONS_MAX,
		      total);
}

static void get_sessions(struct agent *agent, struct httpd_request *req)
{
	struct sv query = req->head->query, name, raw, value;
	char text[3 * DIRECTORY_KEY_BYTES];

	if (!url_query_next(&query, &name, &raw)) {
		reply_counts(agent, req);
		return;
	}
	if (decode(raw, text, sizeof(text), &value))
		httpd_problem_simple(req, 400, "bad-parameter", "Bad parameter",
				     "the value is too long or badly escaped");
	else if (sv_eq(name, SV("key")))
		find_by_key(agent, req, value);
	else if (sv_eq(name, SV("user")))
		find_by_user(agent, req, value);
	else
		httpd_problem_simple(req, 400, "unknown-parameter",
				     "Unknown parameter",
				     "key= or user= are known");
}

static void kick(struct agent *agent, struct httpd_request *req, struct sv raw)
{
	char text[3 * DIRECTORY_KEY_BYTES];
	struct directory_person person;
	struct sv key;

	if (decode(raw, text, sizeof(text), &key) ||
	    directory_find_key(gate_directory(agent->gate), key, &person)) {
		httpd_problem_simple(req, 404, "no-session", "No such session",
				     "nobody is connected with this key");
		return;
	}
	gate_kick(agent->gate, person.session);
	httpd_reply(req, 204, NULL, SV(""), SV(""));
}

static void put_progress(struct jsonw *w, const struct agent *agent)
{
	int64_t left_ms = agent->drains.end_ms - loop_now_ms(agent->ctx->loop);

	jsonw_u64(w, "connections_at_start", agent->drains.conns_at_start);
	jsonw_fixed(w, "progress", agent_drain_share(agent), 4);
	jsonw_i64(w, "ends_in_ms", left_ms > 0 ? left_ms : 0);
}

static void reply_drain(struct agent *agent, struct httpd_request *req)
{
	struct tally sum;
	struct jsonw w;
	struct buf b;

	gate_sum(agent->gate, &sum);
	buf_init(&b, ANSWER_MAX_BYTES);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_bool(&w, "draining", gate_is_draining(agent->gate));
	jsonw_bool(&w, "by_intent", agent->drains.intent);
	jsonw_bool(&w, "by_admin", agent->drains.admin);
	jsonw_bool(&w, "stopping", agent->phase != AGENT_RUNNING);
	jsonw_u64(&w, "connections", gate_open_conns(agent->gate));
	if (gate_is_draining(agent->gate))
		put_progress(&w, agent);
	jsonw_u64(&w, "let_go_total", tally_get(&sum.drained));
	jsonw_object_end(&w);
	reply_json(req, &b);
}

/* What the body asks for; nothing: the usual pace. */
static int read_wish(struct sv body, int64_t now_ms, struct drain_wish *wish_r,
		     struct json_problem *p)
{
	struct asked {
		int64_t duration_ms;
		uint32_t percent_per_min;
	} asked = {.duration_ms = -1};
	static const struct json_field fields[] = {
		{.name = "duration_ms",
		 .kind = JSON_I64,
		 .offset = offsetof(struct asked, duration_ms),
		 .size = sizeof(int64_t),
		 .max = AGENT_CONF_DRAIN_MAX_MS},
		{.name = "percent_per_min",
		 .kind = JSON_U32,
		 .offset = offsetof(struct asked, percent_per_min),
		 .size = sizeof(uint32_t),
		 .min = 1,
		 .max = 100},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						false};
	int rc = body.len ? json_decode_text(body, &table, &asked, p) : 0;

	if (rc != 0)
		return rc;
	*wish_r = (struct drain_wish){.pct_per_min = asked.percent_per_min};
	if (asked.duration_ms >= 0)
		wish_r->end_ms = now_ms + asked.duration_ms;
	return 0;
}

static void post_drain(struct agent *agent, struct httpd_request *req)
{
	struct json_problem problem = {0};
	struct drain_wish wish;

	if (agent->phase != AGENT_RUNNING) {
		httpd_problem_simple(req, 409, "stopping", "Stopping",
				     "the process is leaving already");
		return;
	}
	if (read_wish(req->body, req->now_ms, &wish, &problem)) {
		httpd_problem(req, &(struct problem){.status = 400,
						     .type = "bad-body",
						     .title = "Bad body",
						     .errors = &problem});
		return;
	}
	agent_set_admin_drain(agent, &wish);
	reply_drain(agent, req);
}

static void handle_drain(struct agent *agent, struct httpd_request *req)
{
	switch (req->head->method) {
	case HTTP1_GET:
		reply_drain(agent, req);
		return;
	case HTTP1_POST:
		post_drain(agent, req);
		return;
	case HTTP1_DELETE:
		agent_end_admin_drain(agent);
		reply_drain(agent, req);
		return;
	default:
		refuse_method(req, "GET, POST and DELETE are");
	}
}

bool agent_admin_handle(struct service_context *ctx, struct httpd_request *req)
{
	struct agent *agent = ctx->app;
	struct sv path = req->head->path;

	if (sv_eq(path, DRAIN_PATH)) {
		handle_drain(agent, req);
		return true;
	}
	if (!sv_starts(path, SESSIONS_PATH))
		return false;
	path.ptr += SESSIONS_PATH.len;
	path.len -= SESSIONS_PATH.len;
	if (path.len == 0) {
		if (req->head->method == HTTP1_GET)
			get_sessions(agent, req);
		else
			refuse_method(req, "GET is");
		return true;
	}
	if (path.len < 2 || path.ptr[0] != '/')
		return false;
	if (req->head->method == HTTP1_DELETE)
		kick(agent, req, sv_of(path.ptr + 1, path.len - 1));
	else
		refuse_method(req, "DELETE is");
	return true;
}
