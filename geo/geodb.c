/*
 * geodb.c - the only user of libmaxminddb: opens a private copy of a file,
 * walks its search tree, and looks single addresses up. Records are decoded
 * once each and remembered by their offset while a walk lasts. One thread per
 * database.
 */
#include "geo/geodb.h"

#include <maxminddb.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#include "geo/geodb_file.h"
#include "geo/geodb_record.h"
#include "geo/idset.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

/* Zero bytes between the tree and the data, part of the records' numbers. */
#define SEPARATOR_BYTES 16

/* A tree visits each of its nodes once. Files may share subtrees (aliases of
 * IPv4 space), so some more are allowed; a file made to be walked for ever
 * ends here. */
#define VISIT_SLACK	100000
#define VISIT_FACTOR	4
#define VISIT_NODES_MAX 50000000

/* A city database shows a position within its first networks. */
#define PROBE_NETWORKS 200000

struct geodb {
	MMDB_s mmdb;
	char *path; /* owned; for messages */
};

/* Positions of the tree as numbers: the address left-aligned in 128 bits. */
__extension__ typedef unsigned __int128 geodb_key;

/* "path: " and the reason. */
static int complain(struct buf *why, const char *path, int rc, const char *fmt,
		    ...) PRINTF_LIKE(4, 5);
static int complain(struct buf *why, const char *path, int rc, const char *fmt,
		    ...)
{
	char text[256];
	struct buf reason;
	va_list args;

	va_start(args, fmt);
	buf_init_fixed(&reason, text, sizeof(text));
	buf_vprintf(&reason, fmt, args);
	va_end(args);
	buf_str(why, path);
	buf_str(why, ": ");
	buf_sv(why, buf_view(&reason));
	return rc;
}

static int open_library(struct geodb *db, int fd, struct buf *why)
{
	char name[32];
	struct buf b;
	int status;

	buf_init_fixed(&b, name, sizeof(name));
	buf_printf(&b, "/proc/self/fd/%d", fd);
	status = MMDB_open(buf_cstr(&b), MMDB_MODE_MMAP, &db->mmdb);
	/* Without /proc (a bare root) the file itself has to do. */
	if (status == MMDB_FILE_OPEN_ERROR)
		status = MMDB_open(db->path, MMDB_MODE_MMAP, &db->mmdb);
	if (status == MMDB_SUCCESS)
		return 0;
	return complain(why, db->path, ERR_CORRUPT,
			"is damaged (%s); fetch it again",
			MMDB_strerror(status));
}

struct probe {
	uint64_t networks;
};

static int probe_one(const struct addr_prefix *network UNUSED,
		     uint64_t record UNUSED, const struct geodb_place *place,
		     void *arg)
{
	struct probe *probe = arg;

	probe->networks++;
	if (place->has_position)
		return 1;
	return probe->networks >= PROBE_NETWORKS ? 2 : 0;
}

/* A database of countries or of networks' owners has the same form. */
static int check_positions(struct geodb *db, struct buf *why)
{
	struct probe probe = {0};
	int rc = geodb_visit(db, probe_one, &probe, why);

	if (rc == 1)
		return 0;
	if (rc < 0)
		return rc;
	return complain(why, db->path, ERR_UNSUPPORTED,
			"holds no coordinates (its type is \"%.64s\"); use a "
			"city database",
			geodb_type(db));
}

int geodb_open(const char *path, struct geodb **db_r, struct buf *why)
{
	struct geodb *db;
	int fd, rc = geodb_file_open(path, &fd, why);

	if (rc < 0)
		return rc;
	db = mem_alloc(sizeof(*db));
	db->path = mem_strdup(path);
	rc = open_library(db, fd, why);
	close(fd);
	if (rc < 0) {
		mem_free(db->path);
		mem_free(db);
		return rc;
	}
	rc = check_positions(db, why);
	if (rc < 0)
		geodb_close(&db);
	else
		*db_r = db;
	return rc;
}

void geodb_close(struct geodb **db)
{
	if (!*db)
		return;
	MMDB_close(&(*db)->mmdb);
	mem_free((*db)->path);
	mem_free(*db);
	*db = NULL;
}

const char *geodb_type(const struct geodb *db)
{
	return db->mmdb.metadata.database_type;
}

int64_t geodb_build_wall_s(const struct geodb *db)
{
	uint64_t s = db->mmdb.metadata.build_epoch;

	return s > INT64_MAX ? 0 : (int64_t)s;
}

/* One walk through a file. */
struct walk {
	struct geodb *db;
	geodb_visit_cb *visit;
	void *arg;
	struct buf *why;
	uint64_t nodes_left;
	struct mmdb_value_reader reader;
	struct idset seen; /* offset -> number of the record */
	uint32_t *offsets; /* owned, by number */
	struct geodb_place *places;
	uint32_t count, room;
};

/* A subtree or a record still to be visited. */
struct branch {
	geodb_key key;
	uint64_t record;
	uint32_t offset; /* of the data */
	uint8_t type;	 /* MMDB_RECORD_TYPE_* */
	uint8_t bits;
};

static bool same_offset(uint32_t id, const void *wanted, const void *arg)
{
	const struct walk *w = arg;

	return w->offsets[id] == *(const uint32_t *)wanted;
}

/* The number of the record at @offset, decoded when it is new. */
static int record_of(struct walk *w, uint32_t offset, uint32_t *id_r)
{
	uint32_t hash = (uint32_t)hash_mix(offset);
	int rc;

	*id_r = idset_find(&w->seen, hash, same_offset, &offset, w);
	if (*id_r != IDSET_NONE)
		return 0;
	if (w->count == w->room) {
		w->room = w->room * 2 + 1024;
		w->offsets = mem_grow(w->offsets, w->room, sizeof(*w->offsets));
		w->places = mem_grow(w->places, w->room, sizeof(*w->places));
	}
	rc = geodb_record_decode(&w->reader, offset, &w->places[w->count]);
	if (rc < 0)
		return complain(w->why, w->db->path, ERR_CORRUPT,
				"is damaged: the record at offset %" PRIu32
				" cannot be read; fetch it again",
				offset);
	w->offsets[w->count] = offset;
	idset_add(&w->seen, hash, w->count);
	*id_r = w->count++;
	return 0;
}

static void prefix_of(const struct walk *w, const struct branch *b,
		      struct addr_prefix *p)
{
	geodb_key key = b->key;
	unsigned bits = b->bits, bytes = 16;

	memset(p, 0, sizeof(*p));
	p->base.family = ADDR_V6;
	if (w->db->mmdb.metadata.ip_version == 6 && bits >= 96 &&
	    key >> 32 == 0) {
		key <<= 96;
		bits -= 96;
		p->base.family = ADDR_V4;
	}
	if (w->db->mmdb.metadata.ip_version == 4)
		p->base.family = ADDR_V4;
	if (p->base.family == ADDR_V4)
		bytes = 4;
	for (unsigned i = 0; i < bytes; i++)
		p->base.bytes[i] = (uint8_t)(key >> (120 - 8 * i));
	p->bits = (uint8_t)bits;
}

static int visit_record(struct walk *w, const struct branch *b)
{
	struct addr_prefix prefix;
	uint32_t id;
	int rc = record_of(w, b->offset, &id);

	if (rc < 0)
		return rc;
	prefix_of(w, b, &prefix);
	return w->visit(&prefix, id, &w->places[id], w->arg);
}

/* A second way to the root of the IPv4 space, such as 2002::/16. */
static bool is_alias(const struct walk *w, const struct branch *b)
{
	const MMDB_ipv4_start_node_s *v4 = &w->db->mmdb.ipv4_start_node;

	return w->db->mmdb.metadata.ip_version == 6 && v4->netmask == 96 &&
	       b->record == v4->node_value && b->key != 0;
}

static int corrupt_tree(struct walk *w, const struct branch *b)
{
	return complain(w->why, w->db->path, ERR_CORRUPT,
			"is damaged: its search tree breaks off at node "
			"%" PRIu64 ", %u bits deep; fetch it again",
			b->record, (unsigned)b->bits);
}

/* The two halves of @b; the right one first, as the stack turns them. */
static int split(struct walk *w, const struct branch *b, struct branch *halves)
{
	unsigned depth = w->db->mmdb.metadata.ip_version == 6 ? 128 : 32;
	MMDB_search_node_s node;
	uint8_t bits = (uint8_t)(b->bits + 1);

	if (w->nodes_left == 0)
		return complain(w->why, w->db->path, ERR_LIMIT,
				"has more networks than a city database can "
				"have; use another database");
	w->nodes_left--;
	if (b->bits >= depth ||
	    MMDB_read_node(&w->db->mmdb, (uint32_t)b->record, &node) !=
		    MMDB_SUCCESS)
		return corrupt_tree(w, b);
	halves[0] = (struct branch){
		b->key | (geodb_key)1 << (128 - bits), node.right_record,
		node.right_record_entry.offset, node.right_record_type, bits};
	halves[1] = (struct branch){b->key, node.left_record,
				    node.left_record_entry.offset,
				    node.left_record_type, bits};
	return 0;
}

static int walk_tree(struct walk *w)
{
	struct branch stack[130]; /* one right half a level, and both ends */
	unsigned height = 1;
	int rc = 0;

	memset(&stack[0], 0, sizeof(stack[0]));
	stack[0].type = MMDB_RECORD_TYPE_SEARCH_NODE;
	while (rc == 0 && height > 0) {
		struct branch b = stack[--height];

		if (b.type == MMDB_RECORD_TYPE_EMPTY)
			continue;
		if (b.type == MMDB_RECORD_TYPE_DATA) {
			rc = visit_record(w, &b);
		} else if (b.type != MMDB_RECORD_TYPE_SEARCH_NODE) {
			rc = corrupt_tree(w, &b);
		} else if (!is_alias(w, &b)) {
			rc = split(w, &b, &stack[height]);
			height += 2;
		}
	}
	return rc;
}

int geodb_visit(struct geodb *db, geodb_visit_cb *visit, void *arg,
		struct buf *why)
{
	uint64_t nodes = (uint64_t)db->mmdb.metadata.node_count * VISIT_FACTOR +
			 VISIT_SLACK;
	struct walk w = {
		.db = db,
		.visit = visit,
		.arg = arg,
		.why = why,
		.nodes_left = nodes < VISIT_NODES_MAX ? nodes : VISIT_NODES_MAX,
		.reader = {.bytes = db->mmdb.data_section,
			   .size_bytes = db->mmdb.data_section_size},
	};
	int rc;

	idset_init(&w.seen);
	rc = walk_tree(&w);
	idset_fini(&w.seen);
	mem_free(w.offsets);
	mem_free(w.places);
	return rc;
}

/* The value at @path of a record, through the library. */
static bool get(MMDB_entry_s *entry, const char *const *path, uint32_t type,
		MMDB_entry_data_s *data_r)
{
	return MMDB_aget_value(entry, data_r, path) == MMDB_SUCCESS &&
	       data_r->has_data && (type == 0 || data_r->type == type);
}

static bool get_number(MMDB_entry_s *entry, const char *const *path,
		       double *value_r)
{
	MMDB_entry_data_s d;

	if (!get(entry, path, 0, &d))
		return false;
	if (d.type == MMDB_DATA_TYPE_DOUBLE)
		*value_r = d.double_value;
	else if (d.type == MMDB_DATA_TYPE_FLOAT)
		*value_r = (double)d.float_value;
	return d.type == MMDB_DATA_TYPE_DOUBLE ||
	       d.type == MMDB_DATA_TYPE_FLOAT;
}

static struct sv get_text(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s d;

	if (!get(entry, path, MMDB_DATA_TYPE_UTF8_STRING, &d))
		return (struct sv){0};
	return sv_of(d.utf8_string, d.data_size);
}

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void read_entry(MMDB_entry_s *entry, struct geodb_place *place)
{
	double lat, lon;

	memset(place, 0, sizeof(*place));
	if (get_number(entry, PATH("latitude"), &lat)) {
		if (get_number(entry, PATH("longitude"), &lon))
			geodb_record_position(lat, lon, place);
		geodb_record_country(get_text(entry, PATH("country_code")),
				     place->country);
		place->area = get_text(entry, PATH("state1"));
		place->city = get_text(entry, PATH("city"));
		return;
	}
	if (get_number(entry, PATH("location", "latitude"), &lat) &&
	    get_number(entry, PATH("location", "longitude"), &lon))
		geodb_record_position(lat, lon, place);
	geodb_record_country(get_text(entry, PATH("country", "iso_code")),
			     place->country);
	place->area = get_text(entry, PATH("subdivisions", "0", "names", "en"));
	if (place->area.len == 0)
		place->area =
			get_text(entry, PATH("subdivisions", "0", "iso_code"));
	place->city = get_text(entry, PATH("city", "names", "en"));
}

int geodb_lookup(struct geodb *db, const struct addr *addr,
		 struct geodb_place *place_r)
{
	struct addr host = addr_unmap(addr);
	struct sockaddr_storage ss;
	MMDB_lookup_result_s result;
	int status = MMDB_SUCCESS;

	if (host.family == ADDR_V6 && db->mmdb.metadata.ip_version == 4)
		return ERR_NOTFOUND;
	(void)addr_to_sockaddr(&host, 0, &ss);
	result = MMDB_lookup_sockaddr(&db->mmdb, (struct sockaddr *)&ss,
				      &status);
	if (status != MMDB_SUCCESS || !result.found_entry)
		return ERR_NOTFOUND;
	/* A network around ::/96 says nothing about IPv4. */
	if (host.family == ADDR_V4 && db->mmdb.metadata.ip_version == 6 &&
	    result.netmask < 96)
		return ERR_NOTFOUND;
	read_entry(&result.entry, place_r);
	return 0;
}
