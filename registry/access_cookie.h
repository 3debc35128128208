/*
 * access_cookie.h - one cookie out of a Cookie header (RFC 6265 4.2). Pure.
 */
#ifndef PERI_REGISTRY_ACCESS_COOKIE_H
#define PERI_REGISTRY_ACCESS_COOKIE_H

#include "lib/base/sv.h"

/* access_cookie_find - the value of the first cookie @name in @header, without
 * quotes around it; NULL ptr when there is none. Borrowed from @header. */
struct sv access_cookie_find(struct sv header, struct sv name);

#endif
