/*
 * registry_conf.h - peri-registry's options: one table that also makes --help
 * and docs/CONFIG.md.
 */
#ifndef PERI_REGISTRY_REGISTRY_CONF_H
#define PERI_REGISTRY_REGISTRY_CONF_H

#include "lib/svc/conf.h"

#define REGISTRY_CONF_PATH_BYTES  256
#define REGISTRY_CONF_TOKEN_BYTES 257
#define REGISTRY_CONF_ROLE_BYTES  16

struct registry_settings {
	struct conf_listen listen_nodes, listen_admin;
	char state_dir[REGISTRY_CONF_PATH_BYTES];
	char regions_file[REGISTRY_CONF_PATH_BYTES]; /* "" = none */
	char node_token[REGISTRY_CONF_TOKEN_BYTES];  /* "" = none needed */
	bool allow_private_addresses;
	int64_t ttl_ms; /* for nodes that do not ask for one */
	uint32_t renews_per_ttl;
	uint32_t max_nodes;
	uint32_t max_services;
	uint32_t max_watchers;
	uint32_t max_connections;
	uint32_t store_queue;
	uint32_t events_kept;
	uint32_t history_nodes;
	uint32_t metrics_nodes;
	/* The admin listener. */
	char anonymous_role[REGISTRY_CONF_ROLE_BYTES];
	char tokens_file[REGISTRY_CONF_PATH_BYTES]; /* "" = none */
	struct conf_list admin_hosts; /* names it may be called by */
	int64_t session_ttl_ms;
	bool admin_tls; /* reached through a TLS proxy only */
	char balancer_admin[REGISTRY_CONF_PATH_BYTES]; /* "" = none */
	char ui_dir[REGISTRY_CONF_PATH_BYTES]; /* "" = inside the program */
};

/* registry_conf_table - the options; constant. Any thread. */
const struct conf_table *registry_conf_table(void);

/* registry_conf_put_nodes_url - where nodes register, for people: with this
 * machine's name when it listens on all addresses. */
void registry_conf_put_nodes_url(const struct registry_settings *settings,
				 uint16_t port, struct buf *b);

#endif
