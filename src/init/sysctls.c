#include "init/sysctls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "init/board.h"

enum { PATH_LEN = 320, VALUE_LEN = 64 };

/* A row's path is below /proc/sys; ALL_NICS in it stands for every interface, those to come too. */
#define ALL_NICS "*"

static const struct {
	const char *path, *value;
	const char *board_key; /* its words in board.conf come instead; NULL: the table decides */
} rows[] = {
	/* What a program may learn of the kernel, and what it may change in it. */
	{ "kernel/kptr_restrict", "2", NULL },
	{ "kernel/dmesg_restrict", "1", NULL },
	{ "kernel/kexec_load_disabled", "1", NULL },
	{ "kernel/unprivileged_bpf_disabled", "1", NULL },
	{ "kernel/unprivileged_userns_clone", "0", NULL },
	{ "user/max_user_namespaces", "0", NULL },
	{ "kernel/io_uring_disabled", "2", NULL },
	{ "kernel/perf_event_paranoid", "3", NULL },
	{ "kernel/yama/ptrace_scope", "2", NULL },
	{ "kernel/randomize_va_space", "2", NULL },
	{ "vm/unprivileged_userfaultfd", "0", NULL },
	{ "vm/mmap_min_addr", "65536", NULL },
	{ "dev/tty/ldisc_autoload", "0", NULL },
	{ "dev/tty/legacy_tiocsti", "0", NULL },
	{ "fs/suid_dumpable", "0", NULL },
	{ "fs/protected_symlinks", "1", NULL },
	{ "fs/protected_hardlinks", "1", NULL },
	{ "fs/protected_fifos", "2", NULL },
	{ "fs/protected_regular", "2", NULL },
	/* A BREAK on the serial line, be it a cable that is plugged in, and one letter more would reset the machine. */
	{ "kernel/sysrq", "0", "SYSRQ" },
	/* A kernel that went wrong is started anew, not kept: halted, it would wait for someone to come. */
	{ "kernel/panic", "10", NULL },
	{ "kernel/panic_on_oops", "1", NULL },
	/* Namespaces made later start from what is set here, not from the kernel's own. */
	{ "net/core/devconf_inherit_init_net", "1", NULL },
	/* Routes are the operator's, or a router's that he let advertise: no one else's on the link. */
	{ "net/ipv4/conf/" ALL_NICS "/accept_redirects", "0", NULL },
	{ "net/ipv4/conf/" ALL_NICS "/secure_redirects", "0", NULL },
	{ "net/ipv4/conf/" ALL_NICS "/send_redirects", "0", NULL },
	{ "net/ipv4/conf/" ALL_NICS "/accept_source_route", "0", NULL },
	{ "net/ipv6/conf/" ALL_NICS "/accept_redirects", "0", NULL },
	{ "net/ipv6/conf/" ALL_NICS "/accept_source_route", "0", NULL },
	/* A thousand peers may be on one link, and whoever is there beside them: the kernel's 1,024 places are for all links. */
	{ "net/ipv4/neigh/default/gc_thresh2", "4096", NULL },
	{ "net/ipv4/neigh/default/gc_thresh3", "8192", NULL },
	{ "net/ipv6/neigh/default/gc_thresh2", "4096", NULL },
	{ "net/ipv6/neigh/default/gc_thresh3", "8192", NULL },
	/* A NIC answers for its own addresses, not for those of its neighbours in the box. */
	{ "net/ipv4/conf/" ALL_NICS "/arp_ignore", "1", NULL },
	{ "net/ipv4/icmp_echo_ignore_broadcasts", "1", NULL },
	{ "net/ipv4/icmp_ignore_bogus_error_responses", "1", NULL },
	{ "net/ipv4/tcp_syncookies", "1", NULL },
};

typedef void file_fn(void *arg, const char *root, const char *path, const char *value);

/* What the board says of a row, else what the table does. Borrowed until the next call. */
static const char *row_value(size_t i)
{
	static char value[VALUE_LEN];

	if (rows[i].board_key && slice_copy(board_value(rows[i].board_key), value, sizeof(value)) == 0 && value[0])
		return value;
	return rows[i].value;
}

static void nic_file(size_t i, const char *root, const char *nic, file_fn *each, void *arg)
{
	struct slice rest = slice_of(rows[i].path), before;
	char path[PATH_LEN];

	slice_cut(&rest, ALL_NICS[0], &before);
	text_format(path, sizeof(path), "%.*s%s%.*s", SLICE_ARG(before), nic, SLICE_ARG(rest));
	each(arg, root, path, row_value(i));
}

/* `default` before the list is read: an interface that comes meanwhile has it from there. Neither `all` nor `default`
 * reaches those that are there already: the kernel asks some settings of the interface alone (IPv6's redirects). */
static void nic_files(size_t i, const char *root, file_fn *each, void *arg)
{
	struct slice rest = slice_of(rows[i].path), before;
	char path[PATH_LEN];
	struct dirent *entry;
	DIR *dir;

	slice_cut(&rest, ALL_NICS[0], &before);
	text_format(path, sizeof(path), "%s/%.*s", root, SLICE_ARG(before));
	nic_file(i, root, "default", each, arg);
	nic_file(i, root, "all", each, arg);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "default") != 0 && strcmp(entry->d_name, "all") != 0)
			nic_file(i, root, entry->d_name, each, arg);
	if (dir)
		closedir(dir);
}

static void each_file(const char *root, file_fn *each, void *arg)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strstr(rows[i].path, ALL_NICS))
			nic_files(i, root, each, arg);
		else
			each(arg, root, rows[i].path, row_value(i));
	}
}

/* What the kernel has now, without the end of the line: 0 or -errno. */
static int read_value(const char *root, const char *path, char value[static VALUE_LEN])
{
	char file[PATH_LEN];
	ssize_t n;

	text_format(file, sizeof(file), "%s/%s", root, path);
	n = file_read(AT_FDCWD, file, value, VALUE_LEN);
	if (n < 0)
		value[0] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return n < 0 ? (int)n : 0;
}

/* ---- at boot ---- */

struct writing {
	size_t held;
	int err; /* the first */
	struct text missing;
	char missing_text[128], refused_text[PATH_LEN + VALUE_LEN];
};

static void write_file(void *arg, const char *root, const char *path, const char *value)
{
	char file[PATH_LEN], is[VALUE_LEN];
	struct writing *writing = arg;
	int err = read_value(root, path, is);

	if (err == -ENOENT) {
		text_add(&writing->missing, "%s%s", writing->missing.len ? ", " : "", path);
		return;
	}
	/* What is right is left alone: some may be set once only. */
	if (!err && strcmp(is, value) != 0) {
		text_format(file, sizeof(file), "%s/%s", root, path);
		err = file_poke(file, value);
	}
	if (!err) {
		writing->held++;
		return;
	}
	log_err("%s cannot be set to %s: %s", path, value, strerror(-err));
	if (!writing->err) {
		writing->err = err;
		text_format(writing->refused_text, sizeof(writing->refused_text), "%s = %s", path, value);
	}
}

int sysctls_write(const char *root, char *words, size_t cap)
{
	struct writing writing = { 0 };

	text_init(&writing.missing, writing.missing_text, sizeof(writing.missing_text));
	each_file(root, write_file, &writing);
	if (writing.err)
		text_format(words, cap, "%s", writing.refused_text);
	else
		text_format(words, cap, "%zu set%s%s%s", writing.held, writing.missing.len ? "; this kernel lacks " : "",
			    writing.missing_text, writing.missing.truncated ? "..." : "");
	return writing.err;
}

/* ---- when asked ---- */

struct reading {
	void (*each)(void *arg, const char *path, const char *wanted, const char *is);
	void *arg;
	size_t different;
};

static void read_file(void *arg, const char *root, const char *path, const char *value)
{
	struct reading *reading = arg;
	char is[VALUE_LEN];
	bool there = read_value(root, path, is) == 0;

	reading->different += there && strcmp(is, value) != 0;
	reading->each(reading->arg, path, value, is);
}

size_t sysctls_each(const char *root, void (*each)(void *arg, const char *path, const char *wanted, const char *is),
		    void *arg)
{
	struct reading reading = { each, arg, 0 };

	each_file(root, read_file, &reading);
	return reading.different;
}
