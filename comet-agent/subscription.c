/*
 * subscription.c - a small unordered array of ops. Invariant: no op twice, at
 * most AUTH_ACCEPTS_MAX, heap memory only when there is one.
 */
#include "comet-agent/subscription.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

struct ops {
	int32_t op[AUTH_ACCEPTS_MAX];
	uint8_t count;
};

static int find(const struct ops *ops, int32_t op)
{
	for (int i = 0; i < ops->count; i++)
		if (ops->op[i] == op)
			return i;
	return -1;
}

static int insert(struct ops *ops, int32_t op)
{
	if (find(ops, op) >= 0)
		return 0;
	if (ops->count == AUTH_ACCEPTS_MAX)
		return ERR_LIMIT;
	ops->op[ops->count++] = op;
	return 0;
}

static int drop(struct ops *ops, int32_t op)
{
	int at = find(ops, op);

	if (at >= 0)
		ops->op[at] = ops->op[--ops->count];
	return 0;
}

static bool is_in_place(uint8_t count)
{
	return count <= SESSION_FEW_OPS;
}

static void load(const struct session *session, struct ops *ops_r)
{
	*ops_r = (struct ops){.count = session->accept_count};
	memcpy(ops_r->op,
	       is_in_place(ops_r->count) ? session->accepts.few
					 : session->accepts.many,
	       ops_r->count * sizeof(int32_t));
}

static void store(struct session *session, const struct ops *ops)
{
	size_t bytes = ops->count * sizeof(int32_t);

	if (!is_in_place(session->accept_count))
		mem_free(session->accepts.many);
	session->accept_count = ops->count;
	if (is_in_place(ops->count))
		memcpy(session->accepts.few, ops->op, bytes);
	else
		session->accepts.many = mem_dup(ops->op, bytes);
}

void subscription_set(struct session *session, const int32_t *ops,
		      uint8_t count)
{
	struct ops set = {.count = 0};

	/* The caller's bound makes ERR_LIMIT impossible. */
	for (uint8_t i = 0; i < count; i++)
		(void)insert(&set, ops[i]);
	store(session, &set);
}

static int change(struct session *session, struct sv list,
		  int (*one)(struct ops *ops, int32_t op))
{
	struct ops ops;
	int64_t op;
	int rc;

	load(session, &ops);
	do {
		rc = num_i64(sv_cut(&list, ','), INT32_MIN, INT32_MAX, &op);
		if (!rc)
			rc = one(&ops, (int32_t)op);
		if (rc)
			return rc;
	} while (list.len);
	store(session, &ops);
	return 0;
}

int subscription_add(struct session *session, struct sv list)
{
	return change(session, list, insert);
}

int subscription_del(struct session *session, struct sv list)
{
	return change(session, list, drop);
}

bool subscription_has(const struct session *session, int32_t op)
{
	struct ops ops;

	load(session, &ops);
	return find(&ops, op) >= 0;
}
