/*
 * httpc_lookup.c - one look-up with a resolver of its own. It is never
 * cancelled inside libevent, only forgotten: it ends by answer or time-out.
 */
#include "lib/net/httpc_lookup.h"

#include <event2/dns.h>
#include <event2/util.h>

#include "lib/base/mem.h"

struct httpc_lookup {
	struct loop *loop;	/* borrowed */
	struct evdns_base *dns; /* owned; NULL when there is none */
	httpc_lookup_cb *cb;	/* NULL = forgotten */
	void *arg;
	struct addr addrs[HTTPC_LOOKUP_MAX];
	unsigned count;
};

/* After the turn: not inside the resolver's own callback. */
static void on_over(void *arg)
{
	struct httpc_lookup *lookup = arg;

	if (lookup->cb)
		lookup->cb(lookup->addrs, lookup->count, lookup->arg);
	if (lookup->dns)
		evdns_base_free(lookup->dns, 0);
	mem_free(lookup);
}

static void on_answer(int result, struct evutil_addrinfo *answer, void *arg)
{
	struct httpc_lookup *lookup = arg;

	for (struct evutil_addrinfo *at = result == 0 ? answer : NULL;
	     at && lookup->count < HTTPC_LOOKUP_MAX; at = at->ai_next) {
		uint16_t port;

		if (addr_from_sockaddr(at->ai_addr,
				       &lookup->addrs[lookup->count],
				       &port) == 0)
			lookup->count++;
	}
	if (answer)
		evutil_freeaddrinfo(answer);
	loop_later(lookup->loop, on_over, lookup);
}

struct httpc_lookup *httpc_lookup_start(struct loop *loop, const char *host,
					httpc_lookup_cb *cb, void *arg)
{
	const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
					      .ai_socktype = SOCK_STREAM,
					      .ai_protocol = IPPROTO_TCP};
	struct httpc_lookup *lookup = mem_alloc(sizeof(*lookup));

	lookup->loop = loop;
	lookup->cb = cb;
	lookup->arg = arg;
	lookup->dns = evdns_base_new(loop_base(loop),
				     EVDNS_BASE_INITIALIZE_NAMESERVERS);
	if (lookup->dns)
		(void)evdns_getaddrinfo(lookup->dns, host, NULL, &hints,
					on_answer, lookup);
	else
		loop_later(loop, on_over, lookup);
	return lookup;
}

void httpc_lookup_forget(struct httpc_lookup *lookup)
{
	lookup->cb = NULL;
}
