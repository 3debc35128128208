/*
 * session_talk.h - for the tests of comet-agent/session.c: one worker's world,
 * and frames in hex both ways. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_COMET_AGENT_SESSION_TALK_H
#define PERI_TESTS_UNIT_COMET_AGENT_SESSION_TALK_H

#include "comet-agent/session.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/proto/frame.h"

struct world {
	struct session_config config;
	struct session_env env;
	struct tally tally;
	uint64_t evicted;
	unsigned expired;
	char out_bytes[4 * SESSION_REPLY_MAX];
	struct buf out;
};

static struct world world;

static inline void on_evict(uint64_t number, void *arg)
{
	struct world *w = arg;

	w->evicted = number;
}

static inline int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.config = (struct session_config){
		.auth = {.mode = AUTH_OPEN, .secret = SV(""), .node_id = "n"},
		.auth_timeout_ms = 5000,
		.heartbeat = {.default_interval_ms = 240000,
			      .max_missed = 2,
			      .grace_ms = 10000,
			      .idle_min_ms = 15000,
			      .idle_max_ms = 1800000},
		.frames_per_s = 100};
	world.env = (struct session_env){.config = &world.config,
					 .directory = directory_new(),
					 .rooms = headcount_new(),
					 .timer = heartbeat_timer_new(0),
					 .tally = &world.tally,
					 .evict = on_evict,
					 .evict_arg = &world};
	buf_init_fixed(&world.out, world.out_bytes, sizeof(world.out_bytes));
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	heartbeat_timer_free(&world.env.timer);
	directory_free(&world.env.directory);
	headcount_free(&world.env.rooms);
	return 0;
}

static inline struct session *session_start(uint64_t number)
{
	struct session *session = mem_alloc(sizeof(*session));

	session->number = number;
	session_begin(&world.env, session);
	return session;
}

static inline void session_stop(struct session *session,
				enum close_reason reason)
{
	session_end(&world.env, session, reason);
	mem_free(session);
}

static inline size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;
	char pair[3] = {0};

	for (size_t i = 0; i < n; i++) {
		memcpy(pair, hex + 2 * i, 2);
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* Feed a copy of the exact size, so that ASan sees a read beyond. */
static inline enum close_reason feed(struct session *session, const void *bytes,
				     size_t len, size_t *used_r)
{
	struct addr peer = addr_from_v4_host(0x7f000001);
	char *exact = malloc(len ? len : 1);
	enum close_reason reason;

	memcpy(exact, bytes, len);
	buf_reset(&world.out);
	*used_r = session_feed(&world.env, session, &peer, sv_of(exact, len),
			       &world.out, &reason);
	free(exact);
	assert_false(world.out.failed);
	return reason;
}

static inline enum close_reason feed_hex(struct session *session,
					 const char *hex)
{
	uint8_t bytes[8192];
	size_t used;

	return feed(session, bytes, unhex(hex, bytes), &used);
}

static inline enum close_reason feed_frame(struct session *session, int32_t op,
					   int32_t seq, struct sv body)
{
	char bytes[FRAME_HEAD_BYTES + FRAME_BODY_MAX];
	struct buf b;
	size_t used;

	buf_init_fixed(&b, bytes, sizeof(bytes));
	frame_put(&b,
		  &(struct frame){
			  .version = 1, .op = op, .seq = seq, .body = body});
	return feed(session, b.data, b.len, &used);
}

static inline struct session *open_session(uint64_t number, const char *body)
{
	struct session *session = session_start(number);

	assert_int_equal(feed_frame(session, FRAME_AUTH, 0, sv_str(body)),
			 CLOSE_NONE);
	assert_non_null(session->entry);
	return session;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
