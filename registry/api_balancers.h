/*
 * api_balancers.h - the calls of balancers. Loop thread.
 */
#ifndef PERI_REGISTRY_API_BALANCERS_H
#define PERI_REGISTRY_API_BALANCERS_H

struct api_call;

/* api_balancers_report - POST /v1/balancers/{id}/report: it lives. Answers
 * with how many do. */
void api_balancers_report(const struct api_call *call);
/* api_balancers_list - GET /v1/balancers: each with its last report, without
 * its flows and nodes: 256 of them have to fit an answer. */
void api_balancers_list(const struct api_call *call);

#endif
