/*
 * registry_conf.c - peri-registry's options, their defaults and the rules
 * between them.
 */
#include "registry/registry_conf.h"

#include <unistd.h>

#include "lib/base/err.h"
#include "lib/proto/node.h"
#include "registry/access_role.h"

#define AT(member)                                                             \
	.offset = offsetof(struct registry_settings, member),                  \
	.size = sizeof(((struct registry_settings *)NULL)->member)

static const struct conf_option options[] = {
	{.name = "listen_nodes",
	 .kind = CONF_LISTEN,
	 AT(listen_nodes),
	 .default_text = "*:7171",
	 .metavar = "ADDR:PORT",
	 .help = "Where nodes register and balancers watch."},
	{.name = "listen_admin",
	 .kind = CONF_LISTEN,
	 AT(listen_admin),
	 .default_text = "127.0.0.1:7172",
	 .metavar = "ADDR:PORT",
	 .help = "Metrics, health, the dashboard and its API."},
	{.name = "state_dir",
	 .kind = CONF_TEXT,
	 AT(state_dir),
	 .default_text = "/var/lib/perihelion",
	 .metavar = "DIR",
	 .help = "Folder of registry.db; made when it is missing."},
	{.name = "regions_file",
	 .kind = CONF_TEXT,
	 AT(regions_file),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "FILE",
	 .help = "JSON array (with comments) of regions: id, title, lat, lon, "
		 "bias_km. Read again on SIGHUP."},
	{.name = "node_token",
	 .kind = CONF_SECRET,
	 AT(node_token),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "SECRET",
	 .help = "What nodes must send as bearer token when they register, "
		 "renew or leave; empty: nothing."},
	{.name = "allow_private_addresses",
	 .kind = CONF_BOOL,
	 AT(allow_private_addresses),
	 .default_text = "no",
	 .reloadable = true,
	 .metavar = "BOOL",
	 .help = "Let nodes announce private, loopback and other addresses "
		 "that the Internet does not reach."},
	{.name = "ttl",
	 .kind = CONF_DURATION,
	 AT(ttl_ms),
	 .default_text = "15s",
	 .min = NODE_TTL_MIN_MS,
	 .max = NODE_TTL_MAX_MS,
	 .reloadable = true,
	 .metavar = "DURATION",
	 .help = "How long a node that does not ask for a TTL counts as up "
		 "after its last sign of life."},
	{.name = "renews_per_ttl",
	 .kind = CONF_U32,
	 AT(renews_per_ttl),
	 .default_text = "3",
	 .min = 2,
	 .max = 10,
	 .metavar = "N",
	 .help = "How often nodes are told to renew within a TTL; a node is "
		 "suspect after one and a half missed renewals."},
	{.name = "max_nodes",
	 .kind = CONF_U32,
	 AT(max_nodes),
	 .default_text = "200000",
	 .min = 1,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "More nodes are refused."},
	{.name = "max_services",
	 .kind = CONF_U32,
	 AT(max_services),
	 .default_text = "1024",
	 .min = 1,
	 .max = 65536,
	 .metavar = "N",
	 .help = "More services are refused."},
	{.name = "max_watchers",
	 .kind = CONF_U32,
	 AT(max_watchers),
	 .default_text = "1024",
	 .min = 1,
	 .max = 65536,
	 .metavar = "N",
	 .help = "More watching balancers are refused."},
	{.name = "max_connections",
	 .kind = CONF_U32,
	 AT(max_connections),
	 .default_text = "262144",
	 .min = 16,
	 .max = 1048576,
	 .metavar = "N",
	 .help = "Open connections of the nodes' listener; more are refused."},
	{.name = "store_queue",
	 .kind = CONF_U32,
	 AT(store_queue),
	 .default_text = "16384",
	 .min = 1,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "Registrations that may wait to be stored; more are refused "
		 "with 503."},
	{.name = "events_kept",
	 .kind = CONF_U32,
	 AT(events_kept),
	 .default_text = "10000",
	 .min = 100,
	 .max = 100000,
	 .metavar = "N",
	 .help = "Events of the log that are kept, in memory (half a kilobyte "
		 "each) and on disk."},
	{.name = "history_nodes",
	 .kind = CONF_U32,
	 AT(history_nodes),
	 .default_text = "2000",
	 .min = 0,
	 .max = 1000000,
	 .metavar = "N",
	 .help = "Nodes of which the last hour and day are kept, 35 kB each in "
		 "memory and on disk; the first that come. Regions and the "
		 "fleet always are."},
	{.name = "metrics_nodes",
	 .kind = CONF_U32,
	 AT(metrics_nodes),
	 .default_text = "1000",
	 .min = 0,
	 .max = 10000,
	 .metavar = "N",
	 .help = "Nodes with series of their own in /metrics, the first in the "
		 "order of their ids; regions always have theirs."},
	{.name = "anonymous_role",
	 .kind = CONF_TEXT,
	 AT(anonymous_role),
	 .default_text = "viewer",
	 .reloadable = true,
	 .metavar = "ROLE",
	 .help = "What somebody who has not logged in may do on the admin "
		 "listener: viewer (read) or none."},
	{.name = "tokens_file",
	 .kind = CONF_TEXT,
	 AT(tokens_file),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "FILE",
	 .help = "Who may log in on the admin listener: lines NAME ROLE TOKEN, "
		 "role viewer, operator or admin. Others must not be able to "
		 "read it. Read again on SIGHUP."},
	{.name = "admin_hosts",
	 .kind = CONF_LIST,
	 AT(admin_hosts),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "NAME,...",
	 .help = "Host names under which browsers may reach the admin "
		 "listener, beside addresses and localhost."},
	{.name = "admin_tls",
	 .kind = CONF_BOOL,
	 AT(admin_tls),
	 .default_text = "no",
	 .reloadable = true,
	 .metavar = "BOOL",
	 .help = "The admin listener is reached through a TLS proxy only: "
		 "cookies are Secure, pages come from https."},
	{.name = "session_ttl",
	 .kind = CONF_DURATION,
	 AT(session_ttl_ms),
	 .default_text = "12h",
	 .min = 60000,
	 .max = 30.0 * 86400000,
	 .reloadable = true,
	 .metavar = "DURATION",
	 .help = "How long a log-in with a browser holds."},
	{.name = "balancer_admin",
	 .kind = CONF_TEXT,
	 AT(balancer_admin),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "URL",
	 .help = "Admin listener of a balancer, like http://127.0.0.1:8054: "
		 "asked when the dashboard explains or previews."},
	{.name = "ui_dir",
	 .kind = CONF_TEXT,
	 AT(ui_dir),
	 .default_text = "",
	 .reloadable = true,
	 .metavar = "DIR",
	 .help = "Folder of the dashboard's files, to work on them; empty: "
		 "those inside the program."},
};

static int check(const void *arg, struct buf *why)
{
	const struct registry_settings *settings = arg;
	enum access_role role;

	if (access_role_parse(sv_str(settings->anonymous_role), &role) != 0 ||
	    role > ACCESS_VIEWER) {
		buf_str(why, "anonymous_role must be viewer or none");
		return ERR_RANGE;
	}
	if (settings->listen_nodes.on && settings->state_dir[0])
		return 0;
	buf_str(why, settings->state_dir[0] ? "listen_nodes cannot be off"
					    : "state_dir cannot be empty");
	return ERR_RANGE;
}

static const struct conf_table table = {
	.options = options,
	.count = ARRAY_LEN(options),
	.check = check,
};

const struct conf_table *registry_conf_table(void)
{
	return &table;
}

void registry_conf_put_nodes_url(const struct registry_settings *settings,
				 uint16_t port, struct buf *b)
{
	const struct addr *at = &settings->listen_nodes.at;
	char host[256] = "localhost";

	if (at->family == ADDR_NONE)
		(void)gethostname(host, sizeof(host) - 1);
	else
		addr_text(at, host);
	buf_printf(b, at->family == ADDR_V6 ? "http://[%s]:%u" : "http://%s:%u",
		   host, port);
}
