/*
 * answer.c - the bodies of answers. Runs for every request: fixed texts are in
 * the view already, the rest is written digit by digit. Pure.
 */
#include "balancer/answer.h"

#include "balancer/answer_id.h"

#define UNKNOWN_KM 0xffff

/* Networks instead of addresses: an answer may be logged by others. */
static void put_masked(struct buf *b, const struct addr *address)
{
	bool v4 = address->family == ADDR_V4;
	struct addr masked = addr_mask(address, v4 ? 24 : 48);

	addr_put(b, &masked);
	buf_sv(b, v4 ? SV("/24\"") : SV("/48\""));
}

/* The end of the id, the client, and the opening of the list. */
static void put_client(struct buf *b, const struct answer_client *client,
		       uint8_t service)
{
	const struct answer_id id = {
		.key = client->key,
		.cell = client->cell,
		.service = service,
		.want = client->want,
		.family = client->family,
	};
	size_t tail_at = b->len;

	buf_sv(b, SV(ANSWER_ID_TAIL "\",\"client\":{\"ip\":\""));
	if (!b->failed)
		answer_id_fill(b->data + tail_at, &id);
	put_masked(b, &client->address);
	place_note_put(b, &client->place);
	buf_sv(b, SV("},\"nodes\":["));
}

/* Without the opening and the end. */
static void put_node(struct buf *b, const struct snapshot_service *service,
		     const struct draw_entry *entry,
		     enum snapshot_family family)
{
	if (LIKELY(family == SNAPSHOT_V46))
		card_text_put(&service->texts[entry->node], b);
	else if (family == SNAPSHOT_V4)
		card_put_v4(service->nodes[entry->node].card, b);
	else
		card_put_v6(service->nodes[entry->node].card, b);
	if (entry->km != UNKNOWN_KM) {
		buf_sv(b, SV(",\"km\":"));
		buf_u64(b, entry->km);
	}
}

void answer_fetch_texts(const struct view_service *service,
			const struct draw_list *list,
			enum snapshot_family family)
{
	const struct snapshot_service *ranking = service->ranking;

	for (unsigned i = 0; i < list->count; i++)
		__builtin_prefetch(&ranking->texts[list->entries[i].node]);
	for (unsigned i = 0; family != SNAPSHOT_V46 && i < list->count; i++)
		__builtin_prefetch(&ranking->nodes[list->entries[i].node].card);
}

void answer_fetch_bytes(const struct view_service *service,
			const struct draw_list *list,
			enum snapshot_family family)
{
	const struct snapshot_service *ranking = service->ranking;

	for (unsigned i = 0; i < list->count; i++) {
		const struct card_text *text =
			&ranking->texts[list->entries[i].node];

		for (size_t at = 0; at < text->len; at += CACHE_LINE_BYTES)
			__builtin_prefetch(text->bytes + at);
	}
	for (unsigned i = 0; family != SNAPSHOT_V46 && i < list->count; i++)
		__builtin_prefetch(ranking->nodes[list->entries[i].node].card);
}

void answer_put(struct buf *b, const struct view_service *service,
		const struct answer_client *client,
		const struct draw_list *list)
{
	buf_sv(b, service->head);
	put_client(b, client, service->index);
	if (list->count > 0)
		buf_sv(b, SV(CARD_TEXT_HEAD));
	for (unsigned i = 0; i < list->count; i++) {
		if (i > 0)
			buf_sv(b, SV("}," CARD_TEXT_HEAD));
		put_node(b, service->ranking, &list->entries[i],
			 client->family);
	}
	if (list->count > 0)
		buf_sv(b, SV("}"));
	buf_sv(b, service->tail);
	if (list->count == 0)
		buf_sv(b, SV(",\"flags\":[\"no_nodes\"]"));
	else if (list->panic)
		buf_sv(b, SV(",\"flags\":[\"panic\"]"));
	buf_sv(b, SV("}"));
}

void answer_put_nobody(struct buf *b, const struct view *view, struct sv host,
		       const struct answer_client *client)
{
	const struct policy *policy = view->policy;

	if (host.len == 0)
		host = sv_str(policy->default_service);
	buf_sv(b, SV("{\"host\":"));
	buf_json_str(b, host);
	buf_sv(b, view->nobody_head);
	put_client(b, client, 0);
	buf_sv(b, SV("],"));
	buf_sv(b, policy->rates);
	buf_sv(b, SV(",\"fallback\":["));
	if (policy->fallback_count > 0)
		buf_sv(b, policy->fallback);
	else if (host.len > 0 && memchr(host.ptr, '.', host.len))
		buf_json_str(b, host);
	buf_sv(b, SV("],\"flags\":[\"no_nodes\"]}"));
}

/* ---- goim's form ---- */

static void put_quoted(struct buf *b, struct sv text, unsigned *count)
{
	buf_sv(b, (*count)++ > 0 ? SV(",\"") : SV("\""));
	buf_sv(b, text);
	buf_sv(b, SV("\""));
}

static void put_goim_addrs(struct buf *b, const struct card_record *record,
			   unsigned *count)
{
	char text[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < record->ipv4_count; i++)
		put_quoted(b, sv_str(addr_text(&record->ipv4[i], text)), count);
	for (unsigned i = 0; i < record->ipv6_count; i++)
		put_quoted(b, sv_str(addr_text(&record->ipv6[i], text)), count);
}

/* goim makes a node's name from its host and the configured domain. */
static void put_goim_host(struct buf *b, const struct card_record *record,
			  const struct policy *policy, unsigned *count)
{
	if (record->host[0]) {
		put_quoted(b, sv_str(record->host), count);
		return;
	}
	buf_sv(b, (*count)++ > 0 ? SV(",\"") : SV("\""));
	buf_str(b, record->id);
	buf_str(b, policy->goim_host_domain);
	buf_sv(b, SV("\""));
}

void answer_put_goim(struct buf *b, const struct view *view,
		     const struct view_service *service,
		     const struct draw_list *list, enum answer_goim form)
{
	unsigned count = 0;

	buf_sv(b, view->policy->goim_head);
	for (unsigned i = 0; service && i < list->count; i++) {
		uint32_t node = list->entries[i].node;
		const struct card_record *record =
			&service->ranking->nodes[node].card->record;

		if (form == ANSWER_GOIM_ADDRS)
			put_goim_addrs(b, record, &count);
		else
			put_goim_host(b, record, view->policy, &count);
	}
	if (count == 0 && view->policy->goim_domain[0])
		put_quoted(b, sv_str(view->policy->goim_domain), &count);
	buf_sv(b, view->policy->goim_tail);
}
