/* Which names in the header Host are known. */
#include "registry/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void hosts_are_known_by_their_name(void **state)
{
	static const struct {
		const char *rule;
		struct sv host;
		bool is_known;
	} rows[] = {
		{"an address", SV("127.0.0.1"), true},
		{"an address with a port", SV("127.0.0.1:80"), true},
		{"IPv6", SV("[::1]"), true},
		{"IPv6 with a port", SV("[::1]:80"), true},
		{"this machine", SV("LocalHost:80"), true},
		{"one of admin_hosts", SV("fleet.example.com"), true},
		{"with a port", SV("fleet.example.com:80"), true},
		{"another", SV("evil.example.com"), false},
		{"brackets around nothing", SV("[]"), false},
		{"brackets that do not close", SV("[::1"), false},
		{"and nothing in them", SV("["), false},
		{"no byte beyond the value counts", {"[abcd", 4}, false},
		{"IPv6 ends with the value", {"[::1]", 4}, false},
	};
	struct registry_settings settings;

	(void)state;
	memset(&settings, 0, sizeof(settings));
	settings.admin_hosts.count = 2;
	strcpy(settings.admin_hosts.items[0], "fleet.example.com");
	strcpy(settings.admin_hosts.items[1], "[abcd");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (access_is_known_host(&settings, rows[i].host) !=
		    rows[i].is_known)
			fail_msg("%s", rows[i].rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_known_by_their_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
