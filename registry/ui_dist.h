/*
 * ui_dist.h - the dashboard's files inside the program (registry/dashboard/
 * dist/). Constant; any thread.
 */
#ifndef PERI_REGISTRY_UI_DIST_H
#define PERI_REGISTRY_UI_DIST_H

#include "lib/base/sv.h"

enum ui_dist_name {
	UI_DIST_INDEX,
	UI_DIST_SCRIPT,
	UI_DIST_STYLE,
	UI_DIST_LAND,
	UI_DIST_LICENSES,
	UI_DIST_COUNT,
};

struct ui_dist_file {
	const char *name;	  /* "app.js" */
	const char *content_type; /* with its charset */
	struct sv plain, gzip;
};

/* ui_dist_file - one of them. */
struct ui_dist_file ui_dist_file(enum ui_dist_name name);

#endif
