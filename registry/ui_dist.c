/*
 * ui_dist.c - see the header. The assembler reads the files while building;
 * mk/ui.mk makes the gzipped ones and builds this again when one changes.
 */
#include "registry/ui_dist.h"

#include <assert.h>

#ifndef UI_DIST_GZ /* for tools that only read the code */
#define UI_DIST_GZ "build/release/ui"
#endif

#define INCLUDE_AS(symbol, path)                                               \
	"ui_dist_" symbol ":\n.incbin \"" path "\"\nui_dist_" symbol "_end:\n"
#define INCLUDE(symbol, name)                                                  \
	INCLUDE_AS(symbol, "registry/dashboard/dist/" name)                    \
	INCLUDE_AS(symbol "_gz", UI_DIST_GZ "/" name ".gz")

__asm__(".pushsection .rodata\n" INCLUDE("index", "index.html")
		INCLUDE("script", "app.js") INCLUDE("style", "app.css")
			INCLUDE("land", "land.json")
				INCLUDE("licenses",
					"LICENSES.txt") ".popsection\n");

extern const char ui_dist_index[], ui_dist_index_end[], ui_dist_index_gz[],
	ui_dist_index_gz_end[];
extern const char ui_dist_script[], ui_dist_script_end[], ui_dist_script_gz[],
	ui_dist_script_gz_end[];
extern const char ui_dist_style[], ui_dist_style_end[], ui_dist_style_gz[],
	ui_dist_style_gz_end[];
extern const char ui_dist_land[], ui_dist_land_end[], ui_dist_land_gz[],
	ui_dist_land_gz_end[];
extern const char ui_dist_licenses[], ui_dist_licenses_end[],
	ui_dist_licenses_gz[], ui_dist_licenses_gz_end[];

static const struct {
	const char *name, *content_type;
	const char *plain, *plain_end, *gzip, *gzip_end;
} rows[UI_DIST_COUNT] = {
	[UI_DIST_INDEX] = {"index.html", "text/html; charset=utf-8",
			   ui_dist_index, ui_dist_index_end, ui_dist_index_gz,
			   ui_dist_index_gz_end},
	[UI_DIST_SCRIPT] = {"app.js", "text/javascript; charset=utf-8",
			    ui_dist_script, ui_dist_script_end,
			    ui_dist_script_gz, ui_dist_script_gz_end},
	[UI_DIST_STYLE] = {"app.css", "text/css; charset=utf-8", ui_dist_style,
			   ui_dist_style_end, ui_dist_style_gz,
			   ui_dist_style_gz_end},
	[UI_DIST_LAND] = {"land.json", "application/json", ui_dist_land,
			  ui_dist_land_end, ui_dist_land_gz,
			  ui_dist_land_gz_end},
	[UI_DIST_LICENSES] = {"LICENSES.txt", "text/plain; charset=utf-8",
			      ui_dist_licenses, ui_dist_licenses_end,
			      ui_dist_licenses_gz, ui_dist_licenses_gz_end},
};

struct ui_dist_file ui_dist_file(enum ui_dist_name name)
{
	assert(name < UI_DIST_COUNT);
	return (struct ui_dist_file){
		.name = rows[name].name,
		.content_type = rows[name].content_type,
		.plain = sv_of(rows[name].plain, (size_t)(rows[name].plain_end -
							  rows[name].plain)),
		.gzip = sv_of(rows[name].gzip,
			      (size_t)(rows[name].gzip_end - rows[name].gzip)),
	};
}
