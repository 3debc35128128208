/* test_cellmap_overrides.c - the operator's overrides from JSON. */
#include "geo/cellmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define REST "\"lat\":1,\"lon\":2"

static const struct row {
	const char *rule, *text;
	int rc;
	const char *reason;
	unsigned count;
} rows[] = {
	{"an empty list", "[]", 0, "", 0},
	{"the least there must be", "[{\"prefix\":\"192.0.2.0/24\"," REST "}]",
	 0, "", 1},
	{"a bare address", "[{\"prefix\":\"192.0.2.1\"," REST "}]", 0, "", 1},
	{"comments",
	 "// one\n[{/* two */\"prefix\":\"2001:db8::/32\"," REST "}]", 0, "",
	 1},
	{"a comment without an end", "[] /*", ERR_SYNTAX, "never ends", 0},
	{"not JSON", "[\n{]", ERR_SYNTAX, "line 2", 0},
	{"nothing", "", ERR_SYNTAX, "", 0},
	{"an object", "{}", ERR_TYPE, "must be a list", 0},
	{"an element that is no object", "[1]", ERR_TYPE, "override 1", 0},
	{"host bits", "[{\"prefix\":\"192.0.2.1/24\"," REST "}]", ERR_SYNTAX,
	 "override 1/prefix: must be a prefix", 0},
	{"a number for a prefix", "[{\"prefix\":1," REST "}]", ERR_TYPE,
	 "must be a text", 0},
	{"6to4 is looked up as IPv4",
	 "[{\"prefix\":\"2002:808::/32\"," REST "}]", ERR_RANGE,
	 "write the IPv4 prefix", 0},
	{"NAT64 is looked up as IPv4",
	 "[{\"prefix\":\"64:ff9b::/96\"," REST "}]", ERR_RANGE,
	 "write the IPv4 prefix", 0},
	{"the second one is wrong",
	 "[{\"prefix\":\"1.0.0.0/8\"," REST "},{\"prefix\":\"x\"," REST "}]",
	 ERR_SYNTAX, "override 2/prefix", 0},
	{"no prefix", "[{" REST "}]", ERR_MISSING_FIELD, "prefix", 0},
	{"no latitude", "[{\"prefix\":\"1.0.0.0/8\",\"lon\":1}]",
	 ERR_MISSING_FIELD, "lat", 0},
	{"latitude beyond the pole",
	 "[{\"prefix\":\"1.0.0.0/8\",\"lat\":90.5,\"lon\":1}]", ERR_RANGE,
	 "/lat", 0},
	{"longitude beyond the date line",
	 "[{\"prefix\":\"1.0.0.0/8\",\"lat\":9,\"lon\":-181}]", ERR_RANGE,
	 "/lon", 0},
	{"a country in words",
	 "[{\"prefix\":\"1.0.0.0/8\",\"country\":\"Germany\"," REST "}]",
	 ERR_SYNTAX, "two capital letters", 0},
	{"a country in small letters",
	 "[{\"prefix\":\"1.0.0.0/8\",\"country\":\"de\"," REST "}]", ERR_SYNTAX,
	 "two capital letters", 0},
	{"a carrier beside a place",
	 "[{\"prefix\":\"1.0.0.0/8\",\"carrier\":\"unicom\"," REST "}]", 0, "",
	 1},
	{"a carrier alone",
	 "[{\"prefix\":\"1.0.0.0/8\",\"carrier\":\"unicom\"}]", 0, "", 1},
	{"the carrier of an AS number",
	 "[{\"asn\":4134,\"carrier\":\"telecom\"}]", 0, "", 1},
	{"the last AS number", "[{\"asn\":4294967295,\"carrier\":\"x\"}]", 0,
	 "", 1},
	{"AS number 0 is nobody's", "[{\"asn\":0,\"carrier\":\"x\"}]",
	 ERR_RANGE, "/asn", 0},
	{"an AS number and a prefix",
	 "[{\"asn\":1,\"prefix\":\"1.0.0.0/8\",\"carrier\":\"x\"}]", ERR_RANGE,
	 "say one", 0},
	{"an AS number's place", "[{\"asn\":1,\"carrier\":\"x\"," REST "}]",
	 ERR_RANGE, "carrier alone", 0},
	{"an AS number alone", "[{\"asn\":1}]", ERR_MISSING_FIELD, "carrier",
	 0},
	{"neither place nor carrier", "[{\"prefix\":\"1.0.0.0/8\"}]",
	 ERR_MISSING_FIELD, "carrier", 0},
	{"a country without a place",
	 "[{\"prefix\":\"1.0.0.0/8\",\"carrier\":\"x\","
	 "\"country\":\"CN\"}]",
	 ERR_MISSING_FIELD, "need a place", 0},
	{"an empty carrier",
	 "[{\"prefix\":\"1.0.0.0/8\",\"carrier\":\"\"," REST "}]", ERR_RANGE,
	 "1-32 of a-z", 0},
	{"a carrier that no node can have",
	 "[{\"prefix\":\"1.0.0.0/8\",\"carrier\":\"China Unicom\"}]", ERR_RANGE,
	 "1-32 of a-z", 0},
	{"a carrier of 32 bytes",
	 "[{\"asn\":1,\"carrier\":\"a2345678901234567890123456789012\"}]", 0,
	 "", 1},
	{"a carrier of 33 bytes",
	 "[{\"asn\":1,\"carrier\":\"a23456789012345678901234567890123\"}]",
	 ERR_RANGE, "1-32 of a-z", 0},
	{"a field that nobody knows",
	 "[{\"prefix\":\"1.0.0.0/8\",\"city\":\"x\"," REST "}]",
	 ERR_UNKNOWN_FIELD, "city", 0},
};

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct cellmap_override *list = NULL;
		unsigned count = 0;
		struct buf why;
		int rc;

		buf_init(&why, 1024);
		rc = cellmap_overrides_parse(sv_str(r->text), &list, &count,
					     &why);
		if (rc != r->rc || count != r->count ||
		    !strstr(buf_cstr(&why), r->reason) ||
		    (rc < 0 && (why.len == 0 || list)))
			fail_msg("%s: %s: %s", r->rule, err_str(rc),
				 buf_cstr(&why));
		buf_fini(&why);
		mem_free(list);
	}
}

static void every_member_arrives(void **state)
{
	struct cellmap_override *list = NULL;
	struct addr_prefix want;
	unsigned count = 0;
	struct buf why;

	(void)state;
	buf_init(&why, 1024);
	assert_int_equal(
		cellmap_overrides_parse(
			SV("[{\"prefix\":\"198.51.100.0/24\",\"lat\":1.5,"
			   "\"lon\":-2.5,\"country\":\"DE\","
			   "\"area\":\"B\xc3\xbcro\","
			   "\"carrier\":\"telecom\"}]"),
			&list, &count, &why),
		0);
	assert_int_equal(count, 1);
	assert_int_equal(addr_parse_prefix(SV("198.51.100.0/24"), &want), 0);
	assert_true(addr_eq(&list->prefix.base, &want.base));
	assert_int_equal(list->prefix.bits, 24);
	assert_true(list->lat_deg > 1.49f && list->lat_deg < 1.51f);
	assert_true(list->lon_deg < -2.49f && list->lon_deg > -2.51f);
	assert_string_equal(list->country, "DE");
	assert_string_equal(list->area, "B\xc3\xbcro");
	assert_string_equal(list->carrier, "telecom");
	assert_true(list->has_place);
	assert_int_equal(list->asn, 0);
	mem_free(list);
	buf_fini(&why);
}

static void areas_have_at_most_64_bytes(void **state)
{
	(void)state;
	for (unsigned len = 64; len <= 65; len++) {
		struct cellmap_override *list = NULL;
		unsigned count = 0;
		struct buf text, why;

		buf_init(&text, 1024);
		buf_init(&why, 1024);
		buf_str(&text,
			"[{\"prefix\":\"1.0.0.0/8\"," REST ",\"area\":\"");
		for (unsigned i = 0; i < len; i++)
			buf_char(&text, 'a');
		buf_str(&text, "\"}]");
		assert_int_equal(cellmap_overrides_parse(buf_view(&text), &list,
							 &count, &why),
				 len == 64 ? 0 : ERR_TOOBIG);
		mem_free(list);
		buf_fini(&text);
		buf_fini(&why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(every_member_arrives),
		cmocka_unit_test(areas_have_at_most_64_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
