/*
 * service_manual.h - a daemon's manual page (section 8), from its own tables.
 * Pure.
 */
#ifndef PERI_LIB_SVC_SERVICE_MANUAL_H
#define PERI_LIB_SVC_SERVICE_MANUAL_H

#include "lib/svc/service.h"

/* service_manual_put - append the page in mdoc(7). */
void service_manual_put(struct buf *b, const struct service *service);

#endif
