/* The rules of a node record: each refusal with its path, and round trips. */
#include "lib/proto/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/err.h"

/* A good record; rows say which member they put in its place. */
static const struct member {
	const char *name, *json;
} good[] = {
	{"service", "\"im\""},	    {"region", "\"eu\""},
	{"addrs", "[\"9.9.9.9\"]"}, {"ports", "{\"tcp\":3101}"},
	{"capacity", "100"},	    {"boot_epoch", "7"},
};

/* The good record with @name replaced by @json (NULL leaves it out). */
static void build(struct buf *b, const char *name, const char *json)
{
	bool first = true, found = false;

	buf_char(b, '{');
	for (size_t i = 0; i <= ARRAY_LEN(good); i++) {
		const char *key = i < ARRAY_LEN(good) ? good[i].name : name;
		const char *value = i < ARRAY_LEN(good) ? good[i].json : json;

		if (i == ARRAY_LEN(good) && (found || !name))
			break;
		if (name && strcmp(key, name) == 0) {
			found = true;
			value = json;
		}
		if (!value)
			continue;
		buf_printf(b, "%s\"%s\":%s", first ? "" : ",", key, value);
		first = false;
	}
	buf_char(b, '}');
}

static int decode_as(struct sv id, enum node_addr_policy policy,
		     const char *name, const char *json,
		     struct node_record *record, struct json_problem *p)
{
	struct json *root;
	struct buf b;
	int rc;

	buf_init(&b, 65536);
	build(&b, name, json);
	rc = json_parse(buf_view(&b), &root, p);
	if (rc == 0) {
		rc = node_decode(root, id, policy, record, p);
		json_free(&root);
	}
	buf_fini(&b);
	return rc;
}

static const struct refused_row {
	const char *rule, *name, *json;
	int rc;
	const char *path;
} refused_rows[] = {
	{"another id than the path's", "id", "\"n-2\"", ERR_RANGE, "/id"},
	{"service is required", "service", NULL, ERR_MISSING_FIELD, "/service"},
	{"capitals in a name", "service", "\"IM\"", ERR_RANGE, "/service"},
	{"an empty service", "service", "\"\"", ERR_RANGE, "/service"},
	{"region is required", "region", NULL, ERR_MISSING_FIELD, "/region"},
	{"a region with a space", "region", "\"a b\"", ERR_RANGE, "/region"},
	{"a zone with a slash", "zone", "\"a/b\"", ERR_RANGE, "/zone"},
	{"a carrier with a quote", "carrier", "\"a\\\"\"", ERR_RANGE,
	 "/carrier"},
	{"latitude alone", "lat", "1", ERR_MISSING_FIELD, "/lon"},
	{"longitude alone", "lon", "1", ERR_MISSING_FIELD, "/lat"},
	{"latitude beyond the pole", "lat", "90.1", ERR_RANGE, "/lat"},
	{"longitude beyond the date line", "lon", "-180.5", ERR_RANGE, "/lon"},
	{"NaN is no JSON", "lat", "NaN", ERR_SYNTAX, ""},
	{"infinity is no JSON", "lat", "1e999", ERR_SYNTAX, ""},
	{"addrs is required", "addrs", NULL, ERR_MISSING_FIELD, "/addrs"},
	{"no address at all", "addrs", "[]", ERR_RANGE, "/addrs"},
	{"a text for a list", "addrs", "\"9.9.9.9\"", ERR_TYPE, "/addrs"},
	{"a number for an address", "addrs", "[1]", ERR_TYPE, "/addrs/0"},
	{"a name for an address", "addrs", "[\"9.9.9.9\",\"a.b\"]", ERR_RANGE,
	 "/addrs/1"},
	{"an address twice", "addrs", "[\"9.9.9.9\",\"9.9.9.9\"]", ERR_RANGE,
	 "/addrs/1"},
	{"the same address in its mapped form", "addrs",
	 "[\"9.9.9.9\",\"::ffff:9.9.9.9\"]", ERR_RANGE, "/addrs/1"},
	{"five of one family", "addrs",
	 "[\"9.9.9.1\",\"9.9.9.2\",\"9.9.9.3\",\"9.9.9.4\",\"9.9.9.5\"]",
	 ERR_RANGE, "/addrs/4"},
	{"a private address", "addrs", "[\"10.0.0.1\"]", ERR_DENIED,
	 "/addrs/0"},
	{"a loopback address", "addrs", "[\"::1\"]", ERR_DENIED, "/addrs/0"},
	{"a link-local address", "addrs", "[\"fe80::1\"]", ERR_DENIED,
	 "/addrs/0"},
	{"a multicast address", "addrs", "[\"224.0.0.1\"]", ERR_DENIED,
	 "/addrs/0"},
	{"an unspecified address", "addrs", "[\"0.0.0.0\"]", ERR_DENIED,
	 "/addrs/0"},
	{"a host with two dots", "host", "\"a..b\"", ERR_RANGE, "/host"},
	{"a host that ends in a dot", "host", "\"a.\"", ERR_RANGE, "/host"},
	{"a host with a space", "host", "\"a b\"", ERR_RANGE, "/host"},
	{"ports is required", "ports", NULL, ERR_MISSING_FIELD, "/ports"},
	{"no port at all", "ports", "{}", ERR_MISSING_FIELD, "/ports"},
	{"port 0", "ports", "{\"tcp\":0}", ERR_RANGE, "/ports/tcp"},
	{"port 65536", "ports", "{\"ws\":65536}", ERR_RANGE, "/ports/ws"},
	{"a port nobody knows", "ports", "{\"quic\":1}", ERR_UNKNOWN_FIELD,
	 "/ports/quic"},
	{"weight 1001", "weight", "1001", ERR_RANGE, "/weight"},
	{"a negative weight", "weight", "-1", ERR_RANGE, "/weight"},
	{"capacity is required", "capacity", NULL, ERR_MISSING_FIELD,
	 "/capacity"},
	{"capacity 0", "capacity", "0", ERR_RANGE, "/capacity"},
	{"capacity beyond its limit", "capacity", "100000001", ERR_RANGE,
	 "/capacity"},
	{"labels as a list", "labels", "[]", ERR_TYPE, "/labels"},
	{"a label's key with a space", "labels", "{\"a b\":\"c\"}", ERR_RANGE,
	 "/labels"},
	{"a label that is no text", "labels", "{\"a\":1}", ERR_TYPE, "/labels"},
	{"a label with a control byte", "labels", "{\"a\":\"\\u0007\"}",
	 ERR_RANGE, "/labels"},
	{"nine labels", "labels",
	 "{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\",\"e\":\"\",\"f\":\"\","
	 "\"g\":\"\",\"h\":\"\",\"i\":\"\"}",
	 ERR_RANGE, "/labels"},
	{"a version with a newline", "version", "\"1\\n\"", ERR_RANGE,
	 "/version"},
	{"a version too long", "version",
	 "\"123456789012345678901234567890123\"", ERR_TOOBIG, "/version"},
	{"boot_epoch is required", "boot_epoch", NULL, ERR_MISSING_FIELD,
	 "/boot_epoch"},
	{"boot_epoch 0", "boot_epoch", "0", ERR_RANGE, "/boot_epoch"},
	{"a TTL below 2 s", "ttl_ms", "1999", ERR_RANGE, "/ttl_ms"},
	{"a TTL above an hour", "ttl_ms", "3600001", ERR_RANGE, "/ttl_ms"},
	{"an unknown field", "colour", "1", ERR_UNKNOWN_FIELD, "/colour"},
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused_rows); i++) {
		const struct refused_row *row = &refused_rows[i];
		struct json_problem p = {.rc = 0};
		struct node_record record;
		int rc = decode_as(SV("n-1"), NODE_ADDRS_PUBLIC_ONLY, row->name,
				   row->json, &record, &p);

		if (rc != row->rc || strcmp(p.path, row->path) != 0)
			fail_msg("%s: rc %d path '%s' rule '%s'", row->rule, rc,
				 p.path, p.rule);
	}
}

static const struct taken_row {
	const char *rule, *name, *json;
	enum node_addr_policy policy;
} taken_rows[] = {
	{"the least record", NULL, NULL, NODE_ADDRS_PUBLIC_ONLY},
	{"its own id", "id", "\"n-1\"", NODE_ADDRS_PUBLIC_ONLY},
	{"the least TTL", "ttl_ms", "2000", NODE_ADDRS_PUBLIC_ONLY},
	{"the longest TTL", "ttl_ms", "3600000", NODE_ADDRS_PUBLIC_ONLY},
	{"weight 0", "weight", "0", NODE_ADDRS_PUBLIC_ONLY},
	{"weight 1000", "weight", "1000", NODE_ADDRS_PUBLIC_ONLY},
	{"capacity 1", "capacity", "1", NODE_ADDRS_PUBLIC_ONLY},
	{"null is absent", "zone", "null", NODE_ADDRS_PUBLIC_ONLY},
	{"both families", "addrs", "[\"9.9.9.9\",\"2620:fe::9\"]",
	 NODE_ADDRS_PUBLIC_ONLY},
	{"private where it is allowed", "addrs", "[\"10.0.0.1\"]",
	 NODE_ADDRS_ANY_UNICAST},
	{"loopback where it is allowed", "addrs", "[\"127.0.1.1\",\"::1\"]",
	 NODE_ADDRS_ANY_UNICAST},
};

static void takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(taken_rows); i++) {
		const struct taken_row *row = &taken_rows[i];
		struct json_problem p = {.rc = 0};
		struct node_record record;
		int rc = decode_as(SV("n-1"), row->policy, row->name, row->json,
				   &record, &p);

		if (rc != 0)
			fail_msg("%s: %s %s", row->rule, p.path, p.rule);
		assert_string_equal(record.id, "n-1");
	}
}

static void never_takes_what_is_no_host(void **state)
{
	static const char *const addrs[] = {"[\"224.0.0.1\"]", "[\"0.0.0.0\"]",
					    "[\"255.255.255.255\"]",
					    "[\"240.0.0.1\"]", "[\"ff02::1\"]"};
	struct node_record record;
	struct json_problem p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++)
		assert_int_equal(decode_as(SV("n"), NODE_ADDRS_ANY_UNICAST,
					   "addrs", addrs[i], &record, &p),
				 ERR_DENIED);
}

static const struct id_row {
	const char *rule, *id;
	bool valid;
} id_rows[] = {
	{"all kinds of characters", "az09.-_", true},
	{"64 characters",
	 "0123456789012345678901234567890123456789012345678901234567890123",
	 true},
	{"65 characters",
	 "01234567890123456789012345678901234567890123456789012345678901234",
	 false},
	{"nothing", "", false},
	{"a capital", "A", false},
	{"a space", "a b", false},
	{"a slash", "a/b", false},
	{"a percent sign", "%41", false},
	{"UTF-8", "\xc3\xa4", false},
};

static void knows_ids(void **state)
{
	struct node_record record;
	struct json_problem p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(id_rows); i++) {
		const struct id_row *row = &id_rows[i];

		if (node_id_is_valid(sv_str(row->id)) != row->valid)
			fail_msg("%s", row->rule);
		assert_int_equal(decode_as(sv_str(row->id),
					   NODE_ADDRS_PUBLIC_ONLY, NULL, NULL,
					   &record, &p),
				 row->valid ? 0 : ERR_RANGE);
	}
}

static struct node_record full_record(void)
{
	struct node_record r = {
		.id = "gru-1",
		.service = "im.example.com",
		.region = "sa-east",
		.zone = "a",
		.host = "gru-1.edge.example.com",
		.carrier = "vivo",
		.version = "1.2.3 (test)",
		.has_position = true,
		.lat_deg = -23.55,
		.lon_deg = -46.63,
		.ports = {3101, 3102, 3103},
		.weight = 0,
		.capacity = 100000000,
		.label_count = 2,
		.labels = {{"rack", "12"}, {"a/b", "x \"y\""}},
		.boot_epoch = INT64_MAX,
		.ttl_ms = 2000,
		.ipv4_count = 1,
		.ipv6_count = 1,
	};

	assert_int_equal(addr_parse(SV("10.1.2.3"), &r.ipv4[0]), 0);
	assert_int_equal(addr_parse(SV("2001:db8::1"), &r.ipv6[0]), 0);
	return r;
}

static void write_record(struct buf *b, const struct node_record *record)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	node_put(&w, record);
	jsonw_object_end(&w);
}

static void comes_back_as_it_was(void **state)
{
	struct node_record record = full_record(), again;
	struct json_problem p;
	struct json *root;
	struct buf b;

	(void)state;
	buf_init(&b, NODE_RECORD_JSON_MAX);
	write_record(&b, &record);
	assert_int_equal(json_parse(buf_view(&b), &root, &p), 0);
	assert_int_equal(node_decode_known(root, &again, &p), 0);
	assert_true(node_equal(&record, &again));
	assert_int_equal(node_decode(root, SV("gru-1"), NODE_ADDRS_ANY_UNICAST,
				     &again, &p),
			 0);
	assert_true(node_equal(&record, &again));
	json_free(&root);
	buf_fini(&b);
}

/* The largest record there can be, every byte of text escaped. */
static void the_largest_fits_its_limit(void **state)
{
	struct node_record r = full_record();
	struct buf b;

	(void)state;
	memset(r.service, 's', NODE_ID_BYTES - 1);
	memset(r.region, 'r', NODE_ID_BYTES - 1);
	memset(r.zone, 'z', NODE_ID_BYTES - 1);
	memset(r.host, 'h', NODE_HOST_BYTES - 1);
	memset(r.version, '"', NODE_VERSION_BYTES - 1);
	r.label_count = NODE_LABELS_MAX;
	for (size_t i = 0; i < NODE_LABELS_MAX; i++) {
		memset(r.labels[i].key, 'k', sizeof(r.labels[i].key) - 1);
		memset(r.labels[i].value, '"', sizeof(r.labels[i].value) - 1);
	}
	r.ipv4_count = r.ipv6_count = NODE_ADDRS_MAX;
	for (size_t i = 0; i < NODE_ADDRS_MAX; i++)
		r.ipv4[i] = r.ipv4[0], r.ipv6[i] = r.ipv6[0];
	buf_init(&b, NODE_RECORD_JSON_MAX);
	write_record(&b, &r);
	assert_false(b.failed);
	buf_fini(&b);
}

static void every_member_makes_a_difference(void **state)
{
	const struct node_record base = full_record();
	struct node_record other[] = {base, base, base, base, base, base, base,
				      base, base, base, base, base, base, base};
	size_t n = 0;

	(void)state;
	other[n++].zone[0] = 'b';
	other[n++].host[0] = 'x';
	other[n++].carrier[0] = 'x';
	other[n++].version[0] = 'x';
	other[n++].lat_deg = 1;
	other[n++].has_position = false;
	other[n++].ports.wss = 1;
	other[n++].weight = 1;
	other[n++].capacity = 1;
	other[n++].labels[1].value[0] = 'z';
	other[n++].label_count = 1;
	other[n++].boot_epoch = 1;
	other[n++].ttl_ms = 3000;
	other[n++].ipv6[0].bytes[15] = 2;
	assert_int_equal(n, ARRAY_LEN(other));
	for (size_t i = 0; i < n; i++) {
		if (node_equal(&base, &other[i]))
			fail_msg("change %zu is not seen", i);
	}
}

static void known_records_may_be_newer(void **state)
{
	struct node_record record;
	struct json_problem p;
	struct json *root;

	(void)state;
	assert_int_equal(
		json_parse(SV("{\"id\":\"n\",\"service\":\"s\",\"region\":"
			      "\"r\",\"addrs\":[\"10.0.0.1\"],\"ports\":{"
			      "\"tcp\":1},\"capacity\":1,\"boot_epoch\":1,"
			      "\"newer\":{}}"),
			   &root, &p),
		0);
	assert_int_equal(node_decode_known(root, &record, &p), 0);
	assert_int_equal(record.weight, NODE_WEIGHT_NORMAL);
	assert_int_equal(record.ttl_ms, NODE_TTL_DEFAULT_MS);
	json_free(&root);
}

static void states_have_names(void **state)
{
	enum node_state value;

	(void)state;
	for (int i = NODE_UP; i <= NODE_DOWN; i++) {
		assert_int_equal(
			node_state_parse(sv_str(node_state_str(i)), &value), 0);
		assert_int_equal(value, i);
	}
	assert_int_equal(node_state_parse(SV("dead"), &value), ERR_SYNTAX);
	assert_int_equal(node_state_parse(SV(""), &value), ERR_SYNTAX);
}

static const struct load_row {
	const char *rule, *text;
	int rc;
	const char *path;
} load_rows[] = {
	{"all members",
	 "{\"boot_epoch\":1,\"seq\":2,\"conns\":3,\"accepts_total\":4,"
	 "\"refused_total\":5,\"cpu_pct\":99.5}",
	 0, ""},
	{"the least", "{\"boot_epoch\":1,\"seq\":0,\"conns\":0}", 0, ""},
	{"no boot_epoch", "{\"seq\":0,\"conns\":0}", ERR_MISSING_FIELD,
	 "/boot_epoch"},
	{"no seq", "{\"boot_epoch\":1,\"conns\":0}", ERR_MISSING_FIELD, "/seq"},
	{"no conns", "{\"boot_epoch\":1,\"seq\":0}", ERR_MISSING_FIELD,
	 "/conns"},
	{"negative conns", "{\"boot_epoch\":1,\"seq\":0,\"conns\":-1}",
	 ERR_RANGE, "/conns"},
	{"more CPU than there is",
	 "{\"boot_epoch\":1,\"seq\":0,\"conns\":0,\"cpu_pct\":100.1}",
	 ERR_RANGE, "/cpu_pct"},
	{"an unknown member",
	 "{\"boot_epoch\":1,\"seq\":0,\"conns\":0,\"x\":1}", ERR_UNKNOWN_FIELD,
	 "/x"},
	{"no JSON", "conns=1", ERR_SYNTAX, ""},
	{"nothing", "", ERR_SYNTAX, ""},
};

static void reads_loads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(load_rows); i++) {
		const struct load_row *row = &load_rows[i];
		struct json_problem p = {.rc = 0};
		struct node_load load;
		int rc = node_load_decode(sv_str(row->text), &load, &p);

		if (rc != row->rc || strcmp(p.path, row->path) != 0)
			fail_msg("%s: rc %d path '%s'", row->rule, rc, p.path);
	}
}

static void loads_come_back(void **state)
{
	struct node_load load = {.boot_epoch = 9,
				 .seq = 8,
				 .conns = 7,
				 .accepts_total = 6,
				 .refused_total = 5,
				 .cpu_pct = 12.5};
	struct json_problem p;
	struct node_load again;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	node_load_put(&b, &load);
	assert_int_equal(node_load_decode(buf_view(&b), &again, &p), 0);
	assert_int_equal(again.boot_epoch, 9);
	assert_int_equal(again.seq, 8);
	assert_int_equal(again.conns, 7);
	assert_int_equal(again.accepts_total, 6);
	assert_int_equal(again.refused_total, 5);
	assert_true(again.cpu_pct == 12.5);
	buf_reset(&b);
	load.cpu_pct = -1; /* not said */
	node_load_put(&b, &load);
	assert_int_equal(node_load_decode(buf_view(&b), &again, &p), 0);
	assert_true(again.cpu_pct == -1);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(takes),
		cmocka_unit_test(never_takes_what_is_no_host),
		cmocka_unit_test(knows_ids),
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(the_largest_fits_its_limit),
		cmocka_unit_test(every_member_makes_a_difference),
		cmocka_unit_test(known_records_may_be_newer),
		cmocka_unit_test(states_have_names),
		cmocka_unit_test(reads_loads),
		cmocka_unit_test(loads_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
