/*
 * test_resolver.c - the question's text, answers and refusals of scripted
 * balancers, and who is asked next.
 */
#include "tests/unit/client/scripted.h"

#include "client/resolver.h"
#include "lib/base/err.h"

#define GOOD_BODY                                                              \
	"{\"id\":\"b:1:2\",\"ttl\":9,\"nodes\":[{\"id\":\"n\",\"ipv4\":"       \
	"[\"192.0.2.1\"],\"tcp\":3101}]}"

static struct addr parse(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static void test_target(void **state)
{
	struct addr failed[10];
	struct resolver_query q = {.host = ""};
	char text[1024];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, text, sizeof(text));
	resolver_put_target(&b, &q);
	assert_string_equal(buf_cstr(&b), "/resolve");

	for (int i = 0; i < 10; i++)
		failed[i] = parse("2001:db8::1");
	q = (struct resolver_query){.host = "im.example.com",
				    .device = "a b&c=d",
				    .ip = parse("200.160.2.3"),
				    .n = 3,
				    .family = RESOLVER_BOTH,
				    .failed = failed,
				    .failed_count = 2};
	failed[0] = parse("192.0.2.7");
	buf_reset(&b);
	resolver_put_target(&b, &q);
	assert_string_equal(buf_cstr(&b),
			    "/resolve?host=im.example.com&ip=200.160.2.3&n=3"
			    "&family=46&device=a%20b%26c%3Dd"
			    "&failed=192.0.2.7%2C2001%3Adb8%3A%3A1");
	q.failed_count = 10; /* at most eight are told */
	buf_reset(&b);
	resolver_put_target(&b, &q);
	{
		unsigned commas = 0;

		for (const char *c = buf_cstr(&b); (c = strstr(c, "%2C"));
		     c += 3)
			commas++;
		assert_int_equal(commas, RESOLVER_FAILED_MAX - 1);
	}
}

/* A balancer that gives one answer to each who connects. */
struct balancer {
	int listener;
	uint16_t port;
	const char *answer; /* NULL = is not there */
	unsigned asked;
};

struct bench {
	struct watched watched;
	struct interest interest;
	struct servers servers;
	struct balancer balancers[2];
	struct resolver *resolver;
};

static void add_balancer(struct bench *b, unsigned i, const char *answer)
{
	char url[64];
	struct buf text;

	b->balancers[i].answer = answer;
	b->balancers[i].listener = scripted_listen(&b->balancers[i].port);
	if (!answer)
		close(b->balancers[i].listener);
	buf_init_fixed(&text, url, sizeof(url));
	buf_str(&text, "http://127.0.0.1:");
	buf_u64(&text, b->balancers[i].port);
	assert_int_equal(servers_add(&b->servers, buf_view(&text)), 0);
}

/* Everybody who has connected gets the answer. */
static void serve(struct balancer *balancer)
{
	struct pollfd p = {.fd = balancer->listener, .events = POLLIN};
	char request[4096];
	int fd;

	if (!balancer->answer || poll(&p, 1, 0) != 1)
		return;
	fd = scripted_accept(balancer->listener);
	if (scripted_read(fd, request, sizeof(request)) == 0) {
		close(fd); /* somebody who gave up */
		return;
	}
	assert_memory_equal(request, "GET /resolve?host=h", 19);
	balancer->asked++;
	scripted_write(fd, balancer->answer, strlen(balancer->answer));
	close(fd);
}

static int run(struct bench *b)
{
	for (int i = 0; i < 2000; i++) {
		resolver_step(b->resolver, 0);
		if (resolver_result(b->resolver) != ERR_AGAIN)
			break;
		watched_wait(&b->watched, 5);
		/* the request goes out before it is answered */
		resolver_step(b->resolver, 0);
		serve(&b->balancers[0]);
		serve(&b->balancers[1]);
	}
	return resolver_result(b->resolver);
}

static void begin(struct bench *b, const char *first, const char *second)
{
	static const struct resolver_query query = {.host = "h"};

	memset(b, 0, sizeof(*b));
	b->interest = watched_interest(&b->watched);
	add_balancer(b, 0, first);
	add_balancer(b, 1, second);
	b->resolver =
		resolver_start(&b->servers, &query, &b->interest, 1000, 0);
}

static void finish(struct bench *b)
{
	resolver_free(&b->resolver);
	assert_int_equal(b->watched.count, 0);
	for (unsigned i = 0; i < 2; i++) {
		if (b->balancers[i].answer)
			close(b->balancers[i].listener);
	}
}

#define OK_ANSWER(body) "HTTP/1.1 200 OK\r\n\r\n" body
#define PROBLEM(status, headers, detail)                                       \
	"HTTP/1.1 " status " X\r\n" headers "\r\n{\"detail\":\"" detail "\"}"

static const struct row {
	const char *rule, *first, *second;
	int want;
	unsigned asked[2];
	int64_t retry_ms;
	const char *detail;
} rows[] = {
	{"an answer is an answer",
	 OK_ANSWER(GOOD_BODY),
	 NULL,
	 0,
	 {1, 0},
	 0,
	 ""},
	{"one that is away is passed over",
	 NULL,
	 OK_ANSWER(GOOD_BODY),
	 0,
	 {0, 1},
	 0,
	 ""},
	{"one that is overloaded is passed over",
	 PROBLEM("503", "Retry-After: 5\r\n", "busy"),
	 OK_ANSWER(GOOD_BODY),
	 0,
	 {1, 1},
	 5000,
	 ""},
	{"garbage is passed over",
	 "HELO\r\n",
	 OK_ANSWER(GOOD_BODY),
	 0,
	 {1, 1},
	 0,
	 ""},
	{"half an answer is passed over",
	 OK_ANSWER("{\"nodes\":[{\"id\""),
	 OK_ANSWER(GOOD_BODY),
	 0,
	 {1, 1},
	 0,
	 ""},
	{"an answer without nodes' list is passed over",
	 OK_ANSWER("{}"),
	 OK_ANSWER(GOOD_BODY),
	 0,
	 {1, 1},
	 0,
	 ""},
	{"a refusal of the question is final",
	 PROBLEM("403", "", "ip is not trusted\\u0007"),
	 OK_ANSWER(GOOD_BODY),
	 ERR_DENIED,
	 {1, 0},
	 0,
	 "ip is not trusted "},
	{"patience is asked for by all",
	 PROBLEM("429", "", "slow"),
	 PROBLEM("429", "Retry-After: 99999\r\n", "down"),
	 ERR_LIMIT,
	 {1, 1},
	 3600000,
	 "down"},
	{"nobody is there", NULL, NULL, -ECONNREFUSED, {0, 0}, 0, ""},
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct bench b;
		int rc;

		begin(&b, row->first, row->second);
		rc = run(&b);
		if (rc != row->want || b.balancers[0].asked != row->asked[0] ||
		    b.balancers[1].asked != row->asked[1])
			fail_msg("%s: %d, asked %u %u", row->rule, rc,
				 b.balancers[0].asked, b.balancers[1].asked);
		if (rc == 0)
			assert_int_equal(resolver_reply(b.resolver)->node_count,
					 1);
		assert_int_equal(resolver_retry_ms(b.resolver), row->retry_ms);
		if (rc != 0)
			assert_string_equal(resolver_detail(b.resolver),
					    row->detail);
		finish(&b);
	}
}

static void test_who_answered_is_asked_first(void **state)
{
	static const struct resolver_query query = {.host = "h"};
	struct bench b;

	(void)state;
	begin(&b, NULL, OK_ANSWER(GOOD_BODY));
	assert_int_equal(run(&b), 0);
	assert_int_equal(b.servers.preferred, 1);
	resolver_free(&b.resolver);
	b.resolver = resolver_start(&b.servers, &query, &b.interest, 1000, 0);
	assert_int_equal(run(&b), 0);
	assert_int_equal(b.balancers[1].asked, 2);
	finish(&b);
}

/* 16 KiB are an answer's limit, whatever the balancer says. */
static void test_oversized(void **state)
{
	static char answer[64 + RESOLVER_ANSWER_MAX + 2];
	struct bench b;

	(void)state;
	memset(answer, ' ', sizeof(answer) - 1);
	memcpy(answer, "HTTP/1.1 200 OK\r\n\r\n", 19);
	begin(&b, answer, NULL);
	assert_int_equal(run(&b), -ECONNREFUSED);
	assert_int_equal(b.balancers[0].asked, 1);
	finish(&b);
}

static void test_names(void **state)
{
	static const struct resolver_query query = {.host = "h"};
	char url[64];
	struct buf text;
	struct bench b;

	(void)state;
	begin(&b, OK_ANSWER(GOOD_BODY), NULL);
	resolver_free(&b.resolver);
	b.servers.count = 0;
	buf_init_fixed(&text, url, sizeof(url));
	buf_str(&text, "http://localhost:");
	buf_u64(&text, b.balancers[0].port);
	assert_int_equal(servers_add(&b.servers, buf_view(&text)), 0);
	b.resolver = resolver_start(&b.servers, &query, &b.interest, 1000, 0);
	assert_int_equal(run(&b), 0); /* ::1 may refuse before 127.0.0.1 */
	assert_true(b.servers.list[0].addr_count > 0);
	finish(&b);
}

static void test_nobody_to_ask(void **state)
{
	static const struct resolver_query query = {.host = "h"};
	struct servers none = {.count = 0};
	struct watched watched;
	struct interest interest = watched_interest(&watched);
	struct resolver *r = resolver_start(&none, &query, &interest, 1000, 0);

	(void)state;
	resolver_step(r, 0);
	assert_int_equal(resolver_result(r), ERR_STATE);
	resolver_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_who_answered_is_asked_first),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nobody_to_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
