/* test_place.c - distances on the sphere. */
#include "geo/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <math.h>

#include <cmocka.h>

static const struct row {
	const char *rule;
	double lat_a, lon_a, lat_b, lon_b, km, within_km;
} rows[] = {
	{"no distance", 50, 8, 50, 8, 0, 0},
	{"a metre is not lost", 50, 8, 50.00001, 8, 0.001112, 0.000001},
	{"Frankfurt to Tokyo", 50.1109, 8.68213, 35.6895, 139.692, 9336, 5},
	{"Beijing to Shanghai", 39.9042, 116.4074, 31.2304, 121.4737, 1067, 2},
	{"over the date line", 0, 179.5, 0, -179.5, 111.195, 0.001},
	{"pole to pole", 90, 0, -90, 77, 20015.115, 0.01},
	{"antipodes", 10, 20, -10, -160, 20015.115, 0.01},
	{"a pole has every longitude", 90, -120, 90, 33, 0, 0.000001},
};

static void distances(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		double there = place_km(r->lat_a, r->lon_a, r->lat_b, r->lon_b);
		double back = place_km(r->lat_b, r->lon_b, r->lat_a, r->lon_a);

		if (!(fabs(there - r->km) <= r->within_km) ||
		    !(fabs(there - back) < 1e-9))
			fail_msg("%s: %f km, back %f km", r->rule, there, back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(distances)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
