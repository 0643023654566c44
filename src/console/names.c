#include "console/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/pending.h"
#include "base/text.h"

#define PROMPT_END "> "
#define NO_NAME "gateway"

enum { FILE_LEN = 1 << 17, NAME_LEN = 64, MARK_LEN = 32 };

static struct slice read_names(void)
{
	static char text[FILE_LEN];
	ssize_t n = file_read(AT_FDCWD, RUN_DIR "/" NAMES_FILE, text, sizeof(text));

	return (struct slice){ text, n > 0 ? (size_t)n : 0 };
}

/* "(unconfirmed 4m)" while what runs waits for a word, minutes rounded up. */
static void unconfirmed(char *mark, size_t cap)
{
	int run_fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t now_ns = clock_now_ns();
	struct pending pending;

	*mark = '\0';
	if (run_fd < 0)
		return;
	if (pending_read(run_fd, &pending) && pending.due_ns > now_ns)
		text_format(mark, cap, "(unconfirmed %llum)", (unsigned long long)((pending.due_ns - now_ns - 1) / (60 * NS_PER_S) + 1));
	close(run_fd);
}

/* "(at 14:00:00)" while a commit waits for its time, which the file begins with. */
static void scheduled(char *mark, size_t cap)
{
	char text[FILE_LEN / 256], clock[16];
	ssize_t n = file_read(AT_FDCWD, RUN_DIR "/" SCHEDULED_FILE, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, word;
	uint64_t at_s;
	struct tm tm;

	if (!slice_word(&rest, &word) || text_uint(word, INT64_MAX, &at_s) < 0 || !gmtime_r(&(time_t){ (time_t)at_s }, &tm) ||
	    !strftime(clock, sizeof(clock), "%H:%M:%S", &tm))
		return;
	text_format(mark, cap, "(at %s)", clock);
}

void names_prompt(char *prompt, size_t cap)
{
	char mark[MARK_LEN];
	struct slice text = read_names(), name = { "", 0 };

	(void)slice_cut(&text, '\n', &name);
	unconfirmed(mark, sizeof(mark));
	if (!*mark)
		scheduled(mark, sizeof(mark));
	text_format(prompt, cap, "%s%.*s%s" PROMPT_END, !name.len || *name.ptr == '(' ? NO_NAME : "", SLICE_ARG(name), mark);
}

static const char *peer_name(enum word_kind kind, size_t number)
{
	static char found[NAME_LEN];
	struct slice text = read_names(), line, address;

	(void)slice_cut(&text, '\n', &line);
	while (slice_cut(&text, '\n', &line)) {
		struct slice name;

		(void)slice_cut(&line, ' ', &address);
		name = kind == WORD_ADDRESS ? address : line;
		if (!name.len || number--)
			continue;
		text_format(found, sizeof(found), "%.*s", SLICE_ARG(name));
		return found;
	}
	return NULL;
}

/* The number-th NIC that has hardware behind it, by the kernel's list. */
static const char *nic_name(size_t number)
{
	static char name[64];
	DIR *dir = opendir("/sys/class/net");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		text_format(name, sizeof(name), "/sys/class/net/%.20s/device", entry->d_name);
		if (entry->d_name[0] == '.' || access(name, F_OK) < 0 || number--)
			continue;
		text_format(name, sizeof(name), "%.20s", entry->d_name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found ? name : NULL;
}

const char *names_get(void *arg, enum word_kind kind, size_t number)
{
	(void)arg;
	if (kind == WORD_NIC)
		return nic_name(number);
	return kind == WORD_PEER || kind == WORD_ADDRESS ? peer_name(kind, number) : NULL;
}
