/*
 * picture_put.h - a picture as JSON: the parts of /v1/state and of its changes.
 * Unknown numbers are null. Pure.
 */
#ifndef PERI_REGISTRY_PICTURE_PUT_H
#define PERI_REGISTRY_PICTURE_PUT_H

#include "registry/picture.h"
#include "registry/store.h"

/* What is told of the registry itself; texts are borrowed. */
struct picture_registry {
	const char *address; /* URL at which nodes register */
	int64_t uptime_s;
	const struct store_counters *store;
};

/* picture_put_head - "registry" and "status" into @w's open object. */
void picture_put_head(struct jsonw *w, const struct picture *picture,
		      const struct picture_registry *registry);
/* picture_put_intent - one element of "intents", an object. */
void picture_put_intent(struct jsonw *w, const struct override *entry);
/* picture_put_intents - "intents". */
void picture_put_intents(struct jsonw *w,
			 const struct override_table *overrides);
/* picture_put_regions - "regions". */
void picture_put_regions(struct jsonw *w, const struct picture *picture);
/* picture_put_demand - "areas" and "flows". */
void picture_put_demand(struct jsonw *w, const struct report_sum *sum);
/* picture_put_balancers - "balancers". */
void picture_put_balancers(struct jsonw *w, const struct picture *picture);
/* picture_put_node - one element of "nodes", an object. */
void picture_put_node(struct jsonw *w, const struct picture_source *source,
		      const struct lease *lease, int64_t now_ms);

#endif
