/*
 * The gate with real threads and real sockets: what goes over several workers,
 * what the limits refuse, and how it ends. Run under TSan as well.
 */
#include "comet-agent/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/proto/frame.h"

#define PATIENCE_MS 20000

static struct gate_config config;
static struct gate *gate;

static int begin(void **state)
{
	(void)state;
	config = (struct gate_config){
		.session = {.auth = {.mode = AUTH_OPEN,
				     .secret = SV(""),
				     .node_id = "n"},
			    .auth_timeout_ms = 60000,
			    .heartbeat = {.default_interval_ms = 240000,
					  .max_missed = 2,
					  .grace_ms = 10000,
					  .idle_min_ms = 15000,
					  .idle_max_ms = 1800000},
			    .frames_per_s = 100000},
		.listen_at = addr_from_v4_host(0x7f000001),
		.worker_count = 2,
		.capacity = 1000,
		.conn = {.read_max_bytes = SESSION_REPLY_MAX,
			 .queue_max_bytes = 16384}};
	return 0;
}

static int end(void **state)
{
	(void)state;
	gate_free(&gate);
	return 0;
}

static void open_gate(void)
{
	assert_int_equal(gate_start(&config, &gate), 0);
	assert_true(gate_port(gate) != 0);
}

static int dial(void)
{
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(gate_port(gate)),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void say(int fd, int32_t op, struct sv body)
{
	char bytes[FRAME_HEAD_BYTES + FRAME_BODY_MAX];
	struct buf b;

	buf_init_fixed(&b, bytes, sizeof(bytes));
	frame_put(&b, &(struct frame){.version = 1, .op = op, .body = body});
	assert_int_equal(send(fd, b.data, b.len, MSG_NOSIGNAL), b.len);
}

/* One whole frame into @bytes; its op, or -1 when the server closed. */
static int32_t hear(int fd, char bytes[static FRAME_HEAD_BYTES + 256],
		    struct frame *frame_r)
{
	size_t len = 0, used;

	for (;;) {
		size_t want = len < FRAME_HEAD_BYTES ? FRAME_HEAD_BYTES - len
						     : (uint8_t)bytes[3] - len;
		ssize_t got = recv(fd, bytes + len, want, 0);

		if (got <= 0) {
			assert_true(got == 0 || errno == ECONNRESET);
			return -1;
		}
		len += (size_t)got;
		if (frame_read(sv_of(bytes, len), frame_r, &used) == 0)
			return frame_r->op;
	}
}

static int32_t hear_op(int fd)
{
	char bytes[FRAME_HEAD_BYTES + 256];
	struct frame frame;

	return hear(fd, bytes, &frame);
}

static int join(const char *body)
{
	int fd = dial();

	say(fd, FRAME_AUTH, sv_str(body));
	assert_int_equal(hear_op(fd), FRAME_AUTH_REPLY);
	return fd;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void until_open(uint32_t want)
{
	int64_t deadline_ms = clk_mono_ms() + PATIENCE_MS;

	while (gate_open_conns(gate) != want) {
		if (clk_mono_ms() > deadline_ms)
			fail_msg("%u open and not %u", gate_open_conns(gate),
				 want);
		nap();
	}
}

static uint64_t closed(enum close_reason reason)
{
	struct tally sum;

	gate_sum(gate, &sum);
	return tally_get(&sum.closed[reason]);
}

static uint64_t refused(enum refusal refusal)
{
	struct tally sum;

	gate_sum(gate, &sum);
	return tally_get(&sum.refused[refusal]);
}

static void test_auth_and_heartbeat(void **state)
{
	struct directory_person person;
	int fd;

	(void)state;
	open_gate();
	fd = join("{\"mid\":7,\"key\":\"k\",\"platform\":\"web\"}");
	say(fd, FRAME_HEARTBEAT, SV(""));
	assert_int_equal(hear_op(fd), FRAME_HEARTBEAT_REPLY);
	assert_int_equal(gate_open_conns(gate), 1);
	assert_int_equal(
		directory_find_key(gate_directory(gate), SV("k"), &person), 0);
	assert_string_equal(person.user, "7");
	assert_int_equal(addr_v4_host(&person.peer), 0x7f000001);
	close(fd);
	until_open(0);
	assert_int_equal(closed(CLOSE_PEER), 1);
}

/* With the same key from both workers, at most one lives at the end. */
static void test_the_newer_wins_across_workers(void **state)
{
	int fds[64];

	(void)state;
	open_gate();
	for (int i = 0; i < 64; i++)
		fds[i] = join("{\"mid\":7,\"key\":\"same\"}");
	until_open(1);
	assert_int_equal(closed(CLOSE_REPLACED), 63);
	for (int i = 0; i < 63; i++)
		assert_int_equal(hear_op(fds[i]), -1);
	say(fds[63], FRAME_HEARTBEAT, SV(""));
	assert_int_equal(hear_op(fds[63]), FRAME_HEARTBEAT_REPLY);
	for (int i = 0; i < 64; i++)
		close(fds[i]);
}

static void test_capacity_is_hard(void **state)
{
	int fds[12];

	(void)state;
	config.capacity = 10;
	open_gate();
	for (int i = 0; i < 10; i++)
		fds[i] = join("{}");
	for (int i = 10; i < 12; i++) {
		fds[i] = dial();
		assert_int_equal(hear_op(fds[i]), -1);
	}
	assert_int_equal(refused(REFUSAL_CAPACITY), 2);
	assert_int_equal(gate_refused_total(gate), 2);
	assert_int_equal(gate_open_conns(gate), 10);
	/* A place that becomes free is given again. */
	close(fds[0]);
	until_open(9);
	fds[0] = join("{}");
	for (int i = 0; i < 12; i++)
		close(fds[i]);
}

static void test_connections_of_one_address(void **state)
{
	int fds[5];

	(void)state;
	config.max_conns_per_ip = 4;
	open_gate();
	for (int i = 0; i < 4; i++)
		fds[i] = join("{}");
	fds[4] = dial();
	assert_int_equal(hear_op(fds[4]), -1);
	assert_int_equal(refused(REFUSAL_PER_ADDRESS), 1);
	assert_int_equal(gate_open_conns(gate), 4);
	close(fds[0]);
	until_open(3);
	fds[0] = join("{}");
	for (int i = 0; i < 5; i++)
		close(fds[i]);
}

static void test_kick(void **state)
{
	struct directory_person person;
	int fd, other;

	(void)state;
	open_gate();
	fd = join("{\"key\":\"k\"}");
	other = join("{\"key\":\"o\"}");
	assert_int_equal(
		directory_find_key(gate_directory(gate), SV("k"), &person), 0);
	gate_kick(gate, person.session);
	gate_kick(gate, person.session); /* it is gone: nothing */
	assert_int_equal(hear_op(fd), -1);
	until_open(1);
	assert_int_equal(closed(CLOSE_KICKED), 1);
	close(fd);
	close(other);
}

static void test_a_client_that_does_not_read(void **state)
{
	char body[FRAME_BODY_MAX] = {0};
	struct buf b;
	int fd;

	(void)state;
	open_gate();
	fd = join("{}");
	buf_init(&b, 8192);
	frame_put(&b, &(struct frame){.version = 1,
				      .op = FRAME_SUB,
				      .body = sv_of(body, sizeof(body))});
	/* Until the server has filled what the sockets hold and its queue. */
	for (int i = 0; i < 20000 && closed(CLOSE_OVERFLOW) == 0; i++)
		if (send(fd, b.data, b.len, MSG_NOSIGNAL) < 0)
			break;
	buf_fini(&b);
	until_open(0);
	assert_int_equal(closed(CLOSE_OVERFLOW), 1);
	close(fd);
}

static void test_drain_is_paced_and_ends(void **state)
{
	int64_t start_ms, took_ms;
	int fds[40];

	(void)state;
	open_gate();
	for (int i = 0; i < 40; i++)
		fds[i] = join("{}");
	start_ms = clk_mono_ms();
	gate_drain(gate, 400);
	assert_true(gate_is_draining(gate));
	/* New ones are refused meanwhile. */
	close(fds[0]);
	fds[0] = dial();
	assert_int_equal(hear_op(fds[0]), -1);
	assert_int_equal(refused(REFUSAL_DRAINING), 1);
	until_open(0);
	took_ms = clk_mono_ms() - start_ms;
	assert_true(took_ms >= 300);
	gate_undrain(gate);
	close(fds[0]);
	fds[0] = join("{}");
	for (int i = 0; i < 40; i++)
		close(fds[i]);
}

static void test_drain_says_goodbye(void **state)
{
	char bytes[FRAME_HEAD_BYTES + 256];
	struct frame frame;
	int told, untold;

	(void)state;
	open_gate();
	told = join("{\"caps\":[\"goodbye\"]}");
	untold = join("{}");
	gate_drain(gate, 0);
	assert_int_equal(hear(told, bytes, &frame), FRAME_GOODBYE);
	assert_true(sv_starts(frame.body, SV("{\"code\":")));
	assert_int_equal(hear_op(untold), -1);
	/* It says more and is not answered; then it goes. */
	say(told, FRAME_HEARTBEAT, SV(""));
	close(told);
	until_open(0);
	assert_int_equal(closed(CLOSE_DRAIN), 2);
	close(untold);
}

static void test_a_goodbye_is_final(void **state)
{
	int fd;

	(void)state;
	open_gate();
	fd = join("{\"caps\":[\"goodbye\"]}");
	gate_drain(gate, 0);
	assert_int_equal(hear_op(fd), FRAME_GOODBYE);
	/* A client that stays is closed. */
	assert_int_equal(hear_op(fd), -1);
	until_open(0);
	assert_int_equal(closed(CLOSE_DRAIN), 1);
	close(fd);
}

static void test_close_listeners(void **state)
{
	int fd;

	(void)state;
	open_gate();
	fd = join("{}");
	gate_close_listeners(gate);
	say(fd, FRAME_HEARTBEAT, SV("")); /* who is in stays in */
	assert_int_equal(hear_op(fd), FRAME_HEARTBEAT_REPLY);
	close(fd);
}

static void test_shutdown_closes_all(void **state)
{
	int fds[8];

	(void)state;
	open_gate();
	for (int i = 0; i < 4; i++)
		fds[i] = join("{}");
	for (int i = 4; i < 8; i++)
		fds[i] = dial();
	until_open(8);
	gate_free(&gate);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(hear_op(fds[i]), -1);
		close(fds[i]);
	}
}

static void test_a_taken_port(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	config.listen_port = ntohs(at.sin_port);
	assert_int_equal(gate_start(&config, &gate), -EADDRINUSE);
	assert_null(gate);
	close(fd);
}

static void *storm(void *arg)
{
	(void)arg;
	for (int i = 0; i < 150; i++) {
		int fd = dial();

		say(fd, FRAME_AUTH,
		    i % 2 ? SV("{\"mid\":1,\"key\":\"a\",\"room_id\":\"r\"}")
			  : SV("{\"mid\":2,\"key\":\"b\",\"room_id\":\"r\"}"));
		hear_op(fd); /* a reply, or another took the key first */
		close(fd);
	}
	return NULL;
}

/* Two threads of clients fight for two keys while the operator looks on. */
static void test_storm(void **state)
{
	struct directory_person person;
	pthread_t threads[2];
	struct tally sum;

	(void)state;
	open_gate();
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, NULL),
				 0);
	for (int i = 0; i < 200; i++) {
		if (!directory_find_key(gate_directory(gate), SV("a"), &person))
			gate_kick(gate, person.session);
		gate_sum(gate, &sum);
		gate_room_count(gate);
		nap();
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	until_open(0);
	gate_sum(gate, &sum);
	assert_int_equal(tally_get(&sum.accepts), 300);
	assert_int_equal(tally_get(&sum.authenticated), 0);
	assert_int_equal(gate_room_count(gate), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_auth_and_heartbeat),
		TEST(test_the_newer_wins_across_workers),
		TEST(test_capacity_is_hard),
		TEST(test_connections_of_one_address),
		TEST(test_kick),
		TEST(test_a_client_that_does_not_read),
		TEST(test_drain_is_paced_and_ends),
		TEST(test_drain_says_goodbye),
		TEST(test_a_goodbye_is_final),
		TEST(test_close_listeners),
		TEST(test_shutdown_closes_all),
		TEST(test_a_taken_port),
		TEST(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
