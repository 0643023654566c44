#include "init/esp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/disks.h"
#include "init/firmware.h"
#include "init/tool.h"

#define FOLDER "::/EFI/Linux/"
#define FREE_WORDS "bytes free"

enum { LISTING_LEN = 16384, PLACE_LEN = ESP_NAME_LEN + sizeof(FOLDER), MENDS_MAX = 3, TRIED_LEN = 65536 };

/* ---- which it is ---- */

/* "sda" and 1 are sda1, "nvme0n1" and 1 are nvme0n1p1. */
static void name_device(struct esp *esp, const struct disk *disk)
{
	char last = disk->name[strlen(disk->name) - 1];

	text_format(esp->device, sizeof(esp->device), "/dev/%s%s%u", disk->name, last >= '0' && last <= '9' ? "p" : "",
		    esp->partition.number);
}

static bool is_on(const struct disk *disk, const uint8_t guid[static BOOTENTRY_GUID_LEN], struct esp *esp)
{
	static struct gpt gpt;
	struct gpt_partition partition;

	if (disk->is_cd || disk_read_table(disk, &gpt) < 0)
		return false;
	for (unsigned number = 1; number <= GPT_ENTRIES; number++) {
		const uint8_t *own = gpt_guid(&gpt, number);

		if (!own || memcmp(own, guid, BOOTENTRY_GUID_LEN) != 0 || !gpt_partition(&gpt, number, &partition))
			continue;
		esp->partition = (struct bootentry_partition){ .number = number, .first = partition.first,
							       .blocks = partition.last + 1 - partition.first };
		memcpy(esp->partition.guid, own, BOOTENTRY_GUID_LEN);
		name_device(esp, disk);
		return true;
	}
	return false;
}

int esp_find(struct esp *esp)
{
	static struct disk disks[DISKS_MAX];
	uint8_t guid[BOOTENTRY_GUID_LEN];
	char text[64];
	size_t count;

	*esp = (struct esp){ .lock = -1 };
	if (!firmware_read("LoaderDevicePartUUID", text, sizeof(text)) || !bootentry_guid(text, guid))
		return -ENODEV;
	count = disks_find(disks);
	for (size_t i = 0; i < count; i++)
		if (is_on(&disks[i], guid, esp))
			return 0;
	return -ENODEV;
}

int esp_open(struct esp *esp, pid_t *holder)
{
	int run_fd, err;

	*holder = 0;
	err = esp_find(esp);
	if (err < 0)
		return err;
	run_fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run_fd < 0)
		return -errno;
	esp->lock = lockfile_take(run_fd, ESP_LOCK_FILE, holder);
	close(run_fd);
	return esp->lock < 0 ? esp->lock : 0;
}

void esp_close(struct esp *esp)
{
	if (esp->lock >= 0)
		close(esp->lock);
	esp->lock = -1;
}

/* ---- as a whole ---- */

int esp_mend(const struct esp *esp)
{
	const char *const argv[] = { "fsck.fat", "-a", esp->device, NULL };

	/* It ends with 0 once it found nothing to mend. */
	for (int i = 0; i < MENDS_MAX; i++)
		if (!tool_run(argv, true))
			return 0;
	return -EUCLEAN;
}

/* All of it is on the disk, and none of it in memory, so that what is read next comes from there. */
static int sync_device(const struct esp *esp)
{
	int fd = open(esp->device, O_RDWR | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		err = -errno;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	return err;
}

int esp_try(const struct esp *esp)
{
	static uint8_t bytes[TRIED_LEN];
	int fd = open(esp->device, O_RDWR | O_CLOEXEC), err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	n = pread(fd, bytes, sizeof(bytes), 0);
	if (n == (ssize_t)sizeof(bytes))
		n = pwrite(fd, bytes, sizeof(bytes), 0);
	if (n != (ssize_t)sizeof(bytes))
		err = n < 0 ? -errno : -EIO;
	else if (fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* mdir's last line, "  470 286 336 bytes free". */
int esp_free(const struct esp *esp, uint64_t *bytes)
{
	static char text[LISTING_LEN];
	const char *const argv[] = { "mtools", "-c", "mdir", "-i", esp->device, "::/", NULL };
	ssize_t len = tool_read(argv, text, sizeof(text));
	const char *end = len > 0 ? strstr(text, FREE_WORDS) : NULL, *begin = end;
	uint64_t value = 0;

	while (begin && begin > text && begin[-1] != '\n')
		begin--;
	if (!end)
		return -EIO;
	for (const char *c = begin; c < end; c++)
		if (*c >= '0' && *c <= '9')
			value = 10 * value + (uint64_t)(*c - '0');
	*bytes = value;
	return 0;
}

/* As mtools has it. */
static void place_of(const char *name, char at[static PLACE_LEN])
{
	text_format(at, PLACE_LEN, name[0] == '/' ? "::%s" : FOLDER "%s", name);
}

/* "::/EFI/Linux/gateway_0.1.0.efi" in each line. */
int esp_each(const struct esp *esp, const char *folder, void (*each)(void *arg, const char *name), void *arg)
{
	static char text[LISTING_LEN];
	char at[PLACE_LEN];
	const char *const argv[] = { "mtools", "-c", "mdir", "-b", "-i", esp->device, at, NULL };
	struct slice rest, line;
	char name[ESP_NAME_LEN];
	ssize_t len;

	place_of(folder, at);
	len = tool_read(argv, text, sizeof(text));
	if (len < 0)
		return -EIO;
	rest = (struct slice){ text, (size_t)len };
	while (slice_cut(&rest, '\n', &line)) {
		struct slice file = line;

		if (!slice_starts(line, at))
			continue;
		file.ptr += strlen(at);
		file.len -= strlen(at);
		if (file.len && *file.ptr == '/')
			file = (struct slice){ file.ptr + 1, file.len - 1 };
		if (slice_copy(file, name, sizeof(name)) == 0 && name[0])
			each(arg, name);
	}
	return 0;
}

/* ---- one file ---- */

/* Between a tool and us; the tool has the other end. */
static int with_tool(const char *const *argv, bool to_tool, int (*fn)(void *arg, int fd), void *arg)
{
	int ends[2], err, ended;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)signal(SIGPIPE, SIG_IGN); /* a tool that gives up is told by its status */
	pid = tool_start(argv, to_tool ? ends[0] : -1, to_tool ? -1 : ends[1], true);
	close(ends[to_tool ? 0 : 1]);
	err = fn(arg, ends[to_tool ? 1 : 0]);
	close(ends[to_tool ? 1 : 0]);
	ended = tool_end(pid);
	/* What broke the pipe is the tool's to say. */
	return err && err != -EPIPE ? err : ended ? ended : err;
}

int esp_write(const struct esp *esp, const char *name, int (*fill)(void *arg, int fd), void *arg)
{
	char at[PLACE_LEN];
	const char *const argv[] = { "mtools", "-c", "mcopy", "-o", "-i", esp->device, "-", at, NULL };
	int err;

	place_of(name, at);
	err = with_tool(argv, true, fill, arg);
	return err ? err : sync_device(esp);
}

int esp_read(const struct esp *esp, const char *name, int (*take)(void *arg, int fd), void *arg)
{
	char at[PLACE_LEN];
	const char *const argv[] = { "mtools", "-c", "mcopy", "-i", esp->device, at, "-", NULL };
	int err = sync_device(esp);

	place_of(name, at);
	return err ? err : with_tool(argv, false, take, arg);
}

int esp_rename(const struct esp *esp, const char *from, const char *to)
{
	char at[PLACE_LEN];
	const char *const argv[] = { "mtools", "-c", "mren", "-i", esp->device, at, to, NULL };
	int err;

	place_of(from, at);
	err = tool_run(argv, true);
	return err ? err : sync_device(esp);
}

int esp_remove(const struct esp *esp, const char *name)
{
	char at[PLACE_LEN];
	const char *const argv[] = { "mtools", "-c", "mdel", "-i", esp->device, at, NULL };
	int err;

	place_of(name, at);
	err = tool_run(argv, true);
	return err ? err : sync_device(esp);
}
