/*
 * node_labels.c - labels of a node record: at most NODE_LABELS_MAX, keys of
 * the id characters and '/', values printable ASCII. Pure, any thread.
 */
#include "lib/proto/node_labels.h"

#include <string.h>

#include "lib/base/err.h"

bool node_labels_is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '-' || c == '_';
}

bool node_labels_is_printable(struct sv text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
			return false;
	}
	return true;
}

struct label_visit {
	struct node_record *record;
	struct json_problem *problem;
};

static bool is_label_key(struct sv key)
{
	if (key.len == 0 || key.len >= sizeof(((struct node_label *)0)->key))
		return false;
	for (size_t i = 0; i < key.len; i++) {
		if (!node_labels_is_id_char(key.ptr[i]) && key.ptr[i] != '/')
			return false;
	}
	return true;
}

static int decode_label(const char *name, const struct json *v, void *arg)
{
	struct label_visit *visit = arg;
	struct node_record *r = visit->record;
	struct json_problem *p = visit->problem;
	struct node_label *label;
	struct sv text;

	if (r->label_count == NODE_LABELS_MAX)
		return json_problem_set(p, ERR_RANGE, "", "at most %d labels",
					NODE_LABELS_MAX);
	label = &r->labels[r->label_count];
	if (!is_label_key(sv_str(name)) ||
	    sv_copy(sv_str(name), label->key, sizeof(label->key)) != 0)
		return json_problem_set(p, ERR_RANGE, "",
					"a label's key is 1-32 of a-z 0-9 . - "
					"_ /");
	if (json_get_text(v, &text) != 0)
		return json_problem_set(p, ERR_TYPE, "",
					"label %s must be a text", label->key);
	if (!node_labels_is_printable(text) ||
	    sv_copy(text, label->value, sizeof(label->value)) != 0)
		return json_problem_set(p, ERR_RANGE, "",
					"label %s must be at most 64 printable "
					"ASCII characters",
					label->key);
	r->label_count++;
	return 0;
}

int node_labels_decode(const struct json *v, void *member,
		       struct json_problem *p)
{
	struct label_visit visit = {member, p};

	if (!json_is_object(v))
		return json_problem_set(p, ERR_TYPE, "", "must be an object");
	return json_each(v, decode_label, &visit);
}

bool node_labels_equal(const struct node_record *a, const struct node_record *b)
{
	if (a->label_count != b->label_count)
		return false;
	for (uint8_t i = 0; i < a->label_count; i++) {
		if (strcmp(a->labels[i].key, b->labels[i].key) != 0 ||
		    strcmp(a->labels[i].value, b->labels[i].value) != 0)
			return false;
	}
	return true;
}

void node_labels_put(struct jsonw *w, const struct node_record *record)
{
	if (record->label_count == 0)
		return;
	jsonw_object(w, "labels");
	for (uint8_t i = 0; i < record->label_count; i++)
		jsonw_str(w, record->labels[i].key, record->labels[i].value);
	jsonw_object_end(w);
}
