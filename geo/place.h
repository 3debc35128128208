/*
 * place.h - distances on the sphere. Pure, any thread.
 */
#ifndef PERI_GEO_PLACE_H
#define PERI_GEO_PLACE_H

/* place_km - great-circle distance in km (haversine, radius 6371.0088 km). */
double place_km(double lat_a_deg, double lon_a_deg, double lat_b_deg,
		double lon_b_deg);

#endif
