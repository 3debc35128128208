/*
 * map_source.c - reads the operator's overrides and hands the databases that
 * exist to the compiler of cellmaps. Any thread that may block for a second.
 */
#include "balancer/map_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define OVERRIDES_BYTES_MAX (4 << 20)

static uint64_t stamp_file(uint64_t stamp, const char *path)
{
	struct stat st;

	stamp = hash_mix(stamp ^ hash_text(sv_str(path)));
	if (stat(path, &st) != 0)
		return stamp;
	stamp = hash_mix(stamp ^ (uint64_t)st.st_size);
	stamp = hash_mix(stamp ^ (uint64_t)st.st_ino);
	stamp = hash_mix(stamp ^ (uint64_t)st.st_mtim.tv_sec);
	return hash_mix(stamp ^ (uint64_t)st.st_mtim.tv_nsec);
}

uint64_t map_source_stamp(const struct map_source *source)
{
	uint64_t stamp = 1;

	for (unsigned i = 0; i < source->databases.count; i++)
		stamp = stamp_file(stamp, source->databases.items[i]);
	for (unsigned i = 0; i < source->asn_databases.count; i++)
		stamp = stamp_file(stamp, source->asn_databases.items[i]);
	if (source->overrides[0])
		stamp = stamp_file(stamp, source->overrides);
	return stamp;
}

static ssize_t read_file(const char *path, char *dst, size_t dst_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, dst + len, dst_bytes - len);
		if (n < 0 && errno != EINTR) {
			n = -errno;
			close(fd);
			return n;
		}
		len += n > 0 ? (size_t)n : 0;
	} while (n != 0 && len < dst_bytes);
	close(fd);
	return (ssize_t)len;
}

static int load_overrides(const char *path, struct cellmap_override **list_r,
			  unsigned *count_r, struct buf *why)
{
	char *text = mem_alloc(OVERRIDES_BYTES_MAX);
	ssize_t len = read_file(path, text, OVERRIDES_BYTES_MAX);
	int rc;

	buf_str(why, path);
	buf_str(why, ": ");
	if (len < 0) {
		rc = (int)len;
		buf_str(why, err_str(rc));
	} else if (len == OVERRIDES_BYTES_MAX) {
		rc = ERR_TOOBIG;
		buf_str(why, "is larger than 4 MiB");
	} else {
		rc = cellmap_overrides_parse(sv_of(text, (size_t)len), list_r,
					     count_r, why);
	}
	mem_free(text);
	if (rc == 0)
		buf_reset(why);
	return rc;
}

static void add_absent(const struct conf_list *paths, struct conf_list *absent)
{
	for (unsigned i = 0; i < paths->count; i++)
		if (access(paths->items[i], F_OK) != 0 &&
		    absent->count < CONF_LIST_MAX)
			memcpy(absent->items[absent->count++], paths->items[i],
			       sizeof(absent->items[0]));
}

void map_source_absent(const struct map_source *source,
		       struct conf_list *absent_r)
{
	absent_r->count = 0;
	add_absent(&source->databases, absent_r);
	add_absent(&source->asn_databases, absent_r);
}

static bool is_in(const struct conf_list *list, const char *item)
{
	for (unsigned i = 0; i < list->count; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

int map_source_check(const struct map_source *source,
		     const struct conf_list *absent, struct buf *why)
{
	struct conf_list now;

	map_source_absent(source, &now);
	for (unsigned i = 0; i < now.count; i++) {
		if (is_in(absent, now.items[i]))
			continue;
		buf_str(why, now.items[i]);
		buf_str(why, ": has gone; fetch it again");
		return -ENOENT;
	}
	return 0;
}

static unsigned existing(const struct conf_list *list, const char **paths)
{
	unsigned count = 0;

	for (unsigned i = 0; i < list->count; i++) {
		const char *path = list->items[i];

		if (access(path, F_OK) == 0)
			paths[count++] = path;
		else
			log_warn("geo.missing file=%s error=\"%s\"", path,
				 err_str(-errno));
	}
	return count;
}

static void log_map(const struct cellmap_stats *stats, unsigned databases)
{
	if (databases == 0)
		log_warn("geo.no_database places=unknown "
			 "fix=\"set geo_databases\"");
	if (stats->merged_cells > 0)
		log_warn("geo.cells_merged count=%u reason=\"more than 65535: "
			 "the smallest lost their carrier or exact place\"",
			 stats->merged_cells);
	log_info("geo.loaded databases=%u cells=%u places=%u carriers=%u "
		 "ipv4_networks=%llu ipv6_networks=%llu memory_bytes=%llu "
		 "build_ms=%lld",
		 databases, stats->cells, stats->places, stats->carriers,
		 (unsigned long long)stats->ipv4_networks,
		 (unsigned long long)stats->ipv6_networks,
		 (unsigned long long)stats->memory_bytes,
		 (long long)stats->build_ms);
}

int map_source_load(const struct map_source *source, struct view_map **map_r,
		    struct buf *why)
{
	const char *paths[CONF_LIST_MAX], *asn_paths[CONF_LIST_MAX];
	struct cellmap_override *overrides = NULL;
	struct cellmap_config config = {.paths = paths, .asn_paths = asn_paths};
	struct cellmap *map;
	int rc = 0;

	if (source->overrides[0])
		rc = load_overrides(source->overrides, &overrides,
				    &config.override_count, why);
	if (rc != 0)
		return rc;
	config.overrides = overrides;
	config.path_count = existing(&source->databases, paths);
	config.asn_path_count = existing(&source->asn_databases, asn_paths);
	rc = cellmap_build(&config, &map, why);
	mem_free(overrides);
	if (rc != 0)
		return rc;
	log_map(cellmap_stats(map), config.path_count);
	*map_r = view_map_new(map, config.path_count);
	return 0;
}
