/* `gateway export`: the files onto standard output. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/here.h"
#include "base/paths.h"
#include "base/row.h"
#include "conf/left_out.h"
#include "conf/paste.h"
#include "conf/set.h"
#include "conf/set_pool.h"
#include "gateway/operands.h"
#include "gateway/transfer.h"

/* conf_set_load tells of a file that it did not read as of one that is wrong: this is for those that are there. */
static bool was_read(int dir_fd, enum conf_file file, const struct conf_text *text)
{
	struct stat st;

	if (!text->present || (!fstatat(dir_fd, conf_file_name(file), &st, 0) && S_ISREG(st.st_mode) &&
			       st.st_size == (off_t)text->len))
		return true;
	(void)fprintf(stderr, "%s cannot be read whole (`%scheck` says why): nothing is exported\n", conf_file_name(file), here_program());
	return false;
}

static bool leave_out(enum conf_file file, struct conf_text *text, char *bytes, size_t cap)
{
	ssize_t len = text->present ? left_out_take(file, (struct slice){ text->bytes, text->len }, bytes, cap) : 0;

	if (len < 0)
		(void)fprintf(stderr, "%s is too large without its keys\n", conf_file_name(file));
	text->bytes = bytes;
	text->len = len > 0 ? (size_t)len : 0;
	return len >= 0;
}

static int print_set(int dir_fd, bool keys)
{
	static char private[CONF_OTHER_MAX + 1], public[CONF_PUBLIC_MAX + 1];
	static struct conf_text texts[CONF_FILES];
	struct conf_set *set = set_pool_take();
	static struct diag diag;
	bool fine = true;

	conf_set_load(set, dir_fd, &diag);
	memcpy(texts, set->texts, sizeof(texts));
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		fine = fine && was_read(dir_fd, file, &texts[file]);
	if (fine && !keys)
		fine = leave_out(CONF_PRIVATE, &texts[CONF_PRIVATE], private, sizeof(private)) &&
		       leave_out(CONF_PUBLIC, &texts[CONF_PUBLIC], public, sizeof(public));
	if (fine)
		paste_write(texts, keys, row_print, NULL);
	set_pool_give_back(set);
	fine = fflush(stdout) == 0 && fine;
	return fine ? 0 : 1;
}

int export_main(int argc, char **argv)
{
	const char *dir = DATA_DIR;
	bool keys = false;
	int fd, status;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--with-keys")) {
			keys = true;
		} else if (!strcmp(argv[i], "--conf") && i + 1 < argc) {
			dir = argv[++i];
		} else {
			(void)fprintf(stderr, "usage: export [--with-keys] [--conf DIR]\n");
			return 2;
		}
	}
	fd = operand_open(dir, "export");
	if (fd < 0)
		return 1;
	status = print_set(fd, keys);
	close(fd);
	return status;
}
