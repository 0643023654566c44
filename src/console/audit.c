#include "console/audit.h"

#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"

enum { LINE_LEN = 512 };

/* So many words of each are told, its name among them: what a key is set to may be a secret. */
static const struct {
	const char *name;
	int words, least; /* with fewer it only shows */
} audited[] = {
	{ "write", 2, 1 }, { "edit", 2, 1 }, { "set", 2, 1 }, { "unset", 2, 1 }, { "peer", 3, 1 }, { "key", 2, 1 },
	{ "import", 1, 1 }, { "setup", 1, 1 }, { "confirm", 1, 1 }, { "rollback", 3, 1 }, { "undo", 2, 1 },
	{ "reconfigure", 6, 1 }, { "clock", 4, 2 }, { "install", 2, 2 }, { "reset", 2, 1 }, { "format", 2, 1 },
	{ "password", 1, 1 }, { "reboot", 1, 1 }, { "poweroff", 1, 1 },
};

static int words_of(const char *name, int argc)
{
	for (size_t i = 0; i < sizeof(audited) / sizeof(audited[0]); i++)
		if (!strcmp(audited[i].name, name) && argc >= audited[i].least)
			return audited[i].words;
	return 0;
}

void audit_tell(int argc, char *const argv[], int status)
{
	const char *tty = ttyname(STDIN_FILENO);
	int words = words_of(argv[0], argc), fd;
	char line[LINE_LEN];
	struct text text;

	if (!tty || !words || (fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC)) < 0)
		return;
	text_init(&text, line, sizeof(line));
	text_add(&text, "<%d>console: %s:", LOG_DAEMON | LOG_NOTICE, tty + (strrchr(tty, '/') ? strrchr(tty, '/') - tty + 1 : 0));
	for (int i = 0; i < argc && i < words; i++)
		text_add(&text, " %s", argv[i]);
	if (status)
		text_add(&text, " (failed: %d)", status);
	(void)!write(fd, line, text.len); /* there is no other place to say it */
	close(fd);
}
