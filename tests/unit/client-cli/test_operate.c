/*
 * test_operate.c - what a change says to the registry, and to /v1/preview.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/operate.h"

#define NODE(...)                                                              \
	{                                                                      \
		.scope = INTENT_NODE, .id = "gru-1", .reason = "r",            \
		__VA_ARGS__                                                    \
	}
#define REGION(...)                                                            \
	{                                                                      \
		.scope = INTENT_REGION, .id = "eu", .reason = "r", __VA_ARGS__ \
	}

static const struct body_row {
	const char *rule;
	struct intent intent;
	const char *want;
	bool nothing;
} bodies[] = {
	{"a drain with its pace",
	 NODE(.state = INTENT_DRAIN, .shed_per_min = 5, .deadline_s = 60),
	 "{\"state\":\"drain\",\"shed_per_min\":5,\"deadline_s\":60,\"reason\":"
	 "\"r\"}",
	 false},
	{"weight zero is said", NODE(.has_weight = true, .weight = 0),
	 "{\"state\":\"up\",\"weight\":0,\"reason\":\"r\"}", false},
	{"a bias below zero", REGION(.has_bias = true, .bias_km = -1.5),
	 "{\"state\":\"up\",\"bias_km\":-1.5,\"reason\":\"r\"}", false},
	{"its end", NODE(.state = INTENT_MAINTENANCE, .until_wall_s = 77),
	 "{\"state\":\"maintenance\",\"reason\":\"r\",\"until_wall_s\":77}",
	 false},
	{"only an end is nothing", NODE(.until_wall_s = 77),
	 "{\"state\":\"up\",\"reason\":\"r\",\"until_wall_s\":77}", true},
};

static void test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct buf b;

		buf_init(&b, 1024);
		operate_put_body(&b, &bodies[i].intent);
		print_message("%s\n", bodies[i].rule);
		assert_string_equal(buf_cstr(&b), bodies[i].want);
		assert_int_equal(operate_is_nothing(&bodies[i].intent),
				 bodies[i].nothing);
		buf_fini(&b);
	}
}

static const struct preview_row {
	const char *rule;
	struct intent now, wanted;
	const char *want;
} previews[] = {
	{"a drained node is gone", NODE(.state = INTENT_UP),
	 NODE(.state = INTENT_DRAIN), "?drained=node/gru-1"},
	{"a drained region", REGION(.state = INTENT_UP),
	 REGION(.state = INTENT_MAINTENANCE), "?drained=eu"},
	{"a weight", NODE(.state = INTENT_UP),
	 NODE(.has_weight = true, .weight = 50), "?weight=gru-1:50"},
	{"a region's weight names its scope", REGION(.state = INTENT_UP),
	 REGION(.has_weight = true, .weight = 0), "?weight=region/eu:0"},
	{"a drain and a weight", NODE(.state = INTENT_UP),
	 NODE(.state = INTENT_DRAIN, .has_weight = true, .weight = 5),
	 "?drained=node/gru-1&weight=gru-1:5"},
	{"a bias", REGION(.state = INTENT_UP),
	 REGION(.has_bias = true, .bias_km = -300), "?bias=eu:-300"},
	{"what it has already moves nobody",
	 NODE(.has_weight = true, .weight = 50),
	 NODE(.has_weight = true, .weight = 50), ""},
	{"from a drain to maintenance neither", NODE(.state = INTENT_DRAIN),
	 NODE(.state = INTENT_MAINTENANCE), ""},
	{"an end is a release", NODE(.state = INTENT_DRAIN),
	 NODE(.state = INTENT_UP), "?release=gru-1"},
	{"of a region by its scope", REGION(.has_bias = true, .bias_km = 3),
	 REGION(.state = INTENT_UP), "?release=region/eu"},
	{"what stays beside an end is said again",
	 REGION(.state = INTENT_DRAIN, .has_weight = true, .weight = 50,
		.has_bias = true, .bias_km = 300),
	 REGION(.has_weight = true, .weight = 50, .has_bias = true,
		.bias_km = 300),
	 "?release=region/eu&weight=region/eu:50&bias=eu:300"},
	{"so is a drain beside the end of a weight",
	 NODE(.state = INTENT_DRAIN, .has_weight = true, .weight = 50),
	 NODE(.state = INTENT_DRAIN), "?release=gru-1&drained=node/gru-1"},
};

static void test_previews(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(previews); i++) {
		struct buf b;

		buf_init(&b, 1024);
		operate_put_preview(&b, &previews[i].now, &previews[i].wanted);
		print_message("%s\n", previews[i].rule);
		assert_string_equal(buf_cstr(&b), previews[i].want);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_previews),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
