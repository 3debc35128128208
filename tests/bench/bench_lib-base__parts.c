/*
 * bench_lib-base__parts.c - the parts of lib/base that a request or a timer
 * tick pays for. Prints "name value unit" lines: the best of several rounds,
 * because this machine has other things to do.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/addr.h"
#include "lib/base/buf.h"
#include "lib/base/clk.h"
#include "lib/base/crypto.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"
#include "lib/base/qsbr.h"
#include "lib/base/rng.h"
#include "lib/base/wheel.h"

#define ROUNDS 7
#define INPUTS 1024 /* a power of two */

/* What is measured: @count times; returns something that depends on all. */
typedef uint64_t part_cb(unsigned count);

static struct addr addresses[INPUTS];
static char texts[INPUTS][ADDR_TEXT_MAX];
static size_t text_lens[INPUTS];

/* Keeps results alive that nobody looks at. */
static volatile uint64_t sink;

static void fill_addresses(enum addr_family family)
{
	struct rng rng;

	rng_seed(&rng, family);
	for (int i = 0; i < INPUTS; i++) {
		struct addr *addr = &addresses[i];

		memset(addr, 0, sizeof(*addr));
		addr->family = (uint8_t)family;
		for (int j = 0; j < (family == ADDR_V4 ? 4 : 8); j++)
			addr->bytes[j] = (uint8_t)rng_u64(&rng);
		text_lens[i] = strlen(addr_text(addr, texts[i]));
	}
}

static uint64_t run_parse(unsigned count)
{
	uint64_t sum = 0;
	struct addr addr;

	for (unsigned i = 0; i < count; i++) {
		unsigned at = i & (INPUTS - 1);

		if (addr_parse(sv_of(texts[at], text_lens[at]), &addr) == 0)
			sum += addr.bytes[3];
	}
	return sum;
}

static uint64_t run_put(unsigned count)
{
	char storage[ADDR_TEXT_MAX];
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += (uint64_t)addr_text(&addresses[i & (INPUTS - 1)],
					   storage)[1];
	return sum;
}

static uint64_t run_classify(unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += addr_classify(&addresses[i & (INPUTS - 1)]);
	return sum;
}

static uint64_t run_sip_16(unsigned count)
{
	struct hash_key key = {1, 2};

	for (unsigned i = 0; i < count; i++)
		key.k0 ^= hash_sip(
			&key, sv_of(addresses[i & (INPUTS - 1)].bytes, 16));
	return key.k0;
}

static uint64_t run_rng(unsigned count)
{
	struct rng rng;
	uint64_t sum = 0;

	rng_seed(&rng, 1);
	for (unsigned i = 0; i < count; i++)
		sum += rng_below(&rng, 1000);
	return sum;
}

static uint64_t run_json(unsigned count)
{
	struct sv text = SV("node-0001.shanghai.edge.example.com");
	char storage[64];
	struct buf b;

	buf_init_fixed(&b, storage, sizeof(storage));
	for (unsigned i = 0; i < count; i++) {
		buf_reset(&b);
		buf_json_str(&b, text);
	}
	return b.len;
}

static uint64_t run_u64(unsigned count)
{
	char storage[64];
	struct buf b;

	buf_init_fixed(&b, storage, sizeof(storage));
	for (unsigned i = 0; i < count; i++) {
		buf_reset(&b);
		buf_u64(&b, i);
	}
	return b.len;
}

static uint64_t run_double(unsigned count)
{
	char storage[64];
	struct buf b;

	buf_init_fixed(&b, storage, sizeof(storage));
	for (unsigned i = 0; i < count; i++) {
		buf_reset(&b);
		buf_double(&b, i / 7.0);
	}
	return b.len;
}

static uint64_t run_hmac(unsigned count)
{
	uint8_t mac[CRYPTO_SHA256_BYTES] = {0};

	for (unsigned i = 0; i < count; i++)
		crypto_hmac_sha256(SV("a key of usual length, 32 bytes."),
				   sv_of(mac, sizeof(mac)), mac);
	return mac[0];
}

static uint64_t run_clock(unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += (uint64_t)clk_mono_ms();
	return sum;
}

static uint64_t run_qsbr(unsigned count)
{
	struct qsbr *domain = qsbr_new(1);
	struct qsbr_slot slot = {.current = NULL};
	uint64_t sum = 0;

	qsbr_online(domain, 0);
	for (unsigned i = 0; i < count; i++) {
		sum += (uintptr_t)qsbr_read(&slot);
		qsbr_quiescent(domain, 0);
	}
	qsbr_offline(domain, 0);
	qsbr_free(&domain);
	return sum;
}

/*
 * A million idle timeouts of 60 s that are armed again in random order, as
 * connections of a comet do: @count re-arms, 20,000 of them a second, and the
 * wheel turned once a tick. Nearly all of it is waiting for memory.
 */
#define WHEEL_TIMERS (1U << 20)

static void ignore_fire(struct wheel_timer *timer, void *arg)
{
	(void)timer;
	++*(uint64_t *)arg;
}

static uint64_t run_wheel(unsigned count)
{
	struct wheel_timer *timers = mem_array(WHEEL_TIMERS, sizeof(*timers));
	struct wheel *wheel = wheel_new(1024, 100, 0);
	int64_t now_ms = 0, begin_us;
	uint64_t fired = 0;
	struct rng rng;

	rng_seed(&rng, 1);
	for (unsigned i = 0; i < WHEEL_TIMERS; i++)
		wheel_arm(wheel, &timers[i],
			  (int64_t)rng_below(&rng, 60000) + 1);
	begin_us = clk_mono_us();
	for (unsigned i = 0; i < count; i++) {
		uint64_t which = rng_u64(&rng) & (WHEEL_TIMERS - 1);

		wheel_arm(wheel, &timers[which], now_ms + 60000);
		if (i % 20 == 0 && ++now_ms % 100 == 0)
			wheel_advance(wheel, now_ms, ignore_fire, &fired);
	}
	sink = fired;
	begin_us = clk_mono_us() - begin_us;
	wheel_free(&wheel);
	mem_free(timers);
	return (uint64_t)begin_us;
}

static void report(const char *name, double ns)
{
	printf("%s %.1f ns\n", name, ns);
}

static void measure(const char *name, part_cb *part, unsigned count)
{
	int64_t best_us = INT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin_us = clk_mono_us(), took_us;

		sink = part(count);
		took_us = clk_mono_us() - begin_us;
		best_us = took_us < best_us ? took_us : best_us;
	}
	report(name, (double)best_us * 1000 / count);
}

static void measure_wheel(unsigned count)
{
	uint64_t best_us = UINT64_MAX;

	for (int round = 0; round < 3; round++) {
		uint64_t took_us = run_wheel(count);

		best_us = took_us < best_us ? took_us : best_us;
	}
	report("wheel_rearm_1M_random", (double)best_us * 1000 / count);
}

int main(void)
{
	const unsigned many = 2000000;

	fill_addresses(ADDR_V4);
	measure("addr_parse_v4", run_parse, many);
	measure("addr_text_v4", run_put, many);
	measure("addr_classify_v4", run_classify, many);
	fill_addresses(ADDR_V6);
	measure("addr_parse_v6", run_parse, many);
	measure("addr_text_v6", run_put, many);
	measure("addr_classify_v6", run_classify, many);
	measure("hash_sip_16_bytes", run_sip_16, many);
	measure("rng_below", run_rng, many);
	measure("buf_json_str_35_bytes", run_json, many);
	measure("buf_u64", run_u64, many);
	measure("buf_double", run_double, many / 10);
	measure("crypto_hmac_sha256_32_bytes", run_hmac, many / 10);
	measure("clk_mono_ms", run_clock, many);
	measure("qsbr_read_and_quiescent", run_qsbr, many);
	measure_wheel(many);
	return 0;
}
