/*
 * explain.h - the same pure function as the query path, with its reasons, as
 * JSON (ranking.md, "Explain"). Any thread that may read the snapshot.
 */
#ifndef PERI_BALANCER_EXPLAIN_H
#define PERI_BALANCER_EXPLAIN_H

#include "balancer/draw.h"

struct explain_client {
	struct addr address;
	struct cellmap_place place;
};

/*
 * explain_put - append the explanation of what draw_nodes() answers:
 * {"snapshot":{number,revision,age_ms},"client":{ip,country,area,city,lat,lon,
 *  source,cell,key},"sites":[{site,region,zone,rank,km,carrier,cost,share,
 *  headroom_per_s,est,limit}],"chosen":{"site":..,"u":..},"nodes":[{id,site,
 *  limit,reported,load_age_ms,est,level,p,cap,floor,ramp,score,position}],
 *  "excluded":[{"id":..,"why":..}],"flags":[..]}
 */
void explain_put(struct buf *out, const struct snapshot *snap,
		 const struct draw_query *query,
		 const struct explain_client *client,
		 const struct snapshot_policy *policy, int64_t now_ms);

#endif
