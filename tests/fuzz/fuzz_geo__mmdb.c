/*
 * fuzz_geo__mmdb.c - any bytes as a city database: opened, visited, looked up
 * and compiled. What opens must compile or say why; the table must say what
 * the library says.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "geo/cellmap.h"
#include "geo/geodb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some networks' first addresses, to compare both worlds by. */
struct sample {
	struct addr list[64];
	unsigned count;
};

static int take(const struct addr_prefix *network, uint64_t record,
		const struct geodb_place *place, void *arg)
{
	struct sample *s = arg;

	(void)record;
	if (s->count < 64 && place->has_position)
		s->list[s->count++] = network->base;
	return 0;
}

static void compile(const char *path, unsigned asn_path_count,
		    const struct sample *sample)
{
	/* The same file as one of AS numbers, some of which have a carrier. */
	const struct cellmap_override owners[] = {
		{.asn = 4134, .carrier = "telecom"},
		{.asn = 4837, .carrier = "unicom"},
	};
	struct cellmap_config config = {.paths = &path,
					.path_count = 1,
					.asn_paths = &path,
					.asn_path_count = asn_path_count,
					.overrides = owners,
					.override_count = 2};
	struct cellmap *map = NULL;
	struct buf why;
	int rc;

	buf_init(&why, 4096);
	rc = cellmap_build(&config, &map, &why);
	if (rc < 0 && (map || why.len == 0))
		abort();
	for (unsigned i = 0; rc == 0 && i < sample->count; i++) {
		struct cellmap_place place;
		struct addr inner = addr_unmap(&sample->list[i]);

		cellmap_find(map, &sample->list[i], &place);
		/* What is looked up as IPv4 may well be nowhere. */
		if (place.source == CELLMAP_NOWHERE &&
		    inner.family == sample->list[i].family)
			abort();
		if (place.cell != cellmap_cell(map, &sample->list[i]))
			abort();
	}
	cellmap_free(&map);
	buf_fini(&why);
}

/* The library finds what the walk found. */
static void look_up(struct geodb *db, const struct sample *sample)
{
	struct geodb_place place;

	for (unsigned i = 0; i < sample->count; i++) {
		struct addr inner = addr_unmap(&sample->list[i]);

		if (geodb_lookup(db, &inner, &place) < 0 &&
		    inner.family == sample->list[i].family)
			abort();
	}
}

static void open_and_visit(const char *path)
{
	struct sample sample = {.count = 0};
	struct geodb *db = NULL;
	struct buf why;
	int rc;

	buf_init(&why, 4096);
	rc = geodb_open(path, GEODB_CITY, &db, &why);
	if (rc < 0 && (db || why.len == 0))
		abort();
	if (rc == 0) {
		buf_reset(&why);
		rc = geodb_visit(db, take, &sample, &why);
		if (rc < 0 && why.len == 0)
			abort();
		look_up(db, &sample);
		geodb_close(&db);
	}
	buf_fini(&why);
	compile(path, 0, &sample);
	compile(path, 1, &sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct buf path;
	char text[40];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	buf_init_fixed(&path, text, sizeof(text));
	buf_printf(&path, "/proc/self/fd/%d", fd);
	open_and_visit(buf_cstr(&path));
	close(fd);
	return 0;
}
