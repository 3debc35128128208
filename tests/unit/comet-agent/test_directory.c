/* Who is connected: claims, losers, users, and many threads at once. */
#include "comet-agent/directory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

static struct directory_person person_of(uint64_t session, const char *key,
					 const char *user)
{
	struct directory_person person = {.session = session,
					  .since_wall_s = 1700000000,
					  .peer = addr_from_v4_host(7)};

	assert_int_equal(sv_copy(sv_str(key), person.key, sizeof(person.key)),
			 0);
	assert_int_equal(
		sv_copy(sv_str(user), person.user, sizeof(person.user)), 0);
	assert_int_equal(
		sv_copy(SV("web"), person.platform, sizeof(person.platform)),
		0);
	return person;
}

static struct directory_entry *claim(struct directory *directory,
				     uint64_t session, const char *key,
				     const char *user, uint64_t want_loser)
{
	struct directory_person person = person_of(session, key, user);
	struct directory_entry *entry;
	uint64_t loser;

	assert_int_equal(directory_claim(directory, &person,
					 DIRECTORY_KEY_PROVED, &entry, &loser),
			 0);
	assert_true(loser == want_loser);
	return entry;
}

static uint64_t holder(struct directory *directory, struct sv key)
{
	struct directory_person person;

	return directory_find_key(directory, key, &person) ? 0 : person.session;
}

static void test_claim_find_release(void **state)
{
	struct directory *directory = directory_new();
	struct directory_entry *entry = claim(directory, 5, "key", "u", 0);
	struct directory_person person;

	(void)state;
	assert_int_equal(directory_find_key(directory, SV("key"), &person), 0);
	assert_string_equal(person.key, "key");
	assert_string_equal(person.user, "u");
	assert_string_equal(person.platform, "web");
	assert_true(person.since_wall_s == 1700000000);
	assert_int_equal(addr_v4_host(&person.peer), 7);
	assert_int_equal(directory_find_key(directory, SV("ke"), &person),
			 ERR_NOTFOUND);
	assert_int_equal(directory_find_key(directory, SV(""), &person),
			 ERR_NOTFOUND);
	directory_release(directory, &entry);
	assert_null(entry);
	directory_release(directory, &entry); /* NULL is allowed */
	assert_true(holder(directory, SV("key")) == 0);
	directory_free(&directory);
}

static void test_losers_in_any_order(void **state)
{
	struct directory *directory = directory_new();
	struct directory_entry *a = claim(directory, 1, "k", "u", 0);
	struct directory_entry *b = claim(directory, 2, "k", "v", 1);
	struct directory_entry *c = claim(directory, 3, "k", "u", 2);

	(void)state;
	assert_true(holder(directory, SV("k")) == 3);
	directory_release(directory, &b);
	assert_true(holder(directory, SV("k")) == 3);
	directory_release(directory, &c);
	assert_true(holder(directory, SV("k")) == 0);
	/* A loser does not come back. */
	b = claim(directory, 4, "k", "u", 0);
	directory_release(directory, &a);
	assert_true(holder(directory, SV("k")) == 4);
	directory_release(directory, &b);
	directory_free(&directory);
}

static void test_an_unproved_key_is_not_taken_from_others(void **state)
{
	struct directory *directory = directory_new();
	struct directory_entry *a = claim(directory, 1, "k", "u", 0), *b;
	struct directory_person person = person_of(2, "k", "thief");
	uint64_t loser;

	(void)state;
	assert_int_equal(directory_claim(directory, &person,
					 DIRECTORY_KEY_CLAIMED, &b, &loser),
			 ERR_CONFLICT);
	assert_true(loser == 0);
	assert_true(holder(directory, SV("k")) == 1);
	assert_int_equal(
		directory_find_user(directory, SV("thief"), &person, 1), 0);
	person = person_of(3, "k", "u");
	assert_int_equal(directory_claim(directory, &person,
					 DIRECTORY_KEY_CLAIMED, &b, &loser),
			 0);
	assert_true(loser == 1);
	directory_release(directory, &a);
	directory_release(directory, &b);
	directory_free(&directory);
}

static void test_users(void **state)
{
	struct directory *directory = directory_new();
	struct directory_entry *a = claim(directory, 1, "k1", "u", 0);
	struct directory_entry *b = claim(directory, 2, "k2", "u", 0);
	struct directory_entry *c = claim(directory, 3, "k3", "", 0);
	struct directory_person persons[2];

	(void)state;
	assert_int_equal(directory_find_user(directory, SV("u"), persons, 2),
			 2);
	assert_true(persons[0].session == 2 && persons[1].session == 1);
	assert_int_equal(directory_find_user(directory, SV("u"), persons, 1),
			 2);
	assert_int_equal(directory_find_user(directory, SV("u"), NULL, 0), 2);
	/* Nobody looks for "everybody anonymous". */
	assert_int_equal(directory_find_user(directory, SV(""), persons, 2), 0);
	directory_release(directory, &b);
	assert_int_equal(directory_find_user(directory, SV("u"), persons, 2),
			 1);
	directory_release(directory, &a);
	assert_int_equal(directory_find_user(directory, SV("u"), persons, 2),
			 0);
	directory_release(directory, &c);
	directory_free(&directory);
}

static struct directory *shared;

/* Few keys, so that the threads take them from each other all the time. */
static void *churn(void *arg)
{
	uint64_t base = *(const uint64_t *)arg;

	for (unsigned i = 0; i < 4000; i++) {
		char key[16] = {0}, user[16] = {0};
		struct directory_person person, found[4];
		struct directory_entry *entry;
		uint64_t loser;
		struct buf b;

		buf_init_fixed(&b, key, sizeof(key) - 1);
		buf_u64(&b, i % 7);
		buf_init_fixed(&b, user, sizeof(user) - 1);
		buf_u64(&b, i % 5);
		person = (struct directory_person){.session = base + i};
		memcpy(person.key, key, sizeof(key));
		memcpy(person.user, user, sizeof(user));
		if (directory_claim(shared, &person, DIRECTORY_KEY_PROVED,
				    &entry, &loser))
			return arg;
		(void)!directory_find_key(shared, sv_str(key), &person);
		directory_find_user(shared, sv_str(user), found, 4);
		directory_release(shared, &entry);
	}
	return NULL;
}

static void test_threads(void **state)
{
	uint64_t bases[3] = {1000000, 2000000, 3000000};
	pthread_t threads[3];
	void *failed;

	(void)state;
	shared = directory_new();
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, churn, &bases[i]), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	directory_free(&shared); /* asserts that it is empty */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claim_find_release),
		cmocka_unit_test(test_losers_in_any_order),
		cmocka_unit_test(test_an_unproved_key_is_not_taken_from_others),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
