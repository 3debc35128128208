/*
 * A client's bytes in pieces: the first byte says the mode, the second the
 * pieces' size. Whatever comes: bounded output, whole frames only, one reason,
 * and nothing is left behind in the shared tables.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "comet-agent/session.h"
#include "lib/base/mem.h"
#include "lib/proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tally tally;
static struct session_env env;
static struct session_config config;

static void on_evict(uint64_t number, void *arg)
{
	(void)number;
	(void)arg;
	abort(); /* there is one session only */
}

static void on_expired(struct heartbeat_deadline *deadline, void *arg)
{
	(void)deadline;
	(void)arg;
}

static void set_up(uint8_t mode)
{
	config = (struct session_config){
		.auth = {.mode = mode & 1 ? AUTH_TOKEN : AUTH_OPEN,
			 .secret = SV("0123456789abcdef0123456789abcdef"),
			 .node_id = "n"},
		.auth_reply = mode & 2 ? SESSION_AUTH_REPLY_CODE
				       : SESSION_AUTH_REPLY_EMPTY,
		.auth_timeout_ms = 5000,
		.heartbeat = {.default_interval_ms = 240000,
			      .max_missed = 2,
			      .grace_ms = 10000,
			      .idle_min_ms = 15000,
			      .idle_max_ms = 1800000},
		.frames_per_s = mode & 4 ? 3 : 1000000};
	env = (struct session_env){.config = &config,
				   .directory = directory_new(),
				   .rooms = headcount_new(),
				   .timer = heartbeat_timer_new(0),
				   .tally = &tally,
				   .evict = on_evict,
				   .now_wall_s = 1000000};
}

/* What was put out is a row of whole frames. */
static void check_output(const struct buf *out)
{
	struct sv rest = buf_view(out);
	struct frame frame;
	size_t used;

	assert(!out->failed);
	while (rest.len > 0) {
		assert(frame_read(rest, &frame, &used) == 0);
		rest.ptr += used;
		rest.len -= used;
	}
}

/* Feed as gate_tcp does: kept bytes and the next piece behind them. */
static enum close_reason converse(struct session *session, const uint8_t *data,
				  size_t size, size_t piece)
{
	static char out_bytes[4 * SESSION_REPLY_MAX];
	struct addr peer = addr_from_v4_host(1);
	enum close_reason reason = CLOSE_NONE;
	size_t start = 0, end = 0, used;
	struct buf out;

	buf_init_fixed(&out, out_bytes, sizeof(out_bytes));
	while (end < size && reason == CLOSE_NONE) {
		end = size - end < piece ? size : end + piece;
		do {
			char *exact = mem_dup(data + start, end - start);

			buf_reset(&out);
			used = session_feed(&env, session, &peer,
					    sv_of(exact, end - start), &out,
					    &reason);
			mem_free(exact);
			assert(used <= end - start);
			check_output(&out);
			start += used;
		} while (used && reason == CLOSE_NONE);
		assert(reason || end - start < SESSION_REPLY_MAX);
		env.now_ms += 100;
		heartbeat_timer_turn(env.timer, env.now_ms, on_expired, NULL);
	}
	return reason;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session *session;
	enum close_reason reason;

	if (size < 2)
		return 0;
	set_up(data[0]);
	session = mem_alloc(sizeof(*session));
	session->number = 1;
	session_begin(&env, session);
	reason = converse(session, data + 2, size - 2, (size_t)data[1] + 1);
	session_end(&env, session, reason ? reason : CLOSE_PEER);
	mem_free(session);
	assert(tally_get(&tally.sessions) == 0);
	assert(tally_get(&tally.authenticated) == 0);
	heartbeat_timer_free(&env.timer);
	directory_free(&env.directory); /* these assert that they are empty */
	headcount_free(&env.rooms);
	return 0;
}
