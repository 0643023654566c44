#include "base/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/keys.h"
#include "base/text.h"

static struct termios before;
static bool changed;
/* Whoever read last, in this process or the one that started it, read a CR: then the LF of a CRLF may still come. */
static bool after_cr;

/* Whoever typed nothing for so long is not in the middle of a word, nor a paste of a line: those of a console server come in
 * pieces, 200 ms apart at the most. Behind a paste it is SILENT_MS. SWALLOW_S: the longest file by 9600 baud takes less; a line full
 * of noise does not end. */
enum { QUIET_MS = 300, SILENT_MS = 1000, SWALLOW_S = 300, ANSWER_TRIES = 3 };

static unsigned idle_s; /* 0: a read waits for ever */
static bool idle_over;

/* Both, for a process of ours. */
#define AFTER_CR "TERMINAL_AFTER_CR"
#define IDLE_S "TERMINAL_IDLE_S"
enum { IDLE_MAX_S = 1000000 };

static void take_passed_on(void)
{
	const char *idle = getenv(IDLE_S);
	uint64_t seconds;

	after_cr = after_cr || getenv(AFTER_CR);
	if (idle && !text_uint(slice_of(idle), IDLE_MAX_S, &seconds))
		idle_s = (unsigned)seconds;
	(void)unsetenv(AFTER_CR);
	(void)unsetenv(IDLE_S);
}

void terminal_open(void)
{
	struct termios mode;

	if (changed || tcgetattr(STDIN_FILENO, &before) < 0)
		return;
	interrupt_hear();
	take_passed_on();
	mode = before;
	/* BRKINT and PARMRK off: a BREAK, or a byte that came damaged, reads as NUL and is swallowed. IXON off: a Ctrl-S of
	 * noise would stop all that is printed. */
	mode.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | BRKINT | PARMRK | IXON);
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	mode.c_lflag |= ISIG;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &mode);
	changed = true;
}

void terminal_restore(void)
{
	if (!changed)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	interrupt_unhear();
	changed = false;
}

void terminal_pass_on(void)
{
	char text[16];

	if (after_cr)
		(void)setenv(AFTER_CR, "1", 1);
	text_format(text, sizeof(text), "%u", idle_s);
	if (idle_s)
		(void)setenv(IDLE_S, text, 1);
}

void terminal_idle_after(unsigned seconds)
{
	idle_s = seconds < IDLE_MAX_S ? seconds : IDLE_MAX_S;
}

int terminal_idle_ms(void)
{
	return idle_s ? (int)idle_s * 1000 : -1;
}

bool terminal_idled(void)
{
	bool was = idle_over;

	idle_over = false;
	return was;
}

void terminal_echo(void *arg, const char *bytes, size_t len)
{
	(void)arg;
	while (changed && len) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

void terminal_echo_end(void *arg, const char *bytes, size_t len)
{
	if (len == 1 && *bytes == '\n')
		terminal_echo(arg, bytes, len);
}

bool terminal_size(unsigned *rows, unsigned *columns)
{
	struct winsize size;

	if (!changed || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}

size_t terminal_waiting(void)
{
	int count = 0;

	return ioctl(STDIN_FILENO, FIONREAD, &count) < 0 || count < 0 ? 0 : (size_t)count;
}

/* What read(2) gave: a signal, or someone who was faster, is no end. */
static bool is_gone(ssize_t n)
{
	return !n || (n < 0 && errno != EINTR && errno != EAGAIN);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
}

size_t terminal_swallow(void)
{
	uint64_t now_ns = clock_now_ns(), quiet_ns = now_ns + QUIET_MS * NS_PER_MS;
	const uint64_t end_ns = now_ns + SWALLOW_S * NS_PER_S;
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	uint8_t bytes[256];
	size_t count = 0;

	for (; changed && now_ns < end_ns && now_ns < quiet_ns; now_ns = clock_now_ns()) {
		const struct timespec wait = timespec_of(quiet_ns - now_ns);
		int waited = interrupt_poll(&input, 1, &wait);
		ssize_t n;

		/* Ctrl-C ends no paste, the rest of it comes all the same; nor is it a byte of one. */
		interrupt_clear();
		if (waited == -EINTR)
			continue;
		if (waited <= 0 || is_gone(n = read(STDIN_FILENO, bytes, sizeof(bytes))))
			break;
		for (ssize_t i = 0; i < n; i++)
			count += bytes[i] != '\n' || i || !after_cr; /* the half of an Enter that was obeyed */
		if (n > 0)
			after_cr = bytes[n - 1] == '\r';
		quiet_ns = clock_now_ns() + (count ? SILENT_MS : QUIET_MS) * NS_PER_MS;
	}
	return count;
}

/* The other is waited for from then on only, and nothing beyond the end (0: none). 1, 0 when then or the end has come, or as
 * interrupt_poll. */
static int wait_for_any(struct pollfd input[static 2], uint64_t then_ns, uint64_t end_ns)
{
	uint64_t now_ns = clock_now_ns(), until_ns = end_ns;
	bool both = input[1].fd >= 0 && then_ns <= now_ns;
	struct timespec wait;

	if (input[1].fd >= 0 && !both && (!end_ns || then_ns < end_ns))
		until_ns = then_ns;
	if (!both)
		input[1].revents = 0;
	if (!until_ns)
		return interrupt_poll(input, both ? 2 : 1, NULL);
	until_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	wait = timespec_of(until_ns);
	return interrupt_poll(input, both ? 2 : 1, &wait);
}

enum line_event terminal_read_or(struct line *line, int other_fd, uint64_t not_before_ns)
{
	struct pollfd input[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = changed ? other_fd : -1, .events = POLLIN } };
	static uint64_t last_ns; /* when a byte came; news is none */
	static bool after_news;
	enum line_event event = LINE_MORE;
	uint8_t byte;

	if (!after_news)
		last_ns = clock_now_ns();
	line->after_cr = after_cr;
	while (event == LINE_MORE && !interrupt_came()) {
		uint64_t quiet_ns = last_ns + QUIET_MS * NS_PER_MS, end_ns = idle_s ? last_ns + idle_s * NS_PER_S : 0;
		int n = wait_for_any(input, quiet_ns > not_before_ns ? quiet_ns : not_before_ns, end_ns);

		if (n > 0 && input[0].revents) {
			ssize_t got = read(STDIN_FILENO, &byte, 1);

			last_ns = clock_now_ns();
			event = got == 1 ? keys_feed(line, byte) : is_gone(got) ? LINE_GONE : LINE_MORE;
		} else if (n > 0)
			event = LINE_NEWS;
		else if (n && n != -EINTR)
			event = LINE_GONE;
		else if (!n && end_ns && clock_now_ns() >= end_ns)
			event = LINE_IDLE;
		after_cr = line->after_cr;
	}
	after_news = event == LINE_NEWS;
	if (event == LINE_NEWS || event == LINE_IDLE)
		return event;
	if (event == LINE_MORE) {
		terminal_echo(NULL, "^C\n", 3);
		event = LINE_INTERRUPTED;
	}
	interrupt_clear();
	return event;
}

enum line_event terminal_read(struct line *line)
{
	enum line_event event = idle_over ? LINE_GONE : terminal_read_or(line, -1, 0);

	idle_over = idle_over || event == LINE_IDLE;
	return event == LINE_IDLE ? LINE_GONE : event;
}

static bool is_answer(const char *answer, const char *word)
{
	return !strcasecmp(answer, word) || (!strncasecmp(answer, word, 1) && !answer[1]);
}

/* Whether it is a yes, when it is asked so often at the most. */
static bool is_granted(const char *question, int tries)
{
	enum line_event event = LINE_DONE;
	struct line line;
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return false;
	interrupt_clear();
	line_init(&line, answer, sizeof(answer), terminal_echo, NULL);
	while (tries-- && (event == LINE_DONE || event == LINE_TOO_LONG) && !is_answer(answer, "yes") && !is_answer(answer, "no")) {
		printf("%s ", question);
		(void)fflush(stdout);
		line_begin(&line, answer, sizeof(answer));
		event = terminal_read(&line);
	}
	if (event == LINE_END || event == LINE_GONE)
		printf("\n");
	return event == LINE_DONE && is_answer(answer, "yes");
}

bool terminal_yes(const char *question)
{
	return is_granted(question, 1);
}

bool terminal_yes_behind_paste(const char *question)
{
	return is_granted(question, ANSWER_TRIES);
}
