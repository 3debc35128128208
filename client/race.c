/*
 * race.c - staggered connects. One thread. Invariant: the attempts that are
 * open are the first `open_count` of the array.
 */
#include "client/race.h"

#include <unistd.h>

#include "client/dial.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct attempt {
	int fd;
	int64_t due_ms; /* its connect timeout */
	const struct target *target;
};

struct race {
	struct attempt attempts[RACE_WIDTH_MAX];
	unsigned open_count;
	int result;
	int64_t next_start_ms; /* when the next may join */
	int winner_fd;
	const struct target *winner;
	struct targets *targets;	  /* borrowed */
	const struct race_config *config; /* borrowed */
	const struct interest *interest;  /* borrowed */
};

static void report(struct race *race, const struct target *target, int rc)
{
	race->result = rc;
	if (race->config->failed)
		race->config->failed(target, rc, race->config->arg);
}

static void drop(struct race *race, unsigned i)
{
	interest_set(race->interest, race->attempts[i].fd, INTEREST_NONE);
	close(race->attempts[i].fd);
	race->attempts[i] = race->attempts[--race->open_count];
}

static bool has_more(const struct race *race)
{
	return race->targets->next < race->targets->count &&
	       race->open_count < RACE_WIDTH_MAX;
}

/* Whether the next address is to be tried now. */
static bool is_next_due(const struct race *race, int64_t now_ms)
{
	if (!has_more(race))
		return false;
	if (race->open_count == 0)
		return true;
	return race->config->stagger_ms > 0 && now_ms >= race->next_start_ms;
}

static void start_next(struct race *race, int64_t now_ms)
{
	const struct target *target =
		&race->targets->list[race->targets->next++];
	struct attempt *attempt = &race->attempts[race->open_count];
	int rc = dial_start(&target->addr, target->port, &attempt->fd);

	race->next_start_ms = now_ms + race->config->stagger_ms;
	if (rc != 0) {
		report(race, target, rc);
		return;
	}
	attempt->target = target;
	attempt->due_ms = now_ms + race->config->connect_timeout_ms;
	race->open_count++;
	interest_set(race->interest, attempt->fd, INTEREST_WRITE);
}

struct race *race_start(struct targets *targets,
			const struct race_config *config,
			const struct interest *interest, int64_t now_ms)
{
	struct race *race = mem_alloc(sizeof(*race));

	race->targets = targets;
	race->config = config;
	race->interest = interest;
	race->winner_fd = -1;
	race->result = ERR_NOTFOUND;
	race_step(race, now_ms);
	return race;
}

void race_free(struct race **race)
{
	struct race *r = *race;

	if (!r)
		return;
	while (r->open_count > 0)
		drop(r, r->open_count - 1);
	if (r->winner_fd >= 0)
		close(r->winner_fd);
	mem_free(r);
	*race = NULL;
}

/* The first in the list's order wins when several connected at once. */
static void check_attempts(struct race *race, int64_t now_ms)
{
	unsigned i = 0;

	while (i < race->open_count) {
		struct attempt *a = &race->attempts[i];
		const struct target *target = a->target;
		int rc = dial_check(a->fd);

		if (rc == ERR_AGAIN && now_ms >= a->due_ms)
			rc = ERR_TIMEOUT;
		if (rc == ERR_AGAIN) {
			i++;
			continue;
		}
		if (rc == 0 && (!race->winner || target < race->winner)) {
			if (race->winner_fd >= 0)
				close(race->winner_fd);
			race->winner = target;
			race->winner_fd = a->fd;
			interest_set(race->interest, a->fd, INTEREST_NONE);
			race->attempts[i] = race->attempts[--race->open_count];
			continue;
		}
		drop(race, i);
		if (rc != 0)
			report(race, target, rc);
	}
}

void race_step(struct race *race, int64_t now_ms)
{
	check_attempts(race, now_ms);
	while (!race->winner && is_next_due(race, now_ms))
		start_next(race, now_ms);
}

int64_t race_due_ms(const struct race *race)
{
	int64_t due_ms = INT64_MAX;

	for (unsigned i = 0; i < race->open_count; i++) {
		if (race->attempts[i].due_ms < due_ms)
			due_ms = race->attempts[i].due_ms;
	}
	if (has_more(race) && race->config->stagger_ms > 0 &&
	    race->next_start_ms < due_ms)
		due_ms = race->next_start_ms;
	return race->winner ? 0 : due_ms;
}

int race_take(struct race *race, const struct target **target_r, int *fd_r)
{
	if (race->winner_fd >= 0) {
		*target_r = race->winner;
		*fd_r = race->winner_fd;
		race->winner_fd = -1;
		return 0;
	}
	if (race->open_count > 0 || has_more(race))
		return ERR_AGAIN;
	return race->result;
}
