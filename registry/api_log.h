/*
 * api_log.h - the event log over HTTP: a page of it, or all of it as a file.
 * Admin listener; loop thread only.
 */
#ifndef PERI_REGISTRY_API_LOG_H
#define PERI_REGISTRY_API_LOG_H

#include "registry/api.h"

/* api_log_read - GET /v1/log: one page, oldest first. */
void api_log_read(const struct api_call *call);
/* api_log_lines - GET /v1/events.jsonl: a JSON object on each line. */
void api_log_lines(const struct api_call *call);
/* api_log_csv - GET /v1/events.csv: RFC 4180, with a head. */
void api_log_csv(const struct api_call *call);

#endif
