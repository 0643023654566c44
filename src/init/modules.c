#include "init/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "init/module_index.h"

enum { OPTIONS_LEN = 1024, PATH_LEN = 512, ROUNDS_MAX = 5 };

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

/* Options on the kernel command line are for those who load modules to pass on. */
static int options_of(struct slice name, char *dst, size_t cap)
{
	char command_line[4096];
	ssize_t n = file_read(AT_FDCWD, "/proc/cmdline", command_line, sizeof(command_line));

	return module_options((struct slice){ command_line, n > 0 ? (size_t)n : 0 }, name, dst, cap);
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

	if (is_loaded(module_of_path(path)))
		return 0;
	if (slice_copy(path, file, sizeof(file)) < 0)
		return -ENAMETOOLONG;
	fd = openat(modules_fd, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = options_of(module_of_path(path), options, sizeof(options));
	if (!err && syscall(SYS_finit_module, fd, options, 0) < 0 && errno != EEXIST)
		err = -errno;
	close(fd);
	return err;
}

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
	struct slice path, dependencies;

	if (module_find(dep, name, &path, &dependencies))
		return insert_all(path, dependencies);
	return module_is_builtin(builtin, name) ? 0 : -ENOENT;
}

static void load_soft(void *arg, struct slice name)
{
	(void)arg;
	(void)load_hard(name);
}

int modules_load(struct slice name)
{
	int err;

	module_soft_each(softdep, name, "pre:", load_soft, NULL);
	err = load_hard(name);
	if (!err)
		module_soft_each(softdep, name, "post:", load_soft, NULL);
	return err;
}

static void load_for_device(void *modalias, struct slice name)
{
	int err = modules_load(name);

	if (err < 0)
		log_err("module %.*s for %s: %s", SLICE_ARG(name), (const char *)modalias, strerror(-err));
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
		module_alias_each(alias, modalias, load_for_device, modalias);
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
