/*
 * balancer_conf.c - peri-balancer's options and the rules between them. Data
 * and pure checks only.
 */
#include "balancer/balancer_conf.h"

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/proto/node.h"
#include "lib/proto/reply.h"
#include "lib/proto/url.h"

#define AT(member)                                                             \
	.offset = offsetof(struct balancer_settings, member),                  \
	.size = sizeof(((struct balancer_settings *)0)->member)

#define DAY_MS 86400000.0

static const struct conf_option options[] = {
	{.name = "listen_public",
	 .kind = CONF_LISTEN,
	 AT(listen_public),
	 .default_text = "*:8053",
	 .metavar = "ADDR:PORT",
	 .help = "where clients ask: /resolve, /goim/nodes/weighted"},
	{.name = "listen_admin",
	 .kind = CONF_LISTEN,
	 AT(listen_admin),
	 .default_text = "127.0.0.1:8054",
	 .metavar = "ADDR:PORT",
	 .help = "metrics, explain and health; \"off\" for none"},
	{.name = "workers",
	 .kind = CONF_U32,
	 AT(workers),
	 .default_text = "2",
	 .min = 1,
	 .max = BALANCER_WORKERS_MAX,
	 .metavar = "N",
	 .help = "threads that answer clients"},
	{.name = "conns_max",
	 .kind = CONF_U32,
	 AT(conns_max),
	 .default_text = "16384",
	 .min = 1,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "open client connections of one worker; more get 503"},
	{.name = "conns_per_address",
	 .kind = CONF_U32,
	 AT(conns_per_address),
	 .default_text = "1024",
	 .min = 0,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "of conns_max, those of one IPv4 address or IPv6 /64; more "
		 "are reset; 0: no limit"},
	{.name = "bad_rate",
	 .kind = CONF_U32,
	 AT(bad_rate),
	 .default_text = "20",
	 .min = 0,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "bad requests (4xx) a second of one IPv4 address or IPv6 "
		 "/64, at one worker; above, its connections are closed and "
		 "new ones reset; 0: no limit"},
	{.name = "bad_burst",
	 .kind = CONF_U32,
	 AT(bad_burst),
	 .default_text = "200",
	 .min = 1,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "bad requests at once that bad_rate forgives"},
	{.name = "balancer_id",
	 .kind = CONF_TEXT,
	 AT(balancer_id),
	 .default_text = "",
	 .metavar = "ID",
	 .help = "this replica's name in answers; default: the host's name"},
	{.name = "state_dir",
	 .kind = CONF_TEXT,
	 AT(state_dir),
	 .default_text = "/var/lib/perihelion",
	 .metavar = "DIR",
	 .help = "where the last good fleet is saved; made when "
		 "missing; empty: nowhere"},
	{.name = "registry",
	 .kind = CONF_LIST,
	 AT(registry),
	 .default_text = "http://127.0.0.1:7171",
	 .metavar = "URL,...",
	 .help = "registries to follow, tried in turn"},
	{.name = "replicas",
	 .kind = CONF_U32,
	 AT(replicas),
	 .default_text = "1",
	 .min = 1,
	 .max = 1000,
	 .reloadable = true,
	 .metavar = "N",
	 .help = "balancers that share the clients"},
	{.name = "renew_interval",
	 .kind = CONF_DURATION,
	 AT(renew_ms),
	 .default_text = "5s",
	 .min = 500,
	 .max = 3600000,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "how often nodes report their load"},
	{.name = "snapshots_kept",
	 .kind = CONF_U32,
	 AT(snapshots_kept),
	 .default_text = "64",
	 .min = 1,
	 .max = 1024,
	 .metavar = "N",
	 .help = "past snapshots that explain can still read"},
	{.name = "geo_databases",
	 .kind = CONF_LIST,
	 AT(geo_databases),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "FILE,...",
	 .help = "city databases (.mmdb); none: places are unknown"},
	{.name = "geo_overrides",
	 .kind = CONF_TEXT,
	 AT(geo_overrides),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "FILE",
	 .help = "the operator's own places and carriers of networks and "
		 "carriers of AS numbers (JSON)"},
	{.name = "geo_asn_databases",
	 .kind = CONF_LIST,
	 AT(geo_asn_databases),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "FILE,...",
	 .help = "databases of AS numbers (.mmdb), read when geo_overrides "
		 "gives carriers to AS numbers"},
	{.name = "carrier_penalty_km",
	 .kind = CONF_REAL,
	 AT(carrier_penalty_km),
	 .default_text = "1500",
	 .min = 0,
	 .max = 20000,
	 .reloadable = true,
	 .metavar = "KM",
	 .help = "how much farther a site of another carrier counts"},
	{.name = "border_km",
	 .kind = CONF_REAL,
	 AT(border_km),
	 .default_text = "0",
	 .min = 0,
	 .max = 20000,
	 .reloadable = true,
	 .metavar = "KM",
	 .help = "how much farther a site in another country counts"},
	{.name = "trust_ip_parameter",
	 .kind = CONF_BOOL,
	 AT(trust_ip_parameter),
	 .default_text = "no",
	 .reloadable = true,
	 .metavar = "BOOL",
	 .help = "believe ip= from everybody"},
	{.name = "trusted_proxies",
	 .kind = CONF_LIST,
	 AT(trusted_proxies),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "PREFIX,...",
	 .help = "networks whose forwarding header and ip= are believed"},
	{.name = "proxy_protocol",
	 .kind = CONF_LIST,
	 AT(proxy_protocol),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "PREFIX,...",
	 .help = "networks whose connections begin with a PROXY header, "
		 "version 1 or 2; others may not send one"},
	{.name = "forwarded_header",
	 .kind = CONF_TEXT,
	 AT(forwarded_header),
	 .default_text = "x-forwarded-for",
	 .reloadable = true,
	 .metavar = "NAME",
	 .help = "the one header that trusted_proxies write: x-forwarded-for "
		 "or forwarded (RFC 7239); the other is ignored"},
	{.name = "default_service",
	 .kind = CONF_TEXT,
	 AT(default_service),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "HOST",
	 .help = "service of queries without host=; default: the only one"},
	{.name = "ttl",
	 .kind = CONF_DURATION,
	 AT(ttl_ms),
	 .default_text = "60s",
	 .min = 1000,
	 .max = DAY_MS,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "how long a client may keep an answer"},
	{.name = "heartbeat_start",
	 .kind = CONF_DURATION,
	 AT(heartbeat_start_ms),
	 .default_text = "60s",
	 .min = 1000,
	 .max = DAY_MS,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "a client's first heartbeat interval"},
	{.name = "heartbeat_min",
	 .kind = CONF_DURATION,
	 AT(heartbeat_min_ms),
	 .default_text = "60s",
	 .min = 1000,
	 .max = DAY_MS,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "shortest heartbeat interval"},
	{.name = "heartbeat_max",
	 .kind = CONF_DURATION,
	 AT(heartbeat_max_ms),
	 .default_text = "300s",
	 .min = 1000,
	 .max = DAY_MS,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "longest heartbeat interval"},
	{.name = "heartbeat_step",
	 .kind = CONF_DURATION,
	 AT(heartbeat_step_ms),
	 .default_text = "30s",
	 .min = 1000,
	 .max = DAY_MS,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "step between intervals"},
	{.name = "heartbeat_max_missed",
	 .kind = CONF_U32,
	 AT(heartbeat_max_missed),
	 .default_text = "2",
	 .min = 1,
	 .max = 100,
	 .reloadable = true,
	 .metavar = "N",
	 .help = "missed heartbeats that end a connection"},
	{.name = "backoff_base",
	 .kind = CONF_DURATION,
	 AT(backoff_base_ms),
	 .default_text = "1s",
	 .min = 1,
	 .max = 3600000,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "first reconnect delay"},
	{.name = "backoff_max",
	 .kind = CONF_DURATION,
	 AT(backoff_max_ms),
	 .default_text = "120s",
	 .min = 1,
	 .max = DAY_MS,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "longest reconnect delay"},
	{.name = "backoff_factor",
	 .kind = CONF_REAL,
	 AT(backoff_factor),
	 .default_text = "1.6",
	 .min = 1,
	 .max = 100,
	 .reloadable = true,
	 .metavar = "X",
	 .help = "growth of the reconnect delay"},
	{.name = "backoff_jitter",
	 .kind = CONF_REAL,
	 AT(backoff_jitter),
	 .default_text = "0.3",
	 .min = 0,
	 .max = 1,
	 .reloadable = true,
	 .metavar = "X",
	 .help = "share of the delay that is random"},
	{.name = "fallback",
	 .kind = CONF_LIST,
	 AT(fallback),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "HOST,...",
	 .help = "names to try when no node answers; default: the service's"},
	{.name = "goim_domain",
	 .kind = CONF_TEXT,
	 AT(goim_domain),
	 .default_text = "conn.goim.io",
	 .reloadable = true,
	 .metavar = "HOST",
	 .help = "goim form: domain"},
	{.name = "goim_host_domain",
	 .kind = CONF_TEXT,
	 AT(goim_host_domain),
	 .default_text = ".goim.io",
	 .reloadable = true,
	 .metavar = "SUFFIX",
	 .help = "goim form: suffix of node ids without a host, for web"},
	{.name = "goim_tcp_port",
	 .kind = CONF_U32,
	 AT(goim_tcp_port),
	 .default_text = "3101",
	 .min = 0,
	 .max = 65535,
	 .reloadable = true,
	 .metavar = "PORT",
	 .help = "goim form: tcp_port; 0 leaves it out"},
	{.name = "goim_ws_port",
	 .kind = CONF_U32,
	 AT(goim_ws_port),
	 .default_text = "3102",
	 .min = 0,
	 .max = 65535,
	 .reloadable = true,
	 .metavar = "PORT",
	 .help = "goim form: ws_port; 0 leaves it out"},
	{.name = "goim_wss_port",
	 .kind = CONF_U32,
	 AT(goim_wss_port),
	 .default_text = "3103",
	 .min = 0,
	 .max = 65535,
	 .reloadable = true,
	 .metavar = "PORT",
	 .help = "goim form: wss_port; 0 leaves it out"},
	{.name = "goim_heartbeat",
	 .kind = CONF_U32,
	 AT(goim_heartbeat_s),
	 .default_text = "240",
	 .min = 0,
	 .max = 86400,
	 .reloadable = true,
	 .metavar = "SECONDS",
	 .help = "goim form: heartbeat"},
	{.name = "goim_heartbeat_max",
	 .kind = CONF_U32,
	 AT(goim_heartbeat_max),
	 .default_text = "2",
	 .min = 0,
	 .max = 100,
	 .reloadable = true,
	 .metavar = "N",
	 .help = "goim form: heartbeat_max"},
	{.name = "goim_backoff_max",
	 .kind = CONF_U32,
	 AT(goim_backoff_max_s),
	 .default_text = "300",
	 .min = 0,
	 .max = 86400,
	 .reloadable = true,
	 .metavar = "SECONDS",
	 .help = "goim form: backoff.max_delay"},
	{.name = "goim_backoff_base",
	 .kind = CONF_U32,
	 AT(goim_backoff_base_s),
	 .default_text = "3",
	 .min = 0,
	 .max = 86400,
	 .reloadable = true,
	 .metavar = "SECONDS",
	 .help = "goim form: backoff.base_delay"},
	{.name = "goim_backoff_factor",
	 .kind = CONF_REAL,
	 AT(goim_backoff_factor),
	 .default_text = "1.8",
	 .min = 0,
	 .max = 100,
	 .reloadable = true,
	 .metavar = "X",
	 .help = "goim form: backoff.factor"},
	{.name = "goim_backoff_jitter",
	 .kind = CONF_REAL,
	 AT(goim_backoff_jitter),
	 .default_text = "0.3",
	 .min = 0,
	 .max = 1,
	 .reloadable = true,
	 .metavar = "X",
	 .help = "goim form: backoff.jitter"},
};

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

static int check(const void *settings, struct buf *why)
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

const struct conf_table *balancer_conf_table(void)
{
	static const struct conf_table table = {
		.options = options,
		.count = ARRAY_LEN(options),
		.check = check,
	};

	return &table;
}
