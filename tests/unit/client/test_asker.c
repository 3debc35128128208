/*
 * test_asker.c - cache and balancers together: a list that is still right is
 * kept (304), another one replaces it. A balancer with a script, virtual time.
 */
#include "client/asker.h"

#include "tests/unit/client/scripted.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define LIST(id)                                                               \
	"{\"host\":\"h\",\"ttl\":60,\"id\":\"" id                              \
	"\",\"nodes\":[{\"id\":\"n\",\"region\":\"r\",\"ipv4\":[\"192.0.2."    \
	"1\"],\"tcp\":3101}]}"
#define TAG    "W/\"0123456789abcdef\""
#define TAGGED "HTTP/1.1 200 OK\r\nETag: " TAG "\r\n\r\n" LIST("one")
#define OTHER  "HTTP/1.1 200 OK\r\n\r\n" LIST("two")
#define KEPT   "HTTP/1.1 304 Not Modified\r\nETag: " TAG "\r\n\r\n"

struct bench {
	struct watched watched;
	struct interest interest;
	struct servers servers;
	struct cache *cache;
	struct asker asker;
	int listener;
	char request[4096]; /* the last one */
	unsigned asked;
};

static void open_bench(struct bench *b)
{
	char url[64];
	struct buf text;
	uint16_t port;

	memset(b, 0, sizeof(*b));
	b->interest = watched_interest(&b->watched);
	b->cache = cache_new();
	b->listener = scripted_listen(&port);
	buf_init_fixed(&text, url, sizeof(url));
	buf_str(&text, "http://127.0.0.1:");
	buf_u64(&text, port);
	assert_int_equal(servers_add(&b->servers, buf_view(&text)), 0);
}

static void close_bench(struct bench *b)
{
	asker_fini(&b->asker);
	cache_free(&b->cache);
	close(b->listener);
	assert_int_equal(b->watched.count, 0);
}

static void serve(struct bench *b, const char *answer)
{
	struct pollfd p = {.fd = b->listener, .events = POLLIN};
	int fd;

	if (poll(&p, 1, 0) != 1)
		return;
	fd = scripted_accept(b->listener);
	scripted_read(fd, b->request, sizeof(b->request));
	b->asked++;
	scripted_write(fd, answer, strlen(answer));
	close(fd);
}

/* One question at @now_ms, answered with @answer if it is asked at all. */
static int ask(struct bench *b, const char *answer, int64_t now_ms,
	       struct reply **reply_r)
{
	const struct resolver_query query = {.host = "h", .device = "d"};
	int rc;

	b->request[0] = '\0';
	asker_start(&b->asker, b->cache, &b->servers, &query, &b->interest,
		    1000, now_ms);
	for (int i = 0; i < 2000; i++) {
		asker_step(&b->asker, now_ms);
		rc = asker_take(&b->asker, reply_r);
		if (rc != ERR_AGAIN)
			return rc;
		watched_wait(&b->watched, 5);
		asker_step(&b->asker, now_ms);
		serve(b, answer);
	}
	return ERR_TIMEOUT;
}

static void expect(struct bench *b, const char *answer, int64_t now_ms,
		   enum asker_origin origin, const char *id)
{
	struct reply *reply;

	assert_int_equal(ask(b, answer, now_ms, &reply), 0);
	assert_int_equal(b->asker.origin, origin);
	assert_string_equal(reply->id, id);
	mem_free(reply);
}

static bool has_sent_tag(const struct bench *b)
{
	return strstr(b->request, "\r\nIf-None-Match: " TAG "\r\n") != NULL;
}

static void test_a_list_is_kept_for_another_ttl(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	expect(&b, TAGGED, 0, ASKER_BALANCER, "one");
	assert_null(strstr(b.request, "If-None-Match"));
	expect(&b, OTHER, 59999, ASKER_CACHE, "one");
	expect(&b, KEPT, 60000, ASKER_BALANCER, "one");
	assert_true(has_sent_tag(&b));
	expect(&b, OTHER, 119999, ASKER_CACHE, "one"); /* renewed */
	assert_int_equal(b.asked, 2);
	expect(&b, KEPT, 120000, ASKER_BALANCER, "one"); /* and again */
	assert_true(has_sent_tag(&b));
	expect(&b, OTHER, 180000, ASKER_BALANCER, "two");
	assert_true(has_sent_tag(&b));
	expect(&b, TAGGED, 240000, ASKER_BALANCER, "one");
	assert_false(has_sent_tag(&b)); /* the one we had was without */
	close_bench(&b);
}

static void test_304_to_who_has_nothing(void **state)
{
	struct reply *reply;
	struct bench b;

	(void)state;
	open_bench(&b);
	assert_int_equal(ask(&b, KEPT, 0, &reply), ERR_UNAVAILABLE);
	/* it left the cache while the question was under way */
	expect(&b, TAGGED, 0, ASKER_BALANCER, "one");
	asker_start(&b.asker, b.cache, &b.servers,
		    &(struct resolver_query){.host = "h", .device = "d"},
		    &b.interest, 1000, 60000);
	cache_clear(b.cache);
	for (int i = 0; i < 2000; i++) {
		asker_step(&b.asker, 60000);
		if (asker_take(&b.asker, &reply) != ERR_AGAIN)
			break;
		watched_wait(&b.watched, 5);
		asker_step(&b.asker, 60000);
		serve(&b, KEPT);
	}
	assert_true(has_sent_tag(&b));
	expect(&b, TAGGED, 60000, ASKER_BALANCER, "one");
	assert_false(has_sent_tag(&b));
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_is_kept_for_another_ttl),
		cmocka_unit_test(test_304_to_who_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
