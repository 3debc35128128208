/*
 * geodb_record.h - one record of a city database, in either layout, as a
 * place. Pure, any thread.
 */
#ifndef PERI_GEO_GEODB_RECORD_H
#define PERI_GEO_GEODB_RECORD_H

#include "geo/geodb.h"
#include "geo/mmdb_value.h"

/* A city's record has some 20 values, the largest in the wild some hundreds
 * (names in many languages). */
#define GEODB_RECORD_VALUES_MAX 4096

/*
 * geodb_record_decode - the record at @offset of the data section.
 *
 * What is missing, empty, out of range or of another type than expected stays
 * empty (has_position false): only bytes that break the format are an error.
 * The texts are borrowed from the section. Sets the reader's budget.
 *
 * Returns 0, ERR_CORRUPT or ERR_LIMIT.
 */
MUST_CHECK int geodb_record_decode(struct mmdb_value_reader *reader,
				   uint32_t offset,
				   struct geodb_place *place_r);

/* geodb_record_country - two ASCII letters to upper case, else "". */
void geodb_record_country(struct sv text, char country_r[3]);

/* geodb_record_position - store the pair if it is finite and on the globe. */
void geodb_record_position(double lat_deg, double lon_deg,
			   struct geodb_place *place);

#endif
