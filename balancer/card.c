/*
 * card.c - renders a registration once. Immutable after card_new() but for the
 * count of holders.
 */
#include "balancer/card.h"

#include <assert.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/proto/reply.h"

static_assert((int)REPLY_V46 == 0 && (int)REPLY_V4 == 1 && (int)REPLY_V6 == 2,
	      "fragments are in the order of enum reply_families");

/* The NULs keep ("a", "bc") and ("ab", "c") apart. */
static uint64_t hash_site(const struct node_record *record)
{
	char text[3 * NODE_ID_BYTES];
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	buf_put(&b, record->service, strlen(record->service) + 1);
	buf_put(&b, record->region, strlen(record->region) + 1);
	buf_put(&b, record->zone, strlen(record->zone) + 1);
	return hash_text(buf_view(&b));
}

static uint8_t families_of(const struct node_record *record)
{
	return (uint8_t)((record->ipv4_count ? CARD_HAS_IPV4 : 0) |
			 (record->ipv6_count ? CARD_HAS_IPV6 : 0));
}

/* Renders all fragments one behind the other; len[f] is where each ends. */
static void render(struct buf *text, const struct node_record *record,
		   uint8_t families, size_t end[CARD_FAMILIES])
{
	static const uint8_t needs[CARD_FAMILIES] = {0, CARD_HAS_IPV4,
						     CARD_HAS_IPV6};

	for (unsigned f = 0; f < CARD_FAMILIES; f++) {
		if ((families & needs[f]) == needs[f])
			reply_put_node(text, record, (enum reply_families)f);
		end[f] = text->len;
	}
}

struct card *card_new(const struct node_record *record)
{
	uint8_t families = families_of(record);
	size_t end[CARD_FAMILIES], at = 0;
	struct card *card;
	struct buf text;

	buf_init(&text, CARD_FAMILIES * NODE_RECORD_JSON_MAX);
	render(&text, record, families, end);
	card = mem_alloc(sizeof(*card) + text.len);
	card->record = *record;
	card->families = families;
	card->id_hash = hash_text(sv_str(record->id));
	card->text_hash = hash_text(buf_view(&text));
	card->site_hash = hash_site(record);
	atomic_init(&card->refs, 1);
	if (text.len > 0)
		memcpy(card->text, text.data, text.len);
	for (unsigned f = 0; f < CARD_FAMILIES; f++) {
		card->fragment[f] = sv_of(card->text + at, end[f] - at);
		at = end[f];
	}
	buf_fini(&text);
	return card;
}

struct card *card_ref(struct card *card)
{
	atomic_fetch_add_explicit(&card->refs, 1, memory_order_relaxed);
	return card;
}

void card_unref(struct card **card)
{
	if (*card && atomic_fetch_sub_explicit(&(*card)->refs, 1,
					       memory_order_acq_rel) == 1)
		mem_free(*card);
	*card = NULL;
}

bool card_same_site(const struct card *a, const struct card *b)
{
	return a->site_hash == b->site_hash &&
	       strcmp(a->record.service, b->record.service) == 0 &&
	       strcmp(a->record.region, b->record.region) == 0 &&
	       strcmp(a->record.zone, b->record.zone) == 0;
}
