/* test_reply.c - fragments of /resolve answers and reading them back. */
#include "lib/proto/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(sv_str(text), &addr), 0);
	return addr;
}

static void fill_record(struct node_record *record)
{
	memset(record, 0, sizeof(*record));
	strncpy(record->id, "gru-1", sizeof(record->id) - 1);
	strncpy(record->region, "sa-east", sizeof(record->region) - 1);
	strncpy(record->host, "gru-1.edge.example.com",
		sizeof(record->host) - 1);
	record->ipv4[0] = addr_of("203.0.113.10");
	record->ipv4[1] = addr_of("203.0.113.11");
	record->ipv6[0] = addr_of("2001:db8::10");
	record->ipv4_count = 2;
	record->ipv6_count = 1;
	record->ports = (struct node_ports){3101, 3102, 0};
}

static const struct put_row {
	const char *rule;
	enum reply_families families;
	const char *want;
} put_rows[] = {
	{"both families, a port that is not served is left out", REPLY_V46,
	 "{\"id\":\"gru-1\",\"region\":\"sa-east\","
	 "\"host\":\"gru-1.edge.example.com\","
	 "\"ipv4\":[\"203.0.113.10\",\"203.0.113.11\"],"
	 "\"ipv6\":[\"2001:db8::10\"],\"tcp\":3101,\"ws\":3102"},
	{"family 4 says nothing of IPv6", REPLY_V4,
	 "{\"id\":\"gru-1\",\"region\":\"sa-east\","
	 "\"host\":\"gru-1.edge.example.com\","
	 "\"ipv4\":[\"203.0.113.10\",\"203.0.113.11\"],"
	 "\"tcp\":3101,\"ws\":3102"},
	{"family 6 says nothing of IPv4", REPLY_V6,
	 "{\"id\":\"gru-1\",\"region\":\"sa-east\","
	 "\"host\":\"gru-1.edge.example.com\","
	 "\"ipv6\":[\"2001:db8::10\"],\"tcp\":3101,\"ws\":3102"},
};

static void test_put(void **state)
{
	struct node_record record;

	(void)state;
	fill_record(&record);
	for (size_t i = 0; i < ARRAY_LEN(put_rows); i++) {
		char storage[1024];
		struct buf b;

		buf_init_fixed(&b, storage, sizeof(storage));
		reply_put_node(&b, &record, put_rows[i].families);
		if (!sv_eq(buf_view(&b), sv_str(put_rows[i].want)))
			fail_msg("%s: %s", put_rows[i].rule, buf_cstr(&b));
	}
}

static void test_put_without_host(void **state)
{
	struct node_record record;
	char storage[1024];
	struct buf b;

	(void)state;
	fill_record(&record);
	record.host[0] = '\0';
	record.ipv4_count = 0;
	buf_init_fixed(&b, storage, sizeof(storage));
	reply_put_node(&b, &record, REPLY_V46);
	assert_string_equal(buf_cstr(&b),
			    "{\"id\":\"gru-1\",\"region\":\"sa-east\","
			    "\"ipv4\":[],\"ipv6\":[\"2001:db8::10\"],"
			    "\"tcp\":3101,\"ws\":3102");
}

static const char whole[] =
	"{\"host\":\"im.example.com\",\"ttl\":45,\"id\":\"b3:7:0011\","
	"\"client\":{\"ip\":\"200.160.2.0/24\",\"country\":\"BR\","
	"\"area\":\"Sao Paulo\",\"lat\":-23.55,\"lon\":-46.63,"
	"\"source\":\"mmdb\"},"
	"\"nodes\":[{\"id\":\"gru-1\",\"region\":\"sa-east\","
	"\"host\":\"g.example\",\"ipv4\":[\"203.0.113.10\"],"
	"\"ipv6\":[\"2001:db8::10\"],\"tcp\":3101,\"ws\":3102,\"wss\":3103,"
	"\"km\":12},{\"id\":\"gru-2\",\"ipv4\":[\"203.0.113.11\"],"
	"\"tcp\":1}],"
	"\"heartbeat\":{\"start_s\":61,\"min_s\":62,\"max_s\":301,"
	"\"step_s\":31,\"max_missed\":3},"
	"\"backoff\":{\"base_ms\":1001,\"factor\":1.5,\"jitter\":0.25,"
	"\"max_ms\":120001},\"fallback\":[\"a.example\",\"b.example\"],"
	"\"flags\":[\"panic\"],\"new\":{}}";

static void test_decode(void **state)
{
	static struct reply r;
	struct json_problem p;

	(void)state;
	assert_int_equal(reply_decode(sv_str(whole), &r, &p), 0);
	assert_string_equal(r.host, "im.example.com");
	assert_string_equal(r.id, "b3:7:0011");
	assert_int_equal(r.ttl_s, 45);
	assert_string_equal(r.client_country, "BR");
	assert_string_equal(r.client_area, "Sao Paulo");
	assert_string_equal(r.client_source, "mmdb");
	assert_true(r.client_has_position);
	assert_true(r.client_lat_deg < -23.5 && r.client_lat_deg > -23.6);
	assert_true(r.client_lon_deg < -46.6 && r.client_lon_deg > -46.7);
	assert_int_equal(r.node_count, 2);
	assert_string_equal(r.nodes[0].region, "sa-east");
	assert_int_equal(r.nodes[0].km, 12);
	assert_int_equal(r.nodes[0].ports.wss, 3103);
	assert_int_equal(r.nodes[0].ipv6_count, 1);
	assert_int_equal(r.nodes[1].km, -1);
	assert_int_equal(r.nodes[1].ports.ws, 0);
	assert_int_equal(r.heartbeat.max_missed, 3);
	assert_int_equal(r.backoff.max_ms, 120001);
	assert_true(r.backoff.factor == 1.5 && r.backoff.jitter == 0.25);
	assert_int_equal(r.fallback_count, 2);
	assert_string_equal(r.fallback[1], "b.example");
}

static void test_decode_defaults(void **state)
{
	static struct reply r;
	struct json_problem p;

	(void)state;
	assert_int_equal(reply_decode(SV("{\"nodes\":[]}"), &r, &p), 0);
	assert_int_equal(r.ttl_s, 60);
	assert_int_equal(r.heartbeat.min_s, 60);
	assert_int_equal(r.backoff.base_ms, 1000);
	assert_int_equal(r.node_count, 0);
}

static const struct bad_row {
	const char *rule, *text;
	int rc;
} bad_rows[] = {
	{"no JSON", "<html>", ERR_SYNTAX},
	{"no object", "[]", ERR_TYPE},
	{"nodes are required", "{}", ERR_MISSING_FIELD},
	{"nodes are an array", "{\"nodes\":{}}", ERR_TYPE},
	{"a node is an object", "{\"nodes\":[1]}", ERR_TYPE},
	{"a node has an id", "{\"nodes\":[{}]}", ERR_MISSING_FIELD},
	{"a port is at most 65535",
	 "{\"nodes\":[{\"id\":\"a\",\"tcp\":65536}]}", ERR_RANGE},
	{"an address is one", "{\"nodes\":[{\"id\":\"a\",\"ipv4\":[\"x\"]}]}",
	 ERR_SYNTAX},
	{"of its family", "{\"nodes\":[{\"id\":\"a\",\"ipv4\":[\"::1\"]}]}",
	 ERR_SYNTAX},
	{"max_missed is not 0",
	 "{\"nodes\":[],\"heartbeat\":{\"max_missed\":0}}", ERR_RANGE},
	{"fallback holds texts", "{\"nodes\":[],\"fallback\":[1]}", ERR_TYPE},
};

static void test_decode_bad(void **state)
{
	static struct reply r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++) {
		struct json_problem p;
		int rc = reply_decode(sv_str(bad_rows[i].text), &r, &p);

		if (rc != bad_rows[i].rc || p.rc != rc)
			fail_msg("%s: got %d", bad_rows[i].rule, rc);
	}
}

/* Every cut of a whole answer is refused and none reads beyond its end. */
static void test_decode_cut(void **state)
{
	static struct reply r;
	struct json_problem p;

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_int_not_equal(reply_decode(sv_of(whole, len), &r, &p),
				     0);
}

static void test_decode_many(void **state)
{
	static struct reply r;
	static char storage[2048];
	struct json_problem p;
	struct buf b;

	(void)state;
	buf_init_fixed(&b, storage, sizeof(storage));
	buf_str(&b, "{\"nodes\":[");
	for (unsigned i = 0; i < REPLY_NODES_MAX + 1; i++)
		buf_str(&b, i ? ",{\"id\":\"n\"}" : "{\"id\":\"n\"}");
	buf_str(&b, "],\"client\":{\"area\":7,\"country\":\"XYZ\"}}");
	assert_int_equal(reply_decode(buf_view(&b), &r, &p), 0);
	assert_int_equal(r.node_count, REPLY_NODES_MAX);
	assert_string_equal(r.client_country, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_put_without_host),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_defaults),
		cmocka_unit_test(test_decode_bad),
		cmocka_unit_test(test_decode_cut),
		cmocka_unit_test(test_decode_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
