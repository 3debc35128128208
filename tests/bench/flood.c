/*
 * flood.c - an attack, bounded in rate and time, and a well-behaved client
 * beside it, whose latency is what counts. One thread each.
 *
 * flood ADDRESS PORT SECONDS RATE SOURCES NETWORKS KIND TARGET
 *
 * The attacker offers RATE requests a second (0: none) from SOURCES addresses
 * in NETWORKS /24 networks, 127.1.1.1, 127.1.2.2 and on, CONNS connections
 * each, BATCH requests in a write; a connection that ends is opened again at
 * once. KIND: "query" asks for /resolve with an unknown parameter, "malformed"
 * sends what is no HTTP, "good" asks for TARGET, "connect" sends nothing and
 * closes. The client asks for TARGET each millisecond from 127.0.0.1 on one
 * connection, every 20th time on a new one; latency counts from when a request
 * was due. It has to get 200 each time.
 *
 * Offered are batches whose time had come; sent are those that a connection was
 * still there for. Prints "name value unit" lines; exits 1 when the client was
 * not served.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH	    16
#define CONNS	    8 /* of each source */
#define SOURCES_MAX 64
#define SAMPLES_MAX 100000
#define STEP_NS	    1000000 /* of the client */
#define NEW_EACH    20
#define PATIENCE_S  5 /* the client's, for a whole answer */

struct samples {
	int64_t ns[SAMPLES_MAX];
	size_t count;
};

struct bench {
	struct sockaddr_in server;
	int64_t until_ns;
	double rate;
	int sources, networks;
	char attack[BATCH * 512]; /* what one write sends */
	size_t attack_len;
	char ask[512]; /* the client's request */
	size_t ask_len;
	/* the attacker's */
	uint64_t offered, sent, connects, answers;
	/* the client's */
	struct samples kept, fresh;
	uint64_t failed;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* The address of @source, 0 = the client's. */
static in_addr_t address_of(const struct bench *b, int source)
{
	unsigned network = (unsigned)(source % b->networks);

	return htonl(source ? 0x7f010000U + (network << 8) + (unsigned)source
			    : INADDR_LOOPBACK);
}

/* A socket from @source; connected, or on its way when it is non-blocking. -1
 * on an error. */
static int dial(const struct bench *b, int source, int flags)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), on = 1;

	from.sin_addr.s_addr = address_of(b, source);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		goto err;
	if (connect(fd, (const struct sockaddr *)&b->server,
		    sizeof(b->server)) != 0 &&
	    errno != EINPROGRESS)
		goto err;
	return fd;
err:
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- the attacker ---- */

static uint64_t count_answers(const char *text, size_t len)
{
	const char *at = text;
	uint64_t count = 0;

	while ((at = memmem(at, len - (size_t)(at - text), "HTTP/1.1 ", 9))) {
		count++;
		at += 9;
	}
	return count;
}

/* Read what came. Returns whether the connection is still there. */
static bool drain(struct bench *b, int fd)
{
	static char answers[65536];
	ssize_t n;

	while ((n = recv(fd, answers, sizeof(answers), MSG_DONTWAIT)) > 0)
		b->answers += count_answers(answers, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* One batch on a connection of @source, which is opened if it is not there. */
static void strike(struct bench *b, int *fd, int source)
{
	ssize_t n;

	if (*fd >= 0 && !drain(b, *fd)) {
		close(*fd);
		*fd = -1;
	}
	if (*fd < 0) {
		*fd = dial(b, source, SOCK_NONBLOCK);
		b->connects++;
	}
	if (*fd < 0)
		return;
	if (b->attack_len == 0) { /* "connect" */
		close(*fd);
		*fd = -1;
		return;
	}
	n = send(*fd, b->attack, b->attack_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == (ssize_t)b->attack_len) {
		b->sent += BATCH;
	} else if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
		close(*fd); /* reset, or in the middle of a request */
		*fd = -1;
	}
}

static void *attack(void *arg)
{
	struct bench *b = arg;
	static int fds[SOURCES_MAX * CONNS];
	int count = b->sources * CONNS, at = 0;
	int64_t began_ns = now_ns(), now;
	double due = 0;

	/* A real attacker does not run on the server's cores; this is for the
	 * calling thread only. */
	if (nice(5) == -1 && errno == EPERM)
		return NULL;
	for (int i = 0; i < count; i++)
		fds[i] = -1;
	while ((now = now_ns()) < b->until_ns && b->rate > 0) {
		due += BATCH;
		b->offered += BATCH;
		strike(b, &fds[at], at % b->sources + 1);
		at = at + 1 == count ? 0 : at + 1;
		/* Behind its time it goes on without pause. */
		if (due / b->rate * 1e9 > (double)(now - began_ns) + 200000) {
			struct timespec pause = {0, 100000};

			nanosleep(&pause, NULL);
		}
	}
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return NULL;
}

/* ---- the well-behaved client ---- */

/* Ask on @fd. Returns whether the whole answer is a 200. */
static bool ask(const struct bench *b, int fd)
{
	char text[32768];
	size_t have = 0;

	if (send(fd, b->ask, b->ask_len, MSG_NOSIGNAL) != (ssize_t)b->ask_len)
		return false;
	for (;;) {
		ssize_t n = recv(fd, text + have, sizeof(text) - 1 - have, 0);
		const char *end, *length;

		if (n <= 0)
			return false;
		have += (size_t)n;
		text[have] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = strcasestr(text, "\r\nContent-Length:");
		if (end && length && length < end &&
		    have >= (size_t)(end - text) + 4 +
				    strtoull(length + 17, NULL, 10))
			return strncmp(text, "HTTP/1.1 200", 12) == 0;
	}
}

static void wait_until(int64_t when_ns)
{
	struct timespec ts = {when_ns / 1000000000, when_ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void add(struct samples *samples, int64_t ns)
{
	if (samples->count < SAMPLES_MAX)
		samples->ns[samples->count++] = ns;
}

/* It is late for a request when the one before it was slow, and that counts:
 * requests are due when they are due. */
static void behave(struct bench *b)
{
	int kept = dial(b, 0, 0);
	int64_t due_ns = now_ns();

	for (unsigned i = 0; now_ns() < b->until_ns; i++) {
		bool fresh = i % NEW_EACH == 0;
		int fd;

		due_ns += STEP_NS;
		wait_until(due_ns);
		fd = fresh ? dial(b, 0, 0) : kept;
		if (fd < 0 || !ask(b, fd)) {
			b->failed++;
			if (!fresh && kept >= 0)
				close(kept);
			if (!fresh)
				kept = dial(b, 0, 0);
		}
		add(fresh ? &b->fresh : &b->kept, now_ns() - due_ns);
		if (fresh && fd >= 0)
			close(fd);
	}
	if (kept >= 0)
		close(kept);
}

/* ---- */

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print_samples(const char *name, struct samples *s)
{
	if (s->count == 0)
		return;
	qsort(s->ns, s->count, sizeof(s->ns[0]), compare);
	printf("%s_count %zu count\n", name, s->count);
	printf("%s_p50 %.3f ms\n", name, (double)s->ns[s->count / 2] / 1e6);
	printf("%s_p99 %.3f ms\n", name,
	       (double)s->ns[s->count * 99 / 100] / 1e6);
	printf("%s_max %.3f ms\n", name, (double)s->ns[s->count - 1] / 1e6);
}

static bool fill(struct bench *b, const char *kind, const char *target)
{
	char one[512] = "";

	b->ask_len =
		(size_t)snprintf(b->ask, sizeof(b->ask),
				 "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
	if (strcmp(kind, "query") == 0)
		strcpy(one, "GET /resolve?hots=im.example.com HTTP/1.1\r\n"
			    "Host: a\r\n\r\n");
	else if (strcmp(kind, "malformed") == 0)
		strcpy(one, "GET /resolve?host=im.example.com\r\n\r\n");
	else if (strcmp(kind, "good") == 0)
		strcpy(one, b->ask);
	else if (strcmp(kind, "connect") != 0)
		return false;
	for (int i = 0; i < BATCH; i++)
		strcat(b->attack, one);
	b->attack_len = strlen(b->attack);
	return b->ask_len < sizeof(b->ask);
}

int main(int argc, char **argv)
{
	static struct bench b;
	pthread_t attacker;
	double seconds = argc == 9 ? atof(argv[3]) : 0;

	if (seconds <= 0 || seconds > 60 || !fill(&b, argv[7], argv[8])) {
		fprintf(stderr, "usage: flood ADDRESS PORT SECONDS(<=60) RATE "
				"SOURCES NETWORKS "
				"query|malformed|good|connect TARGET\n");
		return 2;
	}
	b.server.sin_family = AF_INET;
	b.server.sin_port = htons((uint16_t)atoi(argv[2]));
	b.rate = atof(argv[4]);
	b.sources = atoi(argv[5]);
	b.networks = atoi(argv[6]);
	if (inet_pton(AF_INET, argv[1], &b.server.sin_addr) != 1 ||
	    b.sources < 1 || b.sources > SOURCES_MAX || b.networks < 1 ||
	    b.networks > b.sources)
		return 2;
	b.until_ns = now_ns() + (int64_t)(seconds * 1e9);
	if (pthread_create(&attacker, NULL, attack, &b) != 0)
		return 2;
	behave(&b);
	pthread_join(attacker, NULL);
	printf("offered %.0f 1/s\n", (double)b.offered / seconds);
	printf("sent %.0f 1/s\n", (double)b.sent / seconds);
	printf("connects %.0f 1/s\n", (double)b.connects / seconds);
	printf("answers %.0f 1/s\n", (double)b.answers / seconds);
	print_samples("client", &b.kept);
	print_samples("client_new", &b.fresh);
	printf("client_failed %llu count\n", (unsigned long long)b.failed);
	return b.failed > 0;
}
