/*
 * place_note.h - what answers say about a client's place, in half a cache line
 * a place: a query touches one of them and no other table of places. Made with
 * the map, immutable.
 */
#ifndef PERI_BALANCER_PLACE_NOTE_H
#define PERI_BALANCER_PLACE_NOTE_H

#include "geo/cellmap.h"
#include "lib/base/buf.h"

/* Readers of answers hold 64 bytes; longer areas are cut. */
#define PLACE_NOTE_AREA_BYTES 64

struct place_notes;

/* The place of one client. */
struct place_note {
	uint16_t cell;
	uint8_t source;				/* enum cellmap_source */
	char country[2];			/* zeros: unknown */
	int16_t lat_hundredths, lon_hundredths; /* degrees * 100 */
	struct sv area; /* escaped for JSON; in the notes or in room */
	char room[6 * PLACE_NOTE_AREA_BYTES + 2];
};

/* place_note_new - for all places of @map, which is borrowed and outlives
 * them. */
struct place_notes *place_note_new(const struct cellmap *map);
void place_note_free(struct place_notes **notes);

/* place_note_fetch - cellmap_fetch() of the map. */
void place_note_fetch(const struct place_notes *notes, const struct addr *addr,
		      enum cellmap_step step);

/*
 * place_note_begin, place_note_end - the place of @addr in two steps: the first
 * gives the cell and a number and asks for the memory of the rest, the second
 * reads it, best when there was something to do in between. No allocation; any
 * thread. place_note_find - both at once.
 */
uint32_t place_note_begin(const struct place_notes *notes,
			  const struct addr *addr, uint16_t *cell_r);
void place_note_end(const struct place_notes *notes, uint32_t id,
		    struct place_note *note_r);
void place_note_find(const struct place_notes *notes, const struct addr *addr,
		     struct place_note *note_r);

/* place_note_from - the same from a place; the area goes to note_r->room. */
void place_note_from(const struct cellmap_place *place,
		     struct place_note *note_r);

/* place_note_put - append what answers say of it after the address:
 * ,"country":..,"area":..,"lat":..,"lon":..,"source":".." */
void place_note_put(struct buf *b, const struct place_note *note);

#endif
