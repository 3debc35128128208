/*
 * evhttp_constant.c - the HTTP server that libevent brings, with one constant
 * answer: what /resolve would stand on without a server of our own. Only
 * tests/bench/resolve.py runs it.
 *
 * evhttp_constant PORT BODY_BYTES
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

struct body {
	char *text;
	size_t len;
};

static void on_request(struct evhttp_request *req, void *arg)
{
	const struct body *body = arg;
	struct evbuffer *out = evbuffer_new();

	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Content-Type", "application/json");
	evbuffer_add(out, body->text, body->len);
	evhttp_send_reply(req, 200, "OK", out);
	evbuffer_free(out);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct body body;

	if (argc != 3)
		return 2;
	body.len = (size_t)atoi(argv[2]);
	body.text = malloc(body.len + 1);
	if (!body.text ||
	    evhttp_bind_socket(http, "127.0.0.1", (uint16_t)atoi(argv[1])) != 0)
		return 1;
	memset(body.text, 'x', body.len);
	evhttp_set_gencb(http, on_request, &body);
	return event_base_dispatch(base) < 0;
}
