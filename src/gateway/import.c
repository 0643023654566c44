/* `gateway import`: the files by what `export` said. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/here.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/wrap.h"
#include "conf/edited.h"
#include "conf/files_lock.h"
#include "conf/left_out.h"
#include "conf/paste.h"
#include "conf/set.h"
#include "conf/set_pool.h"
#include "conf/swap.h"
#include "crypto/key.h"
#include "gateway/transfer.h"
#include "gateway/typed.h"
#include "network/facts.h"

/* As `write` has it, for a paste whose last line did not come. */
#define END_LINE "."

static struct paste paste;

static int lost(const char *words)
{
	char sentence[512];

	text_format(sentence, sizeof(sentence), "import: %s; nothing was replaced", words);
	wrap_print(stderr, sentence);
	return 1;
}

static void print_finding(void *arg, const char *text)
{
	(void)arg;
	wrap_print(stderr, text);
}

/* What is wrong is told at the end: the rest of a damaged paste is not for the console to obey. */
static bool read_typed(void)
{
	char bytes[PASTE_LINE_MAX];
	enum line_event event = LINE_DONE;
	bool ended = false;
	struct line line;

	line_init(&line, bytes, sizeof(bytes), typed_echo, &line);
	while (!ended && (event == LINE_DONE || event == LINE_TOO_LONG)) {
		line_begin(&line, bytes, sizeof(bytes));
		event = terminal_read(&line);
		if (event == LINE_TOO_LONG)
			paste_line_too_long(&paste);
		else if (event == LINE_DONE || event == LINE_END)
			ended = !strcmp(bytes, END_LINE) || paste_line(&paste, (struct slice){ bytes, line.len });
	}
	wipe(bytes, sizeof(bytes));
	return event != LINE_INTERRUPTED && event != LINE_GONE;
}

static bool read_piped(void)
{
	char bytes[PASTE_LINE_MAX];
	size_t len = 0;
	int c;

	do {
		c = getc(stdin);
		if (c != '\n' && c != EOF && len < sizeof(bytes))
			bytes[len++] = (char)c;
		if (c != '\n' && c != EOF)
			continue;
		if (len == sizeof(bytes))
			paste_line_too_long(&paste);
		else
			paste_line(&paste, (struct slice){ bytes, len });
		len = 0;
	} while (c != EOF);
	wipe(bytes, sizeof(bytes));
	return !ferror(stdin);
}

/* With the box's own keys where the text has none: 0 or the status. */
static int put_keys(struct conf_text *text, const struct conf_set *now, char *bytes, size_t cap)
{
	char missing[128], words[320];
	ssize_t len = text->present ? left_out_put((struct slice){ text->bytes, text->len }, &now->vpn, bytes, cap, missing,
						   sizeof(missing))
				    : 0;

	if (len == -ENOKEY) {
		text_format(words, sizeof(words), "the text was exported without keys, and this machine has no %s; expected one from "
			    "`%sexport --with-keys`, or the key in its file before", missing, here_program());
		return lost(words);
	}
	if (len < 0)
		return lost("a file is too large with its keys");
	text->bytes = bytes;
	text->len = (size_t)len;
	return 0;
}

static bool is_same(const struct conf_text *a, const struct conf_text *b)
{
	return a->present == b->present && a->len == b->len && (!a->len || !memcmp(a->bytes, b->bytes, a->len));
}

static void print_change(enum conf_file file, const struct conf_text *before, const struct conf_text *after)
{
	const char *name = conf_file_name(file);

	if (is_same(before, after))
		printf("%s: %s\n", name, after->present ? "as it was" : "none, as before");
	else if (!after->present)
		printf("%s: removed (%zu bytes)\n", name, before->len);
	else if (!before->present)
		printf("%s: new, %zu bytes\n", name, after->len);
	else
		printf("%s: %zu bytes instead of %zu\n", name, after->len, before->len);
}

/* What is there keeps its mode; no one else reads what holds keys. */
static void choose_modes(int dir_fd, const struct conf_set *set, mode_t modes[static CONF_FILES])
{
	struct stat st;

	for (enum conf_file file = 0; file < CONF_FILES; file++) {
		bool there = !fstatat(dir_fd, conf_file_name(file), &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);

		modes[file] = there ? st.st_mode & 0777 : 0644;
		if (file == CONF_PRIVATE || (file == CONF_PUBLIC && set->vpn.preshared_line))
			modes[file] = 0600;
	}
}

/* As `check` does, of the prepared files. */
static bool is_sound(int dir_fd, struct conf_set *set)
{
	static struct conf_facts facts;
	static struct diag diag;

	conf_set_load(set, dir_fd, &diag);
	(void)facts_collect(&facts);
	conf_set_check(set, &facts, false, &diag);
	diag_print(&diag, print_finding, NULL);
	return !diag.error_count;
}

static int commit(int dir_fd, const struct conf_text texts[static CONF_FILES])
{
	const struct conf_text *replaced[CONF_FILES];
	bool counts = false;
	int err;
	char words[256];

	for (enum conf_file file = 0; file < CONF_FILES; file++)
		replaced[file] = &texts[file];
	err = edited_note(dir_fd, replaced);
	if (!err)
		err = swap_commit(dir_fd, &counts);
	if (!err) {
		text_format(words, sizeof(words), "all files are replaced, nothing runs before `%s`", here_reconfigure());
		wrap_print(stdout, words);
		return 0;
	}
	if (!counts) {
		swap_drop(dir_fd);
		return lost(strerror(-err));
	}
	text_format(words, sizeof(words), "import: %s: the disk did not take all of it; the next boot finds the old files or the new "
		    "ones, none between\n", strerror(-err));
	(void)fputs(words, stderr);
	return 1;
}

static int replace_all(int dir_fd, struct conf_text texts[static CONF_FILES], const struct conf_set *now)
{
	struct conf_set *set = set_pool_take();
	mode_t modes[CONF_FILES];
	int fd, status;

	/* Until it is known whether the public file holds a key, it is taken to. */
	set->vpn.preshared_line = 1;
	choose_modes(dir_fd, set, modes);
	fd = swap_prepare(dir_fd, texts, modes);
	if (fd < 0) {
		set_pool_give_back(set);
		return lost(strerror(-fd));
	}
	if (is_sound(fd, set)) {
		choose_modes(dir_fd, set, modes);
		if (texts[CONF_PUBLIC].present)
			(void)fchmodat(fd, conf_file_name(CONF_PUBLIC), modes[CONF_PUBLIC], 0);
		for (enum conf_file file = 0; file < CONF_FILES; file++)
			print_change(file, &now->texts[file], &texts[file]);
		status = commit(dir_fd, texts);
	} else {
		swap_drop(dir_fd);
		status = lost("the files in it have errors");
	}
	close(fd);
	set_pool_give_back(set);
	return status;
}

static int take(int dir_fd)
{
	static char private[CONF_OTHER_MAX + 1], public[CONF_PUBLIC_MAX + 1];
	static struct conf_text texts[CONF_FILES];
	static struct diag diag;
	const char *wrong = paste_check(&paste);
	struct conf_set *now;
	int status = 0;

	if (wrong)
		return lost(wrong);
	status = files_lock(dir_fd, FILES_CHANGE);
	if (status)
		return lost(files_lock_words(status));
	now = set_pool_take();
	conf_set_load(now, dir_fd, &diag);
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		texts[file] = paste.files[file].text;
	if (!paste.keys)
		status = put_keys(&texts[CONF_PRIVATE], now, private, sizeof(private));
	if (!paste.keys && !status)
		status = put_keys(&texts[CONF_PUBLIC], now, public, sizeof(public));
	if (!status)
		status = replace_all(dir_fd, texts, now);
	wipe(private, sizeof(private));
	wipe(public, sizeof(public));
	set_pool_give_back(now);
	return status;
}

int import_main(int argc, char **argv)
{
	const char *dir = argc == 3 && !strcmp(argv[1], "--conf") ? argv[2] : DATA_DIR;
	bool terminal = isatty(STDIN_FILENO), whole;
	int dir_fd = -1, status;
	char words[256];

	if (argc != 1 && (argc != 3 || dir != argv[2])) {
		(void)fprintf(stderr, "usage: import [--conf DIR] < FILE\n");
		return 2;
	}
	paste_init(&paste);
	terminal_open();
	if (terminal)
		printf("paste what `%sexport` said; its last line ends it, or a line with a single .\n(Ctrl-C leaves all as it is)\n",
		       here_program());
	(void)fflush(stdout);
	whole = terminal ? read_typed() : read_piped();
	terminal_restore();
	/* First now: a paste is read to its end whatever happens, since it is not for the console to obey. */
	if (whole)
		dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text_format(words, sizeof(words), "%s: %s", dir, strerror(errno));
	if (!whole)
		status = lost("it did not come to its end");
	else
		status = dir_fd < 0 ? lost(words) : take(dir_fd);
	paste_wipe(&paste);
	if (dir_fd >= 0)
		close(dir_fd);
	return status;
}
