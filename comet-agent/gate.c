/*
 * gate.c - starts, commands and ends the workers. Main thread. Invariant: no
 * worker is ended before all of them have let go of their sessions, so that
 * nobody posts to a mailbox that is gone.
 */
#include "comet-agent/gate.h"

#include <assert.h>
#include <semaphore.h>
#include <string.h>

#include "comet-agent/gate_tcp.h"
#include "lib/base/mem.h"

struct gate {
	struct gate_shared shared;
	struct worker *workers[SESSION_TABLE_WORKERS_MAX];
	unsigned started;
};

/* Close all sessions of all workers and wait until they are closed. */
static void quiesce(struct gate *gate)
{
	struct gate_tcp_message message = {.command = GATE_TCP_QUIESCE};
	sem_t done;

	sem_init(&done, 0, 0);
	message.done = &done;
	for (unsigned i = 0; i < gate->started; i++)
		gate_tcp_post(&gate->shared, i, &message);
	for (unsigned i = 0; i < gate->started; i++)
		while (sem_wait(&done) < 0)
			; /* interrupted by a signal: wait on */
	sem_destroy(&done);
}

static void post_all(struct gate *gate, const struct gate_tcp_message *message)
{
	for (unsigned i = 0; i < gate->started; i++)
		gate_tcp_post(&gate->shared, i, message);
}

int gate_start(const struct gate_config *config, struct gate **gate_r)
{
	struct gate *gate = mem_alloc(sizeof(*gate));
	int rc;

	assert(config->worker_count >= 1 &&
	       config->worker_count <= SESSION_TABLE_WORKERS_MAX);
	gate->shared.config = *config;
	gate->shared.directory = directory_new();
	gate->shared.rooms = headcount_new();
	gate->shared.peers = headcount_new();
	/* One after the other: the first one's port is the others' too. */
	for (unsigned i = 0; i < config->worker_count; i++) {
		rc = worker_start(gate_tcp_role(), i, &gate->shared,
				  &gate->workers[i]);
		if (rc)
			goto err_free;
		gate->started++;
	}
	*gate_r = gate;
	return 0;
err_free:
	gate_free(&gate);
	return rc;
}

void gate_free(struct gate **gate)
{
	struct gate *g = *gate;

	if (!g)
		return;
	quiesce(g);
	for (unsigned i = 0; i < g->started; i++)
		worker_stop(&g->workers[i]);
	directory_free(&g->shared.directory);
	headcount_free(&g->shared.rooms);
	headcount_free(&g->shared.peers);
	for (unsigned i = 0; i < SESSION_TABLE_WORKERS_MAX; i++)
		mem_free(g->shared.tallies[i]);
	mem_free(g);
	*gate = NULL;
}

uint16_t gate_port(const struct gate *gate)
{
	return gate->shared.bound_port;
}

uint32_t gate_open_conns(const struct gate *gate)
{
	return atomic_load_explicit(&gate->shared.open, memory_order_relaxed);
}

void gate_drain(struct gate *gate, int64_t duration_ms)
{
	struct gate_tcp_message message = {.command = GATE_TCP_DRAIN,
					   .duration_ms = duration_ms};

	gate->shared.is_refusing = true;
	post_all(gate, &message);
}

void gate_undrain(struct gate *gate)
{
	struct gate_tcp_message message = {.command = GATE_TCP_UNDRAIN};

	gate->shared.is_refusing = false;
	post_all(gate, &message);
}

bool gate_is_draining(const struct gate *gate)
{
	return gate->shared.is_refusing;
}

void gate_shed(struct gate *gate, unsigned pct_per_min)
{
	struct gate_tcp_message message = {.command = GATE_TCP_SHED,
					   .pct_per_min = pct_per_min};

	post_all(gate, &message);
}

void gate_close_listeners(struct gate *gate)
{
	struct gate_tcp_message message = {.command = GATE_TCP_STOP_LISTENING};

	post_all(gate, &message);
}

void gate_kick(struct gate *gate, uint64_t number)
{
	struct gate_tcp_message message = {.command = GATE_TCP_CLOSE,
					   .number = number,
					   .reason = CLOSE_KICKED};

	assert(session_table_worker(number) < gate->started);
	gate_tcp_post(&gate->shared, session_table_worker(number), &message);
}

struct directory *gate_directory(struct gate *gate)
{
	return gate->shared.directory;
}

size_t gate_room_count(struct gate *gate)
{
	return headcount_names(gate->shared.rooms);
}

/* A tally is nothing but counters: it is added up as an array of them. */
_Static_assert(sizeof(struct tally) % sizeof(tally_count) == 0,
	       "struct tally holds counters only");

void gate_sum(const struct gate *gate, struct tally *sum_r)
{
	tally_count *into = (tally_count *)sum_r;

	memset(sum_r, 0, sizeof(*sum_r));
	for (unsigned i = 0; i < gate->started; i++) {
		const tally_count *from =
			(const tally_count *)gate->shared.tallies[i];

		for (size_t n = 0; n < sizeof(*sum_r) / sizeof(*into); n++)
			tally_add(&into[n], tally_get(&from[n]));
	}
}

uint64_t gate_refused_total(const struct gate *gate)
{
	struct tally sum;
	uint64_t total = 0;

	gate_sum(gate, &sum);
	for (unsigned i = 0; i < REFUSAL_COUNT; i++)
		total += tally_get(&sum.refused[i]);
	return total;
}
