/*
 * main.c - comet-agent: a node's comet and its lease in the registry.
 */
#include "comet-agent/agent.h"
#include "comet-agent/agent_admin.h"
#include "comet-agent/agent_metrics.h"

int main(int argc, char **argv)
{
	const struct service service = {
		.name = "comet-agent",
		.summary = "serves clients' long connections and registers "
			   "this node",
		.help_more = "Example:\n"
			     "  comet-agent --node-id sha-1 --region "
			     "cn-shanghai --addrs 203.0.113.10 \\\n"
			     "    --registry http://10.0.0.1:7171\n",
		.default_config = "/etc/perihelion/agent.jsonc",
		.conf = agent_conf_table(),
		.settings_bytes = sizeof(struct agent_settings),
		.admin_listen_offset =
			offsetof(struct agent_settings, listen_admin),
		.metrics = agent_metrics_table(),
		.start = agent_start,
		.reload = agent_reload,
		.drain = agent_drain,
		.drain_timeout_ms = AGENT_CONF_DRAIN_MAX_MS + 10000,
		.stop = agent_stop,
		.ready = agent_ready,
		.admin_handler = agent_admin_handle,
	};

	return service_main(&service, argc, argv);
}
