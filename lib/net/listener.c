/*
 * listener.c - a listening socket on its loop. Accepts in batches; without a
 * free descriptor it gives one connection up through a spare one (so that the
 * peer learns) and pauses.
 */
#include "lib/net/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

#define BACKLOG	 4096 /* the kernel cuts it to somaxconn */
#define BATCH	 64   /* accepts a turn: others on the loop want theirs */
#define PAUSE_MS 100

struct listener {
	struct loop *loop; /* borrowed */
	int fd;
	int spare_fd; /* given up when descriptors run out; -1 = gone */
	uint16_t port;
	int await_s; /* how long for input before a connection comes */
	struct event readable;
	struct loop_timer *resume; /* owned */
	listener_accept_cb *cb;
	void *arg;
	uint64_t pauses;
	struct log_rate rate;
};

static int spare_open(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_resume(void *arg)
{
	struct listener *listener = arg;

	if (listener->spare_fd < 0)
		listener->spare_fd = spare_open();
	event_add(&listener->readable, NULL);
}

/* Out of descriptors or memory: rest a moment instead of spinning. */
static void rest(struct listener *listener, int rc)
{
	uint32_t dropped;

	if ((rc == -EMFILE || rc == -ENFILE) && listener->spare_fd >= 0) {
		int fd;

		close(listener->spare_fd);
		fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
		listener->spare_fd = spare_open();
	}
	listener->pauses++;
	event_del(&listener->readable);
	loop_timer_once(listener->resume, PAUSE_MS);
	if (log_rate_pass(&listener->rate, loop_now_ms(listener->loop),
			  &dropped))
		log_warn("listener.pause port=%u errno=%d dropped=%u",
			 listener->port, -rc, dropped);
}

/* Errors of one connection that died in the queue, not of the listener. */
static bool is_of_peer(int error)
{
	return error == ECONNABORTED || error == EINTR || error == EPROTO ||
	       error == ENETDOWN || error == EHOSTUNREACH ||
	       error == ENETUNREACH || error == EHOSTDOWN || error == EPERM;
}

/*
 * How many connections wait, by what ss(8) shows as Recv-Q. One accept4() too
 * many makes a file and a socket only to throw them away, which costs as much
 * as a third of a connection's life.
 */
static unsigned waiting(const struct listener *listener)
{
	struct tcp_info info;
	socklen_t len = offsetof(struct tcp_info, tcpi_sacked);

	if (getsockopt(listener->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
	    info.tcpi_unacked == 0)
		return 1; /* the event said so, or accept4() will say no */
	return info.tcpi_unacked;
}

/* Accepts up to @count. Returns whether there may be more. */
static bool accept_some(struct listener *listener, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct sockaddr_storage name;
		socklen_t len = sizeof(name);
		struct addr peer = {.family = ADDR_NONE};
		uint16_t port = 0;
		int conn_fd = accept4(listener->fd, (struct sockaddr *)&name,
				      &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn_fd < 0) {
			if (errno == EAGAIN || errno == EWOULDBLOCK)
				return false;
			if (is_of_peer(errno))
				continue;
			rest(listener, -errno);
			return false;
		}
		if (addr_from_sockaddr((struct sockaddr *)&name, &peer, &port))
			peer.family = ADDR_NONE;
		listener->cb(conn_fd, &peer, port, listener->arg);
	}
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	unsigned count = waiting(listener);

	(void)fd;
	(void)what;
	(void)accept_some(listener, count < BATCH ? count : BATCH);
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno
								      : 0;
}

/* Workers share a port among themselves; nobody else is to. */
enum sharing { SHARED, EXCLUSIVE };

/* A socket bound to @at; *@fd_r is closed again on an error. */
static int bind_socket(const struct addr *at, uint16_t port,
		       enum sharing sharing, int *fd_r)
{
	struct sockaddr_storage name;
	socklen_t len = addr_to_sockaddr(at, port, &name);
	int fd = socket(name.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (rc == 0 && sharing == SHARED)
		rc = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	/* Accepted sockets inherit this: one system call less for each. */
	if (rc == 0)
		rc = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (rc == 0 && name.ss_family == AF_INET6)
		rc = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
				at->family == ADDR_V6);
	if (rc == 0 && (bind(fd, (struct sockaddr *)&name, len) < 0 ||
			listen(fd, BACKLOG) < 0))
		rc = -errno;
	if (rc)
		close(fd);
	else
		*fd_r = fd;
	return rc;
}

/* As bind_socket(), also on a kernel without IPv6. */
static int bind_any(const struct addr *at, uint16_t port, enum sharing sharing,
		    int *fd_r)
{
	const struct addr any_v4 = {.family = ADDR_V4};
	int rc = bind_socket(at, port, sharing, fd_r);

	if (rc == -EAFNOSUPPORT && at->family == ADDR_NONE)
		rc = bind_socket(&any_v4, port, sharing, fd_r);
	return rc;
}

int listener_probe(const struct addr *at, uint16_t port)
{
	int fd = -1;
	int rc = bind_any(at, port, EXCLUSIVE, &fd);

	if (rc == 0)
		close(fd);
	return rc;
}

static int bound_port(int fd, uint16_t *port_r)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct addr addr;

	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0)
		return -errno;
	return addr_from_sockaddr((struct sockaddr *)&name, &addr, port_r);
}

int listener_new(struct loop *loop, const struct addr *at, uint16_t port,
		 listener_accept_cb *cb, void *arg,
		 struct listener **listener_r)
{
	struct listener *listener;
	uint16_t bound = 0;
	int fd = -1;
	int rc = bind_any(at, port, SHARED, &fd);

	if (rc)
		return rc;
	rc = bound_port(fd, &bound);
	if (rc) {
		close(fd);
		return rc;
	}
	listener = mem_alloc(sizeof(*listener));
	listener->loop = loop;
	listener->fd = fd;
	listener->port = bound;
	listener->spare_fd = spare_open();
	listener->cb = cb;
	listener->arg = arg;
	listener->resume = loop_timer_new(loop, on_resume, listener);
	event_assign(&listener->readable, loop_base(loop), fd,
		     EV_READ | EV_PERSIST, on_readable, listener);
	event_add(&listener->readable, NULL);
	*listener_r = listener;
	return 0;
}

static void set_await_s(struct listener *listener, int await_s)
{
	if (listener->await_s == await_s)
		return;
	listener->await_s = await_s;
	/* Without it connections come as they always do. */
	(void)!set_option(listener->fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, await_s);
}

void listener_await_input(struct listener *listener)
{
	set_await_s(listener, 1);
}

void listener_accept_at_once(struct listener *listener)
{
	set_await_s(listener, 0);
}

void listener_drain(struct listener *listener)
{
	/* Drops a SYN without an ACK, the beginning of a new connection. The
	 * kernel shows the filter the segment from the TCP header on; the 14th
	 * byte has the flags. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {ARRAY_LEN(code), code};

	listener_accept_at_once(listener);
	/* Where it is forbidden new ones are accepted until the end. */
	if (setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) < 0)
		log_info("listener.drain port=%u errno=%d", listener->port,
			 errno);
}

void listener_finish(struct listener **listener)
{
	/* Without the filter there might be no end of them. */
	for (int i = 0; *listener && i < 2 * BACKLOG / BATCH; i++) {
		if (!accept_some(*listener, BATCH))
			break;
	}
	listener_free(listener);
}

void listener_free(struct listener **listener_ptr)
{
	struct listener *listener = *listener_ptr;

	if (!listener)
		return;
	*listener_ptr = NULL;
	event_del(&listener->readable);
	loop_timer_free(&listener->resume);
	close(listener->fd);
	if (listener->spare_fd >= 0)
		close(listener->spare_fd);
	mem_free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
	return listener->port;
}

uint64_t listener_pauses(const struct listener *listener)
{
	return listener->pauses;
}
