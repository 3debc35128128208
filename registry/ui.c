/*
 * ui.c - see the header. The names are a closed list: no path from outside
 * ever reaches the file system. Main loop.
 */
#include "registry/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/crypto.h"
#include "lib/base/err.h"
#include "lib/proto/http1_tag.h"

#define TAG_BYTES 8 /* of the digest */

/* Nothing from elsewhere, nothing inline, in nobody's frame. */
static const char policy[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; "
	"style-src 'self'; img-src 'self' data:; connect-src 'self'; "
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Cache-Control: no-cache\r\n"
	"Vary: Accept-Encoding\r\n";

/* "0123456789abcdef", quotes and all (RFC 9110 8.8.3). */
static void put_tag(struct buf *b, struct sv content)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];

	crypto_hmac_sha256(SV("ui"), content, digest);
	buf_char(b, '"');
	for (size_t i = 0; i < TAG_BYTES; i++)
		buf_hex(b, digest[i], 2);
	buf_char(b, '"');
}

/* Whether one of a list is @wanted; a weak one counts. */
static bool has_tag(struct sv list, struct sv wanted)
{
	struct sv tag;
	bool is_weak;

	while ((tag = http1_tag_next(&list, &is_weak)).ptr) {
		if (sv_eq(tag, wanted))
			return true;
	}
	return false;
}

/* gzip;q=0 means no; nobody sends it, so no other weight is looked at. */
static bool takes_gzip(const struct httpd_request *req)
{
	struct sv list = httpd_header(req, SV("accept-encoding"));

	while (list.len > 0) {
		struct sv item = sv_cut(&list, ',');
		struct sv name = sv_trim(sv_cut(&item, ';'));

		if (sv_eq_nocase(name, SV("gzip")))
			return !sv_eq(sv_trim(item), SV("q=0"));
	}
	return false;
}

static void send_content(struct httpd_request *req, const char *content_type,
			 struct sv content, const char *encoding)
{
	char tag_storage[32], storage[1024];
	struct buf tag, headers;

	buf_init_fixed(&tag, tag_storage, sizeof(tag_storage));
	put_tag(&tag, content);
	buf_init_fixed(&headers, storage, sizeof(storage));
	buf_str(&headers, policy);
	buf_printf(&headers, "ETag: %s\r\n", buf_cstr(&tag));
	if (has_tag(httpd_header(req, SV("if-none-match")), buf_view(&tag))) {
		httpd_reply(req, 304, NULL, buf_view(&headers), SV(""));
		return;
	}
	if (encoding)
		buf_printf(&headers, "Content-Encoding: %s\r\n", encoding);
	httpd_reply(req, 200, content_type, buf_view(&headers), content);
}

static int read_file(const char *path, struct buf *content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		char *at = buf_reserve(content, 65536);

		n = at ? read(fd, at, 65536) : 0;
		if (n > 0)
			content->len += (size_t)n;
	} while (n > 0);
	close(fd);
	if (n < 0)
		return -errno;
	return content->failed ? ERR_TOOBIG : 0;
}

static void send_from_folder(struct httpd_request *req, const char *folder,
			     const struct ui_dist_file *file)
{
	char storage[512];
	struct buf path, content;
	int rc;

	buf_init_fixed(&path, storage, sizeof(storage));
	buf_printf(&path, "%s/%s", folder, file->name);
	buf_init(&content, UI_FILE_BYTES_MAX);
	rc = read_file(buf_cstr(&path), &content);
	if (rc == 0)
		send_content(req, file->content_type, buf_view(&content), NULL);
	else
		httpd_problem_simple(req, 404, "unknown-path",
				     "ui_dir does not have this file",
				     err_str(rc));
	buf_fini(&content);
}

void ui_answer(struct httpd_request *req, const char *folder,
	       enum ui_dist_name name)
{
	struct ui_dist_file file = ui_dist_file(name);

	if (folder[0])
		send_from_folder(req, folder, &file);
	else if (takes_gzip(req))
		send_content(req, file.content_type, file.gzip, "gzip");
	else
		send_content(req, file.content_type, file.plain, NULL);
}
