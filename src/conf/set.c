#include "conf/set.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/denied.h"
#include "base/file.h"
#include "conf/swap.h"
#include "crypto/key.h"

enum { OTHERS = 077, PRIVATE_MODE = 0600 };

/* The file that is open stands in the directory itself: neither a symbolic link nor a further name of one elsewhere. */
static bool is_ours(int dir_fd, const char *name, const struct stat *opened)
{
	struct stat st;

	return !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_dev == opened->st_dev &&
	       st.st_ino == opened->st_ino && st.st_nlink == 1;
}

static void mend_mode(int dir_fd, int fd, const char *name, const struct stat *st, struct diag *diag)
{
	unsigned mode = st->st_mode & 07777u;
	bool ours = is_ours(dir_fd, name, st);

	if (ours && !fchmod(fd, PRIVATE_MODE))
		diag_warning(diag, name, 1, "mode was %04o, so others could read the private key; mended to 0600",
			     mode);
	else
		diag_warning(diag, name, 1,
			     "mode %04o lets others read the private key and cannot be mended (%s); expected 0600",
			     mode, ours ? strerror(errno) : "it is a link");
}

/* Opens the file, once for all that there is to know of it: its descriptor, or -errno; -ENOENT without a finding. */
static int open_text(int dir_fd, enum conf_file file, struct conf_text *text, struct diag *diag)
{
	const char *name = conf_files[file].name;
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err = -errno;
		if (err != -ENOENT)
			diag_error(diag, name, 1, "cannot be read: %s%s", strerror(-err), denied_hint(-err));
	} else if (!S_ISREG(st.st_mode)) {
		err = -EINVAL;
		diag_error(diag, name, 1, "not a regular file; expected a text file");
	} else if (!st.st_nlink) {
		err = -ESTALE;
		diag_error(diag, name, 1, "was replaced on the host, and the container keeps the old one, as it is mounted by itself: "
			   "mount the directory");
	} else if (st.st_mode & OTHERS) {
		text->shared = true;
		if (conf_files[file].private)
			mend_mode(dir_fd, fd, name, &st, diag);
	}
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}

static void read_file(struct conf_text *text, int dir_fd, enum conf_file file, struct diag *diag)
{
	int fd = open_text(dir_fd, file, text, diag);
	ssize_t len;

	text->present = fd != -ENOENT;
	if (fd < 0)
		return;
	len = file_read_fd(fd, text->bytes, conf_files[file].limit + 1);
	close(fd);
	if (len == -EFBIG)
		diag_error(diag, conf_files[file].name, 1, "larger than %zu bytes, the limit: nothing of it was read",
			   conf_files[file].limit);
	else if (len < 0)
		diag_error(diag, conf_files[file].name, 1, "cannot be read: %s", strerror((int)-len));
	if (len < 0) {
		wipe(text->bytes, conf_files[file].limit + 1);
		return;
	}
	text->len = (size_t)len;
	text->read = true;
}

static void own_texts(struct conf_set *set)
{
	set->texts[CONF_PRIVATE].bytes = set->private_bytes;
	set->texts[CONF_PUBLIC].bytes = set->public_bytes;
	set->texts[CONF_ENV].bytes = set->env_bytes;
	set->texts[CONF_NETWORK].bytes = set->network_bytes;
}

void conf_set_copy(struct conf_set *to, const struct conf_set *from)
{
	conf_set_wipe(to);
	memcpy(to->texts, from->texts, sizeof(to->texts));
	own_texts(to);
	for (int i = 0; i < CONF_FILES; i++)
		if (from->texts[i].len)
			memcpy(to->texts[i].bytes, from->texts[i].bytes, from->texts[i].len);
}

static void parse_file(struct conf_set *set, enum conf_file file, struct diag *diag)
{
	const struct conf_text *text = &set->texts[file];

	if (file == CONF_PRIVATE)
		vpn_private_parse(&set->vpn, text->bytes, text->len, diag);
	else if (file == CONF_PUBLIC)
		vpn_public_parse(&set->vpn, text->bytes, text->len, diag);
	else if (file == CONF_ENV)
		env_parse(&set->env, text->bytes, text->len, diag);
	else
		network_parse(&set->network, text->bytes, text->len, diag);
}

/* What was handed over in the environment counts without the file, too. */
static void parse_no_env(struct conf_set *set, struct diag *diag)
{
	env_parse(&set->env, NULL, 0, diag);
	set->env.unread = set->texts[CONF_ENV].present;
}

static bool is_clustered(const struct conf_set *set)
{
	return set->texts[CONF_PRIVATE].present || set->texts[CONF_PUBLIC].present || set->env.address_line;
}

void conf_set_parse(struct conf_set *set, struct diag *diag)
{
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		if (set->texts[file].read)
			parse_file(set, file, diag);
		else if (file == CONF_ENV)
			parse_no_env(set, diag);
	set->clustered = is_clustered(set);
}

void conf_set_replace(struct conf_set *set, const struct conf_set *from, enum conf_file file, struct slice text, struct diag *diag)
{
	conf_set_wipe(set);
	own_texts(set);
	for (enum conf_file i = 0; i < CONF_FILES; i++) {
		struct slice bytes = i == file ? text : (struct slice){ from->texts[i].bytes, from->texts[i].len };

		set->texts[i].present = set->texts[i].read = i == file || from->texts[i].present;
		set->texts[i].len = bytes.len;
		if (bytes.len)
			memcpy(set->texts[i].bytes, bytes.ptr, bytes.len);
	}
	conf_set_parse(set, diag);
}

void conf_set_read(struct conf_set *set, int dir_fd, struct diag *diag)
{
	int err = swap_finish(dir_fd);

	conf_set_wipe(set);
	own_texts(set);
	if (err < 0)
		diag_error(diag, VPN_PRIVATE_FILE, 1, "an import that a power cut stopped half way cannot be finished: %s",
			   strerror(-err));
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		read_file(&set->texts[file], dir_fd, file, diag);
}

void conf_set_load(struct conf_set *set, int dir_fd, struct diag *diag)
{
	conf_set_read(set, dir_fd, diag);
	conf_set_parse(set, diag);
}

static void wipe_text(struct conf_text *text)
{
	if (text->bytes)
		wipe(text->bytes, text->len);
	*text = (struct conf_text){ 0 };
}

void conf_set_wipe_vpn(struct conf_set *set)
{
	for (int i = 0; i < CONF_FILES; i++)
		if (i != CONF_NETWORK)
			wipe_text(&set->texts[i]);
	set->clustered = false;
	vpn_conf_init(&set->vpn);
	env_conf_init(&set->env);
}

void conf_set_wipe(struct conf_set *set)
{
	conf_set_wipe_vpn(set);
	wipe_text(&set->texts[CONF_NETWORK]);
	network_conf_init(&set->network);
}
