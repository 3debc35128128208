/*
 * test_service.c - the life of a daemon that is no real one, in a process of
 * its own: start, drain, the second signal, the time-out, failures.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/svc/service.h"

#define DEADLINE_MS 20000

struct settings {
	struct conf_listen listen_admin;
	bool start_fails, start_waits, drains_at_once;
};

#define OPTION(member, kind_, text)                                            \
	{                                                                      \
		.name = #member, .kind = kind_,                                \
		.offset = offsetof(struct settings, member),                   \
		.size = sizeof(((struct settings *)0)->member),                \
		.default_text = text, .metavar = "X", .help = "x"              \
	}

static const struct conf_option options[] = {
	OPTION(listen_admin, CONF_LISTEN, "off"),
	OPTION(start_fails, CONF_BOOL, "no"),
	OPTION(start_waits, CONF_BOOL, "no"),
	OPTION(drains_at_once, CONF_BOOL, "no"),
};
static const struct conf_table table = {options, ARRAY_LEN(options), NULL};

/* As the registry does while its store loads: requests come before start() is
 * done. */
static int turn_loop(struct service_context *ctx)
{
	int rc;

	log_info("test.loading");
	rc = loop_run(ctx->loop);
	return rc ? rc : ERR_CLOSED;
}

static int start(struct service_context *ctx, void **app_r)
{
	const struct settings *settings = ctx->settings;

	*app_r = NULL;
	if (settings->start_waits)
		return turn_loop(ctx);
	*app_r = ctx;
	return settings->start_fails ? ERR_STATE : 0;
}

static void collect(struct metrics_writer *w, void *arg)
{
	if (!arg)
		abort(); /* start() is not done */
	metrics_sample_u64(w, "", 1);
}

static const struct metrics_row rows[] = {
	{"peri_test", METRICS_GAUGE, "x", "", collect},
};

static void drain(struct service_context *ctx)
{
	const struct settings *settings = ctx->settings;

	if (settings->drains_at_once)
		service_stop(ctx);
}

static void stop(struct service_context *ctx)
{
	(void)ctx;
}

static struct service service = {
	.name = "peri-test",
	.summary = "a test",
	.default_config = "/nowhere/at/all.jsonc",
	.conf = &table,
	.settings_bytes = sizeof(struct settings),
	.admin_listen_offset = offsetof(struct settings, listen_admin),
	.metrics = {rows, ARRAY_LEN(rows)},
	.start = start,
	.drain = drain,
	.drain_timeout_ms = 60000,
	.stop = stop,
};

struct child {
	pid_t pid;
	int log_fd;
	char log[16384];
	size_t log_len;
};

static void spawn_with(struct child *child, const char *arg, const char *more)
{
	char *argv[] = {(char *)(uintptr_t) "p", (char *)(uintptr_t)arg,
			(char *)(uintptr_t)more, NULL};
	int argc = 1 + (arg != NULL) + (more != NULL);
	int fds[2];

	memset(child, 0, sizeof(*child));
	assert_int_equal(pipe(fds), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		_exit(service_main(&service, argc, argv));
	}
	close(fds[1]);
	child->log_fd = fds[0];
}

static void spawn(struct child *child, const char *arg)
{
	spawn_with(child, arg, NULL);
}

/* Read the child's log until @text is in it; NULL: until its end. */
static void wait_for(struct child *child, const char *text)
{
	while (!text || !strstr(child->log, text)) {
		struct pollfd wait = {.fd = child->log_fd, .events = POLLIN};
		ssize_t got;

		assert_int_equal(poll(&wait, 1, DEADLINE_MS), 1);
		got = read(child->log_fd, child->log + child->log_len,
			   sizeof(child->log) - 1 - child->log_len);
		assert_true(got >= 0);
		if (got == 0)
			break;
		child->log_len += (size_t)got;
	}
	if (text && !strstr(child->log, text))
		fail_msg("no %s in: %s", text, child->log);
}

static void expect_end(struct child *child, int code)
{
	int status = 0;

	wait_for(child, NULL);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
	close(child->log_fd);
}

static void test_drain_is_awaited(void **state)
{
	struct child child;

	(void)state;
	spawn(&child, "--drains-at-once=yes");
	wait_for(&child, "service.ready");
	kill(child.pid, SIGTERM);
	expect_end(&child, 0);
	assert_non_null(strstr(child.log, "service.drain "));
	assert_null(strstr(child.log, "service.stop"));
}

static void test_second_signal_ends_at_once(void **state)
{
	struct child child;

	(void)state;
	spawn(&child, NULL);
	wait_for(&child, "service.ready");
	kill(child.pid, SIGINT);
	wait_for(&child, "service.drain ");
	kill(child.pid, SIGTERM);
	expect_end(&child, 0);
	assert_non_null(strstr(child.log, "service.stop"));
}

static void test_drain_times_out(void **state)
{
	struct child child;

	(void)state;
	service.drain_timeout_ms = 20;
	spawn(&child, NULL);
	wait_for(&child, "service.ready");
	kill(child.pid, SIGTERM);
	expect_end(&child, 0);
	service.drain_timeout_ms = 60000;
	assert_non_null(strstr(child.log, "service.drain_timeout"));
}

static void test_failed_start(void **state)
{
	struct child child;

	(void)state;
	spawn(&child, "--start-fails");
	expect_end(&child, 1);
	assert_non_null(strstr(child.log, "service.start_failed"));
	assert_null(strstr(child.log, "service.ready"));
}

/* What the child answers to GET /metrics; it closes the connection. */
static void scrape(const struct child *child, char *answer_r, size_t bytes)
{
	static const char ask[] = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				  "Connection: close\r\n\r\n";
	const char *port = strstr(child->log, "port=");
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t len = 0;
	ssize_t got;

	assert_non_null(port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)strtoul(port + 5, NULL, 10));
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)),
			 0);
	assert_int_equal(write(fd, ask, sizeof(ask) - 1), sizeof(ask) - 1);
	while ((got = read(fd, answer_r + len, bytes - 1 - len)) > 0)
		len += (size_t)got;
	answer_r[len] = '\0';
	close(fd);
}

static void test_metrics_while_it_starts_are_the_common_ones(void **state)
{
	static char answer[65536];
	struct child child;

	(void)state;
	spawn_with(&child, "--listen-admin=127.0.0.1:0", "--start-waits=yes");
	wait_for(&child, "test.loading");
	scrape(&child, answer, sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 200"));
	assert_non_null(strstr(answer, "peri_build_info{"));
	assert_null(strstr(answer, "peri_test"));
	/* nothing is there that could drain */
	kill(child.pid, SIGTERM);
	expect_end(&child, 1);
	assert_null(strstr(child.log, "service.drain "));

	spawn_with(&child, "--listen-admin=127.0.0.1:0", "--drains-at-once");
	wait_for(&child, "service.ready");
	scrape(&child, answer, sizeof(answer));
	assert_non_null(strstr(answer, "peri_build_info{"));
	assert_non_null(strstr(answer, "peri_test 1\n"));
	kill(child.pid, SIGTERM);
	expect_end(&child, 0);
}

static void test_wrong_usage(void **state)
{
	struct child child;

	(void)state;
	spawn(&child, "--start-falls");
	expect_end(&child, 2);
	assert_non_null(strstr(child.log, "start_fails")); /* did you mean */
}

static void test_hangup_does_not_end_it(void **state)
{
	struct child child;

	(void)state;
	spawn(&child, "--drains-at-once");
	wait_for(&child, "service.ready");
	kill(child.pid, SIGHUP);
	wait_for(&child, "service.reload");
	kill(child.pid, SIGTERM);
	expect_end(&child, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain_is_awaited),
		cmocka_unit_test(test_second_signal_ends_at_once),
		cmocka_unit_test(test_drain_times_out),
		cmocka_unit_test(test_failed_start),
		cmocka_unit_test(
			test_metrics_while_it_starts_are_the_common_ones),
		cmocka_unit_test(test_wrong_usage),
		cmocka_unit_test(test_hangup_does_not_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
