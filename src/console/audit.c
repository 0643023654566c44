#include "console/audit.h"

#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf/keys.h"

enum { LINE_LEN = 512 };

/* So many words of each are told, its name among them: what a key is set to may be a secret. */
static const struct audited {
	const char *name;
	int words, least; /* with fewer it only shows */
	int words_failed;
} audited[] = {
	{ "write", 2, 1, 2 }, { "edit", 2, 1, 2 }, { "set", 2, 1, 1 }, { "unset", 2, 1, 1 }, { "peer", 3, 1, 2 }, { "key", 2, 1, 2 },
	{ "import", 1, 1, 1 }, { "setup", 1, 1, 1 }, { "confirm", 1, 1, 1 }, { "rollback", 3, 1, 3 }, { "undo", 2, 1, 2 },
	{ "reconfigure", 6, 1, 6 }, { "clock", 4, 2, 4 }, { "install", 2, 2, 2 }, { "reset", 2, 1, 2 }, { "format", 2, 1, 2 },
	{ "update", 4, 1, 4 }, { "password", 2, 1, 1 }, { "reboot", 1, 1, 1 }, { "poweroff", 1, 1, 1 },
};

/* Where in each the name of a key may stand: all is told up to it. */
static const struct {
	const char *name;
	int first, last;
} keyed[] = { { "set", 1, 2 }, { "unset", 1, 2 }, { "peer", 3, 3 } };

static const struct audited *find_audited(const char *name, int argc)
{
	for (size_t i = 0; i < sizeof(audited) / sizeof(audited[0]); i++)
		if (!strcmp(audited[i].name, name) && argc >= audited[i].least)
			return &audited[i];
	return NULL;
}

/* The place of the key that is named, 0: none is. */
static int key_place(int argc, char *const argv[])
{
	for (size_t row = 0; row < sizeof(keyed) / sizeof(keyed[0]); row++)
		for (int i = keyed[row].first; !strcmp(keyed[row].name, argv[0]) && i <= keyed[row].last && i < argc; i++)
			if (conf_names_key(argv[i]))
				return i;
	return 0;
}

bool audit_words(int argc, char *const argv[], int status, struct text *text)
{
	const struct audited *row = find_audited(argv[0], argc);
	int key, words;

	if (!row)
		return false;
	key = key_place(argc, argv);
	words = status ? row->words_failed : key ? key + 1 : row->words;
	for (int i = 0; i < argc && i < words; i++)
		text_add(text, " %s", argv[i]);
	/* What else there was of words that failed may be anything. */
	if (status && key >= words)
		text_add(text, " %s", argv[key]);
	if (status)
		text_add(text, " (failed: %d)", status);
	return true;
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
	char line[LINE_LEN];
	struct text text;

	if (!tty)
		return;
	text_begin(&text, line, tty);
	if (audit_words(argc, argv, status, &text))
		text_tell(&text);
}
