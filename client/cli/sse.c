/*
 * sse.c - see the header. Lines end with CR, LF or both. One thread.
 */
#include "client/cli/sse.h"

struct sink {
	sse_event_cb *event;
	void *arg;
};

void sse_init(struct sse *s)
{
	*s = (struct sse){.id = ""};
	buf_init(&s->line, SSE_LINE_MAX);
	buf_init(&s->data, SSE_LINE_MAX);
}

void sse_fini(struct sse *s)
{
	buf_fini(&s->line);
	buf_fini(&s->data);
}

static void forget_event(struct sse *s)
{
	buf_reset(&s->data);
	s->name[0] = '\0';
	s->too_long = false;
}

void sse_begin(struct sse *s)
{
	buf_reset(&s->line);
	forget_event(s);
	s->after_cr = false;
}

static void end_event(struct sse *s, const struct sink *sink)
{
	struct sv data = buf_view(&s->data);

	if (data.len > 0 && !s->too_long && !s->data.failed) {
		data.len--; /* the last line's end */
		sink->event(s->name[0] ? s->name : "message", data, sink->arg);
	}
	forget_event(s);
}

/* Too long a text leaves what was there. */
static void keep(struct sv value, char *dst, size_t dst_bytes)
{
	if (value.len < dst_bytes && sv_copy(value, dst, dst_bytes) != 0)
		dst[0] = '\0';
}

static void take_field(struct sse *s, struct sv name, struct sv value)
{
	if (sv_eq(name, SV("data"))) {
		buf_sv(&s->data, value);
		buf_char(&s->data, '\n');
	} else if (sv_eq(name, SV("event"))) {
		keep(value, s->name, sizeof(s->name));
	} else if (sv_eq(name, SV("id")) &&
		   (value.len == 0 || !memchr(value.ptr, '\0', value.len))) {
		keep(value, s->id, sizeof(s->id));
	}
}

static void end_line(struct sse *s, const struct sink *sink)
{
	struct sv rest = buf_view(&s->line), name;

	if (s->line.failed) {
		s->too_long = true;
	} else if (rest.len == 0) {
		end_event(s, sink);
	} else if (rest.ptr[0] != ':') { /* else a comment */
		name = sv_cut(&rest, ':');
		if (rest.len > 0 && rest.ptr[0] == ' ')
			rest = sv_of(rest.ptr + 1, rest.len - 1);
		take_field(s, name, rest);
	}
	buf_reset(&s->line);
}

void sse_feed(struct sse *s, struct sv piece, sse_event_cb *event, void *arg)
{
	const struct sink sink = {event, arg};

	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.ptr[i];
		bool second = c == '\n' && s->after_cr;

		s->after_cr = c == '\r';
		if (second)
			continue;
		if (c == '\n' || c == '\r')
			end_line(s, &sink);
		else
			buf_char(&s->line, c);
	}
}
