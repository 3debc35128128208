/*
 * gate.h - the comet of this node: its worker threads and what they share
 * (directory, rooms, addresses, the number of open connections). The main
 * thread makes, commands and frees it; gate_tcp.h is one worker's part.
 */
#ifndef PERI_COMET_AGENT_GATE_H
#define PERI_COMET_AGENT_GATE_H

#include <stdatomic.h>

#include "comet-agent/session.h"
#include "comet-agent/session_table.h"
#include "lib/net/conn.h"
#include "lib/net/mailbox.h"

struct gate_config {
	struct session_config session;
	struct addr listen_at;
	uint16_t listen_port;	   /* 0 = any */
	unsigned worker_count;	   /* 1..SESSION_TABLE_WORKERS_MAX */
	uint32_t capacity;	   /* connections, hard */
	uint32_t max_conns_per_ip; /* 0 = no limit; IPv6: per /64 */
	struct conn_limits conn;
};

/* What all workers see. Constant but for the atomics and the tables, which
 * have locks of their own. */
struct gate_shared {
	struct gate_config config;
	struct directory *directory;
	struct headcount *rooms, *peers;
	_Atomic uint32_t open;	     /* connections, all workers */
	_Atomic bool is_refusing;    /* draining: accept and close */
	_Atomic uint16_t bound_port; /* of the first worker's listener */
	/* Where messages for a worker go; set before its listener opens. */
	_Atomic(struct mailbox *) boxes[SESSION_TABLE_WORKERS_MAX];
	/* The worker's counters; set once. */
	_Atomic(struct tally *) tallies[SESSION_TABLE_WORKERS_MAX];
};

struct gate;

/*
 * gate_start - start the workers and listen.
 *
 * @config  copied; texts in it are borrowed and outlive the gate
 *
 * Returns 0 and *@gate_r, owned by the caller, or -errno of the listeners.
 */
MUST_CHECK int gate_start(const struct gate_config *config,
			  struct gate **gate_r);
/* gate_free - close every session (CLOSE_SHUTDOWN), end the threads. */
void gate_free(struct gate **gate);

/* gate_port - the bound port. */
uint16_t gate_port(const struct gate *gate);
/* gate_open_conns - connections open now. */
uint32_t gate_open_conns(const struct gate *gate);

/* gate_drain - refuse new clients and let the others go evenly within
 * @duration_ms from now; while it is on, a call changes the pace. */
void gate_drain(struct gate *gate, int64_t duration_ms);
/* gate_undrain - take clients again. */
void gate_undrain(struct gate *gate);
/* gate_is_draining - between the two. */
bool gate_is_draining(const struct gate *gate);
/* gate_shed - let @pct_per_min percent of the clients go each minute, picked by
 * their keys, and go on taking new ones; 0 = no more. */
void gate_shed(struct gate *gate, unsigned pct_per_min);
/* gate_close_listeners - accept nothing any more; for the end. */
void gate_close_listeners(struct gate *gate);

/* gate_kick - close the session with this number (CLOSE_KICKED), if it is
 * still there. */
void gate_kick(struct gate *gate, uint64_t number);

/* gate_directory - for look-ups. Borrowed. */
struct directory *gate_directory(struct gate *gate);
/* gate_room_count - different rooms. */
size_t gate_room_count(struct gate *gate);
/* gate_sum - all workers' counters added up into @sum_r. */
void gate_sum(const struct gate *gate, struct tally *sum_r);
/* gate_refused_total - connections refused, all reasons. */
uint64_t gate_refused_total(const struct gate *gate);

#endif
