/*
 * test_listener.c - binding, accepting, and running out of descriptors.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>

#include "lib/base/log.h"
#include "lib/net/listener.h"
#include "tests/unit/lib-net/net_helper.h"

#define FDS_MAX 256

struct accepted {
	int fds[FDS_MAX];
	unsigned count;
	struct addr peer;
	uint16_t peer_port;
	unsigned wanted;
};

static void on_accept(int fd, const struct addr *peer, uint16_t port, void *arg)
{
	struct accepted *accepted = arg;

	assert_true(accepted->count < FDS_MAX);
	accepted->fds[accepted->count++] = fd;
	accepted->peer = *peer;
	accepted->peer_port = port;
}

static bool has_wanted(void *arg)
{
	const struct accepted *accepted = arg;

	return accepted->count >= accepted->wanted;
}

static void close_all(struct accepted *accepted)
{
	while (accepted->count > 0)
		close(accepted->fds[--accepted->count]);
}

static void test_accepts(void **state)
{
	struct accepted accepted = {.wanted = 1};
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct listener *listener;
	struct helper_client c;
	struct loop *loop;
	struct addr local;
	uint16_t port = 0;
	int value = 0;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(listener_new(loop, &helper_local, 0, on_accept,
				      &accepted, &listener),
			 0);
	assert_int_not_equal(listener_port(listener), 0);
	helper_connect(&c, loop, listener_port(listener));
	helper_until(loop, has_wanted, &accepted);
	assert_int_equal(getsockname(c.fd, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(
		addr_from_sockaddr((struct sockaddr *)&name, &local, &port), 0);
	assert_true(addr_eq(&accepted.peer, &local));
	assert_int_equal(accepted.peer_port, port);
	assert_true(fcntl(accepted.fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(accepted.fds[0], F_GETFD) & FD_CLOEXEC);
	len = sizeof(value);
	assert_int_equal(getsockopt(accepted.fds[0], IPPROTO_TCP, TCP_NODELAY,
				    &value, &len),
			 0);
	assert_int_equal(value, 1);
	helper_close(&c);
	close_all(&accepted);
	listener_free(&listener);
	listener_free(&listener);
	loop_free(&loop);
}

/* A connection comes with its first bytes; one that has none comes later, also
 * when the listener drains. */
static void test_awaits_input(void **state)
{
	struct accepted accepted = {.wanted = 1};
	struct helper_client silent, late, speaker;
	struct listener *listener;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(listener_new(loop, &helper_local, 0, on_accept,
				      &accepted, &listener),
			 0);
	listener_await_input(listener);
	helper_connect(&silent, loop, listener_port(listener));
	helper_connect(&speaker, loop, listener_port(listener));
	helper_write(&speaker, SV("GET"));
	helper_until(loop, has_wanted, &accepted);
	assert_int_equal(accepted.count, 1);
	accepted.wanted = 2;
	helper_until(loop, has_wanted, &accepted);
	helper_connect(&late, loop, listener_port(listener));
	helper_turn(loop);
	assert_int_equal(accepted.count, 2);
	listener_drain(listener);
	accepted.wanted = 3;
	helper_until(loop, has_wanted, &accepted);
	helper_close(&silent);
	helper_close(&late);
	helper_close(&speaker);
	close_all(&accepted);
	listener_finish(&listener);
	loop_free(&loop);
}

/* Those that wait are all accepted in one turn, up to a batch. */
static void test_accepts_all_that_wait(void **state)
{
	enum { WAITING = 70, A_TURN = 64 };
	struct accepted accepted = {0};
	struct helper_client clients[WAITING];
	struct listener *listener;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(listener_new(loop, &helper_local, 0, on_accept,
				      &accepted, &listener),
			 0);
	for (unsigned i = 0; i < WAITING; i++)
		helper_connect(&clients[i], loop, listener_port(listener));
	helper_turn(loop);
	assert_int_equal(accepted.count, A_TURN);
	helper_turn(loop);
	assert_int_equal(accepted.count, WAITING);
	helper_turn(loop);
	assert_int_equal(accepted.count, WAITING);
	for (unsigned i = 0; i < WAITING; i++)
		helper_close(&clients[i]);
	close_all(&accepted);
	listener_free(&listener);
	loop_free(&loop);
}

/* "*" takes IPv4 too, and says so as IPv4. */
static void test_any_address(void **state)
{
	const struct addr any = {.family = ADDR_NONE};
	struct accepted accepted = {.wanted = 1};
	struct listener *listener;
	struct helper_client c;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(
		listener_new(loop, &any, 0, on_accept, &accepted, &listener),
		0);
	helper_connect(&c, loop, listener_port(listener));
	helper_until(loop, has_wanted, &accepted);
	assert_true(addr_eq(&accepted.peer, &helper_local));
	helper_close(&c);
	close_all(&accepted);
	listener_free(&listener);
	loop_free(&loop);
}

/* Two of one port, as workers have them; and an address we do not have. */
static void test_binding(void **state)
{
	const struct addr foreign = {.bytes = {192, 0, 2, 1},
				     .family = ADDR_V4};
	struct accepted accepted = {0};
	struct listener *first, *second;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(listener_new(loop, &helper_local, 0, on_accept,
				      &accepted, &first),
			 0);
	assert_int_equal(listener_new(loop, &helper_local, listener_port(first),
				      on_accept, &accepted, &second),
			 0);
	assert_int_equal(listener_port(first), listener_port(second));
	listener_free(&second);
	/* a second process would share it too: the probe says that it is taken
	 */
	assert_int_equal(listener_probe(&helper_local, listener_port(first)),
			 -EADDRINUSE);
	assert_int_equal(listener_probe(&helper_local, 0), 0);
	assert_int_equal(listener_probe(&foreign, 0), -EADDRNOTAVAIL);
	assert_int_equal(
		listener_new(loop, &foreign, 0, on_accept, &accepted, &second),
		-EADDRNOTAVAIL);
	listener_free(&first);
	loop_free(&loop);
}

/* Draining: who has connected is accepted, who has not goes unheard. */
static void test_drain(void **state)
{
	struct accepted accepted = {.wanted = 3};
	struct sockaddr_storage name;
	struct listener *listener;
	struct helper_client c[3];
	struct pollfd late = {.events = POLLOUT};
	struct loop *loop;
	socklen_t len;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(listener_new(loop, &helper_local, 0, on_accept,
				      &accepted, &listener),
			 0);
	for (unsigned i = 0; i < 3; i++)
		helper_connect(&c[i], loop, listener_port(listener));
	len = addr_to_sockaddr(&helper_local, listener_port(listener), &name);
	listener_drain(listener);
	late.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(late.fd, (struct sockaddr *)&name, len), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(poll(&late, 1, 50), 0);
	assert_int_equal(accepted.count, 0);
	listener_finish(&listener);
	assert_null(listener);
	assert_int_equal(accepted.count, 3);
	/* What came through the filter is heard. */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(write(accepted.fds[i], "hello", 5), 5);
		helper_read_text(&c[i], "hello", 1);
		helper_write(&c[i], SV("x"));
		assert_int_equal(read(accepted.fds[i], &(char){0}, 1), 1);
		helper_close(&c[i]);
	}
	close(late.fd);
	close_all(&accepted);
	listener_finish(&listener); /* none is nothing */
	loop_free(&loop);
}

static bool has_paused(void *arg)
{
	return listener_pauses(*(struct listener **)arg) > 0;
}

static void test_descriptors_run_out(void **state)
{
	struct accepted accepted = {.wanted = FDS_MAX};
	struct rlimit before, tight;
	struct helper_client c[8];
	struct listener *listener;
	struct loop *loop;
	int probe;

	(void)state;
	log_set_level(LOG_ERR);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(listener_new(loop, &helper_local, 0, on_accept,
				      &accepted, &listener),
			 0);
	for (unsigned i = 0; i < 8; i++)
		helper_connect(&c[i], loop, listener_port(listener));
	/* Room for two more descriptors only. */
	probe = dup(c[0].fd);
	close(probe);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)probe + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	helper_until(loop, has_paused, &listener);
	assert_int_equal(accepted.count, 2);
	/* One of them was given up, so that its peer knows. */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	accepted.wanted = 7;
	helper_until(loop, has_wanted, &accepted);
	assert_int_equal(accepted.count, 7);
	helper_read_end(&c[2]);
	for (unsigned i = 0; i < 8; i++)
		helper_close(&c[i]);
	close_all(&accepted);
	listener_free(&listener);
	loop_free(&loop);
	log_set_level(LOG_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_awaits_input),
		cmocka_unit_test(test_accepts_all_that_wait),
		cmocka_unit_test(test_any_address),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_descriptors_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
