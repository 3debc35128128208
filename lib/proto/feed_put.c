/*
 * feed_put.c - writes the lines of the change stream. Pure, any thread.
 */
#include "lib/proto/feed.h"

static void begin(struct jsonw *w, struct buf *b, const char *type)
{
	jsonw_init(w, b);
	jsonw_object(w, NULL);
	jsonw_str(w, "type", type);
}

static void begin_rev(struct jsonw *w, struct buf *b, const char *type,
		      uint64_t rev)
{
	begin(w, b, type);
	jsonw_u64(w, "rev", rev);
}

static void end(struct jsonw *w)
{
	jsonw_object_end(w);
	buf_char(w->out, '\n');
}

void feed_put_nodes(struct buf *b, const struct feed_node *nodes, size_t count,
		    uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "nodes", rev);
	jsonw_array(&w, "nodes");
	for (size_t i = 0; i < count; i++) {
		jsonw_object(&w, NULL);
		feed_node_put(&w, &nodes[i]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	end(&w);
}

void feed_put_regions(struct buf *b, const struct feed_region *regions,
		      size_t count, uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "regions", rev);
	jsonw_array(&w, "regions");
	for (size_t i = 0; i < count; i++) {
		jsonw_object(&w, NULL);
		feed_region_put(&w, &regions[i]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	end(&w);
}

void feed_put_node(struct buf *b, const struct feed_node *node, uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "node", rev);
	jsonw_object(&w, "node");
	feed_node_put(&w, node);
	jsonw_object_end(&w);
	end(&w);
}

void feed_put_gone(struct buf *b, const char *id, const char *why, uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "gone", rev);
	jsonw_str(&w, "id", id);
	jsonw_str(&w, "why", why);
	end(&w);
}

void feed_put_region(struct buf *b, const struct feed_region *region,
		     uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "region", rev);
	jsonw_object(&w, "region");
	feed_region_put(&w, region);
	jsonw_object_end(&w);
	end(&w);
}

void feed_put_intents(struct buf *b, const struct intent *intents, size_t count,
		      uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "intents", rev);
	jsonw_array(&w, "intents");
	for (size_t i = 0; i < count; i++) {
		jsonw_object(&w, NULL);
		intent_put_line(&w, &intents[i]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	end(&w);
}

void feed_put_intent(struct buf *b, const struct intent *intent, uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "intent", rev);
	intent_put_line(&w, intent);
	end(&w);
}

void feed_put_loads(struct buf *b, const struct feed_load *loads, size_t count)
{
	struct jsonw w;

	begin(&w, b, "load");
	jsonw_array(&w, "loads");
	for (size_t i = 0; i < count; i++) {
		jsonw_array(&w, NULL);
		jsonw_str(&w, NULL, loads[i].id);
		jsonw_u64(&w, NULL, loads[i].conns);
		jsonw_u64(&w, NULL, loads[i].accepts_total);
		jsonw_u64(&w, NULL, loads[i].refused_total);
		jsonw_i64(&w, NULL, loads[i].age_ms);
		jsonw_array_end(&w);
	}
	jsonw_array_end(&w);
	end(&w);
}

void feed_put_balancers(struct buf *b, unsigned count)
{
	struct jsonw w;

	begin(&w, b, "balancers");
	jsonw_u64(&w, "count", count);
	end(&w);
}

void feed_put_synced(struct buf *b, const char *epoch, uint64_t rev)
{
	struct jsonw w;

	begin(&w, b, "synced");
	jsonw_str(&w, "epoch", epoch);
	jsonw_u64(&w, "rev", rev);
	end(&w);
}

void feed_put_ping(struct buf *b, uint64_t rev)
{
	struct jsonw w;

	begin_rev(&w, b, "ping", rev);
	end(&w);
}

void feed_put_reset(struct buf *b, const char *why)
{
	struct jsonw w;

	begin(&w, b, "reset");
	jsonw_str(&w, "why", why);
	end(&w);
}
