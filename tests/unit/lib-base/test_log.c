/*
 * test_log.c - what a line looks like on stderr, what is dropped, and that
 * lines of several threads do not mix.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

/* stderr goes into a file meanwhile. */
static FILE *capture;
static int real_stderr;

static int begin_capture(void **state)
{
	(void)state;
	capture = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	if (!capture || dup2(fileno(capture), STDERR_FILENO) < 0)
		return -1;
	log_init("prog");
	log_set_level(LOG_INFO);
	return 0;
}

static int end_capture(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	fclose(capture);
	clk_fake(-1);
	return 0;
}

/* Everything written so far, NUL-terminated. */
static char *captured(char *dst, size_t dst_bytes)
{
	ssize_t n = pread(fileno(capture), dst, dst_bytes - 1, 0);

	assert_true(n >= 0);
	dst[n] = '\0';
	return dst;
}

static void test_line(void **state)
{
	char text[1000];

	(void)state;
	clk_fake(1767225600123); /* 2026-01-01 */
	errno = ENOENT;
	log_info("lease.expire node=%s age_ms=%d", "sh-1", 7);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(captured(text, sizeof(text)),
			    "ts=2026-01-01T00:00:00.123Z level=info prog=prog "
			    "event=lease.expire node=sh-1 age_ms=7\n");
}

static void test_control_bytes_are_blanked(void **state)
{
	char text[1000];

	(void)state;
	log_warn("e v=%s", "a\nts=x\r\x1b[31m\x7f");
	captured(text, sizeof(text));
	assert_non_null(strstr(text, "level=warn"));
	assert_non_null(strstr(text, "event=e v=a ts=x  [31m \n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_level(void **state)
{
	char text[1000];

	(void)state;
	log_debug("no.debug");
	log_set_level(LOG_ERR);
	log_warn("no.warn");
	log_err("yes.err");
	log_set_level(LOG_DEBUG);
	log_debug("yes.debug");
	captured(text, sizeof(text));
	assert_null(strstr(text, "no."));
	assert_non_null(strstr(text, "level=err prog=prog event=yes.err\n"));
	assert_non_null(strstr(text, "event=yes.debug\n"));
}

static void test_long_lines_are_cut(void **state)
{
	char text[9000];

	(void)state;
	log_info("long %05000d", 1);
	captured(text, sizeof(text));
	assert_int_equal(strlen(text), 2048);
	assert_string_equal(text + 2044, "...\n");
}

#define THREADS	       4
#define LINES_A_THREAD 500

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES_A_THREAD; i++)
		log_info("thread.line index=%d end", (int)(intptr_t)arg);
	return NULL;
}

static void test_lines_of_threads_stay_whole(void **state)
{
	pthread_t threads[THREADS];
	char line[1000];
	unsigned lines = 0;

	(void)state;
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, write_lines, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rewind(capture);
	while (fgets(line, sizeof(line), capture)) {
		assert_int_equal(strncmp(line, "ts=", 3), 0);
		assert_non_null(strstr(line, " end\n"));
		lines++;
	}
	assert_int_equal(lines, THREADS * LINES_A_THREAD);
}

static void test_parse_level(void **state)
{
	enum log_level level = LOG_DEBUG;

	(void)state;
	assert_int_equal(log_parse_level(SV("warn"), &level), 0);
	assert_int_equal(level, LOG_WARN);
	assert_int_equal(log_parse_level(SV("WARN"), &level), ERR_SYNTAX);
	assert_int_equal(log_parse_level(SV(""), &level), ERR_SYNTAX);
	assert_int_equal(level, LOG_WARN);
}

static void test_rate(void **state)
{
	struct log_rate rate = {.dropped = 0};
	uint32_t dropped = 99;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(log_rate_pass(&rate, 50000 + i, &dropped));
	assert_int_equal(dropped, 0);
	assert_false(log_rate_pass(&rate, 50010, &dropped));
	assert_false(log_rate_pass(&rate, 59999, &dropped));
	assert_true(log_rate_pass(&rate, 60000, &dropped));
	assert_int_equal(dropped, 2);
	assert_true(log_rate_pass(&rate, 60001, &dropped));
	assert_int_equal(dropped, 0);
}

#define LOG_TEST(f)                                                            \
	cmocka_unit_test_setup_teardown(f, begin_capture, end_capture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(test_line),
		LOG_TEST(test_control_bytes_are_blanked),
		LOG_TEST(test_level),
		LOG_TEST(test_long_lines_are_cut),
		LOG_TEST(test_lines_of_threads_stay_whole),
		cmocka_unit_test(test_parse_level),
		cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
