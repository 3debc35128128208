/*
 * registry_store.c - see the header. Reading fills the tables quietly: what was
 * kept is no news. Main loop.
 */
#include "registry/registry_store.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "registry/region_keeper.h"
#include "registry/registry.h"
#include "registry/store_sqlite.h"

static void on_loaded_region(void *arg, const struct feed_region *region,
			     enum store_region_source source)
{
	struct registry *r = arg;
	struct region *entry;

	(void)region_table_put(r->regions, region, source, &entry);
}

static void on_loaded_node(void *arg, const struct store_node *node)
{
	struct registry *r = arg;
	int64_t wall_s = clk_wall_s();
	int64_t age_s = wall_s - node->registered_wall_s;
	int64_t down_s = wall_s - node->down_wall_s;
	struct lease_past past = {.down_for_ms = -1};

	/* A wall clock that stepped back must not make ages negative. */
	past.registered_for_ms = age_s > 0 ? age_s * 1000 : 0;
	if (node->down_wall_s > 0)
		past.down_for_ms = down_s > 0 ? down_s * 1000 : 0;
	lease_restore(r->leases, &node->record, &past, clk_mono_ms());
	region_keeper_join(r, &node->record);
}

static void on_loaded_intent(void *arg, const struct intent *intent)
{
	struct registry *r = arg;

	override_restore(r->overrides, intent);
}

static void on_loaded_audit(void *arg, const struct store_audit *entry)
{
	struct registry *r = arg;

	audit_keep(r->audit, entry);
}

static void on_loaded(void *arg, int rc)
{
	struct registry *r = arg;

	r->load_rc = rc;
	loop_stop(r->ctx->loop);
}

int registry_store_load(struct registry *r)
{
	struct store_sink sink = {
		.region = on_loaded_region,
		.node = on_loaded_node,
		.intent = on_loaded_intent,
		.audit = on_loaded_audit,
		.done = on_loaded,
		.arg = r,
	};
	int rc;

	r->load_rc = ERR_AGAIN;
	store_load(r->store, &sink);
	rc = loop_run(r->ctx->loop);
	if (rc == 0)
		rc = r->load_rc == ERR_AGAIN ? ERR_CLOSED : r->load_rc;
	if (rc == 0)
		log_info("store.load nodes=%zu regions=%zu intents=%zu "
			 "unreadable=%" PRIu64,
			 lease_count(r->leases), region_table_count(r->regions),
			 override_count(r->overrides),
			 store_counters(r->store)->unreadable);
	return rc;
}

static int make_folder(const char *path)
{
	if (mkdir(path, 0750) < 0 && errno != EEXIST) {
		int rc = -errno;

		log_err("store.folder_failed path=%s why=\"%s\"", path,
			err_str(rc));
		return rc;
	}
	return 0;
}

int registry_store_open(struct registry *r)
{
	const struct registry_settings *settings = registry_settings_of(r);
	char path_storage[REGISTRY_CONF_PATH_BYTES + 16], why_storage[512];
	struct buf path, why;
	int rc = make_folder(settings->state_dir);

	if (rc != 0)
		return rc;
	buf_init_fixed(&path, path_storage, sizeof(path_storage));
	buf_init_fixed(&why, why_storage, sizeof(why_storage));
	buf_printf(&path, "%s/registry.db", settings->state_dir);
	rc = store_sqlite_new(r->ctx->loop, buf_cstr(&path),
			      settings->store_queue, &why, &r->store);
	if (rc != 0)
		log_err("store.open_failed why=\"%s\"", buf_cstr(&why));
	return rc;
}
