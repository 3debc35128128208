/*
 * test_card.c - what is rendered and hashed of a registration.
 */
#include "balancer/card.h"

#include "lib/proto/reply.h"
#include "tests/unit/balancer/ranking_world.h"

static void put_v46(const struct card *card, struct buf *b)
{
	card_text_put(&card->text, b);
}

static void test_fragments_are_what_answers_are_made_of(void **state)
{
	static const unsigned families[] = {CARD_HAS_IPV4, CARD_HAS_IPV6,
					    CARD_HAS_BOTH};
	void (*const put[CARD_FAMILIES])(const struct card *, struct buf *) = {
		put_v46, card_put_v4, card_put_v6};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct feed_node node = world_feed_node(&(struct world_node){
			.id = "gru-1", .families = families[i]});
		struct card *card = card_new(&node.record);

		assert_int_equal(card->families, families[i]);
		for (unsigned f = 0; f < CARD_FAMILIES; f++) {
			struct buf want, got;
			bool serves = snapshot_serves(families[i],
						      (enum snapshot_family)f);

			buf_init(&want, 4096);
			buf_init(&got, 4096);
			if (serves) {
				reply_put_node(&want, &node.record,
					       (enum reply_families)f);
				buf_sv(&got, SV(CARD_TEXT_HEAD));
				put[f](card, &got);
			}
			assert_true(sv_eq(buf_view(&got), buf_view(&want)));
			buf_fini(&want);
			buf_fini(&got);
		}
		card_unref(&card);
		assert_null(card);
		card_unref(&card);
	}
}

static void test_the_record_comes_back(void **state)
{
	struct feed_node node = world_feed_node(&(struct world_node){
		.id = "gru-1", .zone = "a", .carrier = "telecom"});
	struct node_record back;
	struct card *card;

	(void)state;
	memset(&back, 0xee, sizeof(back));
	world_text(node.record.version, NODE_VERSION_BYTES, "1.2");
	node.record.ports.wss = 443;
	node.record.label_count = 2;
	world_text(node.record.labels[0].key, 33, "rack");
	world_text(node.record.labels[0].value, 65, "");
	world_text(node.record.labels[1].key, 33, "power");
	world_text(node.record.labels[1].value, 65, "b");
	card = card_new(&node.record);
	card_unpack(card, &back);
	assert_true(node_equal(&back, &node.record));
	assert_memory_equal(&back, &node.record, sizeof(back));
	card_unref(&card);
}

static void test_sites_are_told_apart(void **state)
{
	struct feed_node a = world_feed_node(
		&(struct world_node){.id = "a", .region = "ab", .zone = "c"});
	struct feed_node b = world_feed_node(
		&(struct world_node){.id = "b", .region = "a", .zone = "bc"});
	struct card *x = card_new(&a.record), *y = card_new(&b.record);
	struct card *z = card_new(&a.record);

	(void)state;
	assert_false(card_same_site(x, y));
	assert_true(card_same_site(x, z));
	assert_true(x->site_hash != y->site_hash);
	assert_true(x->id_hash == z->id_hash);
	card_unref(&x);
	card_unref(&y);
	card_unref(&z);
}

static void test_the_last_holder_frees(void **state)
{
	struct feed_node a = world_feed_node(&(struct world_node){.id = "a"});
	struct card *x = card_new(&a.record), *y = card_ref(x);

	(void)state;
	card_unref(&x);
	assert_string_equal(y->record.id, "a"); /* ASan would tell */
	card_unref(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragments_are_what_answers_are_made_of),
		cmocka_unit_test(test_the_record_comes_back),
		cmocka_unit_test(test_sites_are_told_apart),
		cmocka_unit_test(test_the_last_holder_frees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
