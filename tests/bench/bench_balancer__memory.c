/*
 * bench_balancer__memory.c - what a fleet of 100,000 nodes in 1,000 sites takes
 * in memory: the fleet with its cards, and a snapshot. Prints "name value unit"
 * lines. With a folder as argument it also saves the fleet there, as the
 * balancer would: tests/bench/memory.py starts real daemons from it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balancer/snapshot_builder.h"
#include "balancer/state_file.h"
#include "lib/base/clk.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define NODES 100000
#define SITES 1000
#define CELLS 60000

static double resident_mb(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		abort();
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static void set_text(char *to, size_t to_bytes, const char *format,
		     unsigned number)
{
	struct buf b;

	buf_init_fixed(&b, to, to_bytes - 1);
	buf_printf(&b, format, number);
	to[b.len] = 0;
}

static void put_node(struct fleet *fleet, unsigned i, int64_t now_ms)
{
	unsigned site = i % SITES;
	struct feed_node node;
	struct node_record *r = &node.record;

	memset(&node, 0, sizeof(node));
	set_text(r->id, sizeof(r->id), "comet-%06u", i);
	set_text(r->service, sizeof(r->service), "im.example.com", 0);
	set_text(r->region, sizeof(r->region), "region-%03u", site);
	set_text(r->host, sizeof(r->host), "c%06u.edge.example.com", i);
	set_text(r->version, sizeof(r->version), "1.4.2", 0);
	r->has_position = true;
	r->lat_deg = (double)(hash_mix(site) % 120000) / 1000 - 60;
	r->lon_deg = (double)(hash_mix(site + NODES) % 360000) / 1000 - 180;
	r->ipv4_count = r->ipv6_count = 1;
	r->ipv4[0].family = ADDR_V4;
	memcpy(r->ipv4[0].bytes,
	       (uint8_t[]){52, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			   (uint8_t)i},
	       4);
	r->ipv6[0].family = ADDR_V6;
	memcpy(r->ipv6[0].bytes,
	       (uint8_t[]){0x26, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			   (uint8_t)i, 1},
	       6);
	r->ports = (struct node_ports){3101, 3102, 3103};
	r->weight = NODE_WEIGHT_NORMAL;
	r->capacity = 50000;
	r->label_count = 1;
	set_text(r->labels[0].key, sizeof(r->labels[0].key), "rack", 0);
	set_text(r->labels[0].value, sizeof(r->labels[0].value), "r%03u",
		 i % 997);
	r->boot_epoch = 1;
	r->ttl_ms = NODE_TTL_MAX_MS;
	node.conns = i % 25000;
	node.registered_age_ms = 3600000;
	fleet_put(fleet, &node, now_ms);
}

static int save(struct fleet *fleet, const char *folder, int64_t now_ms)
{
	struct state_file_mark mark = {.epoch = "bench", .rev = NODES};
	struct buf text, path;
	int rc;

	mark.saved_wall_ms = clk_wall_ms();
	buf_init(&text, STATE_FILE_BYTES_MAX);
	buf_init(&path, 4096);
	buf_str(&path, folder);
	buf_str(&path, "/" STATE_FILE_NAME);
	state_file_put(&text, fleet, &mark, now_ms);
	rc = state_file_save(buf_cstr(&path), buf_view(&text));
	buf_fini(&path);
	buf_fini(&text);
	return rc;
}

int main(int argc, char **argv)
{
	struct snapshot_builder *builder = snapshot_builder_new(1);
	struct cellmap_cell *cells = mem_array(CELLS, sizeof(*cells));
	int64_t now_ms = clk_mono_ms();
	struct fleet *fleet = fleet_new();
	double before = resident_mb(), after;
	struct snapshot *snap;
	int rc = 0;

	for (unsigned i = 0; i < NODES; i++)
		put_node(fleet, i, now_ms);
	after = resident_mb();
	printf("balancer.memory_fleet %.1f MB\n", after - before);
	for (unsigned c = 1; c < CELLS; c++) {
		cells[c].lat_deg = (float)(hash_mix(c) % 120) - 60;
		cells[c].lon_deg = (float)(hash_mix(c + CELLS) % 360) - 180;
	}
	before = resident_mb();
	snap = snapshot_builder_build(
		builder, &(struct snapshot_input){
				 .fleet = fleet,
				 .cells = cells,
				 .cell_count = CELLS,
				 .policy = snapshot_default_policy(),
				 .now_ms = now_ms,
				 .synced_at_ms = now_ms,
			 });
	printf("balancer.memory_first_snapshot %.1f MB\n",
	       resident_mb() - before);
	if (argc > 1)
		rc = save(fleet, argv[1], now_ms);
	snapshot_free(snap);
	snapshot_builder_free(&builder);
	fleet_free(&fleet);
	mem_free(cells);
	return rc == 0 ? 0 : 1;
}
