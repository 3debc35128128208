/*
 * ui.h - serves the dashboard's page: the files inside the program, or those
 * in the folder ui_dir. Main loop.
 */
#ifndef PERI_REGISTRY_UI_H
#define PERI_REGISTRY_UI_H

#include "lib/net/httpd.h"
#include "registry/ui_dist.h"

#define UI_FILE_BYTES_MAX (8u << 20) /* of a file in ui_dir */

/*
 * ui_answer - answer @req with the file @name.
 *
 * @folder  ui_dir; "" = the files inside the program
 *
 * Entity tags are digests of the content, so a page is asked for again but
 * sent again only when it has changed.
 */
void ui_answer(struct httpd_request *req, const char *folder,
	       enum ui_dist_name name);

#endif
