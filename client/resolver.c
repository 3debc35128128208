/*
 * resolver.c - a question to the balancers. One thread. Invariant: exactly
 * one of lookup and fetch is open while result is ERR_AGAIN.
 */
#include "client/resolver.h"

#include "client/fetch.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/proto/json.h"
#include "lib/proto/url.h"

#define TARGET_MAX  4096
#define RETRY_MAX_S 3600

struct resolver {
	struct servers *servers; /* borrowed */
	struct server *server;	 /* being asked */
	const struct interest *interest;
	struct fetch *fetch;
	struct lookup *lookup;
	struct buf target;
	struct reply reply;
	char etag[REPLY_ETAG_BYTES]; /* of the answer that is known */
	bool is_not_modified;
	int result;
	unsigned tries_left;
	int64_t retry_ms;
	int64_t timeout_ms, lookup_due_ms;
	char detail[RESOLVER_DETAIL_BYTES];
};

static void put_parameter(struct buf *b, const char *name, struct sv value)
{
	buf_char(b, memchr(b->data, '?', b->len) ? '&' : '?');
	buf_str(b, name);
	buf_char(b, '=');
	url_encode(b, value);
}

static void put_address(struct buf *b, const char *name,
			const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	put_parameter(b, name, sv_str(addr_text(addr, text)));
}

static void put_failed(struct buf *b, const struct addr *failed, unsigned count)
{
	char text[RESOLVER_FAILED_MAX * ADDR_TEXT_MAX];
	struct buf list;

	buf_init_fixed(&list, text, sizeof(text));
	for (unsigned i = 0; i < count && i < RESOLVER_FAILED_MAX; i++) {
		if (i > 0)
			buf_char(&list, ',');
		addr_put(&list, &failed[i]);
	}
	put_parameter(b, "failed", buf_view(&list));
}

void resolver_put_target(struct buf *b, const struct resolver_query *query)
{
	static const char *const families[] = {"", "4", "6", "46"};
	char digits[8];
	struct buf n;

	buf_str(b, "/resolve");
	if (query->host && query->host[0])
		put_parameter(b, "host", sv_str(query->host));
	if (query->ip.family != ADDR_NONE)
		put_address(b, "ip", &query->ip);
	if (query->n > 0) {
		buf_init_fixed(&n, digits, sizeof(digits));
		buf_u64(&n, query->n > 99 ? 99 : query->n);
		put_parameter(b, "n", buf_view(&n));
	}
	if (query->family != RESOLVER_ANY)
		put_parameter(b, "family", sv_str(families[query->family]));
	if (query->device && query->device[0])
		put_parameter(b, "device", sv_str(query->device));
	if (query->failed_count > 0)
		put_failed(b, query->failed, query->failed_count);
}

/* One more balancer did not answer: keep the reason of the last. */
static void fail_try(struct resolver *r, int rc)
{
	fetch_free(&r->fetch);
	lookup_free(&r->lookup);
	r->result = rc;
}

static void start_fetch(struct resolver *r, int64_t now_ms)
{
	struct server *server = r->server;
	struct fetch_call call = {
		.address = server->addrs[server->addr_next],
		.port = server->port,
		.host = sv_str(server->host),
		.target = buf_view(&r->target),
		.if_none_match = sv_str(r->etag),
		.timeout_ms = r->timeout_ms,
		.answer_max_bytes = RESOLVER_ANSWER_MAX,
	};

	r->fetch = fetch_start(&call, r->interest, now_ms);
}

static void start_try(struct resolver *r, int64_t now_ms)
{
	int rc;

	r->tries_left--;
	r->server = &r->servers->list[r->servers->preferred];
	r->result = ERR_AGAIN;
	if (r->server->addr_count > 0) {
		start_fetch(r, now_ms);
		return;
	}
	rc = lookup_start(sv_str(r->server->host), r->interest, &r->lookup);
	if (rc != 0)
		fail_try(r, rc);
	r->lookup_due_ms = now_ms + r->timeout_ms;
}

/* For one question: every balancer once, a name's second address too. */
static unsigned count_tries(const struct servers *servers)
{
	unsigned tries = servers->count;

	for (unsigned i = 0; i < servers->count; i++) {
		if (servers->list[i].is_name)
			tries++;
	}
	return tries;
}

struct resolver *resolver_start(struct servers *servers,
				const struct resolver_query *query,
				const struct interest *interest,
				int64_t timeout_ms, int64_t now_ms)
{
	struct resolver *r = mem_alloc(sizeof(*r));

	r->servers = servers;
	r->interest = interest;
	r->timeout_ms = timeout_ms;
	r->tries_left = count_tries(servers);
	if (query->etag &&
	    sv_copy(sv_str(query->etag), r->etag, sizeof(r->etag)) != 0)
		r->etag[0] = '\0';
	buf_init(&r->target, TARGET_MAX);
	resolver_put_target(&r->target, query);
	if (r->target.failed || servers->count == 0)
		fail_try(r, r->target.failed ? ERR_TOOBIG : ERR_STATE);
	else
		start_try(r, now_ms);
	return r;
}

void resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;

	if (!r)
		return;
	fetch_free(&r->fetch);
	lookup_free(&r->lookup);
	buf_fini(&r->target);
	mem_free(r);
	*resolver = NULL;
}

static void step_lookup(struct resolver *r, int64_t now_ms)
{
	struct addr addrs[LOOKUP_ADDRS_MAX];
	unsigned count = 0;
	int rc = lookup_result(r->lookup, addrs, &count);

	if (rc == ERR_AGAIN && now_ms >= r->lookup_due_ms)
		rc = ERR_TIMEOUT;
	if (rc == ERR_AGAIN)
		return;
	if (rc != 0) {
		fail_try(r, rc);
		return;
	}
	lookup_free(&r->lookup);
	servers_learn(r->server, addrs, count);
	start_fetch(r, now_ms);
}

static void read_detail(struct resolver *r, struct sv body)
{
	struct json_problem p;
	struct json *root;
	const struct json *detail;
	struct sv text;

	if (body.len > RESOLVER_ANSWER_MAX || json_parse(body, &root, &p) != 0)
		return;
	detail = json_member(root, "detail");
	if (detail && json_get_text(detail, &text) == 0) {
		if (text.len >= RESOLVER_DETAIL_BYTES)
			text.len = RESOLVER_DETAIL_BYTES - 1;
		if (sv_copy(text, r->detail, sizeof(r->detail)) != 0)
			r->detail[0] = '\0';
	}
	for (char *c = r->detail; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	}
	json_free(&root);
}

static void read_retry_after(struct resolver *r)
{
	struct sv value = fetch_header(r->fetch, SV("Retry-After"));
	uint64_t seconds;

	r->retry_ms = 0;
	if (!value.ptr || num_u64(value, UINT32_MAX, &seconds) != 0)
		return;
	r->retry_ms =
		(int64_t)(seconds > RETRY_MAX_S ? RETRY_MAX_S : seconds) * 1000;
}

static void take_etag(struct resolver *r)
{
	struct sv value = fetch_header(r->fetch, SV("ETag"));

	if (!value.ptr ||
	    sv_copy(value, r->reply.etag, sizeof(r->reply.etag)) != 0)
		r->reply.etag[0] = '\0';
}

static int read_answer(struct resolver *r)
{
	unsigned status = fetch_status(r->fetch);
	struct json_problem p;

	r->detail[0] = '\0';
	if (status == 200) {
		int rc = reply_decode(fetch_body(r->fetch), &r->reply, &p);

		take_etag(r);
		return rc;
	}
	if (status == 304 && r->etag[0]) {
		r->is_not_modified = true;
		return 0;
	}
	read_retry_after(r);
	read_detail(r, fetch_body(r->fetch));
	if (status == 429)
		return ERR_LIMIT;
	return status >= 400 && status < 500 ? ERR_DENIED : ERR_UNAVAILABLE;
}

static void step_fetch(struct resolver *r, int64_t now_ms)
{
	int rc;

	fetch_step(r->fetch, now_ms);
	rc = fetch_result(r->fetch);
	if (rc == ERR_AGAIN)
		return;
	if (rc == 0)
		rc = read_answer(r);
	fail_try(r, rc);
}

/* Whether another balancer may say something else: a refusal of what was
 * asked is final, an overloaded or broken balancer is not. */
static bool may_try_next(const struct resolver *r)
{
	return r->tries_left > 0 && r->result != ERR_DENIED;
}

static void next_server(struct resolver *r)
{
	servers_failed(r->server);
	r->servers->preferred = (r->servers->preferred + 1) % r->servers->count;
}

void resolver_step(struct resolver *r, int64_t now_ms)
{
	for (;;) {
		if (r->lookup)
			step_lookup(r, now_ms);
		if (r->fetch)
			step_fetch(r, now_ms);
		if (r->result == 0 || r->result == ERR_AGAIN)
			return;
		if (!may_try_next(r))
			return;
		next_server(r);
		start_try(r, now_ms);
	}
}

int64_t resolver_due_ms(const struct resolver *r)
{
	if (r->fetch)
		return fetch_due_ms(r->fetch);
	return r->lookup ? r->lookup_due_ms : 0;
}

int resolver_result(const struct resolver *r)
{
	return r->result;
}

bool resolver_is_not_modified(const struct resolver *r)
{
	return r->is_not_modified;
}

const struct reply *resolver_reply(const struct resolver *r)
{
	return &r->reply;
}

int64_t resolver_retry_ms(const struct resolver *r)
{
	return r->retry_ms;
}

const char *resolver_detail(const struct resolver *r)
{
	return r->detail;
}
