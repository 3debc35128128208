/*
 * agent_addrs.c - a node's addresses. Invariant: none is listed twice.
 */
#include "comet-agent/agent_addrs.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>

#include "lib/base/err.h"

static int add(struct node_record *record, const struct addr *addr)
{
	bool is_v4 = addr->family == ADDR_V4;
	struct addr *list = is_v4 ? record->ipv4 : record->ipv6;
	uint8_t *count = is_v4 ? &record->ipv4_count : &record->ipv6_count;

	for (unsigned i = 0; i < *count; i++)
		if (addr_eq(&list[i], addr))
			return 0;
	if (*count == NODE_ADDRS_MAX)
		return ERR_LIMIT;
	list[(*count)++] = *addr;
	return 0;
}

/* Global addresses of interfaces that are up; what does not fit is left out. */
static int add_interfaces(struct node_record *record)
{
	struct ifaddrs *all, *it;
	struct addr addr;
	uint16_t port;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (it = all; it; it = it->ifa_next)
		if (it->ifa_addr && it->ifa_flags & IFF_UP &&
		    !addr_from_sockaddr(it->ifa_addr, &addr, &port) &&
		    addr_classify(&addr) == ADDR_GLOBAL)
			(void)!add(record, &addr);
	freeifaddrs(all);
	return 0;
}

static int add_item(struct node_record *record, struct sv item)
{
	struct addr addr;
	int rc;

	if (sv_eq(item, SV("auto")))
		return add_interfaces(record);
	rc = addr_parse(item, &addr);
	return rc ? rc : add(record, &addr);
}

int agent_addrs_fill(const struct conf_list *list, struct node_record *record)
{
	int rc;

	record->ipv4_count = record->ipv6_count = 0;
	for (unsigned i = 0; i < list->count; i++) {
		rc = add_item(record, sv_str(list->items[i]));
		if (rc)
			return rc;
	}
	return record->ipv4_count + record->ipv6_count ? 0 : ERR_NOTFOUND;
}
