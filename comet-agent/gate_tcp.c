/*
 * gate_tcp.c - a worker's thread: accept, read, hand to session.c, write,
 * close. Invariant: shared.open counts exactly the sessions of all workers; a
 * session is freed in the same turn in which its connection is given up.
 */
#include "comet-agent/gate_tcp.h"

#include <semaphore.h>
#include <unistd.h>

#include "comet-agent/drain.h"
#include "comet-agent/shed.h"
#include "lib/base/clk.h"
#include "lib/base/mem.h"
#include "lib/net/listener.h"

/* Output of one read: some full-size replies fit, then it is sent. */
#define OUT_BYTES     (4 * SESSION_REPLY_MAX)
/* A drain closes a few sessions each time. */
#define DRAIN_TICK_MS 20
/* Shedding looks at a part of the sessions each time: all in 2 s. */
#define SHED_TICK_MS  50
#define SHED_PARTS    40
/* How long a client that was told to go may stay to read it. */
#define LINGER_MS     1000
/* When a client that was sent away may come back to this node. */
#define RETRY_MS      1000
/* IPv6: a client owns a /64. */
#define PEER_V6_BYTES 8

struct gate_tcp {
	struct gate_shared *shared;
	struct session_env env;
	struct loop *loop;
	struct listener *listener;     /* NULL once closed */
	struct loop_timer *tick;       /* deadlines */
	struct loop_timer *drain_tick; /* runs while draining */
	struct session_table *table;
	struct mailbox *box;
	struct drain drain;
	size_t drain_cursor;
	struct loop_timer *shed_tick; /* runs while shedding */
	struct shed shed;
	size_t shed_cursor;
	size_t leaving_count; /* sessions that were sent away */
	unsigned index;
	struct buf out; /* over out_bytes */
	char out_bytes[OUT_BYTES];
};

/* Which worker a session belongs to is known by its thread: a connection's
 * argument is the session, and this finds the worker behind it. */
struct gate_session {
	struct session session; /* first: number and deadline lead here */
	struct gate_tcp *gate;
};

static struct gate_session *of_session(struct session *session)
{
	return CONTAINER_OF(session, struct gate_session, session);
}

static void take_time(struct gate_tcp *gate)
{
	gate->env.now_ms = loop_now_ms(gate->loop);
	gate->env.now_wall_s = clk_wall_s();
}

/* Give up all but the connection. */
static void forget(struct gate_tcp *gate, struct session *session,
		   enum close_reason reason)
{
	struct headcount_name *peer = session->peer;

	if (session->is_leaving) {
		gate->leaving_count--;
		reason = CLOSE_DRAIN; /* however it went in the end */
	}
	session_table_del(gate->table, session->number);
	session_end(&gate->env, session, reason);
	if (peer)
		headcount_leave(gate->shared->peers, peer);
	atomic_fetch_sub_explicit(&gate->shared->open, 1, memory_order_relaxed);
	mem_free(of_session(session));
}

static void close_session(struct gate_tcp *gate, struct session *session,
			  enum close_reason reason)
{
	conn_close(session->conn);
	forget(gate, session, reason);
}

/* A drained client that wants to know is told, and has a moment to read it
 * and to close; what it still says is not read. */
static void send_away(struct gate_tcp *gate, struct session *session)
{
	tally_add(&gate->env.tally->drained, 1);
	buf_reset(&gate->out);
	session_put_goodbye(&gate->env, session, "drain", RETRY_MS, &gate->out);
	if (gate->out.len == 0) {
		close_session(gate, session, CLOSE_DRAIN);
		return;
	}
	session->is_leaving = true;
	gate->leaving_count++;
	heartbeat_timer_set(gate->env.timer, &session->deadline,
			    gate->env.now_ms + LINGER_MS);
	conn_send(session->conn, buf_view(&gate->out));
}

static void evict(uint64_t number, void *arg)
{
	struct gate_tcp *gate = arg;
	struct gate_tcp_message message = {.command = GATE_TCP_CLOSE,
					   .number = number,
					   .reason = CLOSE_REPLACED};
	struct session *session;

	if (session_table_worker(number) != gate->index) {
		gate_tcp_post(gate->shared, session_table_worker(number),
			      &message);
		return;
	}
	session = session_table_find(gate->table, number);
	if (session)
		close_session(gate, session, CLOSE_REPLACED);
}

static size_t on_data(struct conn *conn, struct sv bytes, void *arg)
{
	struct gate_session *client = arg;
	struct gate_tcp *gate = client->gate;
	struct addr peer = {.family = ADDR_NONE};
	enum close_reason reason;
	size_t used = 0, more;
	uint16_t port;

	if (client->session.is_leaving)
		return bytes.len;
	take_time(gate);
	if (!client->session.entry)
		conn_peer(conn, &peer, &port);
	do {
		buf_reset(&gate->out);
		more = session_feed(&gate->env, &client->session, &peer,
				    sv_of(bytes.ptr + used, bytes.len - used),
				    &gate->out, &reason);
		used += more;
		if (gate->out.len)
			conn_send(conn, buf_view(&gate->out));
	} while (more && reason == CLOSE_NONE);
	if (reason != CLOSE_NONE)
		close_session(gate, &client->session, reason);
	return used;
}

static void on_end(struct conn *conn, enum conn_end why, void *arg)
{
	static const enum close_reason reasons[] = {
		[CONN_END_EOF] = CLOSE_PEER,
		[CONN_END_ERROR] = CLOSE_ERROR,
		[CONN_END_OVERFLOW] = CLOSE_OVERFLOW,
	};
	struct gate_session *client = arg;

	(void)conn;
	take_time(client->gate);
	forget(client->gate, &client->session, reasons[why]);
}

static const struct conn_handler handler = {.data = on_data, .end = on_end};

static void refuse(struct gate_tcp *gate, int fd, enum refusal why)
{
	tally_add(&gate->env.tally->refused[why], 1);
	close(fd);
}

/* Count the connection against the node's hard capacity, or say no. */
static bool take_place(struct gate_shared *shared)
{
	if (atomic_fetch_add_explicit(&shared->open, 1, memory_order_relaxed) <
	    shared->config.capacity)
		return true;
	atomic_fetch_sub_explicit(&shared->open, 1, memory_order_relaxed);
	return false;
}

/* NULL in *@peer_r and true when addresses are not counted. */
static bool take_peer(struct gate_shared *shared, const struct addr *addr,
		      struct headcount_name **peer_r)
{
	struct sv name =
		sv_of(addr->bytes, addr->family == ADDR_V4 ? 4 : PEER_V6_BYTES);

	*peer_r = NULL;
	if (shared->config.max_conns_per_ip == 0)
		return true;
	*peer_r = headcount_join(shared->peers, name,
				 shared->config.max_conns_per_ip);
	return *peer_r != NULL;
}

static void on_accept(int fd, const struct addr *addr, uint16_t port, void *arg)
{
	struct gate_tcp *gate = arg;
	struct gate_shared *shared = gate->shared;
	struct headcount_name *peer;
	struct gate_session *client;

	(void)port;
	if (shared->is_refusing) {
		refuse(gate, fd, REFUSAL_DRAINING);
		return;
	}
	if (!take_place(shared)) {
		refuse(gate, fd, REFUSAL_CAPACITY);
		return;
	}
	if (!take_peer(shared, addr, &peer)) {
		atomic_fetch_sub_explicit(&shared->open, 1,
					  memory_order_relaxed);
		refuse(gate, fd, REFUSAL_PER_ADDRESS);
		return;
	}
	take_time(gate);
	client = mem_alloc(sizeof(*client));
	client->gate = gate;
	client->session.peer = peer;
	client->session.number =
		session_table_add(gate->table, &client->session);
	session_begin(&gate->env, &client->session);
	client->session.conn = conn_new(gate->loop, fd, &handler,
					&shared->config.conn, client);
}

static void on_deadline(struct heartbeat_deadline *deadline, void *arg)
{
	struct session *session =
		CONTAINER_OF(deadline, struct session, deadline);

	close_session(arg, session,
		      session->entry ? CLOSE_IDLE : CLOSE_AUTH_TIMEOUT);
}

static void on_tick(void *arg)
{
	struct gate_tcp *gate = arg;

	take_time(gate);
	heartbeat_timer_turn(gate->env.timer, gate->env.now_ms, on_deadline,
			     gate);
}

static size_t staying(const struct gate_tcp *gate)
{
	return session_table_count(gate->table) - gate->leaving_count;
}

static void on_drain_tick(void *arg)
{
	struct gate_tcp *gate = arg;
	struct session *session;
	size_t due;

	take_time(gate);
	due = drain_due(&gate->drain, staying(gate), gate->env.now_ms);
	while (due > 0) {
		session = session_table_next(gate->table, &gate->drain_cursor);
		if (!session) {
			gate->drain_cursor = 0; /* some stay, behind us */
		} else if (!session->is_leaving) {
			send_away(gate, session);
			due--;
		}
	}
}

static void on_shed_tick(void *arg)
{
	struct gate_tcp *gate = arg;
	size_t left = session_table_count(gate->table) / SHED_PARTS + 1;
	struct session *session;

	take_time(gate);
	while (left-- > 0) {
		session = session_table_next(gate->table, &gate->shed_cursor);
		if (!session) {
			gate->shed_cursor = 0;
			shed_pass(&gate->shed, gate->env.now_ms);
			return;
		}
		if (session->entry && !session->is_leaving &&
		    shed_takes(&gate->shed, session->shed_place))
			send_away(gate, session);
	}
}

static void set_shed(struct gate_tcp *gate, unsigned pct_per_min)
{
	shed_set(&gate->shed, pct_per_min, gate->env.now_ms);
	if (pct_per_min > 0)
		loop_timer_every(gate->shed_tick, SHED_TICK_MS);
	else
		loop_timer_stop(gate->shed_tick);
}

static void close_all(struct gate_tcp *gate)
{
	struct session *session;
	size_t cursor = 0;

	take_time(gate);
	while ((session = session_table_next(gate->table, &cursor)))
		close_session(gate, session, CLOSE_SHUTDOWN);
}

static void on_message(void *message, void *arg)
{
	struct gate_tcp_message *m = message;
	struct gate_tcp *gate = arg;
	struct session *session;

	take_time(gate);
	switch (m->command) {
	case GATE_TCP_CLOSE:
		session = session_table_find(gate->table, m->number);
		if (session)
			close_session(gate, session, m->reason);
		break;
	case GATE_TCP_DRAIN:
		drain_start(&gate->drain, staying(gate), m->duration_ms,
			    gate->env.now_ms);
		loop_timer_every(gate->drain_tick, DRAIN_TICK_MS);
		break;
	case GATE_TCP_UNDRAIN:
		drain_stop(&gate->drain);
		loop_timer_stop(gate->drain_tick);
		break;
	case GATE_TCP_SHED:
		set_shed(gate, m->pct_per_min);
		break;
	case GATE_TCP_STOP_LISTENING:
		listener_free(&gate->listener);
		break;
	case GATE_TCP_QUIESCE:
		listener_free(&gate->listener);
		close_all(gate);
		sem_post(m->done);
		break;
	}
	mem_free(m);
}

void gate_tcp_post(struct gate_shared *shared, unsigned index,
		   const struct gate_tcp_message *message)
{
	mailbox_post(shared->boxes[index], mem_dup(message, sizeof(*message)));
}

static int open_listener(struct gate_tcp *gate)
{
	struct gate_shared *shared = gate->shared;
	uint16_t port =
		gate->index ? shared->bound_port : shared->config.listen_port;
	int rc = listener_new(gate->loop, &shared->config.listen_at, port,
			      on_accept, gate, &gate->listener);

	if (!rc)
		shared->bound_port = listener_port(gate->listener);
	return rc;
}

static void gate_tcp_free(struct gate_tcp *gate)
{
	listener_free(&gate->listener);
	loop_timer_free(&gate->tick);
	loop_timer_free(&gate->drain_tick);
	loop_timer_free(&gate->shed_tick);
	mailbox_free(&gate->box);
	session_table_free(&gate->table);
	heartbeat_timer_free(&gate->env.timer);
	mem_free(gate);
}

static void fill_env(struct gate_tcp *gate)
{
	struct gate_shared *shared = gate->shared;

	gate->env = (struct session_env){
		.config = &shared->config.session,
		.directory = shared->directory,
		.rooms = shared->rooms,
		.timer = heartbeat_timer_new(loop_now_ms(gate->loop)),
		.tally = mem_alloc(sizeof(struct tally)),
		.evict = evict,
		.evict_arg = gate};
	/* Outlives the worker: /metrics may read it to the end. */
	shared->tallies[gate->index] = gate->env.tally;
}

static int start(struct loop *loop, unsigned index, void *arg, void **state_r)
{
	struct gate_tcp *gate = mem_alloc(sizeof(*gate));
	int rc;

	gate->shared = arg;
	gate->loop = loop;
	gate->index = index;
	buf_init_fixed(&gate->out, gate->out_bytes, sizeof(gate->out_bytes));
	gate->table = session_table_new(index);
	fill_env(gate);
	rc = mailbox_new(loop, on_message, gate, &gate->box);
	if (rc)
		goto err_free;
	/* Before the first session that another worker could replace. */
	gate->shared->boxes[index] = gate->box;
	gate->tick = loop_timer_new(loop, on_tick, gate);
	gate->drain_tick = loop_timer_new(loop, on_drain_tick, gate);
	gate->shed_tick = loop_timer_new(loop, on_shed_tick, gate);
	loop_timer_every(gate->tick, HEARTBEAT_TIMER_TICK_MS);
	rc = open_listener(gate);
	if (rc)
		goto err_free;
	*state_r = gate;
	return 0;
err_free:
	gate_tcp_free(gate);
	return rc;
}

static void stop(void *state)
{
	gate_tcp_free(state);
}

const struct worker_role *gate_tcp_role(void)
{
	static const struct worker_role role = {.start = start, .stop = stop};

	return &role;
}
