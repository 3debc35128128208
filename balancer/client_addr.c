/*
 * client_addr.c - decides whose address a request is answered for. Pure; on
 * the query path, so the common case (no proxies) looks at nothing.
 */
#include "balancer/client_addr.h"

#include "lib/proto/forwarded.h"

/* The part of @text behind its last comma; *@text loses it and the comma. */
static struct sv cut_last(struct sv *text)
{
	size_t at = text->len;
	struct sv last;

	while (at > 0 && text->ptr[at - 1] != ',')
		at--;
	last = sv_trim(sv_of(text->ptr + at, text->len - at));
	text->len = at > 0 ? at - 1 : 0;
	return last;
}

/* Takes one field value: *@client in: who sent it, out: who is left of that.
 * Returns QUERY_OK; *@found_r: there is no need to look further left. */
typedef enum query_refusal walk_fn(const struct policy *policy, struct sv value,
				   struct addr *client, bool *found_r);

/* X-Forwarded-For, from the right. */
static enum query_refusal walk_list(const struct policy *policy,
				    struct sv value, struct addr *client,
				    bool *found_r)
{
	while (value.len > 0 && !*found_r) {
		struct sv text = cut_last(&value);

		if (text.len == 0)
			continue;
		if (addr_parse(text, client) != 0)
			return QUERY_BAD_FORWARDED_FOR;
		*found_r = !policy_is_proxy(policy, client);
	}
	return QUERY_OK;
}

/* Forwarded can only be read from the left, for its quotations. Who stands
 * left of a hidden one may be invented: the one on its right counts. */
static enum query_refusal walk_forwarded(const struct policy *policy,
					 struct sv value, struct addr *client,
					 bool *found_r)
{
	const struct addr sender = *client;
	struct forwarded_hop hop;
	bool named = false;
	int rc;

	while ((rc = forwarded_next(&value, &hop)) == 1) {
		if (hop.kind == FORWARDED_HIDDEN) {
			*found_r = true;
			named = false;
			*client = sender;
		} else if (!policy_is_proxy(policy, &hop.address)) {
			*found_r = named = true;
			*client = hop.address;
		} else if (!named) {
			named = true;
			*client = hop.address;
		}
	}
	return rc == 0 ? QUERY_OK : QUERY_BAD_FORWARDED_FOR;
}

/* Several fields of one name are one list (RFC 9110 section 5.3). */
static enum query_refusal forwarded(const struct policy *policy,
				    const struct http1_request *head,
				    struct addr *client)
{
	static const struct {
		struct sv name;
		walk_fn *walk;
	} kinds[] = {
		[POLICY_X_FORWARDED_FOR] = {{"x-forwarded-for", 15}, walk_list},
		[POLICY_FORWARDED] = {{"forwarded", 9}, walk_forwarded},
	};
	struct sv name = kinds[policy->forwarded_header].name;
	walk_fn *walk = kinds[policy->forwarded_header].walk;
	bool found = false;

	for (unsigned i = head->header_count; i > 0 && !found; i--) {
		const struct http1_header *header = &head->headers[i - 1];
		enum query_refusal refusal;

		if (!sv_eq_nocase(header->name, name))
			continue;
		refusal = walk(policy, header->value, client, &found);
		if (refusal != QUERY_OK)
			return refusal;
	}
	return QUERY_OK;
}

enum query_refusal client_addr_find(const struct policy *policy,
				    const struct http1_request *head,
				    const struct addr *peer,
				    const struct addr *ip,
				    struct addr *client_r)
{
	bool from_proxy =
		policy->proxy_count > 0 && policy_is_proxy(policy, peer);

	*client_r = *peer;
	if (ip) {
		if (!from_proxy && !policy->trust_ip_parameter)
			return QUERY_IP_NOT_TRUSTED;
		*client_r = *ip;
		return QUERY_OK;
	}
	return from_proxy ? forwarded(policy, head, client_r) : QUERY_OK;
}

const struct addr *client_addr_payer(const struct policy *policy,
				     const struct addr *peer,
				     const struct addr *ip,
				     const struct addr *client)
{
	return ip && !policy_is_proxy(policy, peer) ? peer : client;
}

enum query_refusal client_addr_claim(const struct policy *policy,
				     struct ratelimit *limit,
				     const struct httpd_request *req,
				     const struct addr *ip,
				     struct client_addr_claim *claim_r)
{
	enum query_refusal refusal = client_addr_find(
		policy, req->head, &req->peer, ip, &claim_r->client);

	claim_r->payer =
		client_addr_payer(policy, &req->peer, ip, &claim_r->client);
	if (refusal == QUERY_OK && policy->quota.step_ns > 0)
		claim_r->place = ratelimit_find(limit, claim_r->payer);
	return refusal;
}

enum query_refusal client_addr_admit(const struct policy *policy,
				     struct ratelimit *limit,
				     const struct client_addr_claim *claim,
				     int64_t now_ms)
{
	if (policy->quota.step_ns == 0 ||
	    LIKELY(ratelimit_take(limit, &policy->quota, claim->place, now_ms)))
		return QUERY_OK;
	/* A proxy that does not name its client speaks for too many. */
	return policy_is_proxy(policy, claim->payer) ? QUERY_OK
						     : QUERY_RATE_LIMITED;
}
