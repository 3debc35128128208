/*
 * geodb_file.c - a private, checked copy of a database file in a memfd. Runs
 * on the thread that opens or builds; holds nothing but the descriptor that it
 * returns.
 */
#include "geo/geodb_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geo/mmdb_value.h"
#include "lib/base/err.h"

/* The format: the metadata stands in the last 128 KiB, behind this mark. */
#define MARK		SV("\xab\xcd\xefMaxMind.com")
#define METADATA_MAX	131072
#define SEPARATOR_BYTES 16 /* zeros between the tree and the data */

/* Real metadata has some 30 values in 3 levels. */
#define METADATA_VALUES_MAX 2048
#define METADATA_DEPTH_MAX  8

static int complain(struct buf *why, const char *path, int rc,
		    const char *reason)
{
	buf_str(why, path);
	buf_str(why, ": ");
	buf_str(why, reason);
	return rc;
}

static int complain_errno(struct buf *why, const char *path, int error)
{
	(void)complain(why, path, 0, err_str(-error));
	buf_str(why, error == ENOENT
			     ? "; give an existing city database (.mmdb)"
			     : "; check the path and its permissions");
	return -error;
}

static int check_kind(const char *path, int fd, size_t *bytes_r,
		      struct buf *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return complain_errno(why, path, errno);
	if (S_ISDIR(st.st_mode))
		return complain(why, path, -EISDIR,
				"is a directory; name the .mmdb file in it");
	if (!S_ISREG(st.st_mode))
		return complain(why, path, ERR_UNSUPPORTED,
				"is not a regular file; name an .mmdb file");
	if (st.st_size == 0)
		return complain(why, path, ERR_CORRUPT,
				"is empty; fetch it again");
	if ((uint64_t)st.st_size > GEODB_FILE_BYTES_MAX)
		return complain(why, path, ERR_TOOBIG,
				"is larger than 1 GiB; use a city database");
	*bytes_r = (size_t)st.st_size;
	return 0;
}

static int copy_bytes(int from, int to, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = sendfile(to, from, NULL, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return ERR_AGAIN; /* it became shorter */
		bytes -= (size_t)n;
	}
	return 0;
}

/* The metadata's first byte, or 0: behind the last mark. */
static size_t metadata_at(const uint8_t *bytes, size_t size)
{
	size_t from = size > METADATA_MAX ? size - METADATA_MAX : 0;

	for (size_t at = size; at >= from + MARK.len; at--)
		if (memcmp(bytes + at - MARK.len, MARK.ptr, MARK.len) == 0)
			return at;
	return 0;
}

struct frame {
	double node_count, record_bits, ip_version, major_version;
};

/* Of a repeated key the first one counts, as it does for the library. */
static void set_once(double *member, const struct mmdb_value *v)
{
	if (*member < 0)
		*member = v->number;
}

/* Texts and nothing else: the library leaks memory over anything else. */
static int check_texts(struct mmdb_value_reader *r, const struct mmdb_value *v,
		       enum mmdb_value_type container)
{
	struct mmdb_value_iter iter = mmdb_value_iter(v);
	struct mmdb_value child;
	struct sv key;
	int rc;

	if (v->type != container)
		return ERR_CORRUPT;
	for (;;) {
		rc = container == MMDB_VALUE_MAP
			     ? mmdb_value_next_pair(r, &iter, &key, &child)
			     : mmdb_value_next(r, &iter, &child);
		if (rc <= 0)
			return rc;
		if (child.type != MMDB_VALUE_TEXT)
			return ERR_CORRUPT;
	}
}

static int read_member(struct mmdb_value_reader *r, struct sv key,
		       const struct mmdb_value *v, struct frame *f)
{
	if (sv_eq(key, SV("node_count")))
		set_once(&f->node_count, v);
	else if (sv_eq(key, SV("record_size")))
		set_once(&f->record_bits, v);
	else if (sv_eq(key, SV("ip_version")))
		set_once(&f->ip_version, v);
	else if (sv_eq(key, SV("binary_format_major_version")))
		set_once(&f->major_version, v);
	else if (sv_eq(key, SV("languages")))
		return check_texts(r, v, MMDB_VALUE_ARRAY);
	else if (sv_eq(key, SV("description")))
		return check_texts(r, v, MMDB_VALUE_MAP);
	return 0;
}

static int read_frame(struct mmdb_value_reader *r, struct frame *frame_r)
{
	struct mmdb_value root, v;
	struct mmdb_value_iter iter;
	struct sv key;
	int rc = mmdb_value_check(r, 0, METADATA_DEPTH_MAX);

	if (rc < 0)
		return rc;
	r->values_left = METADATA_VALUES_MAX;
	rc = mmdb_value_read(r, 0, &root);
	if (rc < 0 || root.type != MMDB_VALUE_MAP)
		return ERR_CORRUPT;
	*frame_r = (struct frame){-1, -1, -1, -1};
	iter = mmdb_value_iter(&root);
	while ((rc = mmdb_value_next_pair(r, &iter, &key, &v)) > 0) {
		rc = read_member(r, key, &v, frame_r);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* The reason why the library must not see these bytes, or NULL. */
static const char *frame_fault(const struct frame *f, size_t size, int *rc_r)
{
	double tree_bytes = f->node_count * f->record_bits / 4;

	*rc_r = ERR_UNSUPPORTED;
	if (f->major_version != 2)
		return "is written in another version of the format than 2; "
		       "use a database of format 2";
	if (f->record_bits != 24 && f->record_bits != 28 &&
	    f->record_bits != 32)
		return "has records of a size other than 24, 28 or 32 bits; "
		       "use another database";
	if (f->ip_version != 4 && f->ip_version != 6)
		return "is neither for IPv4 nor for IPv6; use another database";
	*rc_r = ERR_CORRUPT;
	if (f->node_count < 1)
		return "has an empty search tree; fetch it again";
	if (tree_bytes + SEPARATOR_BYTES >= (double)size)
		return "is damaged: its search tree is larger than the file; "
		       "fetch it again";
	return NULL;
}

static int check_bytes(const char *path, const uint8_t *bytes, size_t size,
		       struct buf *why)
{
	struct mmdb_value_reader r = {.values_left = METADATA_VALUES_MAX};
	struct frame frame;
	size_t at = metadata_at(bytes, size);
	const char *fault;
	int rc;

	if (at == 0)
		return complain(why, path, ERR_CORRUPT,
				"is not an .mmdb file or is cut short (no "
				"metadata at its end); fetch it again");
	r.bytes = bytes + at;
	r.size_bytes = (uint32_t)(size - at);
	if (read_frame(&r, &frame) < 0)
		return complain(why, path, ERR_CORRUPT,
				"is damaged: its metadata cannot be read; "
				"fetch it again");
	fault = frame_fault(&frame, size, &rc);
	return fault ? complain(why, path, rc, fault) : 0;
}

static int check_copy(const char *path, int fd, size_t size, struct buf *why)
{
	void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	int rc;

	if (bytes == MAP_FAILED)
		return complain_errno(why, path, errno);
	rc = check_bytes(path, bytes, size, why);
	munmap(bytes, size);
	return rc;
}

int geodb_file_open(const char *path, int *fd_r, struct buf *why)
{
	size_t bytes = 0;
	int rc, copy, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return complain_errno(why, path, errno);
	rc = check_kind(path, fd, &bytes, why);
	if (rc < 0)
		goto err_close;
	copy = memfd_create("peri-geodb", MFD_CLOEXEC);
	if (copy < 0) {
		rc = complain_errno(why, path, errno);
		goto err_close;
	}
	rc = copy_bytes(fd, copy, bytes);
	if (rc == ERR_AGAIN)
		rc = complain(why, path, ERR_CORRUPT,
			      "became shorter while it was read; replace it by "
			      "a rename");
	else if (rc < 0)
		rc = complain_errno(why, path, -rc);
	else
		rc = check_copy(path, copy, bytes, why);
	if (rc < 0)
		close(copy);
	else
		*fd_r = copy;
err_close:
	close(fd);
	return rc;
}
