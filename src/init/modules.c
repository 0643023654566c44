#include "init/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum { OPTIONS_LEN = 1024, NAME_LEN = 64, PATH_LEN = 512, ROUNDS_MAX = 5 };

static int modules_fd = -1;
static struct slice dep, alias, softdep, builtin;

/* A file of the modules directory, mapped for good; empty when it is not there. */
static struct slice map(const char *name)
{
	struct slice text = { "", 0 };
	struct stat st;
	void *bytes;
	int fd = openat(modules_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return text;
	if (!fstat(fd, &st) && st.st_size > 0) {
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes != MAP_FAILED)
			text = (struct slice){ bytes, (size_t)st.st_size };
	}
	close(fd);
	return text;
}

int modules_open(void)
{
	char path[PATH_LEN];
	struct utsname system;

	uname(&system);
	text_format(path, sizeof(path), "/lib/modules/%s", system.release);
	modules_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (modules_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dep = map("modules.dep");
	alias = map("modules.alias");
	softdep = map("modules.softdep");
	builtin = map("modules.builtin");
	return 0;
}

/* "kernel/drivers/net/virtio_net.ko" -> "virtio_net" */
static struct slice name_of_path(struct slice path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.ptr[i - 1] == '/') {
			path = (struct slice){ path.ptr + i, path.len - i };
			break;
		}
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '.')
			path.len = i;
	return path;
}

/* The kernel takes - and _ in names for the same. */
static bool same_name(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		bool dash = a.ptr[i] == '-' || a.ptr[i] == '_', other_dash = b.ptr[i] == '-' || b.ptr[i] == '_';

		if (dash != other_dash || (!dash && a.ptr[i] != b.ptr[i]))
			return false;
	}
	return true;
}

/* Gathers "value"s of name.option=value on the kernel command line, which is for those who load modules to do. */
static void options_of(struct slice name, char *dst, size_t cap)
{
	char cmdline[4096];
	struct slice rest = { cmdline, 0 }, word, module;
	struct text text;
	ssize_t n = file_read(AT_FDCWD, "/proc/cmdline", cmdline, sizeof(cmdline));

	text_init(&text, dst, cap);
	for (rest.len = n > 0 ? (size_t)n : 0; rest.len && rest.ptr[rest.len - 1] == '\n';)
		rest.len--;
	while (slice_word(&rest, &word))
		if (slice_cut(&word, '.', &module) && word.ptr && same_name(module, name))
			text_add(&text, "%s%.*s", text.len ? " " : "", SLICE_ARG(word));
}

/* Asked first: the kernel reads and links all of a module before it says that it has it. */
static bool is_loaded(struct slice name)
{
	char path[PATH_LEN];

	text_format(path, sizeof(path), "/sys/module/%.*s", SLICE_ARG(name));
	for (char *c = path; *c; c++)
		if (*c == '-')
			*c = '_';
	return access(path, F_OK) == 0;
}

static int insert(struct slice path)
{
	char file[PATH_LEN], options[OPTIONS_LEN];
	int fd, err = 0;

	if (is_loaded(name_of_path(path)))
		return 0;
	if (slice_copy(path, file, sizeof(file)) < 0)
		return -ENAMETOOLONG;
	fd = openat(modules_fd, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	options_of(name_of_path(path), options, sizeof(options));
	if (syscall(SYS_finit_module, fd, options, 0) < 0 && errno != EEXIST)
		err = -errno;
	close(fd);
	return err;
}

static bool is_builtin(struct slice name)
{
	struct slice rest = builtin, path;

	while (slice_cut(&rest, '\n', &path))
		if (path.len && same_name(name_of_path(path), name))
			return true;
	return false;
}

/* modules.dep lists what a module depends on so that the last must be loaded first. */
static int insert_all(struct slice path, struct slice dependencies)
{
	struct slice list[32], word;
	size_t count = 0;
	int err = 0;

	while (count < sizeof(list) / sizeof(list[0]) && slice_word(&dependencies, &word))
		list[count++] = word;
	while (count-- && !err)
		err = insert(list[count]);
	return err ? err : insert(path);
}

static int load_hard(struct slice name)
{
	struct slice rest = dep, line, path;

	while (slice_cut(&rest, '\n', &line))
		if (slice_cut(&line, ':', &path) && line.ptr && same_name(name_of_path(path), name))
			return insert_all(path, line);
	return is_builtin(name) ? 0 : -ENOENT;
}

/* "softdep NAME pre: A B post: C": wanted, not needed. */
static void load_soft(struct slice name, const char *when)
{
	struct slice rest = softdep, line, word;

	while (slice_cut(&rest, '\n', &line)) {
		bool due = false;

		if (!slice_word(&line, &word) || !slice_equal(word, "softdep") || !slice_word(&line, &word) ||
		    !same_name(word, name))
			continue;
		while (slice_word(&line, &word)) {
			if (word.ptr[word.len - 1] == ':')
				due = slice_equal(word, when);
			else if (due)
				load_hard(word);
		}
	}
}

int modules_load(struct slice name)
{
	int err;

	load_soft(name, "pre:");
	err = load_hard(name);
	if (!err)
		load_soft(name, "post:");
	return err;
}

/* Loads every module whose alias pattern fits; counts what was not there before. */
static void load_alias(const char *modalias)
{
	struct slice rest = alias, line, word;
	char pattern[256];

	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_word(&line, &word) || !slice_equal(word, "alias") || !slice_word(&line, &word) ||
		    slice_copy(word, pattern, sizeof(pattern)) < 0 || fnmatch(pattern, modalias, 0) != 0 ||
		    !slice_word(&line, &word))
			continue;
		int err = modules_load(word);

		if (err < 0)
			log_err("module %.*s for %s: %s", SLICE_ARG(word), modalias, strerror(-err));
	}
}

/* Asks for every device of a bus; how many there are. */
static size_t plug_bus(const char *bus)
{
	char path[PATH_LEN], modalias[256];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	text_format(path, sizeof(path), "/sys/bus/%s/devices", bus);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) != NULL) {
		ssize_t n;

		text_format(path, sizeof(path), "/sys/bus/%s/devices/%s/modalias", bus, entry->d_name);
		n = file_read(AT_FDCWD, path, modalias, sizeof(modalias));
		if (n <= 0)
			continue;
		modalias[strcspn(modalias, "\n")] = '\0';
		load_alias(modalias);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* A driver on one bus makes the next: a PCI function becomes a virtio device, a disk controller finds disks. */
void modules_coldplug(void)
{
	static const char *const buses[] = { "pci", "virtio", "scsi" };
	size_t before = 0, now;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		now = 0;
		for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++)
			now += plug_bus(buses[i]);
		if (now == before)
			return;
		before = now;
	}
}
