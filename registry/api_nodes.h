/*
 * api_nodes.h - the calls that nodes make: register, renew, leave, see
 * docs/PROTOCOL.md. Loop thread only.
 */
#ifndef PERI_REGISTRY_API_NODES_H
#define PERI_REGISTRY_API_NODES_H

#include "registry/api.h"

/* api_nodes_put - PUT /v1/nodes/{id}; answered when it is durable. */
void api_nodes_put(const struct api_call *call);
/* api_nodes_renew - POST /v1/nodes/{id}/renew; memory only. */
void api_nodes_renew(const struct api_call *call);
/* api_nodes_delete - DELETE /v1/nodes/{id}?boot_epoch=; when it is durable. */
void api_nodes_delete(const struct api_call *call);

#endif
