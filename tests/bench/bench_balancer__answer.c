/*
 * bench_balancer__answer.c - what one answer of /resolve costs without the
 * network: parameters, place, draw, body, over random addresses, 1,000 nodes
 * in 20 metros. Prints "name value unit" lines. Arguments: city databases
 * (else those that deploy/geo.sh fetches, when they are there).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "balancer/query.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "tests/bench/bench_world.h"

#define REQUESTS 65536
#define ROUNDS	 16

struct bench {
	struct view *view;
	char (*text)[64]; /* query strings */
	struct addr *addresses;
};

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static struct view_map *load_map(int argc, char **argv)
{
	static const char *const usual[] = {"var/geo/city-ipv4.mmdb"};
	struct cellmap_config config = {.paths = usual};
	struct cellmap *map;
	struct buf why;

	if (argc > 1) {
		config.paths = (const char *const *)&argv[1];
		config.path_count = (unsigned)argc - 1;
	} else if (access(usual[0], R_OK) == 0) {
		config.path_count = 1;
	}
	buf_init(&why, 4096);
	if (cellmap_build(&config, &map, &why) != 0)
		bench_die(buf_cstr(&why));
	buf_fini(&why);
	return view_map_new(map, config.path_count);
}

static void make_requests(struct bench *b)
{
	struct rng rng;

	rng_seed(&rng, 7);
	b->text = mem_array(REQUESTS, sizeof(b->text[0]));
	b->addresses = mem_array(REQUESTS, sizeof(b->addresses[0]));
	for (unsigned i = 0; i < REQUESTS; i++) {
		char addr[ADDR_TEXT_MAX];

		b->addresses[i] = addr_from_v4_host(
			0x01000000U + (uint32_t)rng_below(&rng, 0xde000000U));
		snprintf(b->text[i], sizeof(b->text[i]),
			 "host=im.example.com&ip=%s",
			 addr_text(&b->addresses[i], addr));
	}
}

/* Each part is timed alone and all of them together. */
enum part { PART_QUERY, PART_PLACE, PART_DRAW, PART_BODY, PART_ALL };

static uint64_t one(const struct bench *b, enum part part, unsigned i,
		    struct buf *out)
{
	const struct view_service *service = &b->view->services[0];
	const struct place_notes *notes = b->view->map->notes;
	static struct query query;
	static struct answer_client client;
	static struct draw_list list;
	struct draw_query draw = {.service = service->ranking, .want = 5};
	uint16_t cell = (uint16_t)(i % 16000);
	uint32_t id = 0;

	if (part == PART_QUERY || part == PART_ALL)
		if (query_parse(sv_str(b->text[i]), &query) != QUERY_OK)
			bench_die("query");
	client.address = b->addresses[i];
	if (part == PART_PLACE || part == PART_BODY || part == PART_ALL)
		id = place_note_begin(notes, &client.address, &cell);
	draw.key = client.key = i * 0x9e3779b97f4a7c15ULL;
	draw.cell = cell;
	if (part == PART_DRAW || part == PART_ALL)
		draw_nodes(&draw, &list);
	place_note_end(notes, id, &client.place);
	if (part == PART_BODY || part == PART_ALL) {
		buf_reset(out);
		answer_put(out, service, &client, &list);
	}
	return out->len + list.count;
}

static void run(const struct bench *b, enum part part, const char *name)
{
	static char storage[16384];
	double best_ns = 1e18;
	uint64_t sum = 0;
	struct buf out;

	buf_init_fixed(&out, storage, sizeof(storage));
	for (unsigned round = 0; round < ROUNDS; round++) {
		double start_ns = now_ns(), took_ns;

		for (unsigned i = 0; i < REQUESTS; i++)
			sum += one(b, part, i, &out);
		took_ns = (now_ns() - start_ns) / REQUESTS;
		if (took_ns < best_ns)
			best_ns = took_ns;
	}
	printf("answer.%s %.1f ns\n", name, best_ns);
	if (part == PART_ALL)
		printf("answer.bytes %.0f bytes\n",
		       (double)sum / ROUNDS / REQUESTS);
}

int main(int argc, char **argv)
{
	struct view_map *map = load_map(argc, argv);
	struct bench b = {.view = bench_view(map)};

	make_requests(&b);
	run(&b, PART_QUERY, "query");
	run(&b, PART_PLACE, "place");
	run(&b, PART_DRAW, "draw");
	run(&b, PART_BODY, "place_and_body");
	run(&b, PART_ALL, "all");
	view_unref(&b.view);
	view_map_unref(&map);
	mem_free(b.text);
	mem_free(b.addresses);
	return 0;
}
