/*
 * problem.h - error answers: RFC 9457 application/problem+json with a stable
 * type that programs may compare and a detail that says what to do.
 */
#ifndef PERI_LIB_PROTO_PROBLEM_H
#define PERI_LIB_PROTO_PROBLEM_H

#include "lib/base/buf.h"
#include "lib/proto/json.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"

struct problem {
	unsigned status;    /* HTTP status */
	const char *type;   /* last part of the URN: "unknown-field" */
	const char *title;  /* the same for all of a type */
	const char *detail; /* this case; may be NULL */
	const struct json_problem *errors; /* path and rule; may be NULL */
};

/*
 * problem_put - append the problem as JSON:
 * {"type":"urn:perihelion:<type>","title":..,"status":..,"detail":..,
 *  "errors":[{"path":..,"rule":..}]}
 */
void problem_put(struct buf *b, const struct problem *problem);

#endif
