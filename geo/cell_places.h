/*
 * cell_places.h - the places of a map, each once, and their texts, each once.
 * Place 0 is no place. Filled while a map is built (one thread), then
 * immutable.
 */
#ifndef PERI_GEO_CELL_PLACES_H
#define PERI_GEO_CELL_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "geo/cellmap.h"
#include "geo/idset.h"

/* Longer names are cut (between characters). */
#define CELL_PLACES_TEXT_MAX 255

struct cell_place {
	float lat_deg, lon_deg;
	uint32_t area, city; /* texts by number, cell_places_text() */
	uint8_t source;	     /* enum cellmap_source */
	uint8_t carrier;     /* number of a carrier, 0 = unknown */
	char country[2];     /* zeros: unknown */
};

struct cell_places {
	struct cell_place *list; /* owned; by place id, 0 = nowhere */
	uint16_t *cells;	 /* owned; by place id, set by cell_grid.c */
	uint32_t count, room;
	char *texts;	  /* owned; a length byte and the bytes each */
	uint32_t *starts; /* owned; text number -> offset, 0 = "" */
	uint32_t text_count, text_room;
	uint32_t texts_bytes, texts_room;
	/* Texts of the carriers, from number 1 on. */
	uint32_t carriers[CELLMAP_CARRIERS_MAX + 1];
	uint32_t carrier_count;		  /* with number 0 */
	struct idset place_set, text_set; /* while building */
};

/* cell_places_init - only place 0 and the empty text. */
void cell_places_init(struct cell_places *places);
/* cell_places_fini - free all; a zeroed struct is allowed. */
void cell_places_fini(struct cell_places *places);

/*
 * cell_places_add - the id of the place of these values, a new one if need be.
 *
 * @place  source, position, country, area and city; its cell is ignored
 *
 * Returns 0 and *@id_r, or ERR_LIMIT for 16 million places or 256 MiB of text.
 */
MUST_CHECK int cell_places_add(struct cell_places *places,
			       const struct cellmap_place *place,
			       uint32_t *id_r);

/* cell_places_add_carrier - the number of the carrier called @name, a new one
 * if need be. Returns 0 and *@number_r, or ERR_LIMIT for more than 255. */
MUST_CHECK int cell_places_add_carrier(struct cell_places *places,
				       struct sv name, uint32_t *number_r);

/* cell_places_with_carrier - the id of place @id (0 too) as clients of carrier
 * @number see it. Returns 0 and *@id_r or ERR_LIMIT. */
MUST_CHECK int cell_places_with_carrier(struct cell_places *places, uint32_t id,
					uint32_t number, uint32_t *id_r);

/* cell_places_carrier - the name of carrier @number, "" for 0; borrowed. */
struct sv cell_places_carrier(const struct cell_places *places,
			      uint32_t number);

/* cell_places_mark_countries - places without a city whose position is that of
 * a place of the country without city and area are the country's centre. */
void cell_places_mark_countries(struct cell_places *places);

/* cell_places_settle - free what only the build needed. */
void cell_places_settle(struct cell_places *places);

/* cell_places_text - text @number, borrowed. */
struct sv cell_places_text(const struct cell_places *places, uint32_t number);

/* cell_places_bytes - memory of all tables. */
uint64_t cell_places_bytes(const struct cell_places *places);

#endif
