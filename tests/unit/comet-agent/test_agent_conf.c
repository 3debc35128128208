/* Options: which combinations are refused, and what the record says. */
#include "comet-agent/agent_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "comet-agent/agent_addrs.h"
#include "lib/base/err.h"

#define ARGS_MAX 8

static int load(const char *const *args, struct agent_settings *settings,
		struct buf *why)
{
	char *argv[ARGS_MAX + 4] = {(char *)"comet-agent"};
	int argc = 1;

	while (args && argc <= ARGS_MAX && args[argc - 1]) {
		argv[argc] = (char *)args[argc - 1];
		argc++;
	}
	return conf_load(agent_conf_table(), NULL, argc, argv, settings, why);
}

struct row {
	const char *rule;
	const char *args[ARGS_MAX];
	const char *why; /* NULL = accepted; else a part of the reason */
};

#define NAMES "--node-id=n-1", "--region=r"

static const struct row rows[] = {
	{"id and region are enough", {NAMES}, NULL},
	{"an id is required", {"--region=r"}, "node_id"},
	{"a region is required", {"--node-id=n"}, "region"},
	{"capitals are no id", {"--node-id=N", "--region=r"}, "node_id"},
	{"a zone like an id", {NAMES, "--zone=A"}, "zone"},
	{"open or token", {NAMES, "--auth-mode=none"}, "auth_mode"},
	{"token mode needs a secret",
	 {NAMES, "--auth-mode=token"},
	 "token_secret"},
	{"31 bytes are too short",
	 {NAMES, "--auth-mode=token",
	  "--token-secret=0123456789012345678901234567890"},
	 "token_secret"},
	{"32 bytes are enough",
	 {NAMES, "--auth-mode=token",
	  "--token-secret=01234567890123456789012345678901"},
	 NULL},
	{"lat without lon", {NAMES, "--lat=1"}, "together"},
	{"lon without lat", {NAMES, "--lon=1"}, "together"},
	{"both", {NAMES, "--lat=90", "--lon=-180"}, NULL},
	{"lat too far north", {NAMES, "--lat=90.5", "--lon=0"}, "lat"},
	{"lon too far east", {NAMES, "--lat=0", "--lon=180.5"}, "lon"},
	{"not a number", {NAMES, "--lat=nan", "--lon=0"}, "lat"},
	{"capacity 0", {NAMES, "--capacity=0"}, "capacity"},
	{"weight 0", {NAMES, "--weight=0"}, NULL},
	{"weight 1001", {NAMES, "--weight=1001"}, "weight"},
	{"a registry that is no URL",
	 {NAMES, "--registry=10.0.0.1"},
	 "registry"},
	{"an address that is none", {NAMES, "--addrs=example.com"}, "addrs"},
	{"two families", {NAMES, "--addrs=192.0.2.1,2001:db8::1"}, NULL},
	{"labels", {NAMES, "--labels=a=b,c="}, NULL},
	{"a label without a value", {NAMES, "--labels=a"}, "labels"},
	{"a label without a key", {NAMES, "--labels==a"}, "labels"},
	{"idle bounds crossed",
	 {NAMES, "--idle-min=60s", "--idle-max=30s"},
	 "idle_min"},
	{"no listener", {NAMES, "--listen-tcp=off"}, "listen_tcp"},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct agent_settings settings;
		struct buf why;
		int rc;

		buf_init(&why, 4096);
		rc = load(rows[i].args, &settings, &why);
		if (!rows[i].why && rc)
			fail_msg("%s: %s", rows[i].rule, buf_cstr(&why));
		if (rows[i].why &&
		    (!rc || !strstr(buf_cstr(&why), rows[i].why)))
			fail_msg("%s: %s", rows[i].rule, buf_cstr(&why));
		buf_fini(&why);
	}
}

static void load_ok(const char *const *args, struct agent_settings *settings)
{
	struct buf why;

	buf_init(&why, 4096);
	assert_int_equal(load(args, settings, &why), 0);
	buf_fini(&why);
}

static void test_record(void **state)
{
	static const char *const args[] = {NAMES,
					   "--lat=1.5",
					   "--lon=-2.5",
					   "--labels=rack=7,os=linux",
					   "--capacity=77",
					   "--weight=33",
					   NULL};
	struct agent_settings settings;
	struct node_record record;

	(void)state;
	load_ok(args, &settings);
	agent_conf_record(&settings, 4001, 99, &record);
	assert_string_equal(record.id, "n-1");
	assert_string_equal(record.region, "r");
	assert_string_equal(record.service, "comet");
	assert_true(record.has_position);
	assert_true(record.lat_deg == 1.5 && record.lon_deg == -2.5);
	assert_int_equal(record.ports.tcp, 4001);
	assert_int_equal(record.ports.ws, 0);
	assert_int_equal(record.capacity, 77);
	assert_int_equal(record.weight, 33);
	assert_int_equal(record.boot_epoch, 99);
	assert_int_equal(record.ttl_ms, 15000);
	assert_int_equal(record.label_count, 2);
	assert_string_equal(record.labels[1].key, "os");
	assert_string_equal(record.labels[1].value, "linux");
	settings.advertise_tcp = 5222;
	agent_conf_record(&settings, 4001, 99, &record);
	assert_int_equal(record.ports.tcp, 5222);
}

static void test_gate(void **state)
{
	static const char *const args[] = {
		NAMES, "--auth-mode=token",
		"--token-secret=01234567890123456789012345678901",
		"--listen-tcp=127.0.0.1:0", NULL};
	struct agent_settings settings;
	struct gate_config config;

	(void)state;
	load_ok(args, &settings);
	agent_conf_gate(&settings, &config);
	assert_int_equal(config.session.auth.mode, AUTH_TOKEN);
	assert_int_equal(config.session.auth.secret.len, 32);
	assert_int_equal(config.session.auth_timeout_ms, 5000);
	assert_int_equal(config.session.heartbeat.default_interval_ms, 240000);
	assert_int_equal(config.session.heartbeat.max_missed, 2);
	assert_int_equal(config.worker_count, 1);
	assert_int_equal(config.listen_port, 0);
	/* One whole frame has to fit, or it could never be read. */
	assert_true(config.conn.read_max_bytes >= SESSION_REPLY_MAX);
}

static void set_list(struct conf_list *list, const char *const *items)
{
	memset(list, 0, sizeof(*list));
	for (; *items; items++)
		assert_int_equal(sv_copy(sv_str(*items),
					 list->items[list->count++],
					 sizeof(list->items[0])),
				 0);
}

static void test_addrs(void **state)
{
	static const char *const both[] = {"192.0.2.1", "2001:db8::1",
					   "192.0.2.1", NULL};
	static const char *const many[] = {"192.0.2.1", "192.0.2.2",
					   "192.0.2.3", "192.0.2.4",
					   "192.0.2.5", NULL};
	static const char *const found[] = {"auto", NULL};
	static const char *const none[] = {NULL};
	struct node_record record = {0};
	struct conf_list list;
	int rc;

	(void)state;
	set_list(&list, both);
	assert_int_equal(agent_addrs_fill(&list, &record), 0);
	assert_int_equal(record.ipv4_count, 1); /* one of them came twice */
	assert_int_equal(record.ipv6_count, 1);
	set_list(&list, many);
	assert_int_equal(agent_addrs_fill(&list, &record), ERR_LIMIT);
	set_list(&list, none);
	assert_int_equal(agent_addrs_fill(&list, &record), ERR_NOTFOUND);
	/* Whatever this machine has: only global ones, or none. */
	set_list(&list, found);
	rc = agent_addrs_fill(&list, &record);
	assert_true(rc == 0 || rc == ERR_NOTFOUND);
	for (unsigned i = 0; i < record.ipv4_count; i++)
		assert_int_equal(addr_classify(&record.ipv4[i]), ADDR_GLOBAL);
	for (unsigned i = 0; i < record.ipv6_count; i++)
		assert_int_equal(addr_classify(&record.ipv6[i]), ADDR_GLOBAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_addrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
