/*
 * api_log.c - see the header. All three take the same filters; what they ask
 * for is bounded by what the log holds. Loop thread.
 */
#include "registry/api_log.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000
#define FILE_MAX     10000 /* of a download: some 20 ms of the loop's time */
#define NO_STORE     "Cache-Control: no-store\r\n"

/* What somebody asks for, and the answer. */
struct question {
	const struct api_call *call;
	struct event_filter filter;
	uint64_t limit;
	const struct event **events; /* owned; borrowed from the log */
	size_t count;
	bool more;
	struct buf text; /* of the parameters */
	char storage[512];
};

/* One parameter's text; false: it has been refused. */
static bool read_text(struct question *q, const char *name, struct sv *text_r)
{
	if (api_parameter(q->call, name, &q->text, text_r) == 0)
		return true;
	api_refuse_parameter(q->call, name, "is too long or not encoded");
	return false;
}

static bool read_number(struct question *q, const char *name, uint64_t max,
			uint64_t *number_r)
{
	struct sv text;

	if (!read_text(q, name, &text))
		return false;
	if (text.len == 0 ||
	    (num_u64(text, max, number_r) == 0 && *number_r > 0))
		return true;
	api_refuse_parameter(q->call, name,
			     "must be a number above 0 in range");
	return false;
}

/* "node.down,node.up" */
static bool read_kinds(struct question *q)
{
	enum event_kind kind;
	struct sv text;

	if (!read_text(q, "kind", &text))
		return false;
	while (text.len > 0) {
		if (event_kind_parse(sv_cut(&text, ','), &kind) != 0) {
			api_refuse_parameter(q->call, "kind",
					     "must be kinds of events with "
					     "commas between them");
			return false;
		}
		q->filter.kinds |= 1u << kind;
	}
	return true;
}

static bool read_severity(struct question *q)
{
	struct sv text;

	if (!read_text(q, "severity", &text))
		return false;
	if (text.len == 0 ||
	    event_severity_parse(text, &q->filter.at_least) == 0)
		return true;
	api_refuse_parameter(q->call, "severity",
			     "must be info, warn or error");
	return false;
}

static bool read_filter(struct question *q, uint64_t limit_max)
{
	static const char *const names[] = {
		"after", "before", "limit", "kind", "target", "severity", NULL};
	struct event_filter *f = &q->filter;

	buf_init_fixed(&q->text, q->storage, sizeof(q->storage));
	return api_check_parameters(q->call, names) &&
	       read_number(q, "after", INT64_MAX, &f->after) &&
	       read_number(q, "before", INT64_MAX, &f->before) &&
	       read_number(q, "limit", limit_max, &q->limit) && read_kinds(q) &&
	       read_text(q, "target", &f->target) && read_severity(q);
}

/* Read the parameters and the log; false: it has been refused. */
static bool ask(struct question *q, uint64_t limit_max)
{
	if (!read_filter(q, limit_max))
		return false;
	q->events = mem_array(q->limit, sizeof(struct event *));
	q->count = event_log_read(q->call->registry->events, &q->filter,
				  q->limit, q->events, &q->more);
	return true;
}

/* Where to go on: "next" towards the new, "previous" towards the old. */
static void put_cursors(struct jsonw *w, const struct question *q)
{
	bool upwards = q->filter.after > 0;

	if (q->count > 0)
		jsonw_u64(w, "next", q->events[q->count - 1]->id);
	else if (upwards)
		jsonw_u64(w, "next", q->filter.after);
	if (q->count > 0 && (upwards || q->more))
		jsonw_u64(w, "previous", q->events[0]->id);
	jsonw_bool(w, "more", q->more);
}

void api_log_read(const struct api_call *call)
{
	struct question q = {.call = call, .limit = PAGE_DEFAULT};
	struct buf body;
	struct jsonw w;

	if (!ask(&q, PAGE_MAX))
		return;
	buf_init(&body, (size_t)PAGE_MAX * EVENT_JSON_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_array(&w, "events");
	for (size_t i = 0; i < q.count; i++) {
		jsonw_object(&w, NULL);
		event_put(&w, q.events[i]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	put_cursors(&w, &q);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
	mem_free(q.events);
}

static void put_line(struct buf *out, const struct event *event)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w, NULL);
	event_put(&w, event);
	jsonw_object_end(&w);
	buf_char(out, '\n');
}

/*
 * A quoted field. What a spreadsheet would take for a formula gets an
 * apostrophe in front: some texts are nodes' or operators' words.
 */
static void put_field(struct buf *out, const char *text)
{
	buf_char(out, '"');
	if (text[0] && strchr("=+-@\t\r", text[0]))
		buf_char(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buf_char(out, '"');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

static void put_row(struct buf *out, const struct event *event)
{
	const char *const texts[] = {event_kind_str(event->kind),
				     event_severity_str(event->severity),
				     event->target, event->region, event->text};

	buf_u64(out, event->id);
	buf_char(out, ',');
	buf_i64(out, event->wall_ms);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		buf_char(out, ',');
		put_field(out, texts[i]);
	}
	buf_str(out, "\r\n");
}

/* What a download is. */
struct format {
	const char *type;
	struct sv headers;
	const char *head;
	void (*put)(struct buf *out, const struct event *event);
};

static void download(const struct api_call *call, const struct format *format)
{
	struct question q = {.call = call, .limit = FILE_MAX};
	struct buf body;

	if (!ask(&q, FILE_MAX))
		return;
	buf_init(&body, (size_t)FILE_MAX * EVENT_JSON_MAX);
	buf_str(&body, format->head);
	for (size_t i = 0; i < q.count; i++)
		format->put(&body, q.events[i]);
	httpd_reply(call->req, 200, format->type, format->headers,
		    buf_view(&body));
	buf_fini(&body);
	mem_free(q.events);
}

void api_log_lines(const struct api_call *call)
{
	static const struct format format = {
		"application/jsonl",
		SV(NO_STORE "Content-Disposition: attachment; "
			    "filename=\"events.jsonl\"\r\n"),
		"",
		put_line,
	};

	download(call, &format);
}

void api_log_csv(const struct api_call *call)
{
	static const struct format format = {
		"text/csv; charset=utf-8; header=present",
		SV(NO_STORE "Content-Disposition: attachment; "
			    "filename=\"events.csv\"\r\n"),
		"id,wall_ms,kind,severity,target,region,text\r\n",
		put_row,
	};

	download(call, &format);
}
