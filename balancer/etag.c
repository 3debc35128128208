/*
 * etag.c - see the header. Mixes hashes that registrations and views have
 * ready; only the area's name is read byte by byte.
 */
#include "balancer/etag.h"

#include "lib/base/hash.h"
#include "lib/proto/http1_tag.h"

static uint64_t mix(uint64_t hash, uint64_t word)
{
	return hash_mix(hash ^ word) + word;
}

/* The network that answers show instead of the address. */
static uint64_t network_of(const struct addr *address)
{
	unsigned bytes = address->family == ADDR_V4 ? 3 : 6;
	uint64_t network = address->family;

	for (unsigned i = 0; i < bytes; i++)
		network = network << 8 | address->bytes[i];
	return network;
}

static uint64_t mix_place(uint64_t hash, const struct place_note *place)
{
	uint64_t word = (uint64_t)(uint8_t)place->country[0] << 48 |
			(uint64_t)(uint8_t)place->country[1] << 40 |
			(uint64_t)place->source << 32 |
			(uint64_t)(uint16_t)place->lat_hundredths << 16 |
			(uint16_t)place->lon_hundredths;

	return mix(mix(hash, word), hash_text(place->area));
}

uint64_t etag_of(const struct view_service *service,
		 const struct answer_client *client,
		 const struct draw_list *list)
{
	const struct card_text *texts = service->ranking->texts;
	uint64_t hash = mix(service->text_hash, network_of(&client->address));

	hash = mix_place(hash, &client->place);
	hash = mix(hash, (uint64_t)client->family << 1 | list->panic);
	for (unsigned i = 0; i < list->count; i++) {
		const struct draw_entry *entry = &list->entries[i];

		hash = mix(mix(hash, texts[entry->node].hash), entry->km);
	}
	return hash;
}

void etag_put(struct buf *b, uint64_t tag)
{
	buf_sv(b, SV("W/\""));
	buf_hex(b, tag, 16);
	buf_sv(b, SV("\""));
}

void etag_put_headers(struct buf *b, struct sv headers, uint64_t tag)
{
	buf_sv(b, headers);
	buf_sv(b, SV("ETag: "));
	etag_put(b, tag);
	buf_sv(b, SV("\r\n"));
}

static bool is_in(struct sv list, uint64_t tag)
{
	char text[ETAG_BYTES] = "";
	struct sv one, want = sv_of(text + 2, sizeof(text) - 2);
	struct buf b;
	bool is_weak;

	if (sv_eq(sv_trim(list), SV("*")))
		return true;
	buf_init_fixed(&b, text, sizeof(text));
	etag_put(&b, tag);
	while ((one = http1_tag_next(&list, &is_weak)).ptr)
		if (sv_eq(one, want))
			return true;
	return false;
}

bool etag_is_known(const struct http1_request *head, uint64_t tag)
{
	for (unsigned i = 0; i < head->header_count; i++)
		if (sv_eq_nocase(head->headers[i].name, SV("if-none-match")) &&
		    is_in(head->headers[i].value, tag))
			return true;
	return false;
}
