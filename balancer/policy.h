/*
 * policy.h - what the settings mean for answers, compiled once per reload:
 * whom to believe, and the texts that are the same in every answer. Immutable;
 * shared by views through a count of holders.
 */
#ifndef PERI_BALANCER_POLICY_H
#define PERI_BALANCER_POLICY_H

#include "balancer/balancer_conf.h"
#include "balancer/ratelimit.h"
#include "balancer/snapshot.h"

/* The header in which the trusted proxies name the client. */
enum policy_header { POLICY_X_FORWARDED_FOR, POLICY_FORWARDED };

struct policy {
	_Atomic unsigned holders;
	bool trust_ip_parameter;
	enum policy_header forwarded_header;
	struct ratelimit_quota quota; /* of a network; 0 = no limit */
	struct addr_prefix proxies[CONF_LIST_MAX];
	unsigned proxy_count;
	struct addr_prefix speakers[CONF_LIST_MAX]; /* of the PROXY protocol */
	unsigned speaker_count;
	char balancer_id[BALANCER_ID_BYTES];
	char default_service[BALANCER_NAME_BYTES]; /* "" = the only one */
	char goim_host_domain[BALANCER_NAME_BYTES];
	char goim_domain[BALANCER_NAME_BYTES];
	struct snapshot_policy ranking;
	unsigned fallback_count; /* 0: the service's own name */
	/* Texts in the policy's own memory. */
	struct sv headers;	/* of an answer of /resolve, with CRLFs */
	struct sv kept_headers; /* of them, those of a 304 */
	struct sv ttl;		/* "60" */
	struct sv rates;	/* "heartbeat":{..},"backoff":{..} */
	struct sv fallback;	/* "a.example","b.example" */
	struct sv goim_head;	/* goim's answer up to its list of nodes */
	struct sv goim_tail;	/* and what follows the list */
	char *text;
};

/* policy_new - compile @settings (checked by balancer_conf's table). The
 * caller holds it once. */
struct policy *policy_new(const struct balancer_settings *settings);
/* policy_ref, policy_unref - hold once more, once less. Any thread. */
struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy **policy);

/* policy_is_proxy - whether @peer is one of the trusted proxies. */
bool policy_is_proxy(const struct policy *policy, const struct addr *peer);
/* policy_is_speaker - whether @peer has to speak the PROXY protocol. */
bool policy_is_speaker(const struct policy *policy, const struct addr *peer);

#endif
