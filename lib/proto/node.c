/*
 * node.c - the rules of a node record and of its renewal, and their JSON.
 * Pure, any thread. A record that left node_decode() keeps every rule here:
 * nobody behind it checks again.
 */
#include "lib/proto/node.h"

#include <math.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/proto/node_labels.h"

/* What decoding needs beside the record itself. lat and lon are NaN until the
 * text gave them; the others find the record at offset 0. */
struct wire {
	struct node_record record; /* must come first */
	enum node_addr_policy policy;
	double lat_deg, lon_deg;
};

#define WIRE(member)	  offsetof(struct wire, member)
#define WIRE_SIZE(member) sizeof(((struct wire *)NULL)->member)
#define WIRE_AT(member)	  .offset = WIRE(member), .size = WIRE_SIZE(member)
#define REC_AT(member)	  WIRE_AT(record.member)
#define PORT_AT(member)                                                        \
	.offset = offsetof(struct node_ports, member),                         \
	.size = sizeof(uint16_t), .min = 1, .max = 65535

bool node_id_is_valid(struct sv id)
{
	if (id.len == 0 || id.len >= NODE_ID_BYTES)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		if (!node_labels_is_id_char(id.ptr[i]))
			return false;
	}
	return true;
}

/* Letters, digits and '-' in labels of 1..63, as RFC 1123 has it. */
static bool is_host_name(struct sv name)
{
	size_t label_len = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') ||
			      (c >= 'A' && c <= 'Z') ||
			      (c >= '0' && c <= '9') || c == '-' || c == '_';

		if (c == '.' && label_len > 0)
			label_len = 0;
		else if (!letter || ++label_len > 63)
			return false;
	}
	return label_len > 0;
}

/* Whether @addr may be announced; the rule's words are set when it may not. */
static bool addr_allowed(const struct addr *addr, enum node_addr_policy policy,
			 const char **rule_r)
{
	enum addr_class class = addr_classify(addr);

	*rule_r = addr_class_str(class);
	if (class == ADDR_MULTICAST || class == ADDR_UNSPECIFIED)
		return false;
	/* Class E and the broadcast address are never a host. */
	if (addr->family == ADDR_V4 && addr->bytes[0] >= 240)
		return false;
	return class == ADDR_GLOBAL || policy == NODE_ADDRS_ANY_UNICAST;
}

static int add_addr(struct node_record *r, const struct addr *addr,
		    const char *path, struct json_problem *p)
{
	bool v4 = addr->family == ADDR_V4;
	struct addr *list = v4 ? r->ipv4 : r->ipv6;
	uint8_t *count = v4 ? &r->ipv4_count : &r->ipv6_count;

	for (uint8_t i = 0; i < *count; i++) {
		if (addr_eq(&list[i], addr))
			return json_problem_set(p, ERR_RANGE, path,
						"is given twice");
	}
	if (*count == NODE_ADDRS_MAX)
		return json_problem_set(p, ERR_RANGE, path,
					"at most %d addresses of each family",
					NODE_ADDRS_MAX);
	list[(*count)++] = *addr;
	return 0;
}

static int decode_addr(const struct json *v, struct wire *wire,
		       const char *path, struct json_problem *p)
{
	const char *class;
	struct addr addr;
	struct sv text;

	if (json_get_text(v, &text) != 0)
		return json_problem_set(p, ERR_TYPE, path, "must be a text");
	if (addr_parse(text, &addr) != 0)
		return json_problem_set(p, ERR_RANGE, path,
					"must be an IPv4 or IPv6 address");
	if (!addr_allowed(&addr, wire->policy, &class))
		return json_problem_set(p, ERR_DENIED, path,
					"must be a public unicast address, "
					"this one is %s",
					class);
	return add_addr(&wire->record, &addr, path, p);
}

static int decode_addrs(const struct json *v, void *member,
			struct json_problem *p)
{
	struct wire *wire = member;
	size_t count = json_array_len(v);
	char storage[32];
	struct buf path;
	int rc = 0;

	if (!json_is_array(v))
		return json_problem_set(p, ERR_TYPE, "", "must be an array");
	if (count == 0)
		return json_problem_set(p, ERR_RANGE, "",
					"must hold at least one address");
	for (size_t i = 0; rc == 0 && i < count; i++) {
		buf_init_fixed(&path, storage, sizeof(storage));
		buf_char(&path, '/');
		buf_u64(&path, i);
		rc = decode_addr(json_array_at(v, i), wire, buf_cstr(&path), p);
	}
	return rc;
}

static const struct json_field port_fields[] = {
	{.name = "tcp", .kind = JSON_U16, PORT_AT(tcp)},
	{.name = "ws", .kind = JSON_U16, PORT_AT(ws)},
	{.name = "wss", .kind = JSON_U16, PORT_AT(wss)},
};
static const struct json_table port_table = {
	.fields = port_fields,
	.count = ARRAY_LEN(port_fields),
};

static const struct json_field record_fields[] = {
	{.name = "id",
	 .kind = JSON_TEXT,
	 REC_AT(id),
	 .min = 1,
	 .max = NODE_ID_BYTES - 1},
	{.name = "service",
	 .kind = JSON_TEXT,
	 REC_AT(service),
	 .required = true},
	{.name = "region", .kind = JSON_TEXT, REC_AT(region), .required = true},
	{.name = "zone", .kind = JSON_TEXT, REC_AT(zone)},
	{.name = "lat",
	 .kind = JSON_REAL,
	 WIRE_AT(lat_deg),
	 .min = -90,
	 .max = 90},
	{.name = "lon",
	 .kind = JSON_REAL,
	 WIRE_AT(lon_deg),
	 .min = -180,
	 .max = 180},
	{.name = "carrier", .kind = JSON_TEXT, REC_AT(carrier)},
	{.name = "addrs",
	 .kind = JSON_CUSTOM,
	 .decode = decode_addrs,
	 .required = true},
	{.name = "host", .kind = JSON_TEXT, REC_AT(host)},
	{.name = "ports",
	 .kind = JSON_NESTED,
	 REC_AT(ports),
	 .table = &port_table,
	 .required = true},
	{.name = "weight",
	 .kind = JSON_U32,
	 REC_AT(weight),
	 .min = 0,
	 .max = NODE_WEIGHT_MAX},
	{.name = "capacity",
	 .kind = JSON_U32,
	 REC_AT(capacity),
	 .min = 1,
	 .max = NODE_CAPACITY_MAX,
	 .required = true},
	{.name = "labels", .kind = JSON_CUSTOM, .decode = node_labels_decode},
	{.name = "version", .kind = JSON_TEXT, REC_AT(version)},
	{.name = "boot_epoch",
	 .kind = JSON_U64,
	 REC_AT(boot_epoch),
	 .min = 1,
	 .max = (double)INT64_MAX,
	 .required = true},
	{.name = "ttl_ms",
	 .kind = JSON_U32,
	 REC_AT(ttl_ms),
	 .min = NODE_TTL_MIN_MS,
	 .max = NODE_TTL_MAX_MS},
};
static const struct json_table record_table = {
	.fields = record_fields,
	.count = ARRAY_LEN(record_fields),
};
static const struct json_table known_table = {
	.fields = record_fields,
	.count = ARRAY_LEN(record_fields),
	.allow_unknown = true,
};

static int check_names(const struct node_record *r, struct json_problem *p)
{
	static const char id_rule[] = "must be 1-64 of a-z 0-9 . - _";
	struct {
		const char *path, *text;
	} const names[] = {
		{"/id", r->id},
		{"/service", r->service},
		{"/region", r->region},
		{"/zone", r->zone[0] ? r->zone : "none"},
		{"/carrier", r->carrier[0] ? r->carrier : "none"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!node_id_is_valid(sv_str(names[i].text)))
			return json_problem_set(p, ERR_RANGE, names[i].path,
						"%s", id_rule);
	}
	if (r->host[0] && !is_host_name(sv_str(r->host)))
		return json_problem_set(p, ERR_RANGE, "/host",
					"must be a host name");
	if (!node_labels_is_printable(sv_str(r->version)))
		return json_problem_set(p, ERR_RANGE, "/version",
					"must be printable ASCII");
	return 0;
}

static int check_position(struct wire *wire, struct json_problem *p)
{
	bool has_lat = !isnan(wire->lat_deg);
	bool has_lon = !isnan(wire->lon_deg);

	if (has_lat != has_lon)
		return json_problem_set(p, ERR_MISSING_FIELD,
					has_lat ? "/lon" : "/lat",
					"lat and lon come together");
	wire->record.has_position = has_lat;
	wire->record.lat_deg = has_lat ? wire->lat_deg : 0;
	wire->record.lon_deg = has_lon ? wire->lon_deg : 0;
	return 0;
}

static int check_ports(const struct node_record *r, struct json_problem *p)
{
	if (r->ports.tcp == 0 && r->ports.ws == 0 && r->ports.wss == 0)
		return json_problem_set(p, ERR_MISSING_FIELD, "/ports",
					"must hold at least one port");
	return 0;
}

static int decode(const struct json *object, const struct json_table *table,
		  struct wire *wire, struct json_problem *p)
{
	int rc;

	wire->lat_deg = wire->lon_deg = NAN;
	wire->record.weight = NODE_WEIGHT_NORMAL;
	wire->record.ttl_ms = NODE_TTL_DEFAULT_MS;
	rc = json_decode(object, table, wire, p);
	if (rc == 0)
		rc = check_names(&wire->record, p);
	if (rc == 0)
		rc = check_position(wire, p);
	if (rc == 0)
		rc = check_ports(&wire->record, p);
	return rc;
}

int node_decode(const struct json *object, struct sv id,
		enum node_addr_policy policy, struct node_record *record_r,
		struct json_problem *p)
{
	struct wire wire = {.policy = policy};
	int rc;

	if (!node_id_is_valid(id) ||
	    sv_copy(id, wire.record.id, sizeof(wire.record.id)) != 0)
		return json_problem_set(p, ERR_RANGE, "/id",
					"must be 1-64 of a-z 0-9 . - _");
	rc = decode(object, &record_table, &wire, p);
	if (rc != 0)
		return rc;
	if (!sv_eq(sv_str(wire.record.id), id))
		return json_problem_set(p, ERR_RANGE, "/id",
					"must be the id of the path");
	*record_r = wire.record;
	return 0;
}

int node_decode_known(const struct json *object, struct node_record *record_r,
		      struct json_problem *p)
{
	struct wire wire = {.policy = NODE_ADDRS_ANY_UNICAST};
	int rc = decode(object, &known_table, &wire, p);

	if (rc == 0)
		*record_r = wire.record;
	return rc;
}

static bool addrs_equal(const struct addr *a, const struct addr *b,
			uint8_t count)
{
	for (uint8_t i = 0; i < count; i++) {
		if (!addr_eq(&a[i], &b[i]))
			return false;
	}
	return true;
}

static bool texts_equal(const struct node_record *a,
			const struct node_record *b)
{
	return strcmp(a->id, b->id) == 0 &&
	       strcmp(a->service, b->service) == 0 &&
	       strcmp(a->region, b->region) == 0 &&
	       strcmp(a->zone, b->zone) == 0 && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->carrier, b->carrier) == 0 &&
	       strcmp(a->version, b->version) == 0;
}

bool node_equal(const struct node_record *a, const struct node_record *b)
{
	return a->boot_epoch == b->boot_epoch && a->ttl_ms == b->ttl_ms &&
	       a->weight == b->weight && a->capacity == b->capacity &&
	       a->has_position == b->has_position && a->lat_deg == b->lat_deg &&
	       a->lon_deg == b->lon_deg && a->ports.tcp == b->ports.tcp &&
	       a->ports.ws == b->ports.ws && a->ports.wss == b->ports.wss &&
	       a->ipv4_count == b->ipv4_count &&
	       a->ipv6_count == b->ipv6_count && texts_equal(a, b) &&
	       addrs_equal(a->ipv4, b->ipv4, a->ipv4_count) &&
	       addrs_equal(a->ipv6, b->ipv6, a->ipv6_count) &&
	       node_labels_equal(a, b);
}

static void put_addrs(struct jsonw *w, const struct addr *list, uint8_t count)
{
	char text[ADDR_TEXT_MAX];

	for (uint8_t i = 0; i < count; i++)
		jsonw_str(w, NULL, addr_text(&list[i], text));
}

static void put_port(struct jsonw *w, const char *name, uint16_t port)
{
	if (port)
		jsonw_u64(w, name, port);
}

static void put_text(struct jsonw *w, const char *name, const char *text)
{
	if (text[0])
		jsonw_str(w, name, text);
}

static void put_place(struct jsonw *w, const struct node_record *r)
{
	jsonw_str(w, "region", r->region);
	put_text(w, "zone", r->zone);
	if (r->has_position) {
		jsonw_real(w, "lat", r->lat_deg);
		jsonw_real(w, "lon", r->lon_deg);
	}
	put_text(w, "carrier", r->carrier);
}

void node_put(struct jsonw *w, const struct node_record *record)
{
	jsonw_str(w, "id", record->id);
	jsonw_str(w, "service", record->service);
	put_place(w, record);
	jsonw_array(w, "addrs");
	put_addrs(w, record->ipv4, record->ipv4_count);
	put_addrs(w, record->ipv6, record->ipv6_count);
	jsonw_array_end(w);
	put_text(w, "host", record->host);
	jsonw_object(w, "ports");
	put_port(w, "tcp", record->ports.tcp);
	put_port(w, "ws", record->ports.ws);
	put_port(w, "wss", record->ports.wss);
	jsonw_object_end(w);
	jsonw_u64(w, "weight", record->weight);
	jsonw_u64(w, "capacity", record->capacity);
	node_labels_put(w, record);
	put_text(w, "version", record->version);
	jsonw_u64(w, "boot_epoch", record->boot_epoch);
	jsonw_u64(w, "ttl_ms", record->ttl_ms);
}

const char *node_state_str(enum node_state state)
{
	switch (state) {
	case NODE_UP:
		return "up";
	case NODE_SUSPECT:
		return "suspect";
	case NODE_DOWN:
		return "down";
	}
	return "unknown";
}

int node_state_parse(struct sv text, enum node_state *state_r)
{
	static const enum node_state all[] = {NODE_UP, NODE_SUSPECT, NODE_DOWN};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (sv_eq(text, sv_str(node_state_str(all[i])))) {
			*state_r = all[i];
			return 0;
		}
	}
	return ERR_SYNTAX;
}
