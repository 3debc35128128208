/*
 * demo_world.h - how many people are on the Internet in which country, for
 * load that looks like the world. Rounded figures; a constant table.
 */
#ifndef PERI_CLIENT_CLI_DEMO_WORLD_H
#define PERI_CLIENT_CLI_DEMO_WORLD_H

struct demo_country {
	char code[3];	   /* ISO 3166 alpha-2 */
	unsigned millions; /* people who use the Internet */
};

/* demo_world_countries - the table; largest first. */
const struct demo_country *demo_world_countries(unsigned *count_r);

#endif
