/*
 * gate_tcp.h - one worker of the gate: its listener, connections, sessions,
 * deadlines and drain. Everything here runs on the worker's thread; others
 * send it messages.
 */
#ifndef PERI_COMET_AGENT_GATE_TCP_H
#define PERI_COMET_AGENT_GATE_TCP_H

#include "comet-agent/gate.h"
#include "lib/svc/worker.h"

enum gate_tcp_command {
	GATE_TCP_CLOSE, /* one session */
	GATE_TCP_DRAIN, /* let all go within duration_ms */
	GATE_TCP_UNDRAIN,
	GATE_TCP_SHED, /* pct_per_min of all, 0 = no more */
	GATE_TCP_STOP_LISTENING,
	GATE_TCP_QUIESCE, /* close everything, then post done */
};

struct gate_tcp_message {
	enum gate_tcp_command command;
	uint64_t number;	  /* CLOSE */
	enum close_reason reason; /* CLOSE */
	int64_t duration_ms;	  /* DRAIN */
	unsigned pct_per_min;	  /* SHED */
	void *done;		  /* QUIESCE: a sem_t of the waiting thread */
};

/* gate_tcp_post - send a copy of @message to worker @index. Any thread; the
 * worker has not been quiesced. */
void gate_tcp_post(struct gate_shared *shared, unsigned index,
		   const struct gate_tcp_message *message);

/* gate_tcp_role - what lib/svc/worker runs; its arg is a struct gate_shared. */
const struct worker_role *gate_tcp_role(void);

#endif
