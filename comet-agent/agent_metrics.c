/*
 * agent_metrics.c - the rows, each written from the workers' counters when it
 * is asked for.
 */
#include "comet-agent/agent_metrics.h"

#include "comet-agent/agent.h"

/* One sample name="value". */
static void put(struct metrics_writer *w, const char *label, const char *value,
		uint64_t number)
{
	char text[96];
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	buf_printf(&b, "%s=\"%s\"", label, value);
	metrics_sample_u64(w, buf_cstr(&b), number);
}

static struct tally sum_of(void *arg)
{
	const struct agent *agent = arg;
	struct tally sum;

	gate_sum(agent->gate, &sum);
	return sum;
}

static void connections(struct metrics_writer *w, void *arg)
{
	const struct agent *agent = arg;

	metrics_sample_u64(w, "", gate_open_conns(agent->gate));
}

static void sessions(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);
	uint64_t authenticated = tally_get(&sum.authenticated);

	put(w, "state", "open", authenticated);
	put(w, "state", "wait_auth", tally_get(&sum.sessions) - authenticated);
}

static void capacity(struct metrics_writer *w, void *arg)
{
	metrics_sample_u64(w, "", agent_settings(arg)->capacity);
}

static void rooms(struct metrics_writer *w, void *arg)
{
	struct agent *agent = arg;

	metrics_sample_u64(w, "", gate_room_count(agent->gate));
}

static void accepts(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	metrics_sample_u64(w, "", tally_get(&sum.accepts));
}

static void refused(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	for (int i = 0; i < REFUSAL_COUNT; i++)
		put(w, "reason", close_reason_refusal_str((enum refusal)i),
		    tally_get(&sum.refused[i]));
}

static void closed(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	for (int i = CLOSE_NONE + 1; i < CLOSE_REASON_COUNT; i++)
		put(w, "reason", close_reason_str((enum close_reason)i),
		    tally_get(&sum.closed[i]));
}

static void auth(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	for (int i = 0; i < AUTH_VERDICT_COUNT; i++)
		put(w, "verdict", auth_verdict_str((enum auth_verdict)i),
		    tally_get(&sum.auth[i]));
}

static void frames(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	put(w, "direction", "in", tally_get(&sum.frames_in));
	put(w, "direction", "out", tally_get(&sum.frames_out));
}

static void heartbeats(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);
	uint64_t declared = tally_get(&sum.heartbeats_with_interval);

	put(w, "interval", "declared", declared);
	put(w, "interval", "default", tally_get(&sum.heartbeats) - declared);
}

static void ignored(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	metrics_sample_u64(w, "", tally_get(&sum.bodies_ignored));
}

static void goodbyes(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	metrics_sample_u64(w, "", tally_get(&sum.goodbyes));
}

static void draining(struct metrics_writer *w, void *arg)
{
	const struct agent *agent = arg;

	metrics_sample_u64(w, "", gate_is_draining(agent->gate));
}

static void drain_share(struct metrics_writer *w, void *arg)
{
	const struct agent *agent = arg;

	metrics_sample_real(
		w, "",
		gate_is_draining(agent->gate) ? agent_drain_share(agent) : 0);
}

static void drain_start_conns(struct metrics_writer *w, void *arg)
{
	const struct agent *agent = arg;

	metrics_sample_u64(w, "",
			   gate_is_draining(agent->gate)
				   ? agent->drains.conns_at_start
				   : 0);
}

static void drained(struct metrics_writer *w, void *arg)
{
	struct tally sum = sum_of(arg);

	metrics_sample_u64(w, "", tally_get(&sum.drained));
}

static void lease(struct metrics_writer *w, void *arg)
{
	const struct agent *agent = arg;
	enum lease_state now = lease_driver_state(agent->lease);

	for (int i = 0; i < LEASE_STATE_COUNT; i++)
		put(w, "state", lease_keeper_state_str((enum lease_state)i),
		    now == (enum lease_state)i);
}

static void put_call(struct metrics_writer *w, const struct agent *agent,
		     enum lease_call call)
{
	char text[96];
	struct buf b;

	for (int i = 0; i < LEASE_ANSWER_COUNT; i++) {
		enum lease_answer answer = (enum lease_answer)i;

		buf_init_fixed(&b, text, sizeof(text));
		buf_printf(&b, "call=\"%s\",result=\"%s\"",
			   lease_keeper_call_str(call),
			   lease_keeper_answer_str(answer));
		metrics_sample_u64(
			w, buf_cstr(&b),
			lease_driver_answers(agent->lease, call, answer));
	}
}

static void calls(struct metrics_writer *w, void *arg)
{
	put_call(w, arg, LEASE_CALL_REGISTER);
	put_call(w, arg, LEASE_CALL_RENEW);
	put_call(w, arg, LEASE_CALL_DEREGISTER);
}

static const struct metrics_row rows[] = {
	{"peri_comet_connections", METRICS_GAUGE, "Open connections.", "",
	 connections},
	{"peri_comet_sessions", METRICS_GAUGE,
	 "Sessions by state: authenticated or not yet.", "state", sessions},
	{"peri_comet_capacity", METRICS_GAUGE,
	 "Connections this node can hold.", "", capacity},
	{"peri_comet_rooms", METRICS_GAUGE, "Different rooms on this node.", "",
	 rooms},
	{"peri_comet_accepts_total", METRICS_COUNTER,
	 "Connections that became sessions.", "", accepts},
	{"peri_comet_refused_total", METRICS_COUNTER,
	 "Connections refused, by reason.", "reason", refused},
	{"peri_comet_closed_total", METRICS_COUNTER,
	 "Sessions that ended, by their one reason.", "reason", closed},
	{"peri_comet_auth_total", METRICS_COUNTER,
	 "Authentications, by verdict.", "verdict", auth},
	{"peri_comet_frames_total", METRICS_COUNTER, "Frames, by direction.",
	 "direction", frames},
	{"peri_comet_heartbeats_total", METRICS_COUNTER,
	 "Heartbeats, with the interval declared by the client or not.",
	 "interval", heartbeats},
	{"peri_comet_bodies_ignored_total", METRICS_COUNTER,
	 "Rooms and op lists that were not understood (answered as goim does).",
	 "", ignored},
	{"peri_comet_goodbyes_total", METRICS_COUNTER, "Goodbyes sent.", "",
	 goodbyes},
	{"peri_comet_draining", METRICS_GAUGE,
	 "1 while clients are let go and new ones refused.", "", draining},
	{"peri_comet_drain_progress_ratio", METRICS_GAUGE,
	 "The part of the clients that has gone; 0 while it does not drain.",
	 "", drain_share},
	{"peri_comet_drain_start_connections", METRICS_GAUGE,
	 "The clients when its drain began; 0 while it does not drain.", "",
	 drain_start_conns},
	{"peri_comet_drained_total", METRICS_COUNTER,
	 "Sessions let go by drains.", "", drained},
	{"peri_agent_lease_state", METRICS_GAUGE,
	 "1 for the state of the node's lease.", "state", lease},
	{"peri_agent_registry_calls_total", METRICS_COUNTER,
	 "Calls to the registry, by kind and result.", "call,result", calls},
};

struct metrics_table agent_metrics_table(void)
{
	return (struct metrics_table){rows, sizeof(rows) / sizeof(rows[0])};
}
