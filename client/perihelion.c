/*
 * perihelion.c - the public functions: one link with an epoll set of its own.
 * Invariant: servers, texts and numbers, which the link borrows, only change
 * while it is idle or not there; the token at any time.
 */
#include "perihelion.h"

#include <errno.h>
#include <limits.h>

#include "client/link.h"
#include "client/pollset.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define TEXT_BYTES 2049
#define TEXT_COUNT (PERIHELION_PLATFORM + 1)
#define INFO_MIN   (2 * sizeof(size_t)) /* smaller makes no sense */

struct perihelion {
	struct pollset *set;
	struct pollset_member member;
	struct link *link; /* NULL before the first start */
	struct link_config config;
	struct link_handler handler;
	struct interest interest;
	struct servers servers;
	struct cache *cache;
	struct netmemory memory;
	struct rng rng;
	char *texts[TEXT_COUNT]; /* owned, by option; NULL = not set */
	int32_t accepts[CHANNEL_ACCEPTS_MAX];
	struct resolver_query query;
	struct channel_identity identity;
	int last_error;
	perihelion_state_cb *state_cb;
	void *state_arg;
	perihelion_message_cb *message_cb;
	void *message_arg;
	enum heartbeat_activity activity;
	char network[NETMEMORY_KEY_BYTES];
};

/* ---- texts ---- */

const char *perihelion_version(void)
{
	return PERIHELION_VERSION;
}

const char *perihelion_error_text(int error)
{
	static const char *const texts[] = {
		"all well",
		"a value makes no sense",
		"not possible in this state",
		"too long",
		"too much is unsent, try again later",
		"no server could be reached",
		"refused by the server",
		"the balancer is overloaded",
		"the answer names no node",
		"no reply in time",
		"closed by the server",
		"the server does not speak the protocol",
		"the system refused something",
	};

	if (error > 0 || error <= -(int)ARRAY_LEN(texts))
		return "unknown error";
	return texts[-error];
}

const char *perihelion_state_text(enum perihelion_state state)
{
	if ((int)state < 0 || state > PERIHELION_WAITING)
		return "unknown";
	return link_state_str((enum link_state)state);
}

/* The library's own errors to the public ones. */
static int public_error(int rc)
{
	switch (rc) {
	case 0:
		return PERIHELION_OK;
	case ERR_DENIED:
		return PERIHELION_ERROR_REFUSED;
	case ERR_LIMIT:
	case ERR_UNAVAILABLE:
		return PERIHELION_ERROR_OVERLOADED;
	case ERR_NOTFOUND:
		return PERIHELION_ERROR_NO_NODES;
	case ERR_TIMEOUT:
	case -ETIMEDOUT:
		return PERIHELION_ERROR_TIMEOUT;
	case ERR_CLOSED:
	case -ECONNRESET:
	case -EPIPE:
		return PERIHELION_ERROR_CLOSED;
	case -ECONNREFUSED:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
	case -EADDRNOTAVAIL:
		return PERIHELION_ERROR_UNREACHABLE;
	default:
		/* Everything of enum err that is left speaks of bytes. */
		return rc <= ERR_SYNTAX ? PERIHELION_ERROR_PROTOCOL
					: PERIHELION_ERROR_SYSTEM;
	}
}

/* ---- life ---- */

static void on_state(struct link *link UNUSED, enum link_state state, int rc,
		     void *arg)
{
	struct perihelion *p = arg;
	int error = public_error(rc);

	if (error != 0)
		p->last_error = error;
	if (p->state_cb)
		p->state_cb(p, (enum perihelion_state)state, error,
			    p->state_arg);
}

static void on_message(struct link *link UNUSED, const struct frame *frame,
		       void *arg)
{
	struct perihelion *p = arg;
	struct perihelion_message message = {
		.size = sizeof(message),
		.op = frame->op,
		.seq = frame->seq,
		.body = frame->body.ptr,
		.body_bytes = frame->body.len,
	};

	if (p->message_cb)
		p->message_cb(p, &message, p->message_arg);
}

struct perihelion *perihelion_new(void)
{
	struct perihelion *p;
	struct pollset *set;

	if (pollset_new(&set) != 0)
		return NULL;
	p = mem_alloc(sizeof(*p));
	p->set = set;
	p->member = (struct pollset_member){.set = set, .owner = p};
	p->interest = pollset_interest(&p->member);
	p->cache = cache_new();
	rng_seed_os(&p->rng);
	link_defaults(&p->config);
	p->config.servers = &p->servers;
	p->config.cache = p->cache;
	p->config.memory = &p->memory;
	p->config.rng = &p->rng;
	p->identity.platform = "c";
	p->handler = (struct link_handler){
		.state = on_state, .message = on_message, .arg = p};
	return p;
}

void perihelion_free(struct perihelion **handle)
{
	struct perihelion *p = *handle;

	if (!p)
		return;
	link_free(&p->link);
	cache_free(&p->cache);
	pollset_free(&p->set);
	for (unsigned i = 0; i < TEXT_COUNT; i++)
		mem_free(p->texts[i]);
	mem_free(p);
	*handle = NULL;
}

/* ---- configuration ---- */

static bool is_started(const struct perihelion *p)
{
	return p->link && link_state(p->link) != LINK_IDLE;
}

int perihelion_add_balancer(struct perihelion *p, const char *url)
{
	int rc;

	if (is_started(p))
		return PERIHELION_ERROR_STATE;
	rc = servers_add(&p->servers, sv_str(url));
	if (rc == ERR_LIMIT)
		return PERIHELION_ERROR_LIMIT;
	return rc == 0 ? 0 : PERIHELION_ERROR_ARGUMENT;
}

/* Who we are, out of the texts; the link borrows them. */
static void refresh(struct perihelion *p)
{
	p->query.host = p->texts[PERIHELION_HOST];
	p->query.device = p->texts[PERIHELION_DEVICE];
	p->identity.key = p->texts[PERIHELION_DEVICE];
	p->identity.token = p->texts[PERIHELION_TOKEN];
	p->identity.room = p->texts[PERIHELION_ROOM];
	if (p->texts[PERIHELION_PLATFORM])
		p->identity.platform = p->texts[PERIHELION_PLATFORM];
}

int perihelion_set_text(struct perihelion *p,
			enum perihelion_text_option option, const char *text)
{
	size_t max = option == PERIHELION_DEVICE ? 64 : TEXT_BYTES - 1;

	if ((int)option < PERIHELION_HOST || option > PERIHELION_PLATFORM ||
	    !text)
		return PERIHELION_ERROR_ARGUMENT;
	if (is_started(p) && option != PERIHELION_TOKEN)
		return PERIHELION_ERROR_STATE;
	if (strnlen(text, TEXT_BYTES) > max)
		return PERIHELION_ERROR_TOO_BIG;
	mem_free(p->texts[option]);
	p->texts[option] = mem_strdup(text);
	refresh(p);
	return 0;
}

/* Where a number goes and what it may be. */
struct number_row {
	int64_t min, max;
	int64_t *target;
};

static struct number_row find_number(struct perihelion *p,
				     enum perihelion_number_option option)
{
	switch (option) {
	case PERIHELION_USER:
		return (struct number_row){0, INT64_MAX, &p->identity.mid};
	case PERIHELION_STAGGER_MS:
		return (struct number_row){0, 10000, &p->config.stagger_ms};
	case PERIHELION_RESOLVE_TIMEOUT_MS:
		return (struct number_row){100, 60000,
					   &p->config.resolve_timeout_ms};
	case PERIHELION_CONNECT_TIMEOUT_MS:
		return (struct number_row){100, 60000,
					   &p->config.connect_timeout_ms};
	case PERIHELION_AUTH_TIMEOUT_MS:
		return (struct number_row){100, 60000,
					   &p->config.auth_timeout_ms};
	case PERIHELION_NODES_WANTED: /* the caller's: it is no int64_t */
		break;
	}
	return (struct number_row){0, 0, NULL};
}

int perihelion_set_number(struct perihelion *p,
			  enum perihelion_number_option option, int64_t value)
{
	struct number_row row = find_number(p, option);

	if (is_started(p))
		return PERIHELION_ERROR_STATE;
	if (option == PERIHELION_NODES_WANTED && value >= 1 && value <= 16) {
		p->query.n = (unsigned)value;
		return 0;
	}
	if (!row.target || value < row.min || value > row.max)
		return PERIHELION_ERROR_ARGUMENT;
	*row.target = value;
	return 0;
}

int perihelion_set_accepts(struct perihelion *p, const int32_t *operations,
			   unsigned count)
{
	if (is_started(p))
		return PERIHELION_ERROR_STATE;
	if (count > CHANNEL_ACCEPTS_MAX)
		return PERIHELION_ERROR_LIMIT;
	if (count > 0)
		memcpy(p->accepts, operations, count * sizeof(*operations));
	p->identity.accepts = p->accepts;
	p->identity.accept_count = count;
	return 0;
}

void perihelion_on_state(struct perihelion *p, perihelion_state_cb *cb,
			 void *arg)
{
	p->state_cb = cb;
	p->state_arg = arg;
}

void perihelion_on_message(struct perihelion *p, perihelion_message_cb *cb,
			   void *arg)
{
	p->message_cb = cb;
	p->message_arg = arg;
}

/* ---- running ---- */

int perihelion_start(struct perihelion *p)
{
	if (p->servers.count == 0)
		return PERIHELION_ERROR_STATE;
	if (!p->link) {
		p->link = link_new(&p->config, &p->query, &p->identity,
				   &p->handler, &p->interest);
		link_activity(p->link, p->activity);
		if (p->network[0])
			link_network(p->link, p->network, clk_mono_ms());
	}
	link_start(p->link, clk_mono_ms());
	return 0;
}

void perihelion_stop(struct perihelion *p)
{
	if (p->link)
		link_stop(p->link);
}

int perihelion_poll_fd(const struct perihelion *p)
{
	return pollset_fd(p->set);
}

int perihelion_next_ms(const struct perihelion *p)
{
	int64_t due_ms = p->link ? link_due_ms(p->link) : INT64_MAX;
	int64_t now_ms = clk_mono_ms();

	if (due_ms == INT64_MAX)
		return -1;
	if (due_ms <= now_ms)
		return 0;
	return due_ms - now_ms > INT_MAX ? INT_MAX : (int)(due_ms - now_ms);
}

void perihelion_step(struct perihelion *p)
{
	if (p->link)
		link_step(p->link, clk_mono_ms());
}

void perihelion_run(struct perihelion *p, int64_t timeout_ms)
{
	int64_t end_ms =
		timeout_ms < 0 ? INT64_MAX : clk_mono_ms() + timeout_ms;
	void *owner;

	while (p->link) {
		int64_t wait_ms = perihelion_next_ms(p);
		int64_t left_ms = end_ms - clk_mono_ms();

		if (timeout_ms >= 0 && left_ms <= 0)
			return;
		if (timeout_ms >= 0 && (wait_ms < 0 || wait_ms > left_ms))
			wait_ms = left_ms;
		(void)pollset_wait(p->set, wait_ms, &owner, 1);
		perihelion_step(p);
		if (timeout_ms < 0 && perihelion_next_ms(p) < 0 &&
		    link_state(p->link) == LINK_IDLE)
			return;
	}
}

int perihelion_send(struct perihelion *p, int32_t op, const void *body,
		    size_t body_bytes)
{
	int rc;

	if (!p->link)
		return PERIHELION_ERROR_STATE;
	rc = link_send(p->link, op, sv_of(body, body_bytes), clk_mono_ms());
	switch (rc) {
	case 0:
		return 0;
	case ERR_STATE:
		return PERIHELION_ERROR_STATE;
	case ERR_TOOBIG:
		return PERIHELION_ERROR_TOO_BIG;
	case ERR_LIMIT:
		return PERIHELION_ERROR_LIMIT;
	default:
		return PERIHELION_ERROR_SYSTEM;
	}
}

void perihelion_set_activity(struct perihelion *p,
			     enum perihelion_activity activity)
{
	p->activity = activity == PERIHELION_FOREGROUND ? HEARTBEAT_FOREGROUND
							: HEARTBEAT_BACKGROUND;
	if (p->link)
		link_activity(p->link, p->activity);
}

void perihelion_network_changed(struct perihelion *p, const char *key)
{
	size_t len = strnlen(key, sizeof(p->network) - 1);

	memcpy(p->network, key, len);
	p->network[len] = '\0';
	if (p->link)
		link_network(p->link, p->network, clk_mono_ms());
}

/* ---- looking ---- */

static void copy_text(char *dst, size_t dst_bytes, const char *text)
{
	size_t len = strnlen(text, dst_bytes - 1);

	memcpy(dst, text, len);
	dst[len] = '\0';
}

static void fill_info(const struct perihelion *p, struct perihelion_info *info)
{
	struct link_facts facts;
	char text[ADDR_TEXT_MAX];

	info->last_error = p->last_error;
	info->km = -1;
	if (!p->link)
		return;
	link_facts(p->link, clk_mono_ms(), &facts);
	info->state = (enum perihelion_state)link_state(p->link);
	info->heartbeat_s = facts.interval_s;
	info->auth_code = facts.auth_code;
	info->retry_ms = facts.retry_ms;
	copy_text(info->detail, sizeof(info->detail), facts.detail);
	if (!facts.node)
		return;
	copy_text(info->node, sizeof(info->node), facts.node->id);
	copy_text(info->region, sizeof(info->region), facts.node->region);
	copy_text(info->address, sizeof(info->address),
		  addr_text(&facts.target->addr, text));
	info->port = facts.target->port;
	info->km = facts.node->km;
}

int perihelion_info(const struct perihelion *p, struct perihelion_info *info)
{
	struct perihelion_info full = {.size = info->size};
	size_t size = info->size;

	if (size < INFO_MIN)
		return PERIHELION_ERROR_ARGUMENT;
	fill_info(p, &full);
	if (size > sizeof(full)) {
		memset((char *)info + sizeof(full), 0, size - sizeof(full));
		size = sizeof(full);
	}
	memcpy(info, &full, size);
	return 0;
}
