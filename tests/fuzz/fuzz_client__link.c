/*
 * fuzz_client__link.c - bytes from a server into the client's machines: the
 * first byte says which (a balancer's HTTP answer, or a comet's frames), the
 * second in how large pieces they come. Whatever comes: no crash, no leak, an
 * end, and never more than the limits.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/channel.h"
#include "client/fetch.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/reply.h"

#define INPUT_MAX 60000 /* fits a socket pair's buffer */

static void check(int holds)
{
	if (!holds)
		abort();
}

static void set_interest(int fd, unsigned bits, void *arg)
{
	int *watched = arg;

	(void)fd;
	*watched = bits != INTEREST_NONE;
}

static void open_pair(int fds[2])
{
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	check(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
}

static void answer(const uint8_t *data, size_t size, size_t piece)
{
	int watched = 0, fds[2];
	struct interest interest = {.set = set_interest, .arg = &watched};
	struct fetch_call call = {.host = SV("h"),
				  .target = SV("/resolve"),
				  .timeout_ms = 1000,
				  .answer_max_bytes = REPLY_JSON_MAX};
	struct fetch *fetch;

	open_pair(fds);
	fetch = fetch_start_on(fds[0], &call, &interest, 0);
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		if (send(fds[1], data + at, n, MSG_NOSIGNAL) < 0)
			break;
		fetch_step(fetch, 0);
	}
	close(fds[1]);
	fetch_step(fetch, 0);
	fetch_step(fetch, 0);
	check(fetch_result(fetch) != ERR_AGAIN && !watched);
	if (fetch_result(fetch) == 0) {
		struct reply *reply = mem_alloc(sizeof(*reply));
		struct json_problem p;

		check(fetch_body(fetch).len <= REPLY_JSON_MAX);
		check(reply_decode(fetch_body(fetch), reply, &p) == p.rc);
		mem_free(reply);
	}
	fetch_free(&fetch);
}

static void on_message(const struct frame *frame, void *arg)
{
	(void)arg;
	check(frame->body.len <= FRAME_BODY_MAX);
}

static void frames(const uint8_t *data, size_t size, size_t piece)
{
	static const struct heartbeat_bounds bounds = {60, 60, 300, 30};
	const struct channel_handler handler = {.message = on_message};
	const struct channel_identity nobody = {.mid = 0};
	int watched = 0, fds[2];
	struct interest interest = {.set = set_interest, .arg = &watched};
	struct heartbeat heartbeat;
	struct channel_config config = {.identity = &nobody,
					.heartbeat = &heartbeat,
					.handler = &handler,
					.interest = &interest,
					.auth_timeout_ms = 5000};
	struct channel channel;
	int64_t now_ms = 0;
	struct rng rng;

	open_pair(fds);
	rng_seed(&rng, 1);
	heartbeat_init(&heartbeat, &bounds, NULL, &rng);
	channel_start(&channel, &config, fds[0], now_ms);
	for (size_t at = 0; at < size; at += piece, now_ms += 1000) {
		size_t n = size - at < piece ? size - at : piece;

		if (send(fds[1], data + at, n, MSG_NOSIGNAL) < 0)
			break;
		channel_step(&channel, now_ms);
	}
	close(fds[1]);
	for (int i = 0; i < 8 && channel.state != CHANNEL_ENDED; i++)
		channel_step(&channel, now_ms);
	check(channel.state == CHANNEL_ENDED && !watched);
	channel_fini(&channel, HEARTBEAT_LOST, now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 5, 16, 100, INPUT_MAX};
	size_t piece;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	piece = pieces[data[1] % 5];
	if (piece < size / 256)
		piece = size / 256; /* a thousand steps say no more */
	if (data[0] & 1)
		answer(data + 2, size - 2, piece);
	else
		frames(data + 2, size - 2, piece);
	return 0;
}
