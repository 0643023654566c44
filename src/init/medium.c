#include "init/medium.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "base/version.h"
#include "init/bootentry.h"
#include "init/eltorito.h"
#include "init/firmware.h"
#include "init/tool.h"

/* UEFI 2.10, 5.3.2 and 5.3.3. */
enum { GPT_TABLE_AT = 72, GPT_COUNT_AT = 80, GPT_ENTRY_GUID_AT = 16, GUIDS_MAX = 256 };

void medium_uki(char path[static MEDIUM_PATH_LEN])
{
	text_format(path, MEDIUM_PATH_LEN, "/EFI/Linux/gateway_%s.efi", GATEWAY_VERSION);
}

bool medium_has(const struct medium *medium, const char *path)
{
	char place[MEDIUM_PATH_LEN + 2];
	const char *const argv[] = { "mtools", "-c", "mdir", "-b", "-i", medium->place, place, NULL };

	text_format(place, sizeof(place), "::%s", path);
	return tool_run(argv, true) == 0;
}

static bool has_uki(const struct medium *medium)
{
	char path[MEDIUM_PATH_LEN];

	medium_uki(path);
	return medium_has(medium, path);
}

static void place(struct medium *medium, const struct disk *disk, uint64_t at)
{
	text_format(medium->disk, sizeof(medium->disk), "%s", disk->name);
	text_format(medium->place, sizeof(medium->place), "/dev/%s@@%llu", disk->name, (unsigned long long)at);
}

static bool cd_boots_from(const struct disk *disk, uint64_t *at)
{
	char path[64];
	bool found;
	int fd;

	text_format(path, sizeof(path), "/dev/%s", disk->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	found = eltorito_find(fd, disk->bytes, at);
	close(fd);
	return found;
}

/* The hybrid image is a CD's whatever it was written to; a disk has an ESP in its table. */
static bool find_on(const struct disk *disk, struct medium *medium)
{
	static struct gpt gpt;
	struct gpt_partition partition;
	uint64_t at;

	if (cd_boots_from(disk, &at)) {
		place(medium, disk, at);
		return has_uki(medium);
	}
	if (disk->is_cd || disk_read_table(disk, &gpt) < 0)
		return false;
	for (unsigned number = 1; number <= GPT_ENTRIES; number++) {
		if (!gpt_is(&gpt, number, GPT_ESP) || !gpt_partition(&gpt, number, &partition))
			continue;
		place(medium, disk, partition.first * disk->block_len);
		if (has_uki(medium))
			return true;
	}
	return false;
}

bool medium_find(const struct disk *disks, size_t count, const char *but, struct medium *medium)
{
	/* First what the loader came from, then CDs, then the rest. */
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < count; i++) {
			if (!strcmp(disks[i].name, but) || (round == 0 && !medium_is_on(&disks[i])) ||
			    (round == 1 && !disks[i].is_cd))
				continue;
			if (find_on(&disks[i], medium))
				return true;
		}
	return false;
}

/* A table of whatever length: the hybrid image's is none that gpt_read takes. */
static bool has_guid(int fd, uint32_t block_len, const uint8_t guid[static GPT_GUID_LEN])
{
	uint8_t header[GPT_HEADER_LEN], entry[GPT_ENTRY_LEN];
	uint64_t table;
	uint32_t count;

	if (pread(fd, header, sizeof(header), block_len) != sizeof(header) || memcmp(header, "EFI PART", 8) != 0)
		return false;
	table = load_le64(header + GPT_TABLE_AT) * block_len;
	count = load_le32(header + GPT_COUNT_AT);
	for (uint32_t i = 0; i < count && i < GUIDS_MAX; i++)
		if (pread(fd, entry, sizeof(entry), (off_t)(table + (uint64_t)i * sizeof(entry))) == sizeof(entry) &&
		    !memcmp(entry + GPT_ENTRY_GUID_AT, guid, GPT_GUID_LEN))
			return true;
	return false;
}

static bool loader_guid(uint8_t guid[static BOOTENTRY_GUID_LEN])
{
	char text[64];

	return firmware_read("LoaderDevicePartUUID", text, sizeof(text)) && bootentry_guid(text, guid);
}

bool medium_is_known(void)
{
	uint8_t guid[BOOTENTRY_GUID_LEN];

	return loader_guid(guid);
}

bool medium_is_on(const struct disk *disk)
{
	uint8_t guid[BOOTENTRY_GUID_LEN];
	char path[64];
	bool found;
	int fd;

	if (!loader_guid(guid))
		return false;
	text_format(path, sizeof(path), "/dev/%s", disk->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	found = has_guid(fd, disk->block_len, guid);
	close(fd);
	return found;
}

/* All of it up to the last byte that was written to it: what stands behind that may be anything. */
int medium_write(int from, int to, uint64_t at)
{
	static uint8_t bytes[1 << 16];
	off_t end = 0, data;

	for (off_t hole = 0; (data = lseek(from, hole, SEEK_DATA)) >= 0; end = hole)
		hole = lseek(from, data, SEEK_HOLE);
	for (off_t done = 0; done < end;) {
		ssize_t n = pread(from, bytes, sizeof(bytes), done);
		ssize_t written = n > 0 ? pwrite(to, bytes, (size_t)n, (off_t)at + done) : n;

		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		done += written;
	}
	return 0;
}

int medium_make(const struct disk *disk, uint64_t at, uint64_t bytes, struct medium *medium)
{
	char hidden[24], block_len[12];
	const char *const argv[] = { "mkfs.fat", "-F", "32", "-n", "GATEWAY", "-S", block_len, "-h", hidden, medium->place, NULL };
	int fd = memfd_create("esp", 0), err; /* the tools inherit it */

	if (fd < 0)
		return -errno;
	*medium = (struct medium){ 0 };
	text_format(medium->place, sizeof(medium->place), "/proc/self/fd/%d", fd);
	text_format(hidden, sizeof(hidden), "%llu", (unsigned long long)(at / disk->block_len));
	text_format(block_len, sizeof(block_len), "%u", disk->block_len);
	err = ftruncate(fd, (off_t)bytes) < 0 ? -errno : tool_run(argv, false);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int medium_make_folder(const struct medium *medium, const char *path)
{
	char at[MEDIUM_PATH_LEN];
	const char *const argv[] = { "mtools", "-c", "mmd", "-i", medium->place, at, NULL };

	text_format(at, sizeof(at), "::%s", path);
	return tool_run(argv, false);
}

int medium_copy(const struct medium *from, const struct medium *to, const char *path)
{
	char at[MEDIUM_PATH_LEN + 2];
	const char *const reads[] = { "mtools", "-c", "mcopy", "-i", from->place, at, "-", NULL };
	const char *const writes[] = { "mtools", "-c", "mcopy", "-i", to->place, "-", at, NULL };
	int ends[2], err, written;
	pid_t reader, writer;

	text_format(at, sizeof(at), "::%s", path);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = tool_start(reads, -1, ends[1], false);
	writer = tool_start(writes, ends[0], -1, false);
	close(ends[0]);
	close(ends[1]);
	err = tool_end(reader);
	written = tool_end(writer);
	return written ? written : err ? -ENODATA : 0;
}
