#include "init/disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"
#include "init/superblock.h"

/* Above the disk are its target, the host, the interface and the device. */
#define USB_SERIAL "device/../../../../serial"

enum { MIB = 1 << 20, FAT_AT_32 = 82, VPD_HEADER_LEN = 4, SECTOR_LEN = 512, LABEL_AT = 0x78, LABEL_LEN = 16, NAME_UNITS = 36 };

/* One line of /sys, what is no printable ASCII as '?', without the blanks around it. */
static void read_text(const char *disk, const char *file, size_t skip, char dst[static DISK_TEXT_LEN])
{
	char path[128], bytes[256];
	struct slice text;
	ssize_t n;

	dst[0] = '\0';
	text_format(path, sizeof(path), "/sys/block/%s/%s", disk, file);
	n = file_read(AT_FDCWD, path, bytes, sizeof(bytes));
	if (n <= (ssize_t)skip)
		return;
	text = (struct slice){ bytes + skip, strcspn(bytes + skip, "\n") };
	text = slice_trim(text);
	if (text.len >= DISK_TEXT_LEN)
		text.len = DISK_TEXT_LEN - 1;
	memcpy(dst, text.ptr, text.len);
	dst[text.len] = '\0';
	text_make_printable(dst);
}

static int disk_open(const struct disk *disk)
{
	char path[64];

	text_format(path, sizeof(path), "/dev/%s", disk->name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool look_at(const char *name, struct disk *disk)
{
	int fd, block_len = 0, read_only = 0;
	off_t bytes;

	*disk = (struct disk){ .is_cd = !strncmp(name, "sr", 2) };
	text_format(disk->name, sizeof(disk->name), "%s", name);
	fd = disk_open(disk);
	if (fd < 0)
		return false;
	bytes = lseek(fd, 0, SEEK_END);
	if (ioctl(fd, BLKSSZGET, &block_len) < 0 || ioctl(fd, BLKROGET, &read_only) < 0)
		block_len = 0;
	close(fd);
	if (bytes <= 0 || block_len < SECTOR_LEN || block_len > GPT_BLOCK_MAX)
		return false;
	disk->bytes = (uint64_t)bytes;
	disk->block_len = (uint32_t)block_len;
	disk->read_only = read_only != 0;
	read_text(name, "device/model", 0, disk->model);
	/* virtio has it beside the disk, NVMe below its controller, SCSI and SATA in page 0x80, a USB stick at what is plugged in. */
	read_text(name, "serial", 0, disk->serial);
	if (!disk->serial[0])
		read_text(name, "device/serial", 0, disk->serial);
	if (!disk->serial[0])
		read_text(name, "device/vpd_pg80", VPD_HEADER_LEN, disk->serial);
	if (!disk->serial[0])
		read_text(name, USB_SERIAL, 0, disk->serial);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct disk *)a)->name, ((const struct disk *)b)->name);
}

size_t disks_find(struct disk disks[static DISKS_MAX])
{
	static const char *const no_disks[] = { "loop", "ram", "zram", "fd" };
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	size_t count = 0;

	while (dir && count < DISKS_MAX && (entry = readdir(dir)) != NULL) {
		bool is_disk = entry->d_name[0] != '.' && strlen(entry->d_name) < DISK_NAME_LEN;

		for (size_t i = 0; i < sizeof(no_disks) / sizeof(no_disks[0]); i++)
			is_disk = is_disk && strncmp(entry->d_name, no_disks[i], strlen(no_disks[i])) != 0;
		if (is_disk && look_at(entry->d_name, &disks[count]))
			count++;
	}
	if (dir)
		closedir(dir);
	qsort(disks, count, sizeof(disks[0]), by_name);
	return count;
}

int disk_read_table(const struct disk *disk, struct gpt *gpt)
{
	int fd = disk_open(disk), err;

	if (fd < 0)
		return -errno;
	err = gpt_read(gpt, fd, disk->bytes / disk->block_len, disk->block_len);
	close(fd);
	return err;
}

static bool read_at(const struct disk *disk, uint64_t at, uint8_t *bytes, size_t len)
{
	int fd = disk_open(disk);
	bool whole = fd >= 0 && pread(fd, bytes, len, (off_t)at) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return whole;
}

/* What stands at a place, as far as we know it. */
static void describe(const struct disk *disk, uint64_t at, char *words, size_t cap)
{
	uint8_t bytes[SUPERBLOCK_OFFSET + SUPERBLOCK_LEN];

	if (!read_at(disk, at, bytes, sizeof(bytes)))
		text_format(words, cap, "cannot be read");
	else if (superblock_is_ext(bytes + SUPERBLOCK_OFFSET))
		text_format(words, cap, "ext4 \"%.16s\"", (const char *)bytes + SUPERBLOCK_OFFSET + LABEL_AT);
	else if (!memcmp(bytes + FAT_AT_32, "FAT32", 5))
		text_format(words, cap, "FAT32");
	else if (!memcmp(bytes, "XFSB", 4))
		text_format(words, cap, "XFS");
	else
		text_format(words, cap, "no file system that is known here");
	text_make_printable(words);
}

static void print_partition(const struct disk *disk, const struct gpt *gpt, unsigned number,
			    const struct gpt_partition *partition)
{
	char name[NAME_UNITS + 1], words[64];

	gpt_name(gpt, number, name, sizeof(name));
	describe(disk, partition->first * disk->block_len, words, sizeof(words));
	printf("      partition %u \"%s\", %llu MiB: %s\n", number, name,
	       (unsigned long long)((partition->last + 1 - partition->first) * disk->block_len / MIB), words);
}

void disk_print_content(const struct disk *disk)
{
	static struct gpt gpt;
	struct gpt_partition partition;
	uint8_t sector[SECTOR_LEN];
	char words[64];
	int err = disk_read_table(disk, &gpt);

	for (unsigned number = 1; !err && number <= GPT_ENTRIES; number++)
		if (gpt_partition(&gpt, number, &partition))
			print_partition(disk, &gpt, number, &partition);
	if (!err)
		return;
	describe(disk, 0, words, sizeof(words));
	if (err == -ENOTSUP || err == -EUCLEAN)
		printf("      a partition table (GPT) that %s\n", err == -ENOTSUP ? "is none of ours" : "is damaged");
	else if (strncmp(words, "no ", 3) != 0)
		printf("      no partition table; %s\n", words);
	else if (read_at(disk, 0, sector, sizeof(sector)) && load_le16(sector + SECTOR_LEN - 2) == 0xaa55)
		printf("      an MBR\n");
	else
		printf("      nothing that is known here\n");
}

bool disk_is_file_system(const struct disk *disk, const char *label)
{
	uint8_t block[SUPERBLOCK_LEN];

	return read_at(disk, SUPERBLOCK_OFFSET, block, sizeof(block)) && superblock_is_ext(block) &&
	       superblock_has_label(block, label);
}
