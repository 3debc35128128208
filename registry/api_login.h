/*
 * api_login.h - logging in and out on the admin listener. Loop thread.
 */
#ifndef PERI_REGISTRY_API_LOGIN_H
#define PERI_REGISTRY_API_LOGIN_H

struct api_call;

/* api_login_in - POST /v1/login with a token or a code: a session's cookie. */
void api_login_in(const struct api_call *call);
/* api_login_out - POST /v1/logout: the session ends. */
void api_login_out(const struct api_call *call);
/* api_login_code - POST /v1/login-codes: a code that lets somebody in once. */
void api_login_code(const struct api_call *call);
/* api_login_whoami - GET /v1/whoami */
void api_login_whoami(const struct api_call *call);

#endif
