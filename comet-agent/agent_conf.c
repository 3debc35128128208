/*
 * agent_conf.c - the option table. No state; main thread.
 */
#include "comet-agent/agent_conf.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/url.h"
#include "lib/svc/service.h"

#define AT(member)                                                             \
	.offset = offsetof(struct agent_settings, member),                     \
	.size = sizeof(((struct agent_settings *)0)->member)

static const struct conf_option options[] = {
	{.name = "node_id",
	 .kind = CONF_TEXT,
	 AT(node_id),
	 .default_text = "",
	 .metavar = "ID",
	 .help = "this node's name in the fleet, 1-64 of a-z 0-9 . - _; "
		 "required"},
	{.name = "service",
	 .kind = CONF_TEXT,
	 AT(service),
	 .default_text = "comet",
	 .metavar = "NAME",
	 .help = "the service it belongs to, as clients ask for it"},
	{.name = "region",
	 .kind = CONF_TEXT,
	 AT(region),
	 .default_text = "",
	 .metavar = "ID",
	 .help = "its region in the registry; required"},
	{.name = "zone",
	 .kind = CONF_TEXT,
	 AT(zone),
	 .default_text = "",
	 .metavar = "ID",
	 .help = "its zone inside the region"},
	{.name = "host",
	 .kind = CONF_TEXT,
	 AT(host),
	 .default_text = "",
	 .metavar = "NAME",
	 .help = "its host name, for clients that check certificates"},
	{.name = "carrier",
	 .kind = CONF_TEXT,
	 AT(carrier),
	 .default_text = "",
	 .metavar = "ID",
	 .help = "its carrier; empty: several"},
	{.name = "addrs",
	 .kind = CONF_LIST,
	 AT(addrs),
	 .default_text = "auto",
	 .metavar = "ADDR,...",
	 .help = "its public addresses; \"auto\": the interfaces' global ones"},
	{.name = "labels",
	 .kind = CONF_LIST,
	 AT(labels),
	 .default_text = "",
	 .metavar = "KEY=VALUE,...",
	 .help = "labels shown to operators"},
	{.name = "lat",
	 .kind = CONF_REAL,
	 AT(lat_deg),
	 .default_text = "999",
	 .min = -90,
	 .max = 999,
	 .metavar = "DEGREES",
	 .help = "its latitude; 999: the region's"},
	{.name = "lon",
	 .kind = CONF_REAL,
	 AT(lon_deg),
	 .default_text = "999",
	 .min = -180,
	 .max = 999,
	 .metavar = "DEGREES",
	 .help = "its longitude; 999: the region's"},
	{.name = "weight",
	 .kind = CONF_U32,
	 AT(weight),
	 .default_text = "100",
	 .min = 0,
	 .max = NODE_WEIGHT_MAX,
	 .reloadable = true,
	 .metavar = "N",
	 .help = "its share against others; 100 is normal, 0 takes no new "
		 "clients"},
	{.name = "capacity",
	 .kind = CONF_U32,
	 AT(capacity),
	 .default_text = "10000",
	 .min = 1,
	 .max = NODE_CAPACITY_MAX,
	 .metavar = "N",
	 .help = "connections it can hold; more are refused"},
	{.name = "registry",
	 .kind = CONF_LIST,
	 AT(registry),
	 .default_text = "http://127.0.0.1:7171",
	 .metavar = "URL,...",
	 .help = "registries, tried in turn"},
	{.name = "registry_token",
	 .kind = CONF_SECRET,
	 AT(registry_token),
	 .default_text = "",
	 .metavar = "TOKEN",
	 .help = "sent to the registry as a bearer token; \"@FILE\" reads it"},
	{.name = "registry_timeout",
	 .kind = CONF_DURATION,
	 AT(registry_timeout_ms),
	 .default_text = "2s",
	 .min = 100,
	 .max = 60000,
	 .metavar = "TIME",
	 .help = "how long one call to a registry may take"},
	{.name = "registry_backoff_max",
	 .kind = CONF_DURATION,
	 AT(registry_backoff_max_ms),
	 .default_text = "10s",
	 .min = 100,
	 .max = 600000,
	 .metavar = "TIME",
	 .help = "longest pause between tries when no registry answers"},
	{.name = "conflict_retry",
	 .kind = CONF_DURATION,
	 AT(conflict_retry_ms),
	 .default_text = "60s",
	 .min = 100,
	 .max = 3600000,
	 .metavar = "TIME",
	 .help = "pause between tries when another process holds this id"},
	{.name = "lease_ttl",
	 .kind = CONF_DURATION,
	 AT(ttl_ms),
	 .default_text = "15s",
	 .min = NODE_TTL_MIN_MS,
	 .max = NODE_TTL_MAX_MS,
	 .metavar = "TIME",
	 .help = "how long the registry believes in a silent node"},
	{.name = "listen_tcp",
	 .kind = CONF_LISTEN,
	 AT(listen_tcp),
	 .default_text = "*:3101",
	 .metavar = "ADDR:PORT",
	 .help = "where clients connect (goim v2 frames over TCP)"},
	{.name = "advertise_tcp",
	 .kind = CONF_U32,
	 AT(advertise_tcp),
	 .default_text = "0",
	 .min = 0,
	 .max = 65535,
	 .metavar = "PORT",
	 .help = "port that clients are told; 0: the bound one"},
	{.name = "listen_admin",
	 .kind = CONF_LISTEN,
	 AT(listen_admin),
	 .default_text = "127.0.0.1:3108",
	 .metavar = "ADDR:PORT",
	 .help = "metrics, sessions and health; \"off\" for none"},
	{.name = "workers",
	 .kind = CONF_U32,
	 AT(workers),
	 .default_text = "1",
	 .min = 1,
	 .max = SESSION_TABLE_WORKERS_MAX,
	 .metavar = "N",
	 .help = "threads that serve clients"},
	{.name = "auth_mode",
	 .kind = CONF_TEXT,
	 AT(auth_mode),
	 .default_text = "open",
	 .metavar = "MODE",
	 .help = "\"open\" believes clients (trusted networks only), \"token\" "
		 "wants a signed token"},
	{.name = "token_secret",
	 .kind = CONF_SECRET,
	 AT(token_secret),
	 .default_text = "",
	 .metavar = "SECRET",
	 .help = "key of the tokens (HS256), at least 32 bytes; \"@FILE\" "
		 "reads it"},
	{.name = "auth_reply_code",
	 .kind = CONF_BOOL,
	 AT(auth_reply_code),
	 .default_text = "no",
	 .metavar = "BOOL",
	 .help = "answer an authentication with {\"code\":0} and not with "
		 "goim's empty body"},
	{.name = "auth_timeout",
	 .kind = CONF_DURATION,
	 AT(auth_timeout_ms),
	 .default_text = "5s",
	 .min = 100,
	 .max = 600000,
	 .metavar = "TIME",
	 .help = "how long a client may take to authenticate"},
	{.name = "heartbeat_default",
	 .kind = CONF_DURATION,
	 AT(heartbeat_default_ms),
	 .default_text = "240s",
	 .min = 1000,
	 .max = 900000,
	 .metavar = "TIME",
	 .help = "interval of clients that do not say theirs"},
	{.name = "heartbeat_max_missed",
	 .kind = CONF_U32,
	 AT(heartbeat_max_missed),
	 .default_text = "2",
	 .min = 1,
	 .max = 100,
	 .metavar = "N",
	 .help = "intervals without a sign of life that end a session"},
	{.name = "heartbeat_grace",
	 .kind = CONF_DURATION,
	 AT(heartbeat_grace_ms),
	 .default_text = "10s",
	 .min = 0,
	 .max = 600000,
	 .metavar = "TIME",
	 .help = "added for clients that say their interval"},
	{.name = "idle_min",
	 .kind = CONF_DURATION,
	 AT(idle_min_ms),
	 .default_text = "15s",
	 .min = 100,
	 .max = 1800000,
	 .metavar = "TIME",
	 .help = "no session is ended before so much silence"},
	{.name = "idle_max",
	 .kind = CONF_DURATION,
	 AT(idle_max_ms),
	 .default_text = "1800s",
	 .min = 100,
	 .max = 86400000,
	 .metavar = "TIME",
	 .help = "every session is ended after so much silence"},
	{.name = "frames_per_second",
	 .kind = CONF_U32,
	 AT(frames_per_s),
	 .default_text = "100",
	 .min = 1,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "frames of one client; faster ones are closed"},
	{.name = "max_conns_per_ip",
	 .kind = CONF_U32,
	 AT(max_conns_per_ip),
	 .default_text = "4096",
	 .min = 0,
	 .max = NODE_CAPACITY_MAX,
	 .metavar = "N",
	 .help = "connections of one client address (IPv6: /64); 0: no limit"},
	{.name = "output_max_bytes",
	 .kind = CONF_U32,
	 AT(output_max_bytes),
	 .default_text = "65536",
	 .min = SESSION_REPLY_MAX,
	 .max = 16777216,
	 .metavar = "BYTES",
	 .help = "unread output that ends a session"},
	{.name = "drain",
	 .kind = CONF_DURATION,
	 AT(drain_ms),
	 .default_text = "5s",
	 .min = 0,
	 .max = AGENT_CONF_DRAIN_MAX_MS,
	 .reloadable = true,
	 .metavar = "TIME",
	 .help = "over how long sessions are let go when the node leaves"},
};

static int refuse(struct buf *why, const char *text)
{
	buf_str(why, text);
	return ERR_RANGE;
}

static int check_names(const struct agent_settings *s, struct buf *why)
{
	if (!node_id_is_valid(sv_str(s->node_id)))
		return refuse(why, "node_id must be 1-64 of a-z 0-9 . - _");
	if (!node_id_is_valid(sv_str(s->service)))
		return refuse(why, "service must be 1-64 of a-z 0-9 . - _");
	if (!node_id_is_valid(sv_str(s->region)))
		return refuse(why, "region must be 1-64 of a-z 0-9 . - _");
	if (s->zone[0] && !node_id_is_valid(sv_str(s->zone)))
		return refuse(why, "zone must be 1-64 of a-z 0-9 . - _");
	return 0;
}

static bool has_degrees(double degrees)
{
	return degrees != AGENT_CONF_NO_DEGREES;
}

static int check_place(const struct agent_settings *s, struct buf *why)
{
	if (has_degrees(s->lat_deg) != has_degrees(s->lon_deg))
		return refuse(why, "lat and lon must be given together");
	if (has_degrees(s->lat_deg) && s->lat_deg > 90)
		return refuse(why, "lat must be -90..90");
	if (has_degrees(s->lon_deg) && s->lon_deg > 180)
		return refuse(why, "lon must be -180..180");
	return 0;
}

static int check_auth(const struct agent_settings *s, struct buf *why)
{
	if (sv_eq(sv_str(s->auth_mode), SV("open")))
		return 0;
	if (!sv_eq(sv_str(s->auth_mode), SV("token")))
		return refuse(why, "auth_mode must be open or token");
	if (strlen(s->token_secret) < AUTH_SECRET_MIN_BYTES)
		return refuse(why,
			      "auth_mode token needs token_secret of at least "
			      "32 bytes (@FILE reads it from a file)");
	return 0;
}

static int check_label(const char *text, struct node_label *label_r)
{
	struct sv rest = sv_str(text), key = sv_cut(&rest, '=');

	if (key.len == 0 || key.len == strlen(text))
		return ERR_SYNTAX;
	if (sv_copy(key, label_r->key, sizeof(label_r->key)) ||
	    sv_copy(rest, label_r->value, sizeof(label_r->value)))
		return ERR_TOOBIG;
	return 0;
}

static int check_lists(const struct agent_settings *s, struct buf *why)
{
	struct node_label label;
	struct addr addr;
	struct url url;

	if (s->registry.count == 0)
		return refuse(why, "registry must name at least one URL");
	for (unsigned i = 0; i < s->registry.count; i++)
		if (url_parse(sv_str(s->registry.items[i]), &url))
			return refuse(why,
				      "registry must be http://HOST:PORT URLs");
	if (s->addrs.count == 0)
		return refuse(why, "addrs must name addresses, or be auto");
	if (s->labels.count > NODE_LABELS_MAX)
		return refuse(why, "labels must be at most 8");
	for (unsigned i = 0; i < s->labels.count; i++)
		if (check_label(s->labels.items[i], &label))
			return refuse(why, "labels must be KEY=VALUE, at most "
					   "32 and 64 bytes");
	for (unsigned i = 0; i < s->addrs.count; i++)
		if (!sv_eq(sv_str(s->addrs.items[i]), SV("auto")) &&
		    addr_parse(sv_str(s->addrs.items[i]), &addr))
			return refuse(why, "addrs must be IP addresses");
	return 0;
}

static int check(const void *settings, struct buf *why)
{
	const struct agent_settings *s = settings;
	int rc = check_names(s, why);

	if (!rc)
		rc = check_place(s, why);
	if (!rc)
		rc = check_auth(s, why);
	if (!rc)
		rc = check_lists(s, why);
	if (!rc && s->idle_min_ms > s->idle_max_ms)
		rc = refuse(why, "idle_min must not be above idle_max");
	if (!rc && !s->listen_tcp.on)
		rc = refuse(why, "listen_tcp must not be off");
	return rc;
}

const struct conf_table *agent_conf_table(void)
{
	static const struct conf_table table = {.options = options,
						.count = ARRAY_LEN(options),
						.check = check};

	return &table;
}

static void fill_session(const struct agent_settings *s,
			 struct session_config *config_r)
{
	*config_r = (struct session_config){
		.auth = {.mode = sv_eq(sv_str(s->auth_mode), SV("token"))
					 ? AUTH_TOKEN
					 : AUTH_OPEN,
			 .secret = sv_str(s->token_secret),
			 .node_id = s->node_id},
		.auth_reply = s->auth_reply_code ? SESSION_AUTH_REPLY_CODE
						 : SESSION_AUTH_REPLY_EMPTY,
		.auth_timeout_ms = s->auth_timeout_ms,
		.heartbeat = {.default_interval_ms = s->heartbeat_default_ms,
			      .max_missed = s->heartbeat_max_missed,
			      .grace_ms = s->heartbeat_grace_ms,
			      .idle_min_ms = s->idle_min_ms,
			      .idle_max_ms = s->idle_max_ms},
		.frames_per_s = s->frames_per_s};
}

void agent_conf_gate(const struct agent_settings *settings,
		     struct gate_config *config_r)
{
	*config_r = (struct gate_config){
		.listen_at = settings->listen_tcp.at,
		.listen_port = settings->listen_tcp.port,
		.worker_count = settings->workers,
		.capacity = settings->capacity,
		.max_conns_per_ip = settings->max_conns_per_ip,
		/* What is not a whole frame yet is below one full frame. */
		.conn = {.read_max_bytes = SESSION_REPLY_MAX,
			 .queue_max_bytes = settings->output_max_bytes}};
	fill_session(settings, &config_r->session);
}

/* Both sides of each copy have the same size, or the check has seen it. */
static void copy_text(const char *text, char *dst, size_t dst_bytes)
{
	if (sv_copy(sv_str(text), dst, dst_bytes))
		dst[0] = '\0';
}

#define COPY(member) copy_text(s->member, r->member, sizeof(r->member))

void agent_conf_record(const struct agent_settings *settings, uint16_t tcp_port,
		       uint64_t boot_epoch, struct node_record *record_r)
{
	const struct agent_settings *s = settings;
	struct node_record *r = record_r;

	memset(r, 0, sizeof(*r));
	COPY(service);
	COPY(region);
	COPY(zone);
	COPY(host);
	COPY(carrier);
	copy_text(s->node_id, r->id, sizeof(r->id));
	copy_text(SERVICE_VERSION, r->version, sizeof(r->version));
	r->has_position = has_degrees(s->lat_deg);
	r->lat_deg = r->has_position ? s->lat_deg : 0;
	r->lon_deg = r->has_position ? s->lon_deg : 0;
	r->ports.tcp = s->advertise_tcp ? (uint16_t)s->advertise_tcp : tcp_port;
	r->weight = s->weight;
	r->capacity = s->capacity;
	r->boot_epoch = boot_epoch;
	r->ttl_ms = (uint32_t)s->ttl_ms;
	for (unsigned i = 0; i < s->labels.count; i++)
		if (!check_label(s->labels.items[i], &r->labels[i]))
			r->label_count++;
}
