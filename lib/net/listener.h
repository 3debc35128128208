/*
 * listener.h - a listening TCP socket of one loop, with SO_REUSEPORT so that
 * every worker has its own. Survives EMFILE: accepting pauses and resumes.
 */
#ifndef PERI_LIB_NET_LISTENER_H
#define PERI_LIB_NET_LISTENER_H

#include "lib/base/addr.h"
#include "lib/net/loop.h"

struct listener;

/* The callback owns @fd: non-blocking, close-on-exec, TCP_NODELAY set. */
typedef void listener_accept_cb(int fd, const struct addr *peer,
				uint16_t peer_port, void *arg);

/*
 * listener_new - bind and listen.
 *
 * @at	  address; family ADDR_NONE = [::], both families
 * @port  0 = any free one; ask listener_port()
 *
 * Returns 0 and *@listener_r, owned by the caller, or -errno of bind/listen.
 */
MUST_CHECK int listener_new(struct loop *loop, const struct addr *at,
			    uint16_t port, listener_accept_cb *cb, void *arg,
			    struct listener **listener_r);
/*
 * listener_probe - whether @at and @port could be had by us alone.
 *
 * SO_REUSEPORT lets a second process of the same user listen on a port that is
 * taken, and the kernel then shares the connections out between both. A daemon
 * asks here first, once, before its workers open their listeners.
 *
 * Returns 0, or -errno of bind/listen: -EADDRINUSE, -EACCES, -EADDRNOTAVAIL.
 */
MUST_CHECK int listener_probe(const struct addr *at, uint16_t port);

/*
 * listener_await_input - have the kernel hand connections over only with their
 * first bytes (TCP_DEFER_ACCEPT): for where most of them bring one request,
 * because it saves waking up and waiting for that. One that says nothing comes
 * within LISTENER_SILENT_MS. listener_accept_at_once - no longer, as at first
 * and in a drain; those that are held back then come within as long, too.
 */
#define LISTENER_SILENT_MS 1300 /* the kernel's second, and a round trip */
void listener_await_input(struct listener *listener);
void listener_accept_at_once(struct listener *listener);

/*
 * listener_drain - begin no further connection: what has shaken hands, or is
 * about to, is still accepted. Call listener_finish() a round trip later.
 *
 * A close alone would reset whom the kernel has already told that they are
 * connected. New ones go unheard instead and try again in a second, when the
 * port is another process's, or refuses them.
 */
void listener_drain(struct listener *listener);
/* listener_finish - accept what waits, then listener_free(). The callback may
 * come from inside this call. */
void listener_finish(struct listener **listener);
/* listener_free - stop accepting and close. What waits is reset. */
void listener_free(struct listener **listener);

/* listener_port - the bound port. */
uint16_t listener_port(const struct listener *listener);
/* listener_pauses - how often accepting paused for lack of descriptors. */
uint64_t listener_pauses(const struct listener *listener);

#endif
