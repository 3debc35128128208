/*
 * cellmap_build.h - for the tests of geo/cellmap.c: maps from the small
 * databases of tests/data and from networks by hand. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_GEO_CELLMAP_BUILD_H
#define PERI_TESTS_UNIT_GEO_CELLMAP_BUILD_H

#include "geo/cellmap.h"

#define DATA	   "tests/data/mmdb/"
#define REAL_V4	   "var/geo/city-ipv4.mmdb"
#define REAL_V6	   "var/geo/city-ipv6.mmdb"
#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline struct addr addr_of(const char *text)
{
	struct addr addr;

	if (addr_parse(sv_str(text), &addr) < 0)
		fail_msg("%s is no address", text);
	return addr;
}

static inline struct cellmap_override override_of(const char *prefix, float lat,
						  float lon,
						  const char *country,
						  const char *area)
{
	struct cellmap_override o = {
		.has_place = true, .lat_deg = lat, .lon_deg = lon};

	if (addr_parse_prefix(sv_str(prefix), &o.prefix) < 0)
		fail_msg("%s is no prefix", prefix);
	assert_int_equal(sv_copy(sv_str(country), o.country, 3), 0);
	assert_int_equal(sv_copy(sv_str(area), o.area, sizeof(o.area)), 0);
	return o;
}

static inline struct cellmap *
build_with_asn(const char *const *paths, const char *const *asn_paths,
	       const struct cellmap_override *overrides,
	       unsigned override_count)
{
	struct cellmap_config config = {.paths = paths,
					.asn_paths = asn_paths,
					.overrides = overrides,
					.override_count = override_count};
	struct cellmap *map = NULL;
	struct buf why;

	while (paths && paths[config.path_count])
		config.path_count++;
	while (asn_paths && asn_paths[config.asn_path_count])
		config.asn_path_count++;
	buf_init(&why, 1024);
	if (cellmap_build(&config, &map, &why) < 0)
		fail_msg("%s", buf_cstr(&why));
	buf_fini(&why);
	return map;
}

static inline struct cellmap *build(const char *const *paths,
				    const struct cellmap_override *overrides,
				    unsigned override_count)
{
	return build_with_asn(paths, NULL, overrides, override_count);
}

#endif
