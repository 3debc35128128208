/*
 * loadgen.c - a lean closed-loop HTTP load generator: one thread, keep-alive
 * connections, each with one request under way; requests are built before the
 * clock starts. Leaner than wrk, so that the server and not the generator is
 * what is measured.
 *
 * loadgen ADDRESS PORT CONNECTIONS SECONDS TARGETS_FILE [RATE [DEPTH]]
 *
 * With a DEPTH above 1 a connection sends so many requests at a time; with
 * DEPTH 0 each request has a connection of its own, which is reset after the
 * answer so that no port stays in TIME_WAIT. RATE 0 is the closed loop.
 *
 * With RATE the loop is open: requests are due at fixed times, and latency
 * counts from when one was due, also when no connection was free then. The
 * generator does not sleep in this mode.
 *
 * TARGETS_FILE has one request target a line ("/resolve?ip=1.2.3.4"). Prints
 * "name value unit" lines; exits 1 when a request failed or was not a 200.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TARGETS_MAX 200000
#define TARGET_MAX  1024
#define ANSWER_MAX  131072
#define DEPTH_MAX   64
#define SUB_BUCKETS 64 /* of each power of two: 1.6 % */
#define BUCKETS	    (40 * SUB_BUCKETS)

struct request {
	char *text;
	size_t len;
};

struct client {
	int fd;
	int64_t sent_ns;
	int waits_for; /* answers */
	size_t have;
	char answer[ANSWER_MAX];
};

struct bench {
	struct request *requests;
	size_t request_count, next;
	struct client **idle; /* open loop: those without a request */
	int idle_count;
	int depth; /* 0 = a connection a request */
	int epoll;
	struct sockaddr_in to;
	double due_ns, step_ns; /* open loop: the next one; 0 = closed */
	uint64_t done, not_200, bytes;
	uint64_t bucket[BUCKETS];
	int64_t max_ns;
};

static void die(const char *what)
{
	fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static unsigned bucket_of(int64_t ns)
{
	uint64_t v = ns > SUB_BUCKETS ? (uint64_t)ns : SUB_BUCKETS;
	unsigned shift = 63 - (unsigned)__builtin_clzll(v) - 6;
	unsigned at =
		shift * SUB_BUCKETS + (unsigned)(v >> shift) - SUB_BUCKETS;

	return at < BUCKETS ? at : BUCKETS - 1;
}

static double bucket_us(unsigned at)
{
	unsigned shift = at / SUB_BUCKETS;
	uint64_t low = (uint64_t)(SUB_BUCKETS + at % SUB_BUCKETS) << shift;

	return (double)low / 1000.0;
}

static void load_targets(struct bench *b, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[TARGET_MAX], text[TARGET_MAX + 128];

	if (!file)
		die(path);
	b->requests = calloc(TARGETS_MAX, sizeof(b->requests[0]));
	while (b->requests && b->request_count < TARGETS_MAX &&
	       fgets(line, sizeof(line), file)) {
		struct request *r = &b->requests[b->request_count];

		line[strcspn(line, "\r\n")] = '\0';
		r->len = (size_t)snprintf(text, sizeof(text),
					  "GET %s HTTP/1.1\r\n"
					  "Host: im.example.com\r\n"
					  "User-Agent: loadgen\r\n\r\n",
					  line);
		r->text = strdup(text);
		if (!r->text)
			die("memory");
		b->request_count++;
	}
	fclose(file);
	if (b->request_count == 0)
		die("no targets");
}

static void send_next(struct bench *b, struct client *c, int64_t since_ns)
{
	static char text[DEPTH_MAX * TARGET_MAX];
	size_t len = 0;

	c->waits_for = b->depth > 0 ? b->depth : 1;
	for (int i = 0; i < c->waits_for; i++) {
		const struct request *r = &b->requests[b->next];

		b->next = b->next + 1 == b->request_count ? 0 : b->next + 1;
		if (len + r->len > sizeof(text))
			die("a pipeline too long");
		memcpy(text + len, r->text, r->len);
		len += r->len;
	}
	c->have = 0;
	c->sent_ns = since_ns;
	if (write(c->fd, text, len) != (ssize_t)len)
		die("write");
}

/* Whole length of the answer at @text once its head is there, else 0. */
static size_t answer_bytes(const char *text, size_t have)
{
	const char *end = memmem(text, have, "\r\n\r\n", 4);
	const char *at = text;

	while (end && at < end) {
		const char *line_end = memchr(at, '\r', (size_t)(end - at) + 1);

		if (line_end - at > 16 &&
		    strncasecmp(at, "Content-Length: ", 16) == 0)
			return (size_t)(end - text) + 4 +
			       strtoull(at + 16, NULL, 10);
		at = line_end + 2;
	}
	if (end)
		die("an answer without Content-Length");
	return 0;
}

static void count(struct bench *b, const struct client *c, size_t bytes)
{
	int64_t took_ns = now_ns() - c->sent_ns;

	b->done++;
	b->bytes += bytes;
	b->bucket[bucket_of(took_ns)]++;
	if (took_ns > b->max_ns)
		b->max_ns = took_ns;
	if (memcmp(c->answer, "HTTP/1.1 200", 12) != 0)
		b->not_200++;
}

static void open_client(struct bench *b, struct client *c)
{
	struct epoll_event event = {EPOLLIN, {.ptr = c}};
	const struct linger reset = {.l_onoff = 1};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&b->to, sizeof(b->to)) != 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (b->depth == 0)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
		die("epoll_ctl");
}

static void on_readable(struct bench *b, struct client *c)
{
	ssize_t n = read(c->fd, c->answer + c->have, ANSWER_MAX - c->have);
	size_t bytes;

	if (n <= 0)
		die("the server closed a connection");
	c->have += (size_t)n;
	while (c->waits_for > 0 &&
	       (bytes = answer_bytes(c->answer, c->have)) > 0 &&
	       bytes <= c->have) {
		count(b, c, bytes);
		c->waits_for--;
		c->have -= bytes;
		memmove(c->answer, c->answer + bytes, c->have);
	}
	if (c->have == ANSWER_MAX)
		die("answer too long");
	if (c->waits_for > 0)
		return;
	if (b->depth == 0) {
		close(c->fd);
		open_client(b, c);
	}
	if (b->step_ns > 0)
		b->idle[b->idle_count++] = c;
	else
		send_next(b, c, now_ns());
}

static void send_due(struct bench *b)
{
	double now = (double)now_ns();

	while (b->due_ns <= now && b->idle_count > 0) {
		send_next(b, b->idle[--b->idle_count], (int64_t)b->due_ns);
		b->due_ns += b->step_ns;
	}
}

static void run(struct bench *b, int64_t until_ns)
{
	struct epoll_event events[256];

	while (now_ns() < until_ns) {
		int n = epoll_wait(b->epoll, events, 256,
				   b->step_ns > 0 ? 0 : 100);

		for (int i = 0; i < n; i++)
			on_readable(b, events[i].data.ptr);
		if (b->step_ns > 0)
			send_due(b);
	}
}

/* All clients get a request, or wait for one to be due. */
static void begin(struct bench *b, struct client *clients, int conns,
		  double rate)
{
	b->idle = calloc((size_t)conns, sizeof(b->idle[0]));
	if (!b->idle)
		die("memory");
	b->step_ns = rate > 0 ? 1e9 / rate : 0;
	b->due_ns = (double)now_ns();
	for (int i = 0; i < conns; i++) {
		if (rate > 0)
			b->idle[b->idle_count++] = &clients[i];
		else
			send_next(b, &clients[i], now_ns());
	}
}

static double percentile_us(const struct bench *b, double share)
{
	uint64_t want = (uint64_t)((double)b->done * share), seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += b->bucket[i];
		if (seen > want)
			return bucket_us(i);
	}
	return 0;
}

static void print(const struct bench *b, double seconds)
{
	printf("requests %llu count\n", (unsigned long long)b->done);
	printf("rate %.0f 1/s\n", (double)b->done / seconds);
	printf("p50 %.1f us\n", percentile_us(b, 0.50));
	printf("p99 %.1f us\n", percentile_us(b, 0.99));
	printf("p999 %.1f us\n", percentile_us(b, 0.999));
	printf("max %.1f us\n", (double)b->max_ns / 1000.0);
	printf("answer_bytes %.1f bytes\n",
	       (double)b->bytes / (double)(b->done ? b->done : 1));
	printf("not_200 %llu count\n", (unsigned long long)b->not_200);
}

int main(int argc, char **argv)
{
	struct bench b = {.depth = argc == 8 ? atoi(argv[7]) : 1};
	struct client *clients;
	int64_t start_ns;
	double seconds;
	int conns;

	if (argc < 6 || argc > 8 || b.depth < 0 || b.depth > DEPTH_MAX) {
		fprintf(stderr, "usage: loadgen ADDRESS PORT CONNECTIONS "
				"SECONDS TARGETS_FILE [RATE [DEPTH]]\n");
		return 2;
	}
	conns = atoi(argv[3]);
	seconds = atof(argv[4]);
	load_targets(&b, argv[5]);
	clients = calloc((size_t)conns, sizeof(clients[0]));
	b.epoll = epoll_create1(0);
	b.to.sin_family = AF_INET;
	b.to.sin_port = htons((uint16_t)atoi(argv[2]));
	if (!clients || b.epoll < 0 ||
	    inet_pton(AF_INET, argv[1], &b.to.sin_addr) != 1)
		die("set-up");
	for (int i = 0; i < conns; i++)
		open_client(&b, &clients[i]);
	start_ns = now_ns();
	begin(&b, clients, conns, argc > 6 ? atof(argv[6]) : 0);
	run(&b, start_ns + (int64_t)(seconds * 1e9));
	print(&b, (double)(now_ns() - start_ns) / 1e9);
	return b.not_200 > 0;
}
