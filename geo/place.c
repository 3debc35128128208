/*
 * place.c - distances on the sphere. Pure, any thread.
 */
#include "geo/place.h"

#include <math.h>

#define PLACE_EARTH_KM	  6371.0088 /* mean radius R1, IUGG */
#define PLACE_RAD_PER_DEG 0.017453292519943295

/* Haversine: exact enough for small distances, where the plain law of cosines
 * loses all its digits. */
double place_km(double lat_a_deg, double lon_a_deg, double lat_b_deg,
		double lon_b_deg)
{
	double lat_a = lat_a_deg * PLACE_RAD_PER_DEG;
	double lat_b = lat_b_deg * PLACE_RAD_PER_DEG;
	double sin_lat = sin((lat_b - lat_a) / 2);
	double sin_lon = sin((lon_b_deg - lon_a_deg) * PLACE_RAD_PER_DEG / 2);
	double h =
		sin_lat * sin_lat + cos(lat_a) * cos(lat_b) * sin_lon * sin_lon;

	/* Rounding can lift antipodes a hair above 1, where asin is NaN. */
	return 2 * PLACE_EARTH_KM * asin(sqrt(h < 1 ? h : 1));
}
