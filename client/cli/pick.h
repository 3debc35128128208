/*
 * pick.h - members out of a daemon's JSON for showing: what is missing or of
 * another type becomes the given default. One thread.
 */
#ifndef PERI_CLIENT_CLI_PICK_H
#define PERI_CLIENT_CLI_PICK_H

#include <stdint.h>

#include "lib/proto/json.h"

/* pick_text - borrowed from the root; "" when missing. */
struct sv pick_text(const struct json *object, const char *name);
/* pick_real - @otherwise when missing. */
double pick_real(const struct json *object, const char *name, double otherwise);
/* pick_u64 - 0 when missing or negative. */
uint64_t pick_u64(const struct json *object, const char *name);

#endif
