/*
 * place_note.c - see the header. A place whose area is long or has to be
 * escaped does not fit its 32 bytes; it is looked up in the map again, which
 * happens to one query of a thousand.
 */
#include "balancer/place_note.h"

#include <math.h>

#include "lib/base/mem.h"

#define AREA_FITS 22
#define AREA_LONG 0xff
#define LINE	  64

/* 32 bytes: two in a cache line. */
struct packed {
	uint16_t cell;
	int16_t lat_hundredths, lon_hundredths;
	char country[2];
	uint8_t source;
	uint8_t area_len; /* or AREA_LONG */
	char area[AREA_FITS];
};
_Static_assert(sizeof(struct packed) == 32, "two notes in a line");

struct place_notes {
	const struct cellmap *map; /* borrowed */
	struct packed *list;	   /* by place id, at a line's start */
	void *memory;		   /* owned; holds the list */
};

/* @area cut to @max bytes at the start of a UTF-8 character. */
static struct sv short_area(struct sv area, size_t max)
{
	if (area.len <= max)
		return area;
	area.len = max;
	while (area.len > 0 &&
	       ((unsigned char)area.ptr[area.len] & 0xc0) == 0x80)
		area.len--;
	return area;
}

void place_note_from(const struct cellmap_place *place,
		     struct place_note *note_r)
{
	struct buf text;

	note_r->cell = place->cell;
	note_r->source = (uint8_t)place->source;
	memcpy(note_r->country, place->country, sizeof(note_r->country));
	note_r->lat_hundredths = (int16_t)lround((double)place->lat_deg * 100);
	note_r->lon_hundredths = (int16_t)lround((double)place->lon_deg * 100);
	buf_init_fixed(&text, note_r->room, sizeof(note_r->room));
	buf_json_str(&text, short_area(place->area, PLACE_NOTE_AREA_BYTES));
	note_r->area = sv_of(note_r->room + 1, text.len - 2); /* no quotes */
}

static void pack(const struct place_note *note, struct packed *packed)
{
	packed->cell = note->cell;
	packed->lat_hundredths = note->lat_hundredths;
	packed->lon_hundredths = note->lon_hundredths;
	memcpy(packed->country, note->country, sizeof(packed->country));
	packed->source = note->source;
	packed->area_len = AREA_LONG;
	if (note->area.len > AREA_FITS)
		return;
	packed->area_len = (uint8_t)note->area.len;
	memcpy(packed->area, note->area.ptr, note->area.len);
}

struct place_notes *place_note_new(const struct cellmap *map)
{
	struct place_notes *notes = mem_alloc(sizeof(*notes));
	uint32_t count = cellmap_place_count(map);
	struct cellmap_place place;
	struct place_note note;

	if (count == 0)
		count = 1; /* a map without places still has place 0 */
	notes->map = map;
	notes->memory =
		mem_array_huge((size_t)count + 2, sizeof(struct packed));
	notes->list = (struct packed *)(((uintptr_t)notes->memory + LINE - 1) &
					~(uintptr_t)(LINE - 1));
	for (uint32_t id = 0; id < count; id++) {
		cellmap_place(map, id, &place);
		place_note_from(&place, &note);
		pack(&note, &notes->list[id]);
	}
	return notes;
}

void place_note_free(struct place_notes **notes)
{
	if (!*notes)
		return;
	mem_free_huge((*notes)->memory);
	mem_free(*notes);
	*notes = NULL;
}

static void find_long(const struct place_notes *notes, uint32_t id,
		      struct place_note *note_r)
{
	struct cellmap_place place;

	cellmap_place(notes->map, id, &place);
	place_note_from(&place, note_r);
}

void place_note_fetch(const struct place_notes *notes, const struct addr *addr,
		      enum cellmap_step step)
{
	cellmap_fetch(notes->map, addr, step);
}

uint32_t place_note_begin(const struct place_notes *notes,
			  const struct addr *addr, uint16_t *cell_r)
{
	uint32_t id = cellmap_both(notes->map, addr, cell_r);

	__builtin_prefetch(&notes->list[id]);
	return id;
}

void place_note_end(const struct place_notes *notes, uint32_t id,
		    struct place_note *note_r)
{
	const struct packed *packed = &notes->list[id];

	if (UNLIKELY(packed->area_len == AREA_LONG)) {
		find_long(notes, id, note_r);
		return;
	}
	note_r->cell = packed->cell;
	note_r->source = packed->source;
	memcpy(note_r->country, packed->country, sizeof(note_r->country));
	note_r->lat_hundredths = packed->lat_hundredths;
	note_r->lon_hundredths = packed->lon_hundredths;
	note_r->area = sv_of(packed->area, packed->area_len);
}

void place_note_find(const struct place_notes *notes, const struct addr *addr,
		     struct place_note *note_r)
{
	uint16_t cell;

	place_note_end(notes, place_note_begin(notes, addr, &cell), note_r);
}

/* -2355 is "-23.55" */
static void put_hundredths(struct buf *b, int value)
{
	char text[8];
	char *at = text + sizeof(text);
	unsigned left = value < 0 ? (unsigned)-value : (unsigned)value;

	for (unsigned i = 0; left > 0 || i < 3; i++) {
		if (i == 2)
			*--at = '.';
		*--at = (char)('0' + left % 10);
		left /= 10;
	}
	if (value < 0)
		*--at = '-';
	buf_put(b, at, (size_t)(text + sizeof(text) - at));
}

void place_note_put(struct buf *b, const struct place_note *note)
{
	static const struct sv source[] = {
		[CELLMAP_NOWHERE] = SV(",\"source\":\"none\""),
		[CELLMAP_MMDB] = SV(",\"source\":\"mmdb\""),
		[CELLMAP_COUNTRY] = SV(",\"source\":\"country\""),
		[CELLMAP_OVERRIDE] = SV(",\"source\":\"override\""),
	};

	if (note->country[0]) {
		buf_sv(b, SV(",\"country\":\""));
		buf_put(b, note->country, 2);
		buf_sv(b, SV("\""));
	}
	if (note->area.len > 0) {
		buf_sv(b, SV(",\"area\":\""));
		buf_sv(b, note->area);
		buf_sv(b, SV("\""));
	}
	if (note->source != CELLMAP_NOWHERE) {
		buf_sv(b, SV(",\"lat\":"));
		put_hundredths(b, note->lat_hundredths);
		buf_sv(b, SV(",\"lon\":"));
		put_hundredths(b, note->lon_hundredths);
	}
	buf_sv(b, source[note->source]);
}
