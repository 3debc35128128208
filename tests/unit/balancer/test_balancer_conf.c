/* test_balancer_conf.c - the rules between options. */
#include "balancer/balancer_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
	const char *rule;
	const char *option;
	bool good;
} rows[] = {
	{"the defaults are fine", "--workers=2", true},
	{"several registries", "--registry=http://a:1,http://b:2", true},
	{"a registry is a URL", "--registry=a:1", false},
	{"there is a registry", "--registry=", false},
	{"a proxy is a prefix", "--trusted-proxies=10.0.0.0/8,::1", true},
	{"without host bits", "--trusted-proxies=10.0.0.1/8", false},
	{"so is one that speaks the PROXY protocol",
	 "--proxy-protocol=10.0.0.0/8,::1", true},
	{"also without host bits", "--proxy-protocol=10.0.0.1/8", false},
	{"one header counts", "--forwarded-header=forwarded", true},
	{"it is one of two", "--forwarded-header=via", false},
	{"limits may be off", "--rate-limit=0", true},
	{"a burst is at least one", "--rate-burst=0", false},
	{"bad requests too", "--bad-burst=0", false},
	{"an id has the characters of ids", "--balancer-id=B!", false},
	{"four fallback names", "--fallback=a.b,c.d,e.f,g.h", true},
	{"not five", "--fallback=a.b,c.d,e.f,g.h,i.j", false},
	{"fallback names are hosts", "--fallback=a\"b", false},
	{"min is not above max", "--heartbeat-min=301s", false},
	{"min may be max", "--heartbeat-min=300s", true},
	{"the public listener is on", "--listen-public=off", false},
	{"the admin listener may be off", "--listen-admin=off", true},
	{"goim's domain is a host", "--goim-domain=a<b", false},
	{"a penalty of another carrier", "--carrier-penalty-km=800", true},
	{"none below 0", "--carrier-penalty-km=-1", false},
	{"a border", "--border-km=20000", true},
	{"not farther than the other side", "--border-km=20001", false},
	{"16 databases", "--geo-asn-databases=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p",
	 true},
	{"no workers", "--workers=0", false},
	{"65 workers", "--workers=65", false},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[] = "test", option[128];
		char *argv[] = {name, option, NULL};
		struct balancer_settings settings;
		struct buf why;
		int rc;

		assert_int_equal(
			sv_copy(sv_str(rows[i].option), option, sizeof(option)),
			0);
		buf_init(&why, 4096);
		rc = conf_load(balancer_conf_table(), NULL, 2, argv, &settings,
			       &why);
		if ((rc == 0) != rows[i].good)
			fail_msg("%s: %d %s", rows[i].rule, rc, buf_cstr(&why));
		buf_fini(&why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
