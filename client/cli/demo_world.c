/*
 * demo_world.c - Internet users by country in millions, rounded. Source: World
 * Bank, World Development Indicators, "Individuals using the Internet (% of
 * population)" (IT.NET.USER.ZS, reported by the ITU) times "Population, total"
 * (SP.POP.TOTL), about 2022. Good enough to draw a crowd; not statistics.
 */
#include "client/cli/demo_world.h"

#include "lib/base/def.h"

static const struct demo_country countries[] = {
	{"CN", 1060}, {"IN", 650}, {"US", 310}, {"ID", 185}, {"BR", 175},
	{"RU", 130},  {"NG", 80},  {"JP", 105}, {"MX", 100}, {"PH", 85},
	{"EG", 80},   {"VN", 77},  {"DE", 77},	{"TR", 71},  {"IR", 70},
	{"PK", 75},   {"BD", 68},  {"GB", 65},	{"TH", 63},  {"FR", 58},
	{"KR", 50},   {"IT", 50},  {"ES", 45},	{"ZA", 44},  {"AR", 40},
	{"CO", 38},   {"CA", 36},  {"SA", 36},	{"PL", 33},  {"UA", 30},
	{"MA", 33},   {"MY", 33},  {"DZ", 32},	{"IQ", 34},  {"PE", 25},
	{"AU", 25},   {"MM", 24},  {"TW", 22},	{"ET", 23},  {"UZ", 29},
	{"GH", 23},   {"KE", 15},  {"TZ", 20},	{"CL", 18},  {"KZ", 18},
	{"NL", 17},   {"RO", 16},  {"LK", 10},	{"NP", 15},  {"SE", 10},
};

const struct demo_country *demo_world_countries(unsigned *count_r)
{
	*count_r = ARRAY_LEN(countries);
	return countries;
}
