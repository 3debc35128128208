/*
 * policy.c - compiles settings into what the query path needs: prefixes and
 * ready texts. Nobody writes a policy after policy_new(). Any thread.
 */
#include "balancer/policy.h"

#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/proto/jsonw.h"

#define POLICY_TEXT_MAX 8192

/* The host's name with what does not belong in an id blanked. */
static void host_id(char *dst, size_t dst_bytes)
{
	if (gethostname(dst, dst_bytes) != 0)
		dst[0] = '\0';
	dst[dst_bytes - 1] = '\0';
	for (char *c = dst; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (!node_id_is_valid(sv_of(c, 1)))
			*c = '-';
	}
	if (dst[0] == '\0')
		memcpy(dst, "b", 2);
}

/* The part of @b from @mark on; the buffer does not move any more. */
static struct sv since(const struct buf *b, size_t *mark)
{
	struct sv part = sv_of(b->data + *mark, b->len - *mark);

	*mark = b->len;
	return part;
}

static void put_headers(struct policy *p, struct buf *b, uint64_t ttl_s)
{
	size_t mark = 0, kept;

	buf_str(b, "Content-Type: application/json\r\n");
	kept = b->len;
	buf_str(b, "Cache-Control: private, max-age=");
	buf_u64(b, ttl_s);
	buf_str(b, ", stale-if-error=86400\r\n"
		   "Access-Control-Allow-Origin: *\r\n");
	p->headers = since(b, &mark);
	p->kept_headers = sv_of(b->data + kept, b->len - kept);
}

static void put_rates(struct buf *b, const struct balancer_settings *s)
{
	buf_str(b, "\"heartbeat\":{\"start_s\":");
	buf_i64(b, s->heartbeat_start_ms / 1000);
	buf_str(b, ",\"min_s\":");
	buf_i64(b, s->heartbeat_min_ms / 1000);
	buf_str(b, ",\"max_s\":");
	buf_i64(b, s->heartbeat_max_ms / 1000);
	buf_str(b, ",\"step_s\":");
	buf_i64(b, s->heartbeat_step_ms / 1000);
	buf_str(b, ",\"max_missed\":");
	buf_u64(b, s->heartbeat_max_missed);
	buf_str(b, "},\"backoff\":{\"base_ms\":");
	buf_i64(b, s->backoff_base_ms);
	buf_str(b, ",\"factor\":");
	buf_double(b, s->backoff_factor);
	buf_str(b, ",\"jitter\":");
	buf_double(b, s->backoff_jitter);
	buf_str(b, ",\"max_ms\":");
	buf_i64(b, s->backoff_max_ms);
	buf_char(b, '}');
}

static void put_fallback(struct buf *b, const struct conf_list *names)
{
	for (unsigned i = 0; i < names->count; i++) {
		if (i > 0)
			buf_char(b, ',');
		buf_json_str(b, sv_str(names->items[i]));
	}
}

/* Go's encoding/json leaves out members that are zero. */
static void put_unless_zero(struct jsonw *w, const char *key, uint64_t value)
{
	if (value != 0)
		jsonw_u64(w, key, value);
}

static void put_goim_head(struct buf *b, const struct balancer_settings *s)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "code", 0);
	jsonw_str(&w, "message", "");
	jsonw_object(&w, "data");
	if (s->goim_domain[0])
		jsonw_str(&w, "domain", s->goim_domain);
	put_unless_zero(&w, "tcp_port", s->goim_tcp_port);
	put_unless_zero(&w, "ws_port", s->goim_ws_port);
	put_unless_zero(&w, "wss_port", s->goim_wss_port);
	put_unless_zero(&w, "heartbeat", s->goim_heartbeat_s);
	jsonw_array(&w, "nodes");
}

static void put_goim_tail(struct buf *b, const struct balancer_settings *s)
{
	struct jsonw w;

	buf_str(b, "],\"backoff\":");
	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	put_unless_zero(&w, "max_delay", s->goim_backoff_max_s);
	put_unless_zero(&w, "base_delay", s->goim_backoff_base_s);
	if (s->goim_backoff_factor > 0)
		jsonw_real(&w, "factor", s->goim_backoff_factor);
	if (s->goim_backoff_jitter > 0)
		jsonw_real(&w, "jitter", s->goim_backoff_jitter);
	jsonw_object_end(&w);
	if (s->goim_heartbeat_max != 0) {
		buf_str(b, ",\"heartbeat_max\":");
		buf_u64(b, s->goim_heartbeat_max);
	}
	buf_str(b, "}}");
}

static void render(struct policy *p, const struct balancer_settings *s)
{
	struct buf b;
	size_t mark = 0;

	p->text = mem_alloc(POLICY_TEXT_MAX);
	buf_init_fixed(&b, p->text, POLICY_TEXT_MAX);
	put_headers(p, &b, (uint64_t)s->ttl_ms / 1000);
	mark = b.len;
	buf_i64(&b, s->ttl_ms / 1000);
	p->ttl = since(&b, &mark);
	put_rates(&b, s);
	p->rates = since(&b, &mark);
	put_fallback(&b, &s->fallback);
	p->fallback = since(&b, &mark);
	put_goim_head(&b, s);
	p->goim_head = since(&b, &mark);
	put_goim_tail(&b, s);
	p->goim_tail = since(&b, &mark);
}

/* Returns how many of @list went into @prefixes. */
static unsigned take_prefixes(struct addr_prefix *prefixes,
			      const struct conf_list *list)
{
	unsigned count = 0;

	for (unsigned i = 0; i < list->count; i++)
		if (addr_parse_prefix(sv_str(list->items[i]),
				      &prefixes[count]) == 0)
			count++;
	return count;
}

struct policy *policy_new(const struct balancer_settings *settings)
{
	struct policy *p = mem_alloc(sizeof(*p));

	p->holders = 1;
	p->trust_ip_parameter = settings->trust_ip_parameter;
	p->quota = ratelimit_quota(settings->rate_limit, settings->rate_burst);
	p->forwarded_header = settings->forwarded_header[0] == 'f'
				      ? POLICY_FORWARDED
				      : POLICY_X_FORWARDED_FOR;
	p->proxy_count = take_prefixes(p->proxies, &settings->trusted_proxies);
	p->speaker_count =
		take_prefixes(p->speakers, &settings->proxy_protocol);
	memcpy(p->balancer_id, settings->balancer_id, sizeof(p->balancer_id));
	if (p->balancer_id[0] == '\0')
		host_id(p->balancer_id, sizeof(p->balancer_id));
	memcpy(p->default_service, settings->default_service,
	       sizeof(p->default_service));
	memcpy(p->goim_domain, settings->goim_domain, sizeof(p->goim_domain));
	memcpy(p->goim_host_domain, settings->goim_host_domain,
	       sizeof(p->goim_host_domain));
	p->ranking = snapshot_default_policy();
	p->ranking.replica_count = settings->replicas;
	p->ranking.renew_ms = settings->renew_ms;
	p->ranking.carrier_penalty_km = settings->carrier_penalty_km;
	p->ranking.border_km = settings->border_km;
	p->fallback_count = settings->fallback.count;
	render(p, settings);
	return p;
}

struct policy *policy_ref(struct policy *policy)
{
	atomic_fetch_add(&policy->holders, 1);
	return policy;
}

void policy_unref(struct policy **policy)
{
	struct policy *p = *policy;

	*policy = NULL;
	if (!p || atomic_fetch_sub(&p->holders, 1) != 1)
		return;
	mem_free(p->text);
	mem_free(p);
}

static bool is_in(const struct addr *addr, const struct addr_prefix *prefixes,
		  unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (addr_in_prefix(addr, &prefixes[i]))
			return true;
	return false;
}

bool policy_is_proxy(const struct policy *policy, const struct addr *peer)
{
	return is_in(peer, policy->proxies, policy->proxy_count);
}

bool policy_is_speaker(const struct policy *policy, const struct addr *peer)
{
	return is_in(peer, policy->speakers, policy->speaker_count);
}
