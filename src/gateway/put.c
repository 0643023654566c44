#include "gateway/put.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "conf/edited.h"
#include "conf/files_lock.h"
#include "conf/limits.h"
#include "crypto/key.h"

static mode_t mode_of(int dir_fd, enum conf_file file)
{
	struct stat st;

	if (conf_files[file].private)
		return 0600;
	return !fstatat(dir_fd, conf_file_name(file), &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) ? st.st_mode & 0777 : 0644;
}

static bool is_as(int dir_fd, enum conf_file file, const struct conf_text *text)
{
	static char bytes[CONF_PUBLIC_MAX + 1];
	ssize_t n = file_read(dir_fd, conf_file_name(file), bytes, sizeof(bytes));
	bool same = text->present ? n == (ssize_t)text->len && (!n || !memcmp(bytes, text->bytes, text->len)) : n == -ENOENT;

	wipe(bytes, sizeof(bytes));
	return same;
}

int put_file(int dir_fd, enum conf_file file, const struct conf_text *was, const char *bytes, size_t len, bool *there)
{
	const struct conf_text text = { .present = true, .len = len, .bytes = (char *)(uintptr_t)bytes }; /* it is read alone */
	const struct conf_text *replaced[CONF_FILES] = { NULL };
	int err = files_lock(dir_fd, FILES_CHANGE);

	*there = false;
	if (err < 0)
		return err;
	replaced[file] = &text;
	if (was && !is_as(dir_fd, file, was))
		err = -ESTALE;
	if (!err)
		err = edited_note(dir_fd, replaced);
	if (!err) {
		err = file_replace(dir_fd, conf_file_name(file), bytes, len, mode_of(dir_fd, file));
		/* The rename came before the sync of the directory that failed. */
		*there = err < 0 && is_as(dir_fd, file, &text);
	}
	files_unlock(dir_fd);
	return err;
}

const char *put_words(int err)
{
	return err == -ESTALE ? "another console changed it meanwhile" : files_lock_words(err);
}

const char *put_outcome(bool there)
{
	return there ? "it is written;\nwhether it survives a power cut is not known" : "it is as it was";
}
