/*
 * targets.c - from an answer to an ordered list of addresses. Pure.
 */
#include "client/targets.h"

static bool has_failed(const struct targets_failed *failed,
		       const struct addr *addr)
{
	for (unsigned i = 0; failed && i < failed->count; i++) {
		if (addr_eq(&failed->list[i], addr))
			return true;
	}
	return false;
}

static void add(struct targets *t, const struct addr *addr, uint16_t port,
		unsigned node)
{
	if (t->count < TARGETS_MAX && addr->family != ADDR_NONE)
		t->list[t->count++] = (struct target){
			.addr = *addr, .port = port, .node = (uint8_t)node};
}

enum pass { PASS_UNTRIED, PASS_FAILED };

static void add_addrs(struct targets *t, const struct addr *addrs,
		      unsigned count, const struct reply_node *node,
		      const struct targets_failed *failed, enum pass pass)
{
	unsigned index = t->node_count - 1;

	for (unsigned i = 0; i < count; i++) {
		enum pass of = has_failed(failed, &addrs[i]) ? PASS_FAILED
							     : PASS_UNTRIED;

		if (of == pass)
			add(t, &addrs[i], node->ports.tcp, index);
	}
}

static void note_node(struct targets *t, const struct reply_node *node)
{
	struct target_node *n = &t->nodes[t->node_count++];

	memcpy(n->id, node->id, sizeof(n->id));
	memcpy(n->region, node->region, sizeof(n->region));
	n->km = node->km;
}

static void add_pass(struct targets *t, const struct reply *reply,
		     enum targets_families families,
		     const struct targets_failed *failed, enum pass pass)
{
	t->node_count = 0;
	for (unsigned i = 0; i < reply->node_count; i++) {
		const struct reply_node *node = &reply->nodes[i];

		note_node(t, node);
		if (node->ports.tcp == 0)
			continue;
		if (families == TARGETS_V6_FIRST)
			add_addrs(t, node->ipv6, node->ipv6_count, node, failed,
				  pass);
		add_addrs(t, node->ipv4, node->ipv4_count, node, failed, pass);
	}
}

void targets_fill(struct targets *targets, const struct reply *reply,
		  enum targets_families families,
		  const struct targets_failed *failed)
{
	*targets = (struct targets){0};
	add_pass(targets, reply, families, failed, PASS_UNTRIED);
	add_pass(targets, reply, families, failed, PASS_FAILED);
}

void targets_fill_names(struct targets *targets, const struct addr *addrs,
			unsigned count, uint16_t port, const char *name)
{
	*targets = (struct targets){.node_count = 1};
	targets->nodes[0].km = -1;
	if (sv_copy(sv_str(name), targets->nodes[0].id,
		    sizeof(targets->nodes[0].id)) != 0)
		targets->nodes[0].id[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		add(targets, &addrs[i], port, 0);
}

void targets_failed_del(struct targets_failed *failed, const struct addr *addr)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < failed->count; i++) {
		if (!addr_eq(&failed->list[i], addr))
			failed->list[kept++] = failed->list[i];
	}
	failed->count = kept;
}

void targets_failed_add(struct targets_failed *failed, const struct addr *addr)
{
	targets_failed_del(failed, addr);
	if (failed->count == TARGETS_FAILED_MAX) {
		memmove(&failed->list[0], &failed->list[1],
			(TARGETS_FAILED_MAX - 1) * sizeof(failed->list[0]));
		failed->count--;
	}
	failed->list[failed->count++] = *addr;
}
