#include "console/partition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/wrap.h"

enum { MOUNTS_LEN = 8192, ROW_LEN = 320, FULL_PERCENT = 90 };

bool partition_find(struct slice mounts, const char *dir, struct slice *device, bool *read_only)
{
	struct slice line, word;
	bool found = false;

	/* What was mounted last lies on top. */
	while (slice_cut(&mounts, '\n', &line)) {
		struct slice from, options;

		if (!slice_word(&line, &from) || !slice_word(&line, &word) || !slice_equal(word, dir) ||
		    !slice_word(&line, &word) || !slice_word(&line, &options))
			continue;
		*device = from;
		*read_only = slice_cut(&options, ',', &word) && slice_equal(word, "ro");
		found = true;
	}
	return found;
}

/* What ext4 counted since e2fsck last ran, over reboots. */
static uint64_t errors_of(struct slice device)
{
	struct slice part, name = { "", 0 };
	char path[128], text[32];
	uint64_t count;
	ssize_t n;

	while (slice_cut(&device, '/', &part))
		name = part;
	text_format(path, sizeof(path), "/sys/fs/ext4/%.*s/errors_count", SLICE_ARG(name));
	n = file_read(AT_FDCWD, path, text, sizeof(text));
	if (n < 1 || text_uint((struct slice){ text, (size_t)n - 1 }, UINT32_MAX, &count) < 0)
		return 0;
	return count;
}

/* From 6.12 on the kernel does not tell in its table of mounts that ext4 takes nothing any more since an error. */
static bool refuses(void)
{
	int fd = open(DATA_DIR, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	bool refused = fd < 0 && (errno == EROFS || errno == EIO);

	if (fd >= 0)
		close(fd);
	return refused;
}

static void print_line(void *arg, const char *text)
{
	(void)arg;
	puts(text);
}

void partition_print(void)
{
	static char text[MOUNTS_LEN];
	ssize_t n = file_read(AT_FDCWD, "/proc/self/mounts", text, sizeof(text));
	char bytes[ROW_LEN];
	struct text row;
	struct slice device;
	struct statvfs fs;
	bool read_only;
	uint64_t errors;
	unsigned percent;

	if (!partition_find((struct slice){ text, n > 0 ? (size_t)n : 0 }, DATA_DIR, &device, &read_only)) {
		printf("persistent partition: none, see `boot`\n");
		return;
	}
	if (statvfs(DATA_DIR, &fs) < 0 || !fs.f_blocks) {
		printf("persistent partition: %.*s cannot be asked (%s): `log`\n", SLICE_ARG(device), strerror(errno));
		return;
	}
	if (slice_equal(device, "tmpfs")) {
		printf("persistent partition: none. The files are IN MEMORY and gone after a reboot\n");
		return;
	}
	percent = (unsigned)((fs.f_blocks - fs.f_bavail) * 100 / fs.f_blocks);
	errors = errors_of(device);
	if (errors && !read_only)
		read_only = refuses();
	text_init(&row, bytes, sizeof(bytes));
	text_add(&row, "persistent partition: %.*s, %llu MiB, %u%% used%s%s", SLICE_ARG(device),
		 (unsigned long long)fs.f_blocks * fs.f_frsize >> 20, percent,
		 percent >= FULL_PERCENT ? ", nearly full: remove what is not needed" : "",
		 read_only ? ", READ-ONLY: nothing can be kept" : "");
	if (errors)
		text_add(&row, ", %llu error%s: `reboot` has e2fsck mend %s", (unsigned long long)errors, text_plural(errors),
			 errors == 1 ? "it" : "them");
	else if (read_only)
		text_add(&row, ": `boot` says why");
	wrap_text(bytes, 2, print_line, NULL);
}
