#include "init/reset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/kept.h"
#include "base/lockfile.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/files_lock.h"
#include "conf/limits.h"
#include "conf/swap.h"
#include "conf/vpn.h"
#include "init/confirm.h"
#include "init/data.h"
#include "init/disks.h"
#include "init/locate.h"
#include "init/partition.h"
#include "init/recovery.h"
#include "init/tool.h"
#include "init/wipe.h"

enum { END_LEN = 1 << 20, MIB = 1 << 20, BLOCK_MAX = 4096, PENDING_LEN = 512 };

/* ---- who it is ---- */

/* What the section with our key is called in vpn-public.conf. */
static bool read_instance(int fd, char name[static VPN_NAME_LEN])
{
	static char private_text[CONF_OTHER_MAX + 1], public_text[CONF_PUBLIC_MAX + 1];
	static struct vpn_conf vpn;
	static struct diag diag;
	ssize_t private_len = file_read(fd, VPN_PRIVATE_FILE, private_text, sizeof(private_text));
	ssize_t public_len = file_read(fd, VPN_PUBLIC_FILE, public_text, sizeof(public_text));
	const struct vpn_peer *own = NULL;

	vpn_conf_init(&vpn);
	diag_clear(&diag, true);
	if (private_len > 0)
		vpn_private_parse(&vpn, private_text, (size_t)private_len, &diag);
	if (public_len > 0)
		vpn_public_parse(&vpn, public_text, (size_t)public_len, &diag);
	if (vpn.private_key_line)
		own = vpn_find_peer(&vpn, vpn.public_key);
	text_format(name, VPN_NAME_LEN, "%s", own ? own->name : "");
	vpn_conf_init(&vpn);
	explicit_bzero(private_text, sizeof(private_text));
	return name[0];
}

static bool read_serial(char serial[static DISK_TEXT_LEN])
{
	static struct disk disks[DISKS_MAX];
	size_t count = disks_find(disks);

	serial[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char path[DATA_PATH_LEN + DISK_NAME_LEN];

		text_format(path, sizeof(path), "/sys/block/%s/%s", disks[i].name, data.name);
		if (!strcmp(disks[i].name, data.name) || access(path, F_OK) == 0)
			text_format(serial, DISK_TEXT_LEN, "%s", disks[i].serial);
	}
	return serial[0];
}

/* Looks without a trace: a journal is not played back. */
static bool confirm(void)
{
	int fd = data_open(MS_RDONLY, "noload");
	char instance[VPN_NAME_LEN] = "", serial[DISK_TEXT_LEN];
	bool named = fd >= 0 && read_instance(fd, instance);

	data_close(fd);
	if (named)
		return confirm_typed("instance's name", instance);
	return read_serial(serial) ? confirm_typed("disk's serial", serial) : confirm_typed("name", data.name);
}

/* ---- reset config ---- */

/* The key, the password, the time below which no stamp may go, and what the file system keeps for itself. */
static bool stays(const char *name)
{
	static const char *const names[] = { VPN_PRIVATE_FILE, SYSTEM_DIR, ".clock", "lost+found" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static int print_name(int dir_fd, const char *name, void *arg)
{
	size_t *count = arg;

	(void)dir_fd;
	if (!stays(name))
		printf("%s%s", (*count)++ ? " " : "", name);
	return 0;
}

static int remove_name(int dir_fd, const char *name, void *arg)
{
	(void)arg;
	return stays(name) ? 0 : wipe_tree(dir_fd, name);
}

static bool say_config(void)
{
	size_t count = 0;
	int fd = data_open(MS_RDONLY, "noload");

	if (fd < 0) {
		printf("%s cannot be read: %s%s\n", data.path, strerror(-fd),
		       fd == -EPERM ? "; it is not mounted, see `boot`: `format data` makes it anew" : "; `format data` makes it anew");
		return false;
	}
	printf("Of %s goes: ", data.path);
	(void)wipe_each(fd, print_name, &count);
	printf("%s\nThe key stays, in " VPN_PRIVATE_FILE ".\n%s", count ? "" : "nothing, it is empty",
	       data.in_use ? "What runs goes on until `reconfigure` or `reboot`.\n" : "");
	data_close(fd);
	return count != 0;
}

/* RUN/pending: "GENERATION DUE_NS ...", where 0 is one that is to be undone, or brought to its end, as soon as that can be done. */
static bool waits_for_word(int run_fd)
{
	char text[PENDING_LEN];
	ssize_t n = file_read(run_fd, PENDING_FILE, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, word;
	uint64_t due_ns;

	return slice_word(&rest, &word) && slice_word(&rest, &word) && !text_uint(word, UINT64_MAX, &due_ns) && due_ns;
}

/* No one applies the files meanwhile, or still waits for a word on what was: a descriptor that the caller closes, or -1, told. */
static int own_changes(void)
{
	int run_fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	pid_t holder = 0;

	fd = run_fd < 0 ? -errno : lockfile_take(run_fd, COMMIT_LOCK_FILE, &holder);
	if (fd == -EBUSY) {
		printf("a reconfigure is under way (process %d): nothing was removed\n", (int)holder);
	} else if (fd < 0) {
		printf("%s: %s: nothing was removed\n", RUN_DIR, strerror(-fd));
	} else if (!faccessat(run_fd, SCHEDULED_FILE, F_OK, 0)) {
		printf("a reconfigure waits for its time, or for `undo`: nothing was removed\n");
		close(fd);
		fd = -1;
	} else if (!faccessat(run_fd, PENDING_FILE, F_OK, 0)) {
		printf("%s: nothing was removed\n", waits_for_word(run_fd) ? "what was applied waits for `confirm` or `undo`" :
									    "a change is not over yet, see `show`");
		close(fd);
		fd = -1;
	}
	if (run_fd >= 0)
		close(run_fd);
	return fd < 0 ? -1 : fd;
}

static bool may_own_changes(void)
{
	int fd = own_changes();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int reset_config(void)
{
	int fd, owned, err;

	if (!may_own_changes() || !say_config() || !confirm())
		return 1;
	owned = own_changes();
	if (owned < 0)
		return 1;
	fd = data_open_mended();
	/* An import that counts may have the key. */
	err = fd < 0 ? fd : files_lock(fd, FILES_CHANGE);
	if (!err)
		err = swap_finish(fd);
	if (!err)
		err = wipe_each(fd, remove_name, NULL);
	if (fd >= 0 && syncfs(fd) < 0 && !err)
		err = -errno;
	data_close(fd);
	close(owned);
	if (err < 0)
		printf("not all is gone: %s; `reset config` again\n", files_lock_words(err));
	else
		printf("the configuration is gone; `write` or `import` a new one%s\n", data.in_use ? "" : " after `reboot`");
	return err < 0;
}

/* ---- reset password ---- */

/* Where it stays, as a boot of its own. */
static int note_in_log(int data_fd)
{
	int fd = openat(data_fd, SYSTEM_DIR "/" KEPT_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600), err = 0;
	char line[2 * KEPT_LINE_LEN];
	size_t len;

	if (fd < 0)
		return -errno;
	len = kept_boot_line(line, time(NULL), "recovery");
	len += kept_line(line + len, time(NULL), 0, "recovery: the password was taken away");
	if (write(fd, line, len) != (ssize_t)len)
		err = -EIO;
	close(fd);
	return err;
}

static int reset_password(void)
{
	int fd, err = 0, noted = 0;

	if (!recovery_is_on()) {
		printf("A lost password is taken away in recovery: `reboot`, then `r`, Enter as soon as a console offers it.\n");
		return 1;
	}
	fd = data_open_mended();
	if (fd < 0)
		err = fd;
	else if (unlinkat(fd, SYSTEM_DIR "/" PASSWORD_FILE, 0) < 0 || syncfs(fd) < 0)
		err = -errno;
	if (fd >= 0 && !err)
		noted = note_in_log(fd);
	if (!noted && fd >= 0 && syncfs(fd) < 0)
		noted = -errno;
	data_close(fd);
	if (err == -ENOENT)
		printf("there is no password\n");
	else if (err < 0)
		printf("it is not gone: %s\n", strerror(-err));
	else
		printf("the password is gone: `reboot`, then set another (`password`)\n");
	if (noted < 0)
		printf("the log on the partition does not tell of it: %s\n", strerror(-noted));
	return err < 0;
}

/* ---- reset all, format data ---- */

static bool is_free(const char *command)
{
	if (!data.in_use)
		return true;
	printf("%s is in use. `reboot`, then `r`, Enter as soon as a console offers it:\nthere is `%s`\n", data.path, command);
	return false;
}

static void print_progress(uint64_t at)
{
	printf("%llu of %llu MiB overwritten\n", (unsigned long long)(at / MIB), (unsigned long long)(data.bytes / MIB));
	(void)fflush(stdout);
}

/* From here on a boot that comes too early makes the file system. One that is found by its label alone has nowhere to note that. */
static int mark(bool begun)
{
	return locate_has_name(data.name, data.label) ? partition_set_begun(data.name, begun) : 0;
}

/* Last comes the superblock, which holds no secret, and is written by mke2fs: by it the partition is found again after a power cut,
 * and what it says then keeps everyone from it but who begins anew. */
static int overwrite(int fd)
{
	uint8_t block[SUPERBLOCK_LEN];
	int err;

	if (locate_superblock(data.name, block)) {
		superblock_give_up(block);
		if (pwrite(fd, block, sizeof(block), SUPERBLOCK_OFFSET) != (ssize_t)sizeof(block) || fsync(fd) < 0)
			return errno ? -errno : -EIO;
	}
	err = wipe_range(fd, SUPERBLOCK_OFFSET + SUPERBLOCK_LEN, data.bytes, print_progress);
	if (!err)
		err = wipe_range(fd, 0, SUPERBLOCK_OFFSET, NULL);
	if (!err)
		wipe_discard(fd, BLOCK_MAX, data.bytes);
	if (!err && fsync(fd) < 0)
		err = -errno;
	return err ? err : mark(true);
}

/* Of whatever was there: a mark of it would still be found. What is found by its label alone is overwritten where that stands. */
static int clear_ends(int fd)
{
	uint64_t end = data.bytes / 2 < END_LEN ? data.bytes : END_LEN;
	int err = mark(true);

	if (err < 0 || !locate_has_name(data.name, data.label))
		return err;
	/* What has no superblock any more, and the mark, is made anew; before that it is as it was. */
	err = wipe_range(fd, 0, end, NULL);
	if (!err && fsync(fd) < 0)
		err = -errno;
	return err ? err : wipe_range(fd, data.bytes - end, data.bytes, NULL);
}

static int make_anew(int (*clear)(int fd))
{
	const char *argv[PARTITION_MAKE_WORDS];
	/* Nobody mounts it meanwhile. */
	int fd = open(data.path, O_RDWR | O_EXCL | O_CLOEXEC), err = fd < 0 ? -errno : clear(fd);

	if (fd >= 0 && fsync(fd) < 0 && !err)
		err = -errno;
	if (fd >= 0)
		close(fd);
	partition_make_words(argv, data.path, data.label);
	if (!err)
		err = tool_run(argv, false);
	return err ? err : mark(false);
}

static int say_end(int err, const char *command)
{
	if (err < 0)
		printf("%s was not made anew: %s; `%s` again\n", data.path, strerror(-err), command);
	else
		printf("%s is made anew and empty: `reboot`\n", data.path);
	return err < 0;
}

static int reset_one(void)
{
	printf("Everything on %s (%llu MiB) goes: the configuration,\n"
	       "all generations of it, this instance's key. It is overwritten, and discarded\n"
	       "where the disk can. The system on the disk stays.\n", data.path, (unsigned long long)(data.bytes / MIB));
	return confirm() ? say_end(make_anew(overwrite), "reset all") : 1;
}

/* A box that is given away is not to keep the keys on its other disk: each is asked for by itself. A boot mounts the first, if any. */
static int reset_all(size_t count)
{
	int failed = 0;

	if (!is_free("reset all"))
		return 1;
	for (size_t i = 0; i < count; i++) {
		data_take(i);
		if (count > 1)
			printf("%zu of %zu that are named or labelled %s:\n", i + 1, count, data.label);
		failed |= reset_one();
	}
	return failed;
}

static void name_others(size_t count)
{
	for (size_t i = 1; i < count; i++)
		printf("/dev/%s is named or labelled %s as well, and is left alone.\n", data.places[i], data.label);
}

static int format_data(size_t count)
{
	if (!is_free("format data"))
		return 1;
	printf("Everything on %s (%llu MiB) goes, this instance's key too, but is not overwritten: `reset all` does that.\n",
	       data.path, (unsigned long long)(data.bytes / MIB));
	name_others(count);
	return confirm() ? say_end(make_anew(clear_ends), "format data") : 1;
}

/* ---- the applets ---- */

int reset_main(int argc, char **argv)
{
	bool all = argc == 2 && !strcmp(argv[1], "all"), password = argc == 2 && !strcmp(argv[1], "password");
	size_t count;

	if (argc != 2 || (!all && !password && strcmp(argv[1], "config") != 0)) {
		printf("usage: reset config | all\n");
		return 2;
	}
	count = data_find();
	if (!count)
		return 1;
	if (all)
		return reset_all(count);
	name_others(count);
	if (password)
		return reset_password();
	return reset_config();
}

int format_main(int argc, char **argv)
{
	size_t count;

	if (argc != 2 || strcmp(argv[1], "data") != 0) {
		printf("usage: format data\n");
		return 2;
	}
	count = data_find();
	return count ? format_data(count) : 1;
}
