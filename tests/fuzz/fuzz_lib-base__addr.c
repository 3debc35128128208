/*
 * fuzz_lib-base__addr.c - addresses, prefixes and listeners from any bytes:
 * what is accepted has one canonical text, which reads back as the same; libc
 * accepts every address that we accept.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct sv text)
{
	char canonical[ADDR_TEXT_MAX], copy[ADDR_TEXT_MAX];
	struct addr addr, again;
	uint8_t bytes[16];

	if (addr_parse(text, &addr))
		return;
	assert(addr_parse(sv_str(addr_text(&addr, canonical)), &again) == 0);
	assert(addr_eq(&addr, &again));
	assert(sv_copy(text, copy, sizeof(copy)) == 0);
	assert(inet_pton(strchr(copy, ':') ? AF_INET6 : AF_INET, copy, bytes));
	assert(addr_class_str(addr_classify(&addr)));
	again = addr_unmap(&addr);
	assert(addr.family == ADDR_V6 || addr_eq(&addr, &again));
}

/* libc accepts nothing more than we do. */
static void check_refusal(struct sv text)
{
	char copy[ADDR_TEXT_MAX];
	uint8_t bytes[16];
	struct addr addr;

	if (sv_copy(text, copy, sizeof(copy)) || strlen(copy) != text.len ||
	    addr_parse(text, &addr) == 0)
		return;
	assert(inet_pton(AF_INET6, copy, bytes) != 1);
	assert(inet_pton(AF_INET, copy, bytes) != 1);
}

static void check_prefix(struct sv text)
{
	struct addr_prefix prefix;

	if (addr_parse_prefix(text, &prefix))
		return;
	assert(prefix.bits <= (prefix.base.family == ADDR_V4 ? 32 : 128));
	assert(addr_in_prefix(&prefix.base, &prefix));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = sv_of(data, size);
	struct sockaddr_storage ss;
	struct addr addr;
	uint16_t port;

	check_address(text);
	check_refusal(text);
	check_prefix(text);
	if (addr_parse_port(text, &addr, &port) == 0)
		assert(addr_to_sockaddr(&addr, port, &ss) > 0);
	return 0;
}
