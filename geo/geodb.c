/*
 * geodb.c - the only user of libmaxminddb: opens a private copy of a file,
 * walks its search tree, and looks single addresses up. Records are decoded
 * once each and remembered by their offset while a walk lasts. One thread per
 * database.
 */
#include "geo/geodb.h"

#include <maxminddb.h>
#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "geo/geodb_file.h"
#include "geo/geodb_record.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

/* Zero bytes between the tree and the data, part of the records' numbers. */
#define SEPARATOR_BYTES 16

/* A tree visits each of its nodes once. Files may share subtrees (aliases of
 * IPv4 space), so some more are allowed; a file made to be walked for ever
 * ends here. */
#define VISIT_SLACK	100000
#define VISIT_FACTOR	4
#define VISIT_NODES_MAX 50000000

/* A database shows what it holds within its first networks. */
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
	enum geodb_kind kind;
	uint64_t networks;
};

static int probe_one(const struct addr_prefix *network UNUSED,
		     uint64_t record UNUSED, const struct geodb_place *place,
		     void *arg)
{
	struct probe *probe = arg;

	probe->networks++;
	if (probe->kind == GEODB_ASN ? place->asn != 0 : place->has_position)
		return 1;
	return probe->networks >= PROBE_NETWORKS ? 2 : 0;
}

/* A database of countries has the same form, so has each for the other. */
static int check_kind(struct geodb *db, enum geodb_kind kind, struct buf *why)
{
	struct probe probe = {.kind = kind};
	int rc = geodb_visit(db, probe_one, &probe, why);

	if (rc == 1)
		return 0;
	if (rc < 0)
		return rc;
	return complain(why, db->path, ERR_UNSUPPORTED,
			"holds no %s (its type is \"%.64s\"); use %s database",
			kind == GEODB_ASN ? "AS numbers" : "coordinates",
			geodb_type(db),
			kind == GEODB_ASN ? "an ASN" : "a city");
}

int geodb_open(const char *path, enum geodb_kind kind, struct geodb **db_r,
	       struct buf *why)
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
	rc = check_kind(db, kind, why);
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

/* Offsets of one bucket; its chain is never longer, whatever the file says. */
#define BUCKET_BITS 4

/* A record that was met. */
struct seen {
	uint32_t offset;
	uint32_t next; /* number + 1 of another one in the bucket; 0 = none */
};

/* One walk through a file. */
struct walk {
	struct geodb *db;
	geodb_visit_cb *visit;
	void *arg;
	struct buf *why;
	uint64_t nodes_left;
	unsigned depth; /* bits of an address in the tree */
	struct mmdb_value_reader reader;
	uint32_t *buckets; /* owned; offset >> BUCKET_BITS -> number + 1. By
			    * offset and not by hash, because neighbours in the
			    * tree mostly are neighbours in the data too. */
	struct seen *seen; /* owned, by number */
	struct geodb_place *places; /* owned, by number; apart, as most
				     * networks need only the number */
	uint32_t count, room;
};

/* A subtree or a record: what a half of a node leads to. */
struct branch {
	geodb_key key;
	uint64_t record;
	uint32_t offset; /* of the data */
	uint8_t type;	 /* MMDB_RECORD_TYPE_* */
	uint8_t bits;
};

static int record_new(struct walk *w, uint32_t offset)
{
	uint32_t *bucket = &w->buckets[offset >> BUCKET_BITS];
	struct seen *seen;

	if (w->count == w->room) {
		w->room = w->room * 2 + 1024;
		w->seen = mem_grow(w->seen, w->room, sizeof(*w->seen));
		w->places = mem_grow(w->places, w->room, sizeof(*w->places));
	}
	seen = &w->seen[w->count];
	if (geodb_record_decode(&w->reader, offset, &w->places[w->count]) < 0)
		return complain(w->why, w->db->path, ERR_CORRUPT,
				"is damaged: the record at offset %" PRIu32
				" cannot be read; fetch it again",
				offset);
	seen->offset = offset;
	seen->next = *bucket;
	*bucket = ++w->count;
	return 0;
}

/* The number of the record at @offset, decoded when it is new. */
static int record_of(struct walk *w, uint32_t offset, uint32_t *id_r)
{
	uint32_t at;
	int rc;

	/* The library may give an offset beyond the section. */
	if (offset >= w->reader.size_bytes)
		return complain(w->why, w->db->path, ERR_CORRUPT,
				"is damaged: its search tree points behind the "
				"data; fetch it again");
	at = w->buckets[offset >> BUCKET_BITS];
	while (at != 0 && w->seen[at - 1].offset != offset)
		at = w->seen[at - 1].next;
	if (at == 0) {
		rc = record_new(w, offset);
		if (rc < 0)
			return rc;
		at = w->count;
	}
	*id_r = at - 1;
	return 0;
}

static void prefix_of(const struct walk *w, const struct branch *b,
		      struct addr_prefix *p)
{
	geodb_key key = b->key;
	uint64_t hi, lo = 0;
	unsigned bits = b->bits;

	memset(p, 0, sizeof(*p));
	p->base.family = w->depth == 32 ? ADDR_V4 : ADDR_V6;
	if (w->depth == 128 && bits >= 96 && key >> 32 == 0) {
		key <<= 96;
		bits -= 96;
		p->base.family = ADDR_V4;
	}
	hi = htobe64((uint64_t)(key >> 64));
	lo = htobe64((uint64_t)key);
	memcpy(p->base.bytes, &hi, sizeof(hi));
	memcpy(p->base.bytes + sizeof(hi), &lo, sizeof(lo));
	p->bits = (uint8_t)bits;
}

static int visit_record(struct walk *w, const struct branch *b)
{
	struct addr_prefix prefix;
	uint32_t id = 0;
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

	return w->depth == 128 && v4->netmask == 96 &&
	       b->record == v4->node_value && b->key != 0;
}

static int corrupt_tree(struct walk *w, const struct branch *b)
{
	return complain(w->why, w->db->path, ERR_CORRUPT,
			"is damaged: its search tree breaks off at node "
			"%" PRIu64 ", %u bits deep; fetch it again",
			b->record, (unsigned)b->bits);
}

static int walk_node(struct walk *w, const struct branch *b);

static int walk_branch(struct walk *w, const struct branch *b)
{
	switch (b->type) {
	case MMDB_RECORD_TYPE_EMPTY:
		return 0;
	case MMDB_RECORD_TYPE_DATA:
		return visit_record(w, b);
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		return is_alias(w, b) ? 0 : walk_node(w, b);
	default:
		return corrupt_tree(w, b);
	}
}

/* Both halves of the node @b; recursion ends with the address's bits. */
static int walk_node(struct walk *w, const struct branch *b)
{
	struct branch half = {.key = b->key, .bits = (uint8_t)(b->bits + 1)};
	MMDB_search_node_s node;
	int rc;

	if (w->nodes_left == 0)
		return complain(w->why, w->db->path, ERR_LIMIT,
				"has more networks than a city database can "
				"have; use another database");
	w->nodes_left--;
	if (b->bits >= w->depth ||
	    MMDB_read_node(&w->db->mmdb, (uint32_t)b->record, &node) !=
		    MMDB_SUCCESS)
		return corrupt_tree(w, b);
	half.record = node.left_record;
	half.offset = node.left_record_entry.offset;
	half.type = node.left_record_type;
	rc = walk_branch(w, &half);
	if (rc != 0)
		return rc;
	half.key |= (geodb_key)1 << (128 - half.bits);
	half.record = node.right_record;
	half.offset = node.right_record_entry.offset;
	half.type = node.right_record_type;
	return walk_branch(w, &half);
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
		.depth = db->mmdb.metadata.ip_version == 6 ? 128 : 32,
		.reader = {.bytes = db->mmdb.data_section,
			   .size_bytes = db->mmdb.data_section_size},
	};
	struct branch root = {.type = MMDB_RECORD_TYPE_SEARCH_NODE};
	int rc;

	w.buckets = mem_array((w.reader.size_bytes >> BUCKET_BITS) + 1,
			      sizeof(*w.buckets));
	rc = walk_node(&w, &root);
	mem_free(w.buckets);
	mem_free(w.seen);
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
