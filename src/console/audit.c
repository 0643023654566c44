#include "console/audit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"

enum { LINE_LEN = 512 };

/* So many words of each are told, its name among them: what a key is set to may be a secret. */
static const struct {
	const char *name;
	int words, least; /* with fewer it only shows */
	int words_failed;
} audited[] = {
	{ "write", 2, 1, 2 }, { "edit", 2, 1, 2 }, { "set", 2, 1, 1 }, { "unset", 2, 1, 1 }, { "peer", 3, 1, 2 }, { "key", 2, 1, 2 },
	{ "import", 1, 1, 1 }, { "setup", 1, 1, 1 }, { "confirm", 1, 1, 1 }, { "rollback", 3, 1, 3 }, { "undo", 2, 1, 2 },
	{ "reconfigure", 6, 1, 6 }, { "clock", 4, 2, 4 }, { "install", 2, 2, 2 }, { "reset", 2, 1, 2 }, { "format", 2, 1, 2 },
	{ "update", 4, 1, 4 }, { "password", 2, 1, 1 }, { "reboot", 1, 1, 1 }, { "poweroff", 1, 1, 1 },
};

static int words_of(const char *name, int argc, bool failed)
{
	for (size_t i = 0; i < sizeof(audited) / sizeof(audited[0]); i++)
		if (!strcmp(audited[i].name, name) && argc >= audited[i].least)
			return failed ? audited[i].words_failed : audited[i].words;
	return 0;
}

static void text_begin(struct text *text, char line[static LINE_LEN], const char *tty)
{
	const char *name = strrchr(tty, '/');

	text_init(text, line, LINE_LEN);
	text_add(text, "<%d>console: %s:", LOG_DAEMON | LOG_NOTICE, name ? name + 1 : tty);
}

/* Who reads the log sees a line without its end no sooner than the next one. */
static void text_tell(struct text *text)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	text_add(text, "\n");
	if (fd < 0)
		return;
	(void)!write(fd, text->buf, text->len); /* there is no other place to say it */
	close(fd);
}

void audit_note(const char *words)
{
	const char *tty = ttyname(STDIN_FILENO);
	char line[LINE_LEN];
	struct text text;

	if (!tty)
		return;
	text_begin(&text, line, tty);
	text_add(&text, " %s", words);
	text_tell(&text);
}

void audit_tell(int argc, char *const argv[], int status)
{
	const char *tty = ttyname(STDIN_FILENO);
	int words = words_of(argv[0], argc, status != 0);
	char line[LINE_LEN];
	struct text text;

	if (!tty || !words)
		return;
	text_begin(&text, line, tty);
	for (int i = 0; i < argc && i < words; i++)
		text_add(&text, " %s", argv[i]);
	if (status)
		text_add(&text, " (failed: %d)", status);
	text_tell(&text);
}
