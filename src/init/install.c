#include "init/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/version.h"
#include "init/board.h"
#include "init/bootorder.h"
#include "init/confirm.h"
#include "init/disks.h"
#include "init/layout.h"
#include "init/medium.h"
#include "init/slots.h"
#include "init/wipe.h"

enum { MIB = 1 << 20, DATA_MAX_GB = 32, GB_MAX = 1 << 20, ESP_MIB_MAX = 1 << 16, LABEL_LEN = 64 };

static struct disk disks[DISKS_MAX];
static size_t disk_count;
static struct gpt gpt;
static char data_label[LABEL_LEN];

static int list(void)
{
	for (size_t i = 0; i < disk_count; i++) {
		const struct disk *disk = &disks[i];

		printf("%s  %s, serial %s, %llu MiB%s%s\n", disk->name, disk->model[0] ? disk->model : "no model",
		       disk->serial[0] ? disk->serial : "none", (unsigned long long)(disk->bytes / MIB),
		       disk->read_only ? ", read-only" : "", medium_is_on(disk) ? ", this system runs from it" : "");
		if (!disk->is_cd)
			disk_print_content(disk);
	}
	if (!disk_count)
		printf("there is no disk\n");
	return !disk_count;
}

static const struct disk *find_disk(const char *name)
{
	if (!strncmp(name, "/dev/", 5))
		name += 5;
	for (size_t i = 0; i < disk_count; i++)
		if (!strcmp(disks[i].name, name))
			return &disks[i];
	printf("there is no disk %s: `install` lists them\n", name);
	return NULL;
}

/* From board.conf: false for a board without firmware that boots disks. */
static bool wish_make(struct layout_wish *wish)
{
	uint64_t esp_mib, max_gb;

	*wish = (struct layout_wish){ .data_name = data_label };
	if (text_uint(board_value("ESP_SIZE_MB"), ESP_MIB_MAX, &esp_mib) < 0 ||
	    slice_copy(board_value("DATA_LABEL"), data_label, sizeof(data_label)) < 0 || !data_label[0]) {
		printf("this board has no firmware that boots a disk: there is nothing to install\n");
		return false;
	}
	if (text_uint(board_value("DATA_MAX_GB"), GB_MAX, &max_gb) < 0)
		max_gb = DATA_MAX_GB;
	wish->esp_bytes = esp_mib * MIB;
	wish->data_max_bytes = max_gb << 30;
	if (getrandom(wish->disk_guid, GPT_GUID_LEN, 0) != GPT_GUID_LEN ||
	    getrandom(wish->esp_guid, GPT_GUID_LEN, 0) != GPT_GUID_LEN ||
	    getrandom(wish->data_guid, GPT_GUID_LEN, 0) != GPT_GUID_LEN) {
		printf("no random numbers: %s\n", strerror(errno));
		return false;
	}
	return true;
}

/* False, and the words, when something speaks against it. Fills in the table and where the files come from. */
static bool plan(const struct disk *disk, const struct layout_wish *wish, struct medium *from, bool *kept)
{
	int err = disk_read_table(disk, &gpt);

	if (medium_is_on(disk)) {
		printf("%s is what this system runs from: boot from gateway.iso to install on it\n", disk->name);
		return false;
	}
	if (disk->read_only || disk->is_cd) {
		printf("%s cannot be written to\n", disk->name);
		return false;
	}
	if (!medium_find(disks, disk_count, disk->name, from)) {
		printf("nothing but %s itself can have this version's files: is the medium that it was booted from still in?\n",
		       disk->name);
		return false;
	}
	if (err == -EIO) {
		printf("%s cannot be read\n", disk->name);
		return false;
	}
	if (err == -EUCLEAN || err == -ENOTSUP)
		printf("%s has a partition table that cannot be read: nothing on it can be kept\n", disk->name);
	if (err && disk_is_file_system(disk, data_label)) {
		printf("%s is a file system %s without a partition table: save its files elsewhere, then empty the disk\n",
		       disk->name, data_label);
		return false;
	}
	gpt.blocks = disk->bytes / disk->block_len;
	gpt.block_len = disk->block_len;
	switch (layout_make(&gpt, !err, wish)) {
	case LAYOUT_TOO_SMALL:
		printf("%s is too small: it has %llu MiB, and needs %llu\n", disk->name, (unsigned long long)(disk->bytes / MIB),
		       (unsigned long long)(layout_min_bytes(wish) / MIB));
		return false;
	case LAYOUT_IN_THE_WAY:
		printf("%s has a partition %s where the ESP goes: save its files elsewhere, then remove it\n", disk->name,
		       data_label);
		return false;
	case LAYOUT_KEPT:
		*kept = true;
		break;
	case LAYOUT_NEW:
		*kept = false;
		break;
	}
	return true;
}

/* Wants typed back what no other disk is called. */
static bool confirm(const struct disk *disk, bool kept)
{
	const char *wanted = disk->serial[0] ? disk->serial : disk->name;

	printf("%s  %s, %llu MiB, holds now:\n", disk->name, disk->model[0] ? disk->model : "no model",
	       (unsigned long long)(disk->bytes / MIB));
	disk_print_content(disk);
	if (kept)
		printf("The partition %s is kept with its files; everything else on %s goes.\n", data_label, disk->name);
	else
		printf("Everything on %s goes.\n", disk->name);
	return confirm_typed(disk->serial[0] ? "serial" : "name", wanted);
}

/* The first boot takes for empty what has zeros at both ends. */
static int empty_data(int fd)
{
	struct gpt_partition data;
	uint64_t from, to;
	int err;

	if (!gpt_partition(&gpt, LAYOUT_DATA, &data))
		return -EINVAL;
	from = data.first * gpt.block_len;
	to = (data.last + 1) * gpt.block_len;
	err = wipe_range(fd, from, from + MIB, NULL);
	return err ? err : wipe_range(fd, to - MIB, to, NULL);
}

/* In memory, before anything is written: a descriptor, or -1, told. */
static int make_esp(const struct disk *disk, const struct layout_wish *wish, const struct medium *from)
{
	static const char *const folders[] = { "/EFI", "/EFI/BOOT", "/EFI/Linux", "/loader" };
	char uki[MEDIUM_PATH_LEN], rest[SLOT_PATH_LEN];
	/* The last one is for peers: an image that came by no bundle has none. */
	const char *const files[] = { "/EFI/BOOT/BOOTX64.EFI", uki, "/loader/loader.conf", rest };
	struct medium esp;
	int fd = medium_make(disk, MIB, wish->esp_bytes, &esp), err = fd < 0 ? fd : 0;

	medium_uki(uki);
	slot_rest_path(GATEWAY_VERSION, rest);
	for (size_t i = 0; !err && i < sizeof(folders) / sizeof(folders[0]); i++)
		err = medium_make_folder(&esp, folders[i]);
	for (size_t i = 0; !err && i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i] == rest && !medium_has(from, rest))
			continue;
		printf("reading %s\n", files[i]);
		(void)fflush(stdout);
		err = medium_copy(from, &esp, files[i]);
	}
	if (!err)
		return fd;
	if (err == -ENODATA)
		printf("%s cannot be read, which this version's files are on: %s is as it was\n", from->disk, disk->name);
	else
		printf("the files do not go into an ESP of %llu MiB: %s is as it was\n", (unsigned long long)(wish->esp_bytes / MIB),
		       disk->name);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What stands where the table and the ESP's beginning go is written as it is: a disk that takes nothing any more, as a worn one may,
 * is told of before anything on it is gone. No place of a partition that is kept: that may be mounted, and in another cache. */
static int try_writes(int fd, const struct disk *disk)
{
	static uint8_t bytes[MIB];
	const size_t table = sizeof(gpt.entries) + disk->block_len;
	const struct {
		uint64_t at;
		size_t len;
	} places[] = { { 0, sizeof(bytes) }, { MIB, sizeof(bytes) }, { disk->bytes - table, table } };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ssize_t n = pread(fd, bytes, places[i].len, (off_t)places[i].at);

		if (n == (ssize_t)places[i].len)
			n = pwrite(fd, bytes, places[i].len, (off_t)places[i].at);
		if (n != (ssize_t)places[i].len)
			return n < 0 ? -errno : -EIO;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* The table comes last: until it is there, a disk that had none boots nothing, and one whose data is kept has its old one. */
static int write_all(int fd, int esp, bool kept)
{
	int err = kept ? 0 : empty_data(fd);

	if (!err)
		err = medium_write(esp, fd, MIB);
	if (!err && fsync(fd) < 0)
		err = -errno;
	if (!err)
		err = gpt_protect(fd);
	if (!err)
		err = gpt_write(&gpt, fd);
	if (!err && fsync(fd) < 0)
		err = -errno;
	return err;
}

static bool write_disk(const struct disk *disk, int esp, bool kept)
{
	char path[64];
	int fd, err;

	text_format(path, sizeof(path), "/dev/%s", disk->name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	err = fd < 0 ? -errno : try_writes(fd, disk);
	if (err < 0) {
		printf("%s cannot be read and written to: %s; it is as it was\n", disk->name, strerror(-err));
	} else {
		printf("writing %s\n", disk->name);
		(void)fflush(stdout);
		err = write_all(fd, esp, kept);
		if (err < 0)
			printf("%s IS UNUSABLE: it could not be written: %s%s\n", disk->name, strerror(-err),
			       kept ? "; its data was not touched" : "");
	}
	if (fd >= 0)
		close(fd);
	return !err;
}

static void enter(void)
{
	struct bootentry_partition partition = { .number = LAYOUT_ESP };
	char uki[MEDIUM_PATH_LEN];
	struct gpt_partition esp;
	int err;

	if (!gpt_partition(&gpt, LAYOUT_ESP, &esp))
		return;
	partition.first = esp.first;
	partition.blocks = esp.last + 1 - esp.first;
	memcpy(partition.guid, gpt_guid(&gpt, LAYOUT_ESP), sizeof(partition.guid));
	medium_uki(uki);
	for (char *c = uki; *c; c++)
		if (*c == '/')
			*c = '\\';
	err = bootorder_enter(&partition, uki);
	if (err == -ENOENT)
		printf("this machine has no EFI variables: no boot entry is made, the firmware finds EFI/BOOT/BOOTX64.EFI itself\n");
	else if (err < 0)
		printf("the boot entries could not be made: %s; the firmware finds EFI/BOOT/BOOTX64.EFI itself\n", strerror(-err));
}

/* No hand-over, and no second one of these, comes between. */
static int lock_disks(void)
{
	int run_fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = run_fd < 0 ? -errno : 0;
	pid_t holder = 0;

	if (run_fd >= 0) {
		lock = lockfile_take(run_fd, INSTALL_LOCK_FILE, &holder);
		close(run_fd);
	}
	if (lock == -EBUSY)
		printf("an `install` at another console is under way (process %d)\n", (int)holder);
	else if (lock < 0)
		printf("cannot lock " RUN_DIR "/" INSTALL_LOCK_FILE ": %s\n", strerror(-lock));
	return lock;
}

static int install(const char *name)
{
	const struct disk *disk = find_disk(name);
	struct layout_wish wish;
	struct medium from;
	bool kept, written = false;
	int lock, esp;

	if (!disk || !wish_make(&wish) || !plan(disk, &wish, &from, &kept) || !confirm(disk, kept))
		return 1;
	lock = lock_disks();
	if (lock < 0)
		return 1;
	esp = make_esp(disk, &wish, &from);
	if (esp >= 0) {
		written = write_disk(disk, esp, kept);
		close(esp);
	}
	if (written)
		enter();
	close(lock);
	if (!written)
		return 1;
	printf("installed on %s%s%s; take the medium out, then `reboot`\n", disk->name, kept ? ", kept: " : "",
	       kept ? data_label : "");
	return 0;
}

int install_main(int argc, char **argv)
{
	if (argc > 2) {
		printf("usage: install [DISK]\n");
		return 2;
	}
	if (board_load(BOARD_FILE) < 0)
		printf("%s cannot be read\n", BOARD_FILE);
	disk_count = disks_find(disks);
	return argc == 2 ? install(argv[1]) : list();
}
