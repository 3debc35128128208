/*
 * syscalls_constant.c - what any server pays: waits, reads what came on all
 * connections, sends each one the same bytes. No HTTP is read. Only
 * tests/bench/resolve.py runs it.
 *
 * syscalls_constant PORT BODY_BYTES
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64

struct text {
	char *bytes;
	size_t len;
};

static int listen_at(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, SOMAXCONN))
		return -1;
	return fd;
}

static void watch(int poll_fd, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		exit(1);
}

static void accept_all(int poll_fd, int listen_fd)
{
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		watch(poll_fd, fd, EPOLLIN | EPOLLET);
}

static void turn(int poll_fd, int listen_fd, const struct text *answer)
{
	struct epoll_event events[EVENTS];
	int asked[EVENTS], count = 0;
	int ready = epoll_wait(poll_fd, events, EVENTS, -1);
	char request[4096];

	for (int i = 0; i < ready; i++) {
		int fd = events[i].data.fd;

		if (fd == listen_fd)
			accept_all(poll_fd, listen_fd);
		else if (recv(fd, request, sizeof(request), 0) > 0)
			asked[count++] = fd;
		else
			close(fd);
	}
	for (int i = 0; i < count; i++)
		(void)!send(asked[i], answer->bytes, answer->len, MSG_NOSIGNAL);
}

static struct text answer_of(int body_bytes)
{
	/* As long as the heads of the others. */
	static const char head[] =
		"HTTP/1.1 200 OK\r\nServer: syscalls\r\n"
		"Content-Type: application/json\r\n"
		"Cache-Control: private, max-age=60, stale-if-error=86400\r\n"
		"Access-Control-Allow-Origin: *\r\nContent-Length: %d\r\n\r\n";
	size_t room = sizeof(head) + 16 + (size_t)body_bytes;
	struct text answer = {.bytes = malloc(room)};

	if (!answer.bytes)
		exit(1);
	answer.len = (size_t)snprintf(answer.bytes, room, head, body_bytes);
	memset(answer.bytes + answer.len, 'x', (size_t)body_bytes);
	answer.len += (size_t)body_bytes;
	return answer;
}

int main(int argc, char **argv)
{
	int poll_fd = epoll_create1(0), listen_fd;
	struct text answer;

	if (argc != 3 || poll_fd < 0)
		return 2;
	listen_fd = listen_at(atoi(argv[1]));
	if (listen_fd < 0)
		return 1;
	answer = answer_of(atoi(argv[2]));
	watch(poll_fd, listen_fd, EPOLLIN);
	for (;;)
		turn(poll_fd, listen_fd, &answer);
}
