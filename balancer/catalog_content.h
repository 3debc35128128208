/* catalog_content.h - private to catalog.c: fills nodes and sites in. */
#ifndef PERI_BALANCER_CATALOG_CONTENT_H
#define PERI_BALANCER_CATALOG_CONTENT_H

#include "balancer/catalog.h"
#include "balancer/fleet.h"

/* catalog_content_take - fill in all of a catalog whose sites have their nodes:
 * cards (a reference each), texts, weights, places. */
void catalog_content_take(struct catalog *cat, struct fleet *fleet);

#endif
