/*
 * resolve_refuse.h - how the public listener says no. Worker's thread.
 */
#ifndef PERI_BALANCER_RESOLVE_REFUSE_H
#define PERI_BALANCER_RESOLVE_REFUSE_H

#include "balancer/resolve.h"

/* In every answer of the public listener: any page may read it. */
#define RESOLVE_CORS_LINE "Access-Control-Allow-Origin: *\r\n"

/*
 * resolve_refuse - answer @req with the problem of @refusal, and count it.
 *
 * @culprit  the parameter that it is about, at most 32 bytes of it are shown;
 *	     empty = none
 */
void resolve_refuse(struct resolver *resolver, struct httpd_request *req,
		    enum query_refusal refusal, struct sv culprit);

#endif
