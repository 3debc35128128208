/*
 * api_read.h - the calls that only look: nodes, regions, services, health,
 * metrics, and the start of a watch. Loop thread only.
 */
#ifndef PERI_REGISTRY_API_READ_H
#define PERI_REGISTRY_API_READ_H

#include "registry/api.h"

/* api_read_nodes - GET /v1/nodes?service=&region=&state=&limit=&cursor= */
void api_read_nodes(const struct api_call *call);
/* api_read_node - GET /v1/nodes/{id} */
void api_read_node(const struct api_call *call);
/* api_read_regions, api_read_services - with live sums. */
void api_read_regions(const struct api_call *call);
void api_read_services(const struct api_call *call);
/* api_read_watch - GET /v1/watch?from=EPOCH:REV */
void api_read_watch(const struct api_call *call);
/* api_read_healthz, _readyz, _metrics - as on the admin listener. */
void api_read_healthz(const struct api_call *call);
void api_read_readyz(const struct api_call *call);
/* For everybody who reaches the listener, as /v1/nodes. */
void api_read_metrics(const struct api_call *call);

#endif
