/*
 * test_etag.c - what a tag depends on and what not, and how If-None-Match is
 * read (RFC 9110 13.1.2).
 */
#include "balancer/etag.h"

#include "tests/unit/balancer/ranking_world.h"

#define TAG UINT64_C(0x0123456789abcdef)

/* -- If-None-Match ------------------------------------------------------- */

static const struct row {
	const char *rule, *value, *second;
	bool want;
} rows[] = {
	{"none", NULL, NULL, false},
	{"weak", "W/\"0123456789abcdef\"", NULL, true},
	{"strong compares weakly", "\"0123456789abcdef\"", NULL, true},
	{"any", "*", NULL, true},
	{"any with blanks", " * ", NULL, true},
	{"any is no member of a list", "\"a\", *", NULL, false},
	{"another one", "W/\"0123456789abcdee\"", NULL, false},
	{"a part", "W/\"0123456789abcde\"", NULL, false},
	{"case counts", "W/\"0123456789ABCDEF\"", NULL, false},
	{"a small w is not W", "w/\"0123456789abcdef\"", NULL, false},
	{"no quotes", "0123456789abcdef", NULL, false},
	{"one quote", "\"0123456789abcdef", NULL, false},
	{"only a quote", "\"", NULL, false},
	{"only W/", "W/", NULL, false},
	{"nothing", "", NULL, false},
	{"empty tag", "\"\"", NULL, false},
	{"second of a list", "\"a\", W/\"0123456789abcdef\"", NULL, true},
	{"without a blank", "\"a\",\"0123456789abcdef\"", NULL, true},
	{"empty members", ", ,\"0123456789abcdef\",", NULL, true},
	{"a comma in a tag", "\"a,b\",\"0123456789abcdef\"", NULL, true},
	{"inside another tag", "\"a,W/\" \"0123456789abcdef\"", NULL, true},
	{"what follows garbage is not read", "x, \"0123456789abcdef\"", NULL,
	 false},
	{"second line", "\"a\"", "\"0123456789abcdef\"", true},
	{"garbage, then a line", "x", "*", true},
};

static void test_if_none_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http1_request head = {.header_count = 1};

		print_message("%s\n", rows[i].rule);
		head.headers[0] = (struct http1_header){SV("Accept"), SV("*")};
		if (rows[i].value)
			head.headers[head.header_count++] =
				(struct http1_header){SV("IF-none-Match"),
						      sv_str(rows[i].value)};
		if (rows[i].second)
			head.headers[head.header_count++] =
				(struct http1_header){SV("If-None-Match"),
						      sv_str(rows[i].second)};
		assert_int_equal(etag_is_known(&head, TAG), rows[i].want);
	}
}

static void test_what_is_sent(void **state)
{
	char text[ETAG_BYTES + 1] = "";
	struct buf b;

	(void)state;
	buf_init_fixed(&b, text, ETAG_BYTES);
	etag_put(&b, TAG);
	assert_false(b.failed);
	assert_string_equal(text, "W/\"0123456789abcdef\"");
}

/* -- what it depends on -------------------------------------------------- */

struct case_ {
	struct snapshot *snap;
	struct view_service service;
	struct answer_client client;
	struct draw_list list;
};

static void open_case(struct case_ *c, struct world *w)
{
	memset(c, 0, sizeof(*c));
	c->snap = world_build(w);
	c->service.ranking = &c->snap->services[0];
	c->service.text_hash = 7;
	assert_int_equal(addr_parse(SV("1.2.3.4"), &c->client.address), 0);
	c->client.place.lat_hundredths = -2355;
	c->client.place.area = SV("Rome");
	c->client.key = 5;
	c->list = world_draw(c->service.ranking, 0, 5, 3, SNAPSHOT_V46);
	assert_int_equal(c->list.count, 3);
}

static uint64_t tag(const struct case_ *c)
{
	return etag_of(&c->service, &c->client, &c->list);
}

static void put_three(struct world *w)
{
	world_put(w, &(struct world_node){.id = "a"});
	world_put(w, &(struct world_node){.id = "b"});
	world_put(w, &(struct world_node){.id = "c"});
}

static void test_it_stays_while_nothing_changes(void **state)
{
	struct feed_node again =
		world_feed_node(&(struct world_node){.id = "b"});
	struct case_ before, after;
	struct world w;

	(void)state;
	world_init(&w);
	put_three(&w);
	open_case(&before, &w);
	w.now_ms += 60000; /* another snapshot, another load, another process */
	again.record.boot_epoch = 9;
	fleet_put(w.fleet, &again, w.now_ms);
	open_case(&after, &w);
	assert_int_not_equal(before.snap->number, after.snap->number);
	after.client.key = 6; /* the list counts, not what led to it */
	after.client.place.cell = 3;
	after.list = before.list;
	assert_int_equal(addr_parse(SV("1.2.3.200"), &after.client.address), 0);
	assert_int_equal(tag(&before), tag(&after));
	snapshot_free(before.snap);
	snapshot_free(after.snap);
	world_fini(&w);
}

static void change(struct case_ *c, unsigned what)
{
	struct draw_entry first = c->list.entries[0];
	struct place_note *place = &c->client.place;

	switch (what) {
	case 0:
		c->service.text_hash++;
		break;
	case 1:
		c->list.entries[0] = c->list.entries[1];
		c->list.entries[1] = first;
		break;
	case 2:
		c->list.count--;
		break;
	case 3:
		c->list.entries[2].km++;
		break;
	case 4:
		c->list.panic = true;
		break;
	case 5:
		c->client.family = SNAPSHOT_V4;
		break;
	case 6:
		assert_int_equal(addr_parse(SV("1.2.4.4"), &c->client.address),
				 0);
		break;
	case 7:
		place->lat_hundredths++;
		break;
	case 8:
		place->lon_hundredths++;
		break;
	case 9:
		place->country[1] = 'T';
		break;
	case 10:
		place->source = CELLMAP_OVERRIDE;
		break;
	case 11:
		place->area = SV("Roma");
		break;
	default:
		c->list.entries[0].km = 1; /* not the sum of both: */
		c->list.entries[1].km = 2;
		break;
	}
}

static void test_it_changes_with_all_that_is_said(void **state)
{
	uint64_t tags[14];
	struct world w;

	(void)state;
	world_init(&w);
	put_three(&w);
	for (unsigned what = 0; what < ARRAY_LEN(tags); what++) {
		struct case_ c;

		if (what == 13) { /* a node's other host */
			struct feed_node b = world_feed_node(
				&(struct world_node){.id = "b"});

			b.record.host[0] = 'x';
			fleet_put(w.fleet, &b, w.now_ms);
		}
		open_case(&c, &w);
		if (what < 13)
			change(&c, what);
		tags[what] = tag(&c);
		snapshot_free(c.snap);
		for (unsigned i = 0; i < what; i++)
			assert_int_not_equal(tags[i], tags[what]);
	}
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_if_none_match),
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_it_stays_while_nothing_changes),
		cmocka_unit_test(test_it_changes_with_all_that_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
