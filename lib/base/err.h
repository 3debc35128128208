/*
 * err.h - the one error domain: 0, -errno, or one of enum err (all negative
 * and below every -errno), so that any `int` result can be named.
 */
#ifndef PERI_LIB_BASE_ERR_H
#define PERI_LIB_BASE_ERR_H

#include "lib/base/def.h"

enum err {
	ERR_SYNTAX = -2000,	   /* bytes do not follow their grammar */
	ERR_RANGE = -2001,	   /* a value lies outside its limits */
	ERR_NOTFOUND = -2002,	   /* no such thing, or it has expired */
	ERR_EXISTS = -2003,	   /* there is one already */
	ERR_CONFLICT = -2004,	   /* another owner or a newer version won */
	ERR_TOOBIG = -2005,	   /* longer than the limit allows */
	ERR_LIMIT = -2006,	   /* a count or rate limit is reached */
	ERR_AGAIN = -2007,	   /* incomplete: call again with more */
	ERR_CLOSED = -2008,	   /* the peer or the owner closed it */
	ERR_TIMEOUT = -2009,	   /* the deadline passed */
	ERR_DENIED = -2010,	   /* not allowed for this caller */
	ERR_EXPIRED = -2011,	   /* a token or lease is past its end */
	ERR_UNSUPPORTED = -2012,   /* valid, but not something we do */
	ERR_STATE = -2013,	   /* not possible in this state */
	ERR_CORRUPT = -2014,	   /* stored data fails its check */
	ERR_UNKNOWN_FIELD = -2015, /* an object has a field nobody knows */
	ERR_MISSING_FIELD = -2016, /* an object lacks a required field */
	ERR_TYPE = -2017,	   /* a value has the wrong JSON type */
	ERR_UNAVAILABLE = -2018,   /* the other side is away or overloaded */
};

/*
 * err_str - name an error for a log line or a person.
 *
 * @rc	0, -errno or an enum err value
 *
 * Returns a constant lower-case text without a full stop, never NULL; for an
 * unknown number "unknown error". Any thread.
 */
const char *err_str(int rc);

#endif
