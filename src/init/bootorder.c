#include "init/bootorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"
#include "init/variables.h"

/* UEFI 2.10, 3.3: the variables that the specification itself names. */
#define GLOBAL "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
/* systemd's: its "Boot Loader Interface". */
#define LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define LOADER_PATH "\\EFI\\BOOT\\BOOTX64.EFI"

enum {
	ATTRIBUTES_LEN = 4,
	ATTRIBUTES = 7, /* non-volatile, of boot services and at runtime */
	ENTRIES_MAX = 256,
	OURS_MAX = 16,
	OURS = 2,
	VARIABLE_LEN = 4096,
	PATH_LEN = 128,
	SHOWN_LEN = 80,
};

static const char *const descriptions[OURS] = { BOOTENTRY_NAME, BOOTENTRY_NAME " without its loader" };

/* What the firmware has: which numbers are used, and which of them are ours. */
struct found {
	uint16_t used[ENTRIES_MAX], ours[OURS_MAX];
	size_t used_count, ours_count;
};

static void path_of(char path[static PATH_LEN], uint16_t number)
{
	text_format(path, PATH_LEN, VARIABLES_DIR "/Boot%04X" GLOBAL, number);
}

static bool number_of(const char *name, uint16_t *number)
{
	char again[64];

	if (strncmp(name, "Boot", 4) != 0)
		return false;
	*number = (uint16_t)strtoul(name + 4, NULL, 16);
	text_format(again, sizeof(again), "Boot%04X" GLOBAL, *number);
	return !strcmp(again, name);
}

static bool is_called(uint16_t number, const char *description)
{
	char path[PATH_LEN], bytes[VARIABLE_LEN], text[SHOWN_LEN];
	ssize_t n;

	path_of(path, number);
	n = file_read(AT_FDCWD, path, bytes, sizeof(bytes));
	return n > ATTRIBUTES_LEN &&
	       bootentry_description((const uint8_t *)bytes + ATTRIBUTES_LEN, (size_t)n - ATTRIBUTES_LEN, text, sizeof(text)) &&
	       !strcmp(text, description);
}

static bool is_ours(uint16_t number)
{
	return is_called(number, descriptions[0]) || is_called(number, descriptions[1]);
}

static int find(struct found *found)
{
	DIR *dir = opendir(VARIABLES_DIR);
	struct dirent *entry;
	uint16_t number;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		if (!number_of(entry->d_name, &number))
			continue;
		if (found->used_count == ENTRIES_MAX)
			break;
		found->used[found->used_count++] = number;
		if (found->ours_count < OURS_MAX && is_ours(number))
			found->ours[found->ours_count++] = number;
	}
	closedir(dir);
	return found->used_count == ENTRIES_MAX ? -ENOSPC : 0;
}

static uint16_t free_number(struct found *found)
{
	uint16_t number = 0;

	for (size_t i = 0; i < found->used_count;)
		if (found->used[i] == number) {
			number++;
			i = 0;
		} else {
			i++;
		}
	found->used[found->used_count++] = number;
	return number;
}

/* One write is one SetVariable(). */
static int write_variable(const char *path, const uint8_t *value, size_t len)
{
	uint8_t bytes[VARIABLE_LEN];
	int fd, err = 0;

	if (len + ATTRIBUTES_LEN > sizeof(bytes))
		return -EFBIG;
	store_le32(bytes, ATTRIBUTES);
	memcpy(bytes + ATTRIBUTES_LEN, value, len);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, bytes, len + ATTRIBUTES_LEN) != (ssize_t)(len + ATTRIBUTES_LEN))
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

/* The order is written last but for what is removed: whenever the power goes, it names nothing that is not there. */
static int write_order(const struct found *found, const uint16_t numbers[static OURS])
{
	static uint16_t order[VARIABLE_LEN / 2 + OURS];
	static char bytes[VARIABLE_LEN];
	static uint8_t value[VARIABLE_LEN];
	ssize_t n = file_read(AT_FDCWD, VARIABLES_DIR "/BootOrder" GLOBAL, bytes, sizeof(bytes));
	size_t count = 0;

	if (n < 0 && n != -ENOENT)
		return (int)n;
	for (ssize_t at = ATTRIBUTES_LEN; at + 2 <= n; at += 2)
		order[count++] = load_le16((const uint8_t *)bytes + at);
	count = bootentry_order(order, count, numbers, OURS, found->ours, found->ours_count);
	if (2 * count + ATTRIBUTES_LEN > sizeof(value))
		return -EFBIG;
	for (size_t i = 0; i < count; i++) {
		value[2 * i] = (uint8_t)order[i];
		value[2 * i + 1] = (uint8_t)(order[i] >> 8);
	}
	return write_variable(VARIABLES_DIR "/BootOrder" GLOBAL, value, 2 * count);
}

int bootorder_enter(const struct bootentry_partition *partition, const char *uki)
{
	static struct found found;
	const char *const files[OURS] = { LOADER_PATH, uki };
	char path[PATH_LEN];
	uint16_t numbers[OURS];
	uint8_t entry[BOOTENTRY_MAX];
	int err = variables_exist() ? find(&found) : -ENOENT;

	if (!err)
		err = variables_borrow();
	for (size_t i = 0; !err && i < OURS; i++) {
		ssize_t len = bootentry_make(entry, descriptions[i], partition, files[i]);

		numbers[i] = i < found.ours_count ? found.ours[i] : free_number(&found);
		path_of(path, numbers[i]);
		err = len < 0 ? (int)len : write_variable(path, entry, (size_t)len);
		if (!err)
			printf("boot entry Boot%04X \"%s\" %s\n", numbers[i], descriptions[i],
			       i < found.ours_count ? "replaces the one of an earlier install" : "is new");
	}
	if (!err)
		err = write_order(&found, numbers);
	for (size_t i = OURS; !err && i < found.ours_count; i++) {
		path_of(path, found.ours[i]);
		if (unlink(path) == 0)
			printf("boot entry Boot%04X of an earlier install is removed\n", found.ours[i]);
	}
	if (!err)
		printf("the firmware boots Boot%04X first, then Boot%04X\n", numbers[0], numbers[1]);
	return err;
}

int bootorder_move(const struct bootentry_partition *partition, const char *uki)
{
	static struct found found;
	char path[PATH_LEN], bytes[VARIABLE_LEN];
	uint8_t entry[BOOTENTRY_MAX];
	ssize_t len = bootentry_make(entry, descriptions[1], partition, uki), n;
	int err = variables_exist() ? find(&found) : -ENOENT;

	if (err < 0 || len < 0)
		return err < 0 ? err : (int)len;
	for (size_t i = 0; i < found.ours_count; i++) {
		if (!is_called(found.ours[i], descriptions[1]))
			continue;
		path_of(path, found.ours[i]);
		n = file_read(AT_FDCWD, path, bytes, sizeof(bytes));
		if (n == len + ATTRIBUTES_LEN && !memcmp(bytes + ATTRIBUTES_LEN, entry, (size_t)len))
			return 0;
		err = variables_borrow();
		return err < 0 ? err : write_variable(path, entry, (size_t)len);
	}
	return bootorder_enter(partition, uki);
}

int bootorder_once(const char *entry)
{
	static const char path[] = VARIABLES_DIR "/LoaderEntryOneShot" LOADER;
	uint8_t value[2 * SHOWN_LEN];
	char bytes[VARIABLE_LEN];
	size_t len = strlen(entry) + 1;
	int err = variables_exist() ? 0 : -ENOENT;
	ssize_t n;

	if (2 * len > sizeof(value))
		return -ENAMETOOLONG;
	for (size_t i = 0; i < len; i++) {
		value[2 * i] = (uint8_t)entry[i];
		value[2 * i + 1] = 0;
	}
	/* The kernel lets no one change one that is there, by accident or not. */
	n = err ? err : file_read(AT_FDCWD, path, bytes, sizeof(bytes));
	if (n == (ssize_t)(2 * len + ATTRIBUTES_LEN) && !memcmp(bytes + ATTRIBUTES_LEN, value, 2 * len))
		return 0;
	if (!err)
		err = variables_borrow();
	return err < 0 ? err : write_variable(path, value, 2 * len);
}
