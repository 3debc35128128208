/*
 * api_history.h - the numbers behind the charts over HTTP. Admin listener;
 * loop thread only.
 */
#ifndef PERI_REGISTRY_API_HISTORY_H
#define PERI_REGISTRY_API_HISTORY_H

#include "registry/api.h"

/* api_history_read - GET /v1/history: one target's hour or day. */
void api_history_read(const struct api_call *call);

#endif
