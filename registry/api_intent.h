/*
 * api_intent.h - what operators want, over HTTP on the admin listener: put,
 * release, read, and the audit. See docs/PROTOCOL.md. Main loop.
 */
#ifndef PERI_REGISTRY_API_INTENT_H
#define PERI_REGISTRY_API_INTENT_H

struct api_call;

/* api_intent_put - PUT /v1/intent/{node|region}/{id}: instead of what was
 * wanted of it; answered when it is durable. */
void api_intent_put(const struct api_call *call);
/* api_intent_delete - DELETE of the same: nothing is wanted any more. */
void api_intent_delete(const struct api_call *call);
/* api_intent_get - GET of the same; api_intent_list - GET /v1/intents. */
void api_intent_get(const struct api_call *call);
void api_intent_list(const struct api_call *call);
/* api_intent_audit - GET /v1/audit?after=&limit=&target= */
void api_intent_audit(const struct api_call *call);

#endif
