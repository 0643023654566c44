#include "init/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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
#include "init/module_order.h"

#define SYS_BUS "/sys/bus"

enum { OPTIONS_LEN = 1024, PATH_LEN = 512, MODALIAS_LEN = 4096, ROUNDS_MAX = 5, ASKED_MAX = 1024 };

static int modules_fd = -1;
static struct module_texts known;

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

	if (modules_fd >= 0)
		return 0;
	uname(&system);
	text_format(path, sizeof(path), "/lib/modules/%s", system.release);
	modules_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (modules_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	known.dep = map("modules.dep");
	known.alias = map("modules.alias");
	known.softdep = map("modules.softdep");
	known.builtin = map("modules.builtin");
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

static int insert(void *arg, struct slice path)
{
	char file[PATH_LEN], options[OPTIONS_LEN];
	int fd, err = 0;

	(void)arg;
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

int modules_load(struct slice name)
{
	return module_load(&known, name, insert, NULL);
}

static void load_for_device(void *modalias, struct slice name)
{
	int err = modules_load(name);

	/* ENODEV: it looked, and there is nothing for it. EPERM: the board ended the loading of modules. */
	if (err == -EPERM)
		log_info("module %.*s for %s: not loaded any more", SLICE_ARG(name), *(const char **)modalias);
	else if (err < 0 && err != -ENODEV)
		log_err("module %.*s for %s: %s", SLICE_ARG(name), *(const char **)modalias, strerror(-err));
}

/* The devices of a machine are looked through again and again while new ones appear, and many are alike: each modalias is
 * asked for once. By its FNV-1a hash; when the table is full, it is asked for again. */
static bool is_asked_for(const char *modalias)
{
	static uint64_t asked[ASKED_MAX];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t at, tries;

	for (const char *c = modalias; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	for (at = hash % ASKED_MAX, tries = 0; asked[at] && tries < ASKED_MAX; at = (at + 1) % ASKED_MAX, tries++)
		if (asked[at] == hash)
			return true;
	if (!asked[at])
		asked[at] = hash;
	return false;
}

void modules_plug(const char *modalias)
{
	if (!is_asked_for(modalias))
		module_alias_each(known.alias, modalias, load_for_device, &modalias);
}

/* Asks for every device of a bus; how many there are. */
static size_t plug_bus(const char *bus)
{
	char path[PATH_LEN], modalias[MODALIAS_LEN];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	text_format(path, sizeof(path), SYS_BUS "/%s/devices", bus);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) != NULL) {
		ssize_t n;

		text_format(path, sizeof(path), SYS_BUS "/%s/devices/%s/modalias", bus, entry->d_name);
		n = file_read(AT_FDCWD, path, modalias, sizeof(modalias));
		if (n <= 0)
			continue;
		modalias[strcspn(modalias, "\n")] = '\0';
		modules_plug(modalias);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

static size_t plug_all(void)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir(SYS_BUS);

	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			count += plug_bus(entry->d_name);
	if (dir)
		closedir(dir);
	return count;
}

/* A driver on one bus makes the next: a PCI function becomes a virtio device, a hub finds a keyboard. */
void modules_coldplug(void)
{
	size_t before = 0, now;

	for (int round = 0; round < ROUNDS_MAX && (now = plug_all()) != before; round++)
		before = now;
}
