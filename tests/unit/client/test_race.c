/*
 * test_race.c - which address wins, and what is tried when. Addresses that do
 * not answer are listeners whose queue is full.
 */
#include "tests/unit/client/scripted.h"

#include "client/race.h"
#include "lib/base/err.h"

#define STUCK_MAX 64

/* A listener that takes nobody: its accept queue is full. */
struct stuck {
	int listener;
	int fillers[STUCK_MAX];
	unsigned count;
};

static uint16_t stuck_open(struct stuck *s)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint16_t port;
	struct pollfd p;

	s->count = 0;
	s->listener = scripted_listen(&port);
	assert_int_equal(listen(s->listener, 0), 0);
	sin.sin_port = htons(port);
	do {
		int fd = socket(AF_INET,
				SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0 && s->count < STUCK_MAX);
		(void)connect(fd, (struct sockaddr *)&sin, sizeof(sin));
		s->fillers[s->count++] = fd;
		p = (struct pollfd){.fd = fd, .events = POLLOUT};
	} while (poll(&p, 1, 50) == 1);
	return port;
}

static void stuck_close(struct stuck *s)
{
	close(s->listener);
	for (unsigned i = 0; i < s->count; i++)
		close(s->fillers[i]);
}

struct bench {
	struct watched watched;
	struct interest interest;
	struct targets targets;
	struct race_config config;
	struct race *race;
	unsigned failed;
	int last_rc;
};

static void on_failed(const struct target *target, int rc, void *arg)
{
	struct bench *b = arg;

	(void)target;
	b->failed++;
	b->last_rc = rc;
}

static void prepare(struct bench *b, int64_t stagger_ms)
{
	memset(b, 0, sizeof(*b));
	b->interest = watched_interest(&b->watched);
	b->config = (struct race_config){.stagger_ms = stagger_ms,
					 .connect_timeout_ms = 1000,
					 .failed = on_failed,
					 .arg = b};
}

static void add(struct bench *b, uint16_t port)
{
	b->targets.list[b->targets.count++] =
		(struct target){.addr = scripted_loopback(), .port = port};
}

/* Steps at @now_ms until nothing more happens; returns race_take()'s word. */
static int settle(struct bench *b, int64_t now_ms, unsigned *winner_r)
{
	const struct target *target = NULL;
	int rc = ERR_AGAIN, fd = -1;

	for (int i = 0; i < 20 && rc == ERR_AGAIN; i++) {
		race_step(b->race, now_ms);
		rc = race_take(b->race, &target, &fd);
		if (rc == ERR_AGAIN)
			watched_wait(&b->watched, 5);
	}
	if (rc == 0) {
		*winner_r = (unsigned)(target - b->targets.list);
		close(fd);
	}
	return rc;
}

static void finish(struct bench *b)
{
	race_free(&b->race);
	assert_int_equal(b->watched.count, 0);
}

static void test_first_wins(void **state)
{
	uint16_t port;
	int listener = scripted_listen(&port);
	unsigned winner = 99;
	struct bench b;

	(void)state;
	prepare(&b, 250);
	add(&b, port);
	add(&b, port);
	b.race = race_start(&b.targets, &b.config, &b.interest, 0);
	assert_int_equal(settle(&b, 0, &winner), 0);
	assert_int_equal(winner, 0);
	assert_int_equal(b.targets.next, 1); /* nobody else was tried */
	finish(&b);
	close(listener);
}

static void test_refused_makes_room_at_once(void **state)
{
	uint16_t port, closed_port;
	int listener = scripted_listen(&port);
	unsigned winner = 99;
	struct bench b;

	(void)state;
	close(scripted_listen(&closed_port));
	prepare(&b, 0); /* also strictly in order */
	add(&b, closed_port);
	add(&b, closed_port);
	add(&b, port);
	b.race = race_start(&b.targets, &b.config, &b.interest, 0);
	assert_int_equal(settle(&b, 0, &winner), 0);
	assert_int_equal(winner, 2);
	assert_int_equal(b.failed, 2);
	assert_int_equal(b.last_rc, -ECONNREFUSED);
	finish(&b);
	close(listener);
}

static void test_the_next_joins_after_the_stagger(void **state)
{
	uint16_t port;
	int listener = scripted_listen(&port);
	unsigned winner = 99;
	struct stuck stuck;
	struct bench b;

	(void)state;
	prepare(&b, 250);
	add(&b, stuck_open(&stuck));
	add(&b, port);
	b.race = race_start(&b.targets, &b.config, &b.interest, 0);
	assert_int_equal(settle(&b, 0, &winner), ERR_AGAIN);
	assert_int_equal(race_due_ms(b.race), 250);
	assert_int_equal(settle(&b, 249, &winner), ERR_AGAIN);
	assert_int_equal(b.targets.next, 1);
	assert_int_equal(settle(&b, 250, &winner), 0);
	assert_int_equal(winner, 1);
	assert_int_equal(b.failed, 0); /* a loser has not failed */
	finish(&b);
	stuck_close(&stuck);
	close(listener);
}

static void test_in_order_waits_for_the_timeout(void **state)
{
	uint16_t port;
	int listener = scripted_listen(&port);
	unsigned winner = 99;
	struct stuck stuck;
	struct bench b;

	(void)state;
	prepare(&b, 0);
	add(&b, stuck_open(&stuck));
	add(&b, port);
	b.race = race_start(&b.targets, &b.config, &b.interest, 0);
	assert_int_equal(settle(&b, 0, &winner), ERR_AGAIN);
	assert_int_equal(race_due_ms(b.race), 1000);
	assert_int_equal(settle(&b, 999, &winner), ERR_AGAIN);
	assert_int_equal(settle(&b, 1000, &winner), 0);
	assert_int_equal(winner, 1);
	assert_int_equal(b.failed, 1);
	assert_int_equal(b.last_rc, ERR_TIMEOUT);
	finish(&b);
	stuck_close(&stuck);
	close(listener);
}

static void test_all_fail(void **state)
{
	uint16_t closed_port;
	unsigned winner;
	struct bench b;

	(void)state;
	close(scripted_listen(&closed_port));
	prepare(&b, 250);
	for (int i = 0; i < 10; i++)
		add(&b, closed_port);
	b.race = race_start(&b.targets, &b.config, &b.interest, 0);
	assert_int_equal(settle(&b, 0, &winner), -ECONNREFUSED);
	assert_int_equal(b.failed, 10);
	finish(&b);
}

static void test_nothing_to_try(void **state)
{
	unsigned winner;
	struct bench b;

	(void)state;
	prepare(&b, 250);
	b.race = race_start(&b.targets, &b.config, &b.interest, 0);
	assert_int_equal(settle(&b, 0, &winner), ERR_NOTFOUND);
	finish(&b);
}

static void test_never_wider_than_four(void **state)
{
	struct stuck stuck;
	unsigned winner;
	struct bench b;
	uint16_t port;

	(void)state;
	prepare(&b, 10);
	port = stuck_open(&stuck);
	for (int i = 0; i < 8; i++)
		add(&b, port);
	b.race = race_start(&b.targets, &b.config, &b.interest, 0);
	for (int64_t now_ms = 0; now_ms < 200; now_ms += 10)
		race_step(b.race, now_ms);
	assert_int_equal(b.watched.count, RACE_WIDTH_MAX);
	assert_int_equal(b.targets.next, RACE_WIDTH_MAX);
	assert_int_equal(settle(&b, 1500, &winner), ERR_AGAIN);
	assert_int_equal(b.failed, RACE_WIDTH_MAX);
	finish(&b);
	stuck_close(&stuck);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_wins),
		cmocka_unit_test(test_refused_makes_room_at_once),
		cmocka_unit_test(test_the_next_joins_after_the_stagger),
		cmocka_unit_test(test_in_order_waits_for_the_timeout),
		cmocka_unit_test(test_all_fail),
		cmocka_unit_test(test_nothing_to_try),
		cmocka_unit_test(test_never_wider_than_four),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
