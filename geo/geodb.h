/*
 * geodb.h - reads databases in MaxMind's file format, as one or several files:
 * of cities in both record layouts in the wild (GeoIP2's nested one, and the
 * flat one of the @ip-location-db npm packages), and of AS numbers. The only
 * user of libmaxminddb; used while compiling a cellmap and never by a query.
 */
#ifndef PERI_GEO_GEODB_H
#define PERI_GEO_GEODB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/buf.h"

struct geodb;

/* What a file has to hold to be of use. */
enum geodb_kind { GEODB_CITY, GEODB_ASN };

struct geodb_place {
	bool has_position;
	uint32_t asn; /* 0 = none */
	float lat_deg, lon_deg;
	char country[3]; /* ISO 3166 alpha-2 in upper case, "" = unknown */
	struct sv area;	 /* first subdivision; borrowed from the file */
	struct sv city;	 /* borrowed from the file */
};

/* Called for each network in address order within a file. Networks inside
 * IPv6 aliases of IPv4 space are left out; IPv4 ones come as IPv4 prefixes.
 * @record is the same number for networks that share one record. Return
 * non-zero to stop. */
typedef int geodb_visit_cb(const struct addr_prefix *network, uint64_t record,
			   const struct geodb_place *place, void *arg);

/*
 * geodb_open - map and check one file.
 *
 * @kind  what is wanted: coordinates or AS numbers
 * @why	  out: "var/geo/x.mmdb: reason, what to do" on an error
 *
 * Refuses missing, empty, truncated and non-mmdb files, and databases whose
 * records do not hold what is wanted, whatever their type says. Returns 0 and
 * *@db_r (owned by the caller), -errno or ERR_CORRUPT, ERR_UNSUPPORTED.
 */
MUST_CHECK int geodb_open(const char *path, enum geodb_kind kind,
			  struct geodb **db_r, struct buf *why);
void geodb_close(struct geodb **db);

/* geodb_visit - all networks of the file. Returns 0, what @visit returned, or
 * ERR_CORRUPT with the reason in @why. */
MUST_CHECK int geodb_visit(struct geodb *db, geodb_visit_cb *visit, void *arg,
			   struct buf *why);

/* geodb_type, geodb_build_wall_s - from the file's metadata. */
const char *geodb_type(const struct geodb *db);
int64_t geodb_build_wall_s(const struct geodb *db);

/* geodb_lookup - one address through the library: for tests and benchmarks
 * that compare the compiled table with it. Returns 0 or ERR_NOTFOUND. */
MUST_CHECK int geodb_lookup(struct geodb *db, const struct addr *addr,
			    struct geodb_place *place_r);

#endif
