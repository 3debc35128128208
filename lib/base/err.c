/*
 * err.c - names for the one error domain. Constant tables only; the numbers of
 * the system are named here in lower case, rare ones by libc. Any thread.
 */
#include "lib/base/err.h"

#include <errno.h>
#include <string.h>

struct err_name {
	int rc;
	const char *text;
};

static const struct err_name OURS[] = {
	{ERR_SYNTAX, "malformed"},
	{ERR_RANGE, "value out of range"},
	{ERR_NOTFOUND, "not found"},
	{ERR_EXISTS, "exists already"},
	{ERR_CONFLICT, "conflict with another owner or version"},
	{ERR_TOOBIG, "longer than allowed"},
	{ERR_LIMIT, "limit reached"},
	{ERR_AGAIN, "incomplete, more is needed"},
	{ERR_CLOSED, "closed"},
	{ERR_TIMEOUT, "deadline passed"},
	{ERR_DENIED, "not allowed"},
	{ERR_EXPIRED, "expired"},
	{ERR_UNSUPPORTED, "not supported"},
	{ERR_STATE, "not possible in this state"},
	{ERR_CORRUPT, "stored data is corrupt"},
	{ERR_UNKNOWN_FIELD, "unknown field"},
	{ERR_MISSING_FIELD, "required field is missing"},
	{ERR_TYPE, "value has the wrong type"},
	{ERR_UNAVAILABLE, "unavailable or overloaded"},
};

static const struct err_name SYSTEM[] = {
	{-EPERM, "operation not permitted"},
	{-ENOENT, "no such file or directory"},
	{-EINTR, "interrupted system call"},
	{-EIO, "input/output error"},
	{-EBADF, "bad file descriptor"},
	{-EAGAIN, "temporarily unavailable"},
	{-ENOMEM, "out of memory"},
	{-EACCES, "permission denied"},
	{-EBUSY, "device or resource busy"},
	{-EEXIST, "file exists"},
	{-ENODEV, "no such device"},
	{-ENOTDIR, "not a directory"},
	{-EISDIR, "is a directory"},
	{-EINVAL, "invalid argument"},
	{-ENFILE, "too many open files in the system"},
	{-EMFILE, "too many open files"},
	{-EFBIG, "file too large"},
	{-ENOSPC, "no space left on device"},
	{-EROFS, "read-only file system"},
	{-EPIPE, "broken pipe"},
	{-ENAMETOOLONG, "file name too long"},
	{-ELOOP, "too many symbolic links"},
	{-EPROTO, "protocol error"},
	{-EMSGSIZE, "message too long"},
	{-EPROTONOSUPPORT, "protocol not supported"},
	{-EAFNOSUPPORT, "address family not supported"},
	{-EADDRINUSE, "address already in use"},
	{-EADDRNOTAVAIL, "address not available"},
	{-ENETDOWN, "network is down"},
	{-ENETUNREACH, "network is unreachable"},
	{-ECONNABORTED, "connection aborted"},
	{-ECONNRESET, "connection reset by peer"},
	{-ENOBUFS, "no buffer space available"},
	{-EISCONN, "already connected"},
	{-ENOTCONN, "not connected"},
	{-ETIMEDOUT, "connection timed out"},
	{-ECONNREFUSED, "connection refused"},
	{-EHOSTDOWN, "host is down"},
	{-EHOSTUNREACH, "no route to host"},
	{-EALREADY, "operation already in progress"},
	{-EINPROGRESS, "operation in progress"},
	{-ECANCELED, "operation canceled"},
};

static const char *err_find(const struct err_name *names, size_t count, int rc)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].rc == rc)
			return names[i].text;
	return NULL;
}

const char *err_str(int rc)
{
	const char *text;

	if (rc == 0)
		return "success";
	text = err_find(OURS, ARRAY_LEN(OURS), rc);
	if (!text)
		text = err_find(SYSTEM, ARRAY_LEN(SYSTEM), rc);
	if (!text && rc < 0 && rc > ERR_SYNTAX)
		text = strerrordesc_np(-rc);
	return text ? text : "unknown error";
}
