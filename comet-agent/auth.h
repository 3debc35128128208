/*
 * auth.h - decides who a client is from the body of its first frame. Bytes
 * from outside; every field is bounded. Pure but for the random key that an
 * anonymous device gets; any thread.
 */
#ifndef PERI_COMET_AGENT_AUTH_H
#define PERI_COMET_AGENT_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "comet-agent/directory.h"
#include "lib/proto/token.h"

#define AUTH_ROOM_BYTES	      65
#define AUTH_ACCEPTS_MAX      32
#define AUTH_SECRET_MIN_BYTES 32

enum auth_mode {
	AUTH_OPEN,  /* goim's way: what the client says is believed */
	AUTH_TOKEN, /* a signed token says who it is */
};

enum auth_verdict {
	AUTH_OK,
	AUTH_MALFORMED, /* not a JSON object, or a field of a wrong type */
	AUTH_TOO_LONG,	/* a field beyond its limit */
	AUTH_NO_TOKEN,
	AUTH_TOKEN_MALFORMED,
	AUTH_TOKEN_WRONG_ALGORITHM,
	AUTH_TOKEN_BAD_SIGNATURE,
	AUTH_TOKEN_EXPIRED,
	AUTH_TOKEN_NOT_YET,
	AUTH_TOKEN_WRONG_NODE,
	AUTH_KEY_MISMATCH, /* the body's key is not the token's device */
	AUTH_KEY_TAKEN,	   /* the key is another user's right now */
	AUTH_VERDICT_COUNT,
};

struct auth_config {
	enum auth_mode mode;
	struct sv secret;    /* borrowed; for AUTH_TOKEN */
	const char *node_id; /* borrowed; for a token's node list */
};

/* Who the client is and what it asked for. */
struct auth_identity {
	char key[DIRECTORY_KEY_BYTES];	 /* never "" */
	char user[DIRECTORY_USER_BYTES]; /* "" = anonymous */
	char platform[DIRECTORY_PLATFORM_BYTES];
	char room[AUTH_ROOM_BYTES]; /* "" = none */
	int32_t accepts[AUTH_ACCEPTS_MAX];
	uint8_t accept_count;
	bool wants_goodbye; /* "caps":["goodbye"] */
	enum directory_proof proof;
};

/*
 * auth_check - read and judge an auth body.
 *
 * {"mid":123,"key":"","room_id":"live://1","platform":"web","accepts":[1000],
 *  "token":"...","caps":["goodbye"]}; unknown members are ignored, as by goim.
 * An empty key becomes a random UUID. In token mode the user is the token's
 * subject, and its device, if it names one, is the key. AUTH_KEY_TAKEN never
 * comes from here.
 */
MUST_CHECK enum auth_verdict auth_check(const struct auth_config *config,
					struct sv body, int64_t now_wall_s,
					struct auth_identity *identity_r);

/* auth_verdict_str - constant label text. */
const char *auth_verdict_str(enum auth_verdict verdict);

#endif
