/*
 * service_manual.c - see the header. What every daemon does alike stands here,
 * what is its own comes from its struct service.
 */
#include "lib/svc/service_manual.h"

#include "lib/base/mdoc.h"
#include "lib/svc/service_options.h"

struct manual_item {
	const char *term, *text;
};

static void put_items(struct buf *b, const struct manual_item *items,
		      size_t count)
{
	mdoc_list(b);
	for (size_t i = 0; i < count; i++) {
		mdoc_term(b, items[i].term, NULL);
		mdoc_text(b, items[i].text);
	}
	mdoc_list_end(b);
}

static void put_synopsis(struct buf *b, const struct service *service)
{
	mdoc_section(b, "SYNOPSIS");
	buf_printf(b, ".Nm\n.Op Fl \\-config Ar FILE\n"
		      ".Op Fl \\-OPTION Ns = Ns Ar VALUE ...\n");
	mdoc_section(b, "DESCRIPTION");
	buf_str(b, ".Nm\n");
	mdoc_text(b, service->summary);
	buf_str(b, ".Pp\n");
	mdoc_text(b, "It stays in the foreground, logs to standard error and "
		     "tells a service manager by sd_notify when it is ready. "
		     "Its admin listener serves /metrics, /healthz, /readyz "
		     "and /version.");
}

static void put_settings(struct buf *b, const struct service *service)
{
	mdoc_section(b, "CONFIGURATION");
	mdoc_text(b,
		  "A setting may stand in the file (JSON with comments, names "
		  "as below), in the environment (PERI_ and the name in "
		  "capitals) or on the command line (--name=value, with - or _ "
		  "in the name); the later of these wins. "
		  "Unknown names are refused. "
		  "Times are texts like 250ms, 5s, 2m or 1h. "
		  "A secret may be written as \"@FILE\", which reads it. "
		  "Lists are arrays in the file and a,b,c elsewhere.");
	conf_put_mdoc(b, service->conf);
}

static void put_life(struct buf *b, const struct service *service)
{
	static const struct manual_item signals[] = {
		{"SIGHUP", "Reads the settings again. Wrong ones are refused, "
			   "logged, and the old ones stay in force."},
		{"SIGTERM, SIGINT", "Drains and stops; a second one stops at "
				    "once."},
	};
	static const struct manual_item exits[] = {
		{"0", "Fine."},
		{"1", "Failed while running."},
		{"2", "Wrong usage or configuration."},
	};

	mdoc_section(b, "SIGNALS");
	put_items(b, signals, ARRAY_LEN(signals));
	mdoc_section(b, "FILES");
	mdoc_list(b);
	mdoc_term(b, service->default_config, NULL);
	mdoc_text(b, "The settings, when there is no --config.");
	mdoc_list_end(b);
	mdoc_section(b, "EXIT STATUS");
	put_items(b, exits, ARRAY_LEN(exits));
}

void service_manual_put(struct buf *b, const struct service *service)
{
	mdoc_head(b, service->name, 8, service->summary);
	put_synopsis(b, service);
	mdoc_section(b, "OPTIONS");
	service_options_put_mdoc(b);
	put_settings(b, service);
	put_life(b, service);
	if (service->help_more) {
		mdoc_section(b, "NOTES");
		mdoc_body(b, service->help_more);
	}
	mdoc_see_also(b, service->name);
}
