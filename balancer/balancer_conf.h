/*
 * balancer_conf.h - peri-balancer's options: one table that also makes --help
 * and docs/CONFIG.md.
 */
#ifndef PERI_BALANCER_BALANCER_CONF_H
#define PERI_BALANCER_BALANCER_CONF_H

#include "lib/svc/conf.h"

#define BALANCER_WORKERS_MAX 64
#define BALANCER_ID_BYTES    33
#define BALANCER_NAME_BYTES  65
#define BALANCER_PATH_BYTES  256

struct balancer_settings {
	struct conf_listen listen_public, listen_admin;
	uint32_t workers;
	uint32_t conns_max;	    /* open connections of one worker */
	uint32_t conns_per_address; /* of them; 0 = no limit */
	int64_t head_timeout_ms, idle_timeout_ms, write_timeout_ms;
	uint32_t rate_limit, rate_burst;     /* of a network; 0 = no limit */
	uint32_t bad_rate, bad_burst;	     /* 4xx of an address; 0 = none */
	char balancer_id[BALANCER_ID_BYTES]; /* "" = the host's name */
	char state_dir[BALANCER_PATH_BYTES]; /* "" = no saved state */
	/* the registry */
	struct conf_list registry; /* URLs, tried in turn */
	char registry_token[512];  /* "" = none */
	uint32_t replicas;	   /* R of ranking.md, until it says */
	int64_t renew_ms;	   /* T of ranking.md */
	uint32_t snapshots_kept;   /* for explain */
	/* where clients are */
	struct conf_list geo_databases, geo_asn_databases;
	char geo_overrides[BALANCER_PATH_BYTES]; /* "" = none */
	double carrier_penalty_km, border_km;
	bool trust_ip_parameter;
	struct conf_list trusted_proxies; /* prefixes */
	struct conf_list proxy_protocol;  /* prefixes */
	char forwarded_header[16];	  /* x-forwarded-for or forwarded */
	/* what answers say */
	char default_service[BALANCER_NAME_BYTES];
	int64_t ttl_ms;
	int64_t heartbeat_start_ms, heartbeat_min_ms, heartbeat_max_ms;
	int64_t heartbeat_step_ms;
	uint32_t heartbeat_max_missed;
	int64_t backoff_base_ms, backoff_max_ms;
	double backoff_factor, backoff_jitter;
	struct conf_list fallback; /* host names */
	/* /goim/nodes/weighted */
	char goim_domain[BALANCER_NAME_BYTES];
	char goim_host_domain[BALANCER_NAME_BYTES];
	uint32_t goim_tcp_port, goim_ws_port, goim_wss_port;
	uint32_t goim_heartbeat_s, goim_heartbeat_max;
	uint32_t goim_backoff_max_s, goim_backoff_base_s;
	double goim_backoff_factor, goim_backoff_jitter;
};

/* balancer_conf_table - the options; constant. Any thread. */
const struct conf_table *balancer_conf_table(void);

#endif
