/*
 * screen.c - see the header. Drawn over what was there, line by line, so that
 * nothing flickers.
 */
#include "client/cli/screen.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/cli.h"
#include "lib/base/clk.h"

#define TEXT_MAX      (4u << 20)
#define ENTER	      "\033[?1049h\033[?25l" /* other screen, no cursor */
#define LEAVE	      "\033[?25h\033[?1049l"
#define ROWS_USUAL    24
#define COLUMNS_USUAL 80

static void write_text(const char *text)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_str(&b, text);
	(void)cli_print(&b);
}

/* Keys come one by one and are not shown; Ctrl-C stays a signal. */
static void take_terminal(struct screen *s)
{
	struct termios raw = s->before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	interest_set(&s->interest, STDIN_FILENO, INTEREST_READ);
	write_text(ENTER);
}

int screen_init(struct screen *s)
{
	int rc;

	*s = (struct screen){.stopper.fd = -1};
	rc = pollset_new(&s->set);
	if (rc != 0)
		return rc;
	s->member = (struct pollset_member){.set = s->set, .owner = s};
	s->interest = pollset_interest(&s->member);
	stopper_init(&s->stopper, &s->interest);
	s->is_terminal = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) &&
			 tcgetattr(STDIN_FILENO, &s->before) == 0;
	if (s->is_terminal)
		take_terminal(s);
	return 0;
}

void screen_fini(struct screen *s)
{
	if (s->is_terminal) {
		interest_set(&s->interest, STDIN_FILENO, INTEREST_NONE);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
		write_text(LEAVE);
	}
	stopper_fini(&s->stopper);
	pollset_free(&s->set);
}

/* The first @columns characters of @line, never half a character. */
static struct sv cut(struct sv line, unsigned columns)
{
	unsigned width = 0;

	for (size_t i = 0; i < line.len; i++) {
		if (((unsigned char)line.ptr[i] & 0xc0) == 0x80)
			continue;
		if (width++ == columns)
			return sv_of(line.ptr, i);
	}
	return line;
}

void screen_put(struct buf *b, struct sv text, unsigned rows, unsigned columns)
{
	buf_str(b, "\033[H");
	for (unsigned row = 0; row < rows && text.len > 0; row++) {
		if (row > 0)
			buf_char(b, '\n');
		buf_sv(b, cut(sv_cut(&text, '\n'), columns));
		buf_str(b, "\033[K");
	}
	buf_str(b, "\033[J");
}

int screen_draw(struct screen *s, struct sv text)
{
	struct winsize size = {.ws_row = 0};
	struct buf b;

	buf_init(&b, TEXT_MAX);
	if (!s->is_terminal) {
		buf_sv(&b, text);
		return cli_print(&b);
	}
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	screen_put(&b, text, size.ws_row > 0 ? size.ws_row : ROWS_USUAL,
		   size.ws_col > 0 ? size.ws_col : COLUMNS_USUAL);
	return cli_print(&b);
}

/* Whether q was among the keys, or nobody can press one any more. */
static bool is_quit(struct screen *s)
{
	char keys[64];
	ssize_t n;

	if (!s->is_terminal)
		return false;
	n = read(STDIN_FILENO, keys, sizeof(keys));
	return (n < 0 && errno != EAGAIN && errno != EINTR) ||
	       (n > 0 &&
		(memchr(keys, 'q', (size_t)n) || memchr(keys, 'Q', (size_t)n)));
}

bool screen_wait(struct screen *s, int64_t wait_ms)
{
	int64_t due_ms = clk_mono_ms() + wait_ms, left_ms = wait_ms;
	void *owner;

	do {
		(void)pollset_wait(s->set, left_ms, &owner, 1);
		if (stopper_has_come(&s->stopper) || is_quit(s))
			return false;
		left_ms = due_ms - clk_mono_ms();
	} while (left_ms > 0);
	return true;
}
