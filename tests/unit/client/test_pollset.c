/*
 * test_pollset.c - the epoll set behind an interest.
 */
#include "tests/unit/client/scripted.h"

#include "client/pollset.h"

static void test_interest(void **state)
{
	struct pollset_member member = {.owner = &member};
	struct pollset *set;
	struct interest interest;
	void *owners[4];
	int fds[2];

	(void)state;
	assert_int_equal(pollset_new(&set), 0);
	member.set = set;
	interest = pollset_interest(&member);
	scripted_pair(fds);
	interest_set(&interest, fds[0], INTEREST_READ);
	assert_int_equal(pollset_wait(set, 0, owners, 4), 0);
	scripted_write(fds[1], "x", 1);
	assert_int_equal(pollset_wait(set, 1000, owners, 4), 1);
	assert_ptr_equal(owners[0], &member);
	/* the set itself is readable then: one fd for another loop */
	assert_true(scripted_wait_for(pollset_fd(set), POLLIN));
	interest_set(&interest, fds[0], INTEREST_READ | INTEREST_WRITE);
	assert_int_equal(pollset_wait(set, -1, owners, 4), 1);
	interest_set(&interest, fds[0], INTEREST_NONE);
	interest_set(&interest, fds[0], INTEREST_NONE);
	assert_int_equal(pollset_wait(set, 0, owners, 4), 0);
	close(fds[0]);
	close(fds[1]);
	pollset_free(&set);
	pollset_free(&set);
}

static void test_more_ready_than_room(void **state)
{
	struct pollset_member member = {.owner = &member};
	struct pollset *set;
	struct interest interest;
	void *owners[2];
	int fds[3][2];

	(void)state;
	assert_int_equal(pollset_new(&set), 0);
	member.set = set;
	interest = pollset_interest(&member);
	for (int i = 0; i < 3; i++) {
		scripted_pair(fds[i]);
		interest_set(&interest, fds[i][0], INTEREST_WRITE);
	}
	assert_int_equal(pollset_wait(set, 0, owners, 2), 2);
	for (int i = 0; i < 3; i++) {
		interest_set(&interest, fds[i][0], INTEREST_NONE);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	pollset_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interest),
		cmocka_unit_test(test_more_ready_than_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
