/*
 * card.c - packs and renders a registration once. Immutable after card_new()
 * but for the count of holders. Data: addresses and texts.
 */
#include "balancer/card.h"

#include <assert.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/slab.h"
#include "lib/proto/reply.h"

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

const char card_no_carrier[] = "";

/* -- packing ------------------------------------------------------------- */

/* Appends @len bytes; returns where they will be in the data of @card. */
static size_t keep(struct buf *data, const void *bytes, size_t len)
{
	size_t at = data->len;

	buf_put(data, bytes, len);
	return at;
}

static size_t keep_text(struct buf *data, const char *text)
{
	return keep(data, text, strlen(text) + 1);
}

static size_t keep_labels(struct buf *data, const struct node_record *record)
{
	size_t at = data->len;

	for (unsigned i = 0; i < record->label_count; i++) {
		keep_text(data, record->labels[i].key);
		keep_text(data, record->labels[i].value);
	}
	return at;
}

/* Where everything lies in the data. */
struct layout {
	size_t ipv4, ipv6, id, service, region, zone, host, carrier, version,
		labels, text;
	struct reply_marks marks;
};

static void pack(struct buf *data, const struct node_record *record,
		 struct layout *at)
{
	at->ipv4 = keep(data, record->ipv4,
			record->ipv4_count * sizeof(record->ipv4[0]));
	at->ipv6 = keep(data, record->ipv6,
			record->ipv6_count * sizeof(record->ipv6[0]));
	at->id = keep_text(data, record->id);
	at->service = keep_text(data, record->service);
	at->region = keep_text(data, record->region);
	at->zone = keep_text(data, record->zone);
	at->host = keep_text(data, record->host);
	at->carrier = keep_text(data, record->carrier);
	at->version = keep_text(data, record->version);
	at->labels = keep_labels(data, record);
	at->text = data->len;
	reply_put_node_marked(data, record, &at->marks);
}

static void point(struct card *card, const struct node_record *record,
		  const struct layout *at)
{
	const char *data = card->data;

	card->record = (struct card_record){
		.id = data + at->id,
		.service = data + at->service,
		.region = data + at->region,
		.zone = data + at->zone,
		.host = data + at->host,
		.carrier = record->carrier[0] ? data + at->carrier
					      : card_no_carrier,
		.version = data + at->version,
		.labels = data + at->labels,
		.ipv4 = (const struct addr *)(data + at->ipv4),
		.ipv6 = (const struct addr *)(data + at->ipv6),
		.lat_deg = record->lat_deg,
		.lon_deg = record->lon_deg,
		.boot_epoch = record->boot_epoch,
		.weight = record->weight,
		.capacity = record->capacity,
		.ttl_ms = record->ttl_ms,
		.ports = record->ports,
		.ipv4_count = record->ipv4_count,
		.ipv6_count = record->ipv6_count,
		.label_count = record->label_count,
		.has_position = record->has_position,
	};
}

/* Answers read it at random, so it lies apart from what they do not read. */
static void keep_answer(struct card *card, const struct buf *data,
			const struct layout *at)
{
	struct sv head = SV(CARD_TEXT_HEAD);
	size_t begin = at->text + head.len;
	struct sv text = sv_of(data->data + begin, data->len - begin);

	assert(memcmp(data->data + at->text, head.ptr, head.len) == 0);
	card->text = (struct card_text){
		.bytes = slab_dup(text.ptr, text.len),
		.len = (uint16_t)text.len,
		.hash = hash_text(text) >> 16,
	};
	card->ipv4_at = (uint16_t)(at->marks.ipv4 - begin);
	card->ipv6_at = (uint16_t)(at->marks.ipv6 - begin);
	card->ports_at = (uint16_t)(at->marks.ports - begin);
}

struct card *card_new(const struct node_record *record)
{
	struct layout at;
	struct card *card;
	struct buf data;

	buf_init(&data, sizeof(*record) + NODE_RECORD_JSON_MAX);
	pack(&data, record, &at);
	card = mem_alloc(sizeof(*card) + at.text);
	memcpy(card->data, data.data, at.text);
	keep_answer(card, &data, &at);
	point(card, record, &at);
	card->families = families_of(record);
	card->id_hash = hash_text(sv_str(record->id));
	card->site_hash = hash_site(record);
	atomic_init(&card->refs, 1);
	buf_fini(&data);
	return card;
}

static void copy_text(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1); /* it came from there */
}

static void unpack_labels(const struct card_record *from,
			  struct node_record *to)
{
	const char *label = from->labels;

	for (unsigned i = 0; i < from->label_count; i++) {
		copy_text(to->labels[i].key, label);
		label += strlen(label) + 1;
		copy_text(to->labels[i].value, label);
		label += strlen(label) + 1;
	}
}

void card_unpack(const struct card *card, struct node_record *record_r)
{
	const struct card_record *from = &card->record;

	memset(record_r, 0, sizeof(*record_r));
	copy_text(record_r->id, from->id);
	copy_text(record_r->service, from->service);
	copy_text(record_r->region, from->region);
	copy_text(record_r->zone, from->zone);
	copy_text(record_r->host, from->host);
	copy_text(record_r->carrier, from->carrier);
	copy_text(record_r->version, from->version);
	unpack_labels(from, record_r);
	memcpy(record_r->ipv4, from->ipv4,
	       from->ipv4_count * sizeof(from->ipv4[0]));
	memcpy(record_r->ipv6, from->ipv6,
	       from->ipv6_count * sizeof(from->ipv6[0]));
	record_r->has_position = from->has_position;
	record_r->lat_deg = from->lat_deg;
	record_r->lon_deg = from->lon_deg;
	record_r->ipv4_count = from->ipv4_count;
	record_r->ipv6_count = from->ipv6_count;
	record_r->ports = from->ports;
	record_r->weight = from->weight;
	record_r->capacity = from->capacity;
	record_r->label_count = from->label_count;
	record_r->boot_epoch = from->boot_epoch;
	record_r->ttl_ms = from->ttl_ms;
}

/* -- answers ------------------------------------------------------------- */

static void put_without(const struct card *card, size_t begin, size_t end,
			struct buf *b)
{
	buf_put(b, card->text.bytes, begin);
	buf_put(b, card->text.bytes + end, card->text.len - end);
}

void card_put_v4(const struct card *card, struct buf *b)
{
	put_without(card, card->ipv6_at, card->ports_at, b);
}

void card_put_v6(const struct card *card, struct buf *b)
{
	put_without(card, card->ipv4_at, card->ipv6_at, b);
}

/* -- holders ------------------------------------------------------------- */

struct card *card_ref(struct card *card)
{
	atomic_fetch_add_explicit(&card->refs, 1, memory_order_relaxed);
	return card;
}

void card_unref(struct card **card)
{
	struct card *held = *card;

	*card = NULL;
	if (!held || atomic_fetch_sub_explicit(&held->refs, 1,
					       memory_order_acq_rel) != 1)
		return;
	slab_free(held->text.bytes, held->text.len);
	mem_free(held);
}

bool card_same_site(const struct card *a, const struct card *b)
{
	return a->site_hash == b->site_hash &&
	       strcmp(a->record.service, b->record.service) == 0 &&
	       strcmp(a->record.region, b->record.region) == 0 &&
	       strcmp(a->record.zone, b->record.zone) == 0;
}

bool card_same_shape(const struct card *a, const struct card *b)
{
	const struct card_record *x = &a->record, *y = &b->record;

	return card_same_site(a, b) && x->has_position == y->has_position &&
	       (!x->has_position ||
		(x->lat_deg == y->lat_deg && x->lon_deg == y->lon_deg)) &&
	       strcmp(x->carrier, y->carrier) == 0;
}

bool card_is_of(const struct card *card, const struct node_record *record)
{
	struct node_record own;

	card_unpack(card, &own);
	return node_equal(&own, record);
}
