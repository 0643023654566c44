#include "init/next_root.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/mend.h"
#include "init/superblock.h"

static struct next_root *next;

/* ---- PID 1 ---- */

struct next_root *next_root_begin(const char *label)
{
	void *memory = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	next = memory;
	text_format(next->label, sizeof(next->label), "%s", label);
	return next;
}

void next_root_make_dir(void)
{
	(void)mkdir(NEXT_ROOT_DIR, 0700);
}

/* ---- the steps ---- */

static int failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int failed(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(next->words, sizeof(next->words), fmt, args);
	va_end(args);
	text_make_printable(next->words); /* a name on a foreign disk is anyone's */
	return 1;
}

int next_root_find(void)
{
	uint8_t block[SUPERBLOCK_LEN];
	size_t count = locate_in_time(next->label, next->name);

	if (!count)
		return failed("no partition or file system is called %s", next->label);
	if (count > 1)
		log_err("%zu file systems are named or labelled %s: %s is taken", count, next->label, next->name);
	text_format(next->path, sizeof(next->path), "/dev/%s", next->name);
	if (!locate_superblock(next->name, block))
		return failed("%s holds no ext4 file system, and no other can be mounted", next->path);
	return 0;
}

int next_root_mend(void)
{
	uint8_t block[SUPERBLOCK_LEN];
	char words[HANDOVER_WORDS_LEN];

	if (mend_is_barred(next->path) || (locate_superblock(next->name, block) && superblock_is_clean(block)) ||
	    mend(next->path, words, sizeof(words)))
		return 0;
	return failed("%s", words);
}

int next_root_mount(void)
{
	/* One that says of itself that it is read-only, or is protected. */
	static const unsigned long flags[] = { 0, MS_RDONLY };
	int err = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (mount(next->path, NEXT_ROOT_DIR, "ext4", flags[i], NULL) == 0)
			return 0;
		err = errno;
	}
	return failed("%s cannot be mounted: %s", next->path, strerror(err));
}

/* ---- whether it is a root ---- */

static int elf_interpreter(struct slice bytes, char interpreter[static NEXT_ROOT_INTERPRETER_LEN])
{
	Elf64_Ehdr header;
	Elf64_Phdr program;

	if (bytes.len < sizeof(header))
		return -ENOEXEC;
	memcpy(&header, bytes.ptr, sizeof(header));
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 || header.e_phentsize != sizeof(program) ||
	    (header.e_type != ET_EXEC && header.e_type != ET_DYN))
		return -ENOEXEC;
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (header.e_phoff > bytes.len || bytes.len - header.e_phoff < (i + 1) * sizeof(program))
			return -ENOEXEC;
		memcpy(&program, bytes.ptr + header.e_phoff + i * sizeof(program), sizeof(program));
		if (program.p_type != PT_INTERP)
			continue;
		if (program.p_offset > bytes.len || program.p_filesz > bytes.len - program.p_offset || !program.p_filesz ||
		    bytes.ptr[program.p_offset + program.p_filesz - 1])
			return -ENOEXEC;
		return slice_copy(slice_of(bytes.ptr + program.p_offset), interpreter, NEXT_ROOT_INTERPRETER_LEN) < 0 ? -ENOEXEC : 0;
	}
	return 0;
}

static int script_interpreter(struct slice bytes, char interpreter[static NEXT_ROOT_INTERPRETER_LEN])
{
	struct slice line, word;

	bytes.ptr += 2;
	bytes.len -= 2;
	if (!slice_cut(&bytes, '\n', &line) || !slice_word(&line, &word) ||
	    slice_copy(word, interpreter, NEXT_ROOT_INTERPRETER_LEN) < 0)
		return -ENOEXEC;
	return 0;
}

int next_root_interpreter(struct slice bytes, char interpreter[static NEXT_ROOT_INTERPRETER_LEN])
{
	interpreter[0] = '\0';
	if (slice_starts(bytes, "#!"))
		return script_interpreter(bytes, interpreter);
	return slice_starts(bytes, ELFMAG) ? elf_interpreter(bytes, interpreter) : -ENOEXEC;
}

/* Its begin is kept in bytes; all of it is read, so that executing it does not wait for the disk. */
static int read_program(const char *path, char bytes[static NEXT_ROOT_HEAD_LEN], size_t *len)
{
	static char rest[1 << 16];
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR)) {
		close(fd);
		return -EACCES;
	}
	n = read(fd, bytes, NEXT_ROOT_HEAD_LEN);
	*len = n > 0 ? (size_t)n : 0;
	while (n > 0)
		n = read(fd, rest, sizeof(rest));
	err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int look_at_init(void)
{
	static char bytes[NEXT_ROOT_HEAD_LEN];
	char interpreter[NEXT_ROOT_INTERPRETER_LEN];
	size_t len = 0;
	int err = read_program(NEXT_ROOT_INIT, bytes, &len);

	if (err < 0)
		return failed("%s has no %s that can be executed: %s", next->path, NEXT_ROOT_INIT, strerror(-err));
	if (next_root_interpreter((struct slice){ bytes, len }, interpreter) < 0)
		return failed("%s of %s is no program for this machine", NEXT_ROOT_INIT, next->path);
	if (interpreter[0] && (err = read_program(interpreter, bytes, &len)) < 0)
		return failed("%s of %s needs %s: %s", NEXT_ROOT_INIT, next->path, interpreter, strerror(-err));
	return 0;
}

/* What is moved there has to have a place. */
static int look_at_dirs(void)
{
	static const char *const dirs[] = { "/dev", "/proc", "/sys", "/run", "/srv", DATA_DIR };
	struct stat st;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (lstat(dirs[i], &st) < 0 && mkdir(dirs[i], 0755) < 0)
			return failed("%s has no %s, and it cannot be made: %s", next->path, dirs[i], strerror(errno));
		if (lstat(dirs[i], &st) < 0 || !S_ISDIR(st.st_mode))
			return failed("%s of %s is no directory", dirs[i], next->path);
	}
	return 0;
}

int next_root_look(void)
{
	/* From inside, so that its links mean what they will mean. */
	if (chroot(NEXT_ROOT_DIR) < 0 || chdir("/") < 0)
		return failed("%s: %s", NEXT_ROOT_DIR, strerror(errno));
	return look_at_init() ? 1 : look_at_dirs();
}

int next_root_unmount(void)
{
	return umount(NEXT_ROOT_DIR) < 0 && errno != EINVAL && errno != ENOENT;
}
