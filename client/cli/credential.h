/*
 * credential.h - the token for the registry's admin side: where it comes from.
 * It is never printed and never part of a URL. One thread.
 */
#ifndef PERI_CLIENT_CLI_CREDENTIAL_H
#define PERI_CLIENT_CLI_CREDENTIAL_H

#include "client/cli/cli.h"

#define CREDENTIAL_VARIABLE "PERI_TOKEN"
#define CREDENTIAL_FILE	    "/var/lib/perihelion/admin.token"
#define CREDENTIAL_MAX	    256 /* bytes of a token */

struct credential {
	char text[CREDENTIAL_MAX + 1];
	size_t len; /* 0: no token, ask without */
};

/*
 * credential_read - --token-file (PERI_TOKEN_FILE), else PERI_TOKEN, else
 * CREDENTIAL_FILE when it can be read, else none.
 *
 * Returns CLI_OK, or CLI_FAILED after it was said why a token that was asked
 * for cannot be used. credential_forget() in any case.
 */
MUST_CHECK int credential_read(struct credential *credential,
			       const struct cli *cli);
/* credential_forget - overwrite it. */
void credential_forget(struct credential *credential);

#endif
