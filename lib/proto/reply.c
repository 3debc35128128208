/*
 * reply.c - the answer of /resolve: renders a node's fragment for the balancer
 * and reads whole answers for clients. Members that a client can do without
 * never make an answer unusable. Pure, any thread.
 */
#include "lib/proto/reply.h"

#include "lib/base/err.h"

/* ---- writing ---- */

static void put_addrs(struct buf *b, const char *key, const struct addr *addrs,
		      unsigned count)
{
	buf_str(b, key);
	for (unsigned i = 0; i < count; i++) {
		buf_str(b, i > 0 ? ",\"" : "\"");
		addr_put(b, &addrs[i]);
		buf_char(b, '"');
	}
	buf_char(b, ']');
}

static void put_port(struct buf *b, const char *key, uint16_t port)
{
	if (port == 0)
		return;
	buf_str(b, key);
	buf_u64(b, port);
}

static void put_names(struct buf *b, const struct node_record *record)
{
	buf_str(b, "{\"id\":");
	buf_json_str(b, sv_str(record->id));
	buf_str(b, ",\"region\":");
	buf_json_str(b, sv_str(record->region));
	if (record->host[0] != '\0') {
		buf_str(b, ",\"host\":");
		buf_json_str(b, sv_str(record->host));
	}
}

static void put_ports(struct buf *b, const struct node_ports *ports)
{
	put_port(b, ",\"tcp\":", ports->tcp);
	put_port(b, ",\"ws\":", ports->ws);
	put_port(b, ",\"wss\":", ports->wss);
}

void reply_put_node(struct buf *b, const struct node_record *record,
		    enum reply_families families)
{
	put_names(b, record);
	if (families != REPLY_V6)
		put_addrs(b, ",\"ipv4\":[", record->ipv4, record->ipv4_count);
	if (families != REPLY_V4)
		put_addrs(b, ",\"ipv6\":[", record->ipv6, record->ipv6_count);
	put_ports(b, &record->ports);
}

void reply_put_node_marked(struct buf *b, const struct node_record *record,
			   struct reply_marks *marks_r)
{
	put_names(b, record);
	marks_r->ipv4 = b->len;
	put_addrs(b, ",\"ipv4\":[", record->ipv4, record->ipv4_count);
	marks_r->ipv6 = b->len;
	put_addrs(b, ",\"ipv6\":[", record->ipv6, record->ipv6_count);
	marks_r->ports = b->len;
	put_ports(b, &record->ports);
}

/* ---- reading ---- */

#define FIELD(type_, name_, kind_, member_, min_, max_)                        \
	{                                                                      \
		.name = (name_), .kind = (kind_),                              \
		.offset = offsetof(struct type_, member_),                     \
		.size = sizeof(((struct type_ *)0)->member_), .min = (min_),   \
		.max = (max_)                                                  \
	}

static const struct json_field heartbeat_fields[] = {
	FIELD(reply_heartbeat, "start_s", JSON_U32, start_s, 1, 86400),
	FIELD(reply_heartbeat, "min_s", JSON_U32, min_s, 1, 86400),
	FIELD(reply_heartbeat, "max_s", JSON_U32, max_s, 1, 86400),
	FIELD(reply_heartbeat, "step_s", JSON_U32, step_s, 1, 86400),
	FIELD(reply_heartbeat, "max_missed", JSON_U32, max_missed, 1, 100),
};
static const struct json_table heartbeat_table = {
	heartbeat_fields, ARRAY_LEN(heartbeat_fields), true};

static const struct json_field backoff_fields[] = {
	FIELD(reply_backoff, "base_ms", JSON_U32, base_ms, 1, 3600000),
	FIELD(reply_backoff, "max_ms", JSON_U32, max_ms, 1, 86400000),
	FIELD(reply_backoff, "factor", JSON_REAL, factor, 1, 100),
	FIELD(reply_backoff, "jitter", JSON_REAL, jitter, 0, 1),
};
static const struct json_table backoff_table = {
	backoff_fields, ARRAY_LEN(backoff_fields), true};

static const struct json_field node_fields[] = {
	{.name = "id",
	 .kind = JSON_TEXT,
	 .offset = offsetof(struct reply_node, id),
	 .size = NODE_ID_BYTES,
	 .required = true},
	FIELD(reply_node, "region", JSON_TEXT, region, 0, 0),
	FIELD(reply_node, "host", JSON_TEXT, host, 0, 0),
	FIELD(reply_node, "tcp", JSON_U16, ports.tcp, 0, 65535),
	FIELD(reply_node, "ws", JSON_U16, ports.ws, 0, 65535),
	FIELD(reply_node, "wss", JSON_U16, ports.wss, 0, 65535),
};
static const struct json_table node_table = {node_fields,
					     ARRAY_LEN(node_fields), true};

/* Addresses of one family; those beyond NODE_ADDRS_MAX are left out. */
static int read_addrs(const struct json *array, uint8_t family,
		      struct addr *addrs, uint8_t *count_r,
		      struct json_problem *p)
{
	size_t count = json_array_len(array);
	struct sv text;

	for (size_t i = 0; i < count && *count_r < NODE_ADDRS_MAX; i++) {
		if (json_get_text(json_array_at(array, i), &text) != 0)
			return json_problem_set(p, ERR_TYPE, "",
						"must be texts");
		if (addr_parse(text, &addrs[*count_r]) != 0 ||
		    addrs[*count_r].family != family)
			return json_problem_set(p, ERR_SYNTAX, "",
						"must be IPv%u addresses",
						(unsigned)family);
		++*count_r;
	}
	return 0;
}

static int read_node(const struct json *value, struct reply_node *node,
		     struct json_problem *p)
{
	const struct json *km = json_member(value, "km");
	int64_t km_value;
	int rc;

	node->km = -1;
	rc = json_decode(value, &node_table, node, p);
	if (rc != 0)
		return rc;
	rc = read_addrs(json_member(value, "ipv4"), ADDR_V4, node->ipv4,
			&node->ipv4_count, p);
	if (rc != 0)
		return rc;
	rc = read_addrs(json_member(value, "ipv6"), ADDR_V6, node->ipv6,
			&node->ipv6_count, p);
	if (rc != 0)
		return rc;
	if (km && json_get_i64(km, &km_value) == 0 && km_value >= 0 &&
	    km_value <= 65535)
		node->km = (int32_t)km_value;
	return 0;
}

static int read_nodes(const struct json *value, struct reply *reply,
		      struct json_problem *p)
{
	size_t count = json_array_len(value);
	int rc;

	if (!json_is_array(value))
		return json_problem_set(p, ERR_TYPE, "/nodes",
					"must be an array");
	if (count > REPLY_NODES_MAX)
		count = REPLY_NODES_MAX;
	for (size_t i = 0; i < count; i++) {
		const struct json *node = json_array_at(value, i);

		if (!json_is_object(node))
			return json_problem_set(p, ERR_TYPE, "/nodes",
						"must hold objects");
		rc = read_node(node, &reply->nodes[i], p);
		if (rc != 0)
			return rc;
		reply->node_count++;
	}
	return 0;
}

/* For people only: what does not fit or has another type is left empty. */
static void read_note(const struct json *object, const char *name, char *dst,
		      size_t dst_bytes)
{
	const struct json *value = json_member(object, name);
	struct sv text;

	if (!value || json_get_text(value, &text) != 0 ||
	    sv_copy(text, dst, dst_bytes) != 0)
		dst[0] = '\0';
}

static void read_position(const struct json *client, struct reply *reply)
{
	const struct json *lat = json_member(client, "lat");
	const struct json *lon = json_member(client, "lon");

	reply->client_has_position =
		lat && lon && json_get_real(lat, &reply->client_lat_deg) == 0 &&
		json_get_real(lon, &reply->client_lon_deg) == 0 &&
		reply->client_lat_deg >= -90 && reply->client_lat_deg <= 90 &&
		reply->client_lon_deg >= -180 && reply->client_lon_deg <= 180;
}

static void read_client(const struct json *client, struct reply *reply)
{
	if (!json_is_object(client))
		return;
	read_position(client, reply);
	read_note(client, "country", reply->client_country,
		  sizeof(reply->client_country));
	read_note(client, "area", reply->client_area,
		  sizeof(reply->client_area));
	read_note(client, "source", reply->client_source,
		  sizeof(reply->client_source));
}

static int read_fallback(const struct json *value, struct reply *reply,
			 struct json_problem *p)
{
	size_t count = json_array_len(value);
	struct sv text;

	if (count > REPLY_FALLBACK_MAX)
		count = REPLY_FALLBACK_MAX;
	for (size_t i = 0; i < count; i++) {
		char *dst = reply->fallback[i];

		if (json_get_text(json_array_at(value, i), &text) != 0 ||
		    sv_copy(text, dst, NODE_HOST_BYTES) != 0)
			return json_problem_set(p, ERR_TYPE, "/fallback",
						"must hold host names");
		reply->fallback_count++;
	}
	return 0;
}

static const struct json_field reply_fields[] = {
	FIELD(reply, "host", JSON_TEXT, host, 0, 0),
	FIELD(reply, "id", JSON_TEXT, id, 0, 0),
	FIELD(reply, "ttl", JSON_U32, ttl_s, 0, 604800),
	{.name = "heartbeat",
	 .kind = JSON_NESTED,
	 .offset = offsetof(struct reply, heartbeat),
	 .size = sizeof(struct reply_heartbeat),
	 .table = &heartbeat_table},
	{.name = "backoff",
	 .kind = JSON_NESTED,
	 .offset = offsetof(struct reply, backoff),
	 .size = sizeof(struct reply_backoff),
	 .table = &backoff_table},
};
static const struct json_table reply_table = {reply_fields,
					      ARRAY_LEN(reply_fields), true};

/* What a client does when the server does not say. */
static void set_defaults(struct reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	reply->ttl_s = 60;
	reply->heartbeat = (struct reply_heartbeat){60, 60, 300, 30, 2};
	reply->backoff = (struct reply_backoff){1000, 120000, 1.6, 0.3};
}

static int read_reply(const struct json *root, struct reply *reply,
		      struct json_problem *p)
{
	int rc;

	if (!json_is_object(root))
		return json_problem_set(p, ERR_TYPE, "", "must be an object");
	rc = json_decode(root, &reply_table, reply, p);
	if (rc != 0)
		return rc;
	if (!json_member(root, "nodes"))
		return json_problem_set(p, ERR_MISSING_FIELD, "/nodes",
					"is required");
	rc = read_nodes(json_member(root, "nodes"), reply, p);
	if (rc != 0)
		return rc;
	read_client(json_member(root, "client"), reply);
	return read_fallback(json_member(root, "fallback"), reply, p);
}

int reply_decode(struct sv text, struct reply *reply_r, struct json_problem *p)
{
	struct json *root;
	int rc;

	memset(p, 0, sizeof(*p));
	set_defaults(reply_r);
	if (text.len > REPLY_JSON_MAX)
		return json_problem_set(p, ERR_TOOBIG, "",
					"must be at most %d bytes",
					REPLY_JSON_MAX);
	rc = json_parse(text, &root, p);
	if (rc != 0)
		return rc;
	rc = read_reply(root, reply_r, p);
	json_free(&root);
	return rc;
}
