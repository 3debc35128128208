/*
 * dial.h - one non-blocking TCP connect: socket, options, verdict. The caller
 * waits for writability and owns the socket. Pure POSIX; any thread.
 */
#ifndef PERI_CLIENT_DIAL_H
#define PERI_CLIENT_DIAL_H

#include "lib/base/addr.h"
#include "lib/base/def.h"

/*
 * dial_start - a non-blocking socket that connects to @addr.
 *
 * @fd_r  out: the socket, owned by the caller; the connect may be done or
 *	  still going on (dial_check())
 *
 * TCP_NODELAY and close-on-exec are set. Returns 0 or -errno.
 */
MUST_CHECK int dial_start(const struct addr *addr, uint16_t port, int *fd_r);

/* dial_check - 0 when connected, ERR_AGAIN while going on, else -errno. */
MUST_CHECK int dial_check(int fd);

/* dial_has_route - whether the system has a route to @addr; sends nothing
 * (RFC 8305 section 3 wants that before a family is tried). */
bool dial_has_route(const struct addr *addr);

#endif
