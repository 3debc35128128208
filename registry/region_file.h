/*
 * region_file.h - the file with the regions that people write: a JSON array
 * with comments, [{"id":"cn-beijing","title":"Beijing","lat":39.9,
 * "lon":116.4,"bias_km":0}, ...].
 */
#ifndef PERI_REGISTRY_REGION_FILE_H
#define PERI_REGISTRY_REGION_FILE_H

#include "lib/proto/feed.h"

/*
 * region_file_parse - the regions in @text, which is changed (comments are
 * blanked).
 *
 * @why	 out: "line 3 column 7: ..." or "/4/lat: must be ..."
 *
 * Returns 0, *@regions_r (mem_free()) and *@count_r, or the error's number.
 */
MUST_CHECK int region_file_parse(char *text, size_t len, struct buf *why,
				 struct feed_region **regions_r,
				 size_t *count_r);

/* region_file_read - the same from the file @path; -errno when it cannot be
 * read. */
MUST_CHECK int region_file_read(const char *path, struct buf *why,
				struct feed_region **regions_r,
				size_t *count_r);

#endif
