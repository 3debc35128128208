/*
 * fuzz_balancer__resolve.c - the public listener whole: bytes of a client come
 * in parts, are looked ahead for and answered, while another client asks beside
 * him. The same bytes, one request at a time and nobody else, must have the
 * same answers; each list is whole, and its id alone gives it again. The first
 * byte chooses view and peer, the second the parts: below 32 so many requests
 * at a time (0: all), else so many bytes.
 */
#include <errno.h>
#include <stdint.h>

#include "tests/unit/balancer/resolve_world.h"

#define ASKED_MAX  4096 /* requests of one input */
#define TURNS_MAX  1000
#define OUT_BYTES  (64U << 20)
#define ONE_BY_ONE 1
#define BY_BYTES   32
#define SMALL_ROOM 0x80 /* in the first byte: the client reads slowly */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one client asked and heard. */
struct talk {
	unsigned asked;
	bool head_only[ASKED_MAX];
	struct buf heard;
};

struct answer {
	struct sv bytes, body;
	struct http1_response head;
	bool by_chance; /* a list for nobody's device */
};

static struct resolve_world world;
static struct talk parts_talk, single_talk;
static struct talk *talk; /* of the client who asks now */
static const void *neighbour;
static bool neighbour_asks;

static void on_request(struct httpd_request *req, void *resolver)
{
	if (neighbour_asks)
		neighbour = req->conn;
	if (req->conn != neighbour) {
		world_check(talk->asked < ASKED_MAX);
		talk->head_only[talk->asked++] =
			req->head->method == HTTP1_HEAD;
	}
	resolve_handle(req, resolver);
}

/* -- asking -------------------------------------------------------------- */

/* How many of @bytes come next: a request ends with its empty line; what is
 * behind that in a body comes with the next one. */
static size_t next_part(struct sv bytes, uint8_t parts)
{
	size_t end = 0;

	if (parts >= BY_BYTES)
		return parts < bytes.len ? parts : bytes.len;
	for (unsigned i = 0; i < parts; i++) {
		const char *at =
			memmem(bytes.ptr + end, bytes.len - end, "\r\n\r\n", 4);

		if (!at)
			return bytes.len;
		end = (size_t)(at - bytes.ptr) + 4;
	}
	return end > 0 ? end : bytes.len;
}

/* A client who always asks the same, and always hears the same. */
static void ask_beside(int fd)
{
	static const char text[] =
		"GET /resolve?host=im.example.com&device=beside HTTP/1.1\r\n"
		"Host: h\r\n\r\n";

	world_check(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) ==
		    sizeof(text) - 1);
}

static void hear_beside(int fd, struct buf *first)
{
	char bytes[8192];
	struct buf now;

	buf_init_fixed(&now, bytes, sizeof(bytes));
	resolve_world_take(fd, &now);
	world_check(now.len > 0);
	if (first->len == 0)
		buf_sv(first, buf_view(&now));
	/* Where there is no list the key is by chance. */
	world_check(first->len == now.len);
	world_check(sv_eq(buf_view(first), buf_view(&now)) ||
		    memmem(now.data, now.len, "no_nodes", 8));
}

static bool tell(int fd, struct sv part)
{
	for (unsigned i = 0; i < TURNS_MAX; i++) {
		ssize_t sent = send(fd, part.ptr, part.len, MSG_NOSIGNAL);

		if (sent == (ssize_t)part.len)
			return true;
		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent > 0)
			part = sv_of(part.ptr + sent, part.len - (size_t)sent);
		resolve_world_turn(&world);
		resolve_world_take(fd, &talk->heard);
	}
	abort();
}

static void converse(int fd, int beside, struct sv bytes, uint8_t parts)
{
	char text[8192];
	struct buf first;

	buf_init_fixed(&first, text, sizeof(text));
	if (beside >= 0) {
		neighbour_asks = true;
		ask_beside(beside);
		resolve_world_turn(&world);
		hear_beside(beside, &first);
		neighbour_asks = false;
	}
	while (bytes.len > 0) {
		struct sv part = sv_of(bytes.ptr, next_part(bytes, parts));

		bytes = sv_of(bytes.ptr + part.len, bytes.len - part.len);
		if (!tell(fd, part))
			break;
		if (beside >= 0)
			ask_beside(beside);
		resolve_world_turn(&world);
		if (beside >= 0)
			hear_beside(beside, &first);
		resolve_world_take(fd, &talk->heard);
	}
}

static void talk_to(struct talk *t, uint8_t choice, struct sv bytes,
		    uint8_t parts, bool alone)
{
	static const char *const peers[] = {"198.51.100.7", "10.0.0.1",
					    "192.0.2.1", "2001:db8::7"};
	int fd, beside = -1;

	talk = t;
	t->asked = 0;
	neighbour = NULL;
	if (t->heard.max_bytes == 0)
		buf_init(&t->heard, OUT_BYTES);
	buf_reset(&t->heard);
	resolve_world_begin(&world,
			    (enum resolve_world_view)(choice % WORLD_VIEWS),
			    on_request);
	if (!alone)
		beside = resolve_world_connect(&world, "203.0.113.9", 0);
	fd = resolve_world_connect(&world, peers[choice / 16 % 4],
				   choice & SMALL_ROOM ? 1 : 0);
	converse(fd, beside, bytes, parts);
	shutdown(fd, SHUT_WR);
	if (!alone)
		shutdown(beside, SHUT_WR);
	for (unsigned i = 0;
	     i < TURNS_MAX && httpd_open_conns(world.server) > 0; i++) {
		resolve_world_turn(&world);
		resolve_world_take(fd, &t->heard);
	}
	world_check(httpd_open_conns(world.server) == 0);
	resolve_world_end(&world);
	resolve_world_take(fd, &t->heard);
	close(fd);
	if (!alone)
		close(beside);
}

/* -- what was heard ------------------------------------------------------ */

static struct sv header_of(const struct answer *answer, struct sv name)
{
	return http1_header_find(answer->head.headers,
				 answer->head.header_count, name);
}

/* The next final answer of *@bytes to request number @number of @t. Returns
 * false at the end. */
static bool next_answer(const struct talk *t, unsigned number, struct sv *bytes,
			struct answer *answer)
{
	struct http1_response *head = &answer->head;
	bool bodiless;
	size_t length;

	do {
		if (bytes->len == 0)
			return false;
		world_check(http1_read_response(*bytes, head) == 0);
		world_check(head->body != HTTP1_BODY_CHUNKED);
		bodiless = head->status < 200 || head->status == 204 ||
			   head->status == 304 ||
			   (number < t->asked && t->head_only[number]);
		length = bodiless ? 0 : (size_t)head->content_bytes;
		world_check(length <= bytes->len - head->head_bytes);
		answer->bytes = sv_of(bytes->ptr, head->head_bytes + length);
		answer->body = sv_of(bytes->ptr + head->head_bytes, length);
		*bytes = sv_of(bytes->ptr + answer->bytes.len,
			       bytes->len - answer->bytes.len);
	} while (head->status == 100);
	answer->by_chance = head->status == 200 &&
			    header_of(answer, SV("etag")).len == 0 &&
			    sv_starts(header_of(answer, SV("content-type")),
				      SV("application/json"));
	return true;
}

static void check_json(struct sv body)
{
	struct json_problem p;
	struct json *root;

	world_check(json_parse(body, &root, &p) == 0);
	json_free(&root);
}

static void check_answer(const struct view *view, const struct answer *answer)
{
	if (answer->body.len == 0)
		return;
	if (sv_starts(answer->body, SV("{\"host\":")))
		resolve_world_check_list(view, answer->body);
	else if (header_of(answer, SV("content-type")).ptr[0] == 'a')
		check_json(answer->body);
}

/* What stands between @from and @to; "" without both. */
static struct sv between(struct sv text, struct sv from, struct sv to)
{
	const char *at = memmem(text.ptr, text.len, from.ptr, from.len);
	const char *end = at ? memmem(at, (size_t)(text.ptr + text.len - at),
				      to.ptr, to.len)
			     : NULL;

	return end ? sv_of(at, (size_t)(end - at)) : sv_of("", 0);
}

/* Lists by chance may differ, what is around them may not. */
static void check_same(const struct answer *a, const struct answer *b)
{
	static const struct sv marks[][2] = {
		{{"{\"host\"", 7}, {"\"id\"", 4}},
		{{"\"client\"", 8}, {"\"nodes\"", 7}},
		{{"\"heartbeat\"", 11}, {"\"fallback\"", 10}},
	};

	world_check(a->head.status == b->head.status);
	world_check(a->by_chance == b->by_chance);
	if (!a->by_chance)
		world_check(sv_eq(a->bytes, b->bytes));
	for (unsigned i = 0; a->by_chance && i < ARRAY_LEN(marks); i++)
		world_check(sv_eq(between(a->body, marks[i][0], marks[i][1]),
				  between(b->body, marks[i][0], marks[i][1])));
}

static void compare(const struct view *view)
{
	struct sv parts = buf_view(&parts_talk.heard);
	struct sv single = buf_view(&single_talk.heard);
	static struct answer a, b;
	unsigned count = 0;

	while (next_answer(&parts_talk, count, &parts, &a)) {
		world_check(next_answer(&single_talk, count, &single, &b));
		check_same(&a, &b);
		check_answer(view, &a);
		count++;
	}
	world_check(single.len == 0);
	/* The server's own refusal is the last one. */
	world_check(parts_talk.asked == single_talk.asked);
	world_check(count == parts_talk.asked ||
		    (count == parts_talk.asked + 1 && a.head.status >= 400));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int64_t now_ms = RESOLVE_WORLD_NOW_MS;
	struct sv bytes;

	if (size < 3)
		return 0;
	if (!world.loop)
		resolve_world_init(&world);
	now_ms += 1000; /* the rate limit fills up again */
	clk_fake(now_ms);
	bytes = sv_of(data + 2, size - 2);
	talk_to(&parts_talk, data[0], bytes, data[1], false);
	talk_to(&single_talk, data[0], bytes, ONE_BY_ONE, true);
	compare(world.views[data[0] % WORLD_VIEWS]);
	return 0;
}
