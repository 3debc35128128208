/*
 * settings_check.c - what peri-balancer's options may say, alone and together,
 * beyond their kinds. Pure.
 */
#include "balancer/settings_check.h"

#include "balancer/balancer_conf.h"
#include "lib/base/err.h"
#include "lib/proto/node.h"
#include "lib/proto/reply.h"
#include "lib/proto/url.h"

static int refuse(struct buf *why, const char *option, const char *value,
		  const char *rule)
{
	buf_printf(why, "%s: \"%s\" %s", option, value, rule);
	return ERR_RANGE;
}

static int check_registries(const struct balancer_settings *s, struct buf *why)
{
	struct url url;

	if (s->registry.count == 0)
		return refuse(why, "registry", "", "needs at least one URL");
	for (unsigned i = 0; i < s->registry.count; i++)
		if (url_parse(sv_str(s->registry.items[i]), &url) != 0)
			return refuse(why, "registry", s->registry.items[i],
				      "must be http://HOST:PORT");
	return 0;
}

static int check_prefixes(const char *option, const struct conf_list *list,
			  struct buf *why)
{
	struct addr_prefix prefix;

	for (unsigned i = 0; i < list->count; i++)
		if (addr_parse_prefix(sv_str(list->items[i]), &prefix) != 0)
			return refuse(why, option, list->items[i],
				      "must be an address or ADDR/BITS with "
				      "zero host bits");
	return 0;
}

static int check_proxies(const struct balancer_settings *s, struct buf *why)
{
	int rc = check_prefixes("trusted_proxies", &s->trusted_proxies, why);

	if (rc == 0)
		rc = check_prefixes("proxy_protocol", &s->proxy_protocol, why);
	if (rc != 0)
		return rc;
	if (strcmp(s->forwarded_header, "x-forwarded-for") != 0 &&
	    strcmp(s->forwarded_header, "forwarded") != 0)
		return refuse(why, "forwarded_header", s->forwarded_header,
			      "must be x-forwarded-for or forwarded");
	return 0;
}

static bool is_host(struct sv text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
			return false;
	}
	return text.len > 0;
}

static int check_names(const struct balancer_settings *s, struct buf *why)
{
	if (s->balancer_id[0] && !node_id_is_valid(sv_str(s->balancer_id)))
		return refuse(why, "balancer_id", s->balancer_id,
			      "must be 1-32 of a-z 0-9 . - _");
	if (s->default_service[0] &&
	    !node_id_is_valid(sv_str(s->default_service)))
		return refuse(why, "default_service", s->default_service,
			      "must be 1-64 of a-z 0-9 . - _");
	if (s->goim_domain[0] && !is_host(sv_str(s->goim_domain)))
		return refuse(why, "goim_domain", s->goim_domain,
			      "must be a host name");
	if (s->goim_host_domain[0] && !is_host(sv_str(s->goim_host_domain)))
		return refuse(why, "goim_host_domain", s->goim_host_domain,
			      "must be the end of a host name");
	if (s->fallback.count > REPLY_FALLBACK_MAX)
		return refuse(why, "fallback", s->fallback.items[0],
			      "and others: at most 4 names");
	for (unsigned i = 0; i < s->fallback.count; i++)
		if (!is_host(sv_str(s->fallback.items[i])) ||
		    strlen(s->fallback.items[i]) >= NODE_HOST_BYTES)
			return refuse(why, "fallback", s->fallback.items[i],
				      "must be a host name");
	return 0;
}

static int check_databases(const struct balancer_settings *s, struct buf *why)
{
	if (s->geo_databases.count + s->geo_asn_databases.count <=
	    CONF_LIST_MAX)
		return 0;
	return refuse(why, "geo_asn_databases", s->geo_asn_databases.items[0],
		      "and others: at most 16 files with geo_databases");
}

int settings_check(const void *settings, struct buf *why)
{
	const struct balancer_settings *s = settings;
	int rc;

	rc = check_registries(s, why);
	if (rc == 0)
		rc = check_databases(s, why);
	if (rc == 0)
		rc = check_proxies(s, why);
	if (rc == 0)
		rc = check_names(s, why);
	if (rc == 0 && s->heartbeat_min_ms > s->heartbeat_max_ms) {
		buf_str(why, "heartbeat_min must not be above heartbeat_max");
		rc = ERR_RANGE;
	}
	if (rc == 0 && !s->listen_public.on)
		rc = refuse(why, "listen_public", "off",
			    "would leave nothing to do");
	return rc;
}
