/*
 * explain.h - the same pure function as the query path, with its reasons, as
 * JSON (ranking.md, "Explain"). Any thread that may read the snapshot.
 */
#ifndef PERI_BALANCER_EXPLAIN_H
#define PERI_BALANCER_EXPLAIN_H

#include "balancer/draw.h"
#include "lib/proto/jsonw.h"

struct explain_client {
	struct addr address; /* of family 0: unknown, "ip" is null */
	bool by_cell;	     /* place is a cell's centre, its source "cell" */
	struct cellmap_place place;
};

/*
 * explain_put - append the explanation of what draw_nodes() answers:
 * {"snapshot":{number,revision,age_ms,service},"client":{ip,country,area,city,
 *  carrier,lat,lon,source,cell,key,family},"policy":{..},"sites":[{site,region,zone,rank,km,carrier,
 *  cost,share,headroom_per_s,admitted_per_s,est,steady_est,limit,bias_km,bias_by_intent}],
 *  "chosen":{site,rank,u},
 *  "nodes":[{id,site,limit,reported,load_age_ms,est,level,p,cap,floor,ramp,
 *  score,position,why}],"excluded":[{id,site,why}],"flags":[..]}
 *
 * Unknown km, cost, lat, lon, load_age_ms and the position of a node that is
 * not in the answer are null; so is chosen in an empty answer. "by":"clients"
 * stands beside the why of a node that is suspect because clients report it.
 * key is hexadecimal text; site is "region/zone" or "region". "nodes" are the
 * answer's, in its order, then the others of the chosen site by score, with why
 * where their weight is cut; at most 256 (excluded too) of 64 sites. flags:
 * "panic", "anywhere" (sites are those of snapshot_anywhere), "empty",
 * "truncated". Allocates; not for the query path.
 */
void explain_put(struct buf *out, const struct snapshot *snap,
		 const struct draw_query *query,
		 const struct explain_client *client,
		 const struct snapshot_policy *policy, int64_t now_ms);

/* explain_put_client - the member "client" alone. */
void explain_put_client(struct jsonw *w, const struct draw_query *query,
			const struct explain_client *client);

#endif
