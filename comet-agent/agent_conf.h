/*
 * agent_conf.h - comet-agent's options, the rules between them, and what they
 * mean to the gate and to the registry. Data and pure checks only.
 */
#ifndef PERI_COMET_AGENT_AGENT_CONF_H
#define PERI_COMET_AGENT_AGENT_CONF_H

#include "comet-agent/gate.h"
#include "lib/proto/node.h"
#include "lib/svc/conf.h"

/* lat and lon of a node that does not say where it is: its region's. */
#define AGENT_CONF_NO_DEGREES	999.0
/* A drain may take so long, so that the service runner can bound it. */
#define AGENT_CONF_DRAIN_MAX_MS 1800000

struct agent_settings {
	char node_id[NODE_ID_BYTES];
	char service[NODE_ID_BYTES];
	char region[NODE_ID_BYTES];
	char zone[NODE_ID_BYTES];
	char host[NODE_HOST_BYTES];
	char carrier[NODE_CARRIER_BYTES];
	struct conf_list addrs, labels, registry;
	double lat_deg, lon_deg; /* AGENT_CONF_NO_DEGREES = not said */
	uint32_t weight, capacity;
	int64_t ttl_ms;
	char registry_token[512];
	int64_t registry_timeout_ms, registry_backoff_max_ms, conflict_retry_ms;
	struct conf_listen listen_tcp, listen_admin;
	uint32_t advertise_tcp;
	uint32_t workers;
	char auth_mode[8];
	char token_secret[512];
	bool auth_reply_code;
	int64_t auth_timeout_ms;
	int64_t heartbeat_default_ms, heartbeat_grace_ms;
	int64_t idle_min_ms, idle_max_ms;
	uint32_t heartbeat_max_missed;
	uint32_t frames_per_s, max_conns_per_ip, output_max_bytes;
	int64_t drain_ms;
};

/* agent_conf_table - for the service runner. Constant. */
const struct conf_table *agent_conf_table(void);

/* agent_conf_gate - what the gate needs; texts are borrowed from @settings. */
void agent_conf_gate(const struct agent_settings *settings,
		     struct gate_config *config_r);

/*
 * agent_conf_record - what the registry is told of this node.
 *
 * The addresses are not filled in (agent_addrs.h). @tcp_port is the bound one,
 * told unless advertise_tcp says another.
 */
void agent_conf_record(const struct agent_settings *settings, uint16_t tcp_port,
		       uint64_t boot_epoch, struct node_record *record_r);

#endif
