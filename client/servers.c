/*
 * servers.c - the list of balancers. One thread.
 */
#include "client/servers.h"

#include "lib/base/err.h"
#include "lib/proto/url.h"

int servers_add(struct servers *servers, struct sv url)
{
	struct server *server = &servers->list[servers->count];
	struct url parts;
	int rc = url_parse(url, &parts);

	if (rc != 0)
		return rc;
	if (!sv_eq(parts.scheme, SV("http")))
		return ERR_UNSUPPORTED;
	if (!sv_eq(parts.path, SV("/")))
		return ERR_SYNTAX;
	if (servers->count >= SERVERS_MAX)
		return ERR_LIMIT;
	*server = (struct server){.port = parts.port};
	rc = sv_copy(parts.host, server->host, sizeof(server->host));
	if (rc != 0)
		return rc;
	if (addr_parse(parts.host, &server->addrs[0]) == 0)
		server->addr_count = 1;
	else
		server->is_name = 1;
	servers->count++;
	return 0;
}

void servers_learn(struct server *server, const struct addr *addrs,
		   unsigned count)
{
	if (count > LOOKUP_ADDRS_MAX)
		count = LOOKUP_ADDRS_MAX;
	memcpy(server->addrs, addrs, count * sizeof(*addrs));
	server->addr_count = count;
	server->addr_next = 0;
}

void servers_failed(struct server *server)
{
	if (++server->addr_next < server->addr_count)
		return;
	server->addr_next = 0;
	if (server->is_name)
		server->addr_count = 0;
}
