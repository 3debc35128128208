/*
 * test_mem.c - memory comes zeroed and never NULL; what cannot be had aborts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/mem.h"

static void test_zeroed_and_copied(void **state)
{
	char *a = mem_alloc(100), *text = mem_strdup("abc"), *copy;
	uint32_t *numbers = mem_array(3, sizeof(*numbers));

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(a[i], 0);
	assert_int_equal(numbers[2], 0);
	numbers[2] = 7;
	numbers = mem_grow(numbers, 1000, sizeof(*numbers));
	assert_int_equal(numbers[2], 7);
	assert_string_equal(text, "abc");
	copy = mem_dup(text, 2);
	assert_memory_equal(copy, "ab", 2);
	mem_free(copy);
	mem_free(text);
	mem_free(numbers);
	mem_free(a);
	mem_free(NULL);
}

/* Below, at and above the size of a large page. */
static void test_huge_arrays(void **state)
{
	static const size_t sizes[] = {0,      1, 4096, 2 << 20, (2 << 20) + 1,
				       9 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *a = mem_array_huge(sizes[i], 1);

		assert_int_equal((uintptr_t)a % (2 << 20), 0);
		for (size_t at = 0; at < sizes[i]; at += 511) {
			assert_int_equal(a[at], 0);
			a[at] = 'x';
		}
		mem_free_huge(a);
	}
	mem_free_huge(NULL);
}

static void test_nothing_is_something(void **state)
{
	void *a = mem_alloc(0), *b = mem_dup(NULL, 0), *c = mem_array(0, 8);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	c = mem_grow(c, 0, 8);
	assert_non_null(c);
	mem_free(a);
	mem_free(b);
	mem_free(c);
}

/* In a child: an array whose size does not fit into a size_t. */
static void test_overflow_aborts(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		mem_array(SIZE_MAX / 2, 3);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_and_copied),
		cmocka_unit_test(test_huge_arrays),
		cmocka_unit_test(test_nothing_is_something),
		cmocka_unit_test(test_overflow_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
