/*
 * demo_fleet.h - asks the registry every second which regions have a usable
 * node; goes on asking while it is away. One thread; never blocks.
 */
#ifndef PERI_CLIENT_CLI_DEMO_FLEET_H
#define PERI_CLIENT_CLI_DEMO_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "client/interest.h"
#include "client/servers.h"

struct demo_fleet;

/* demo_fleet_new - for the registry at @server (borrowed: looked up already,
 * or an address). */
struct demo_fleet *demo_fleet_new(struct servers *servers,
				  const struct interest *interest);
void demo_fleet_free(struct demo_fleet **fleet);

/* demo_fleet_step, demo_fleet_due_ms - as fetch_step() and fetch_due_ms(). */
void demo_fleet_step(struct demo_fleet *fleet, int64_t now_ms);
int64_t demo_fleet_due_ms(const struct demo_fleet *fleet);

/* demo_fleet_is_known - whether the last answer is younger than 3 s. */
bool demo_fleet_is_known(const struct demo_fleet *fleet, int64_t now_ms);
unsigned demo_fleet_nodes_up(const struct demo_fleet *fleet);
unsigned demo_fleet_nodes_total(const struct demo_fleet *fleet);

/* demo_fleet_nearest - id of the region with a usable node that is nearest to
 * the place; borrowed until the next step; NULL when none is known. */
const char *demo_fleet_nearest(const struct demo_fleet *fleet, double lat_deg,
			       double lon_deg);

#endif
