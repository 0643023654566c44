#include "gateway/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/set.h"
#include "crypto/key.h"

#define CONF_DIR "/srv/mitigator"

/* At a terminal a line with nothing else ends it, as in ed(1) and mail(1); Ctrl-D and the end of a pipe do too. */
#define END_LINE ".\n"

static char bytes[CONF_PUBLIC_MAX + 1];

static int usage(void)
{
	(void)fprintf(stderr, "usage: write FILE [--conf DIR], FILE one of:");
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		(void)fprintf(stderr, " %s", conf_file_name(file));
	(void)fprintf(stderr, "\n");
	return 2;
}

/* False: too long, and nothing is to be written. */
static bool read_all(bool terminal, size_t *len)
{
	*len = 0;
	while (*len < CONF_PUBLIC_MAX && fgets(bytes + *len, (int)(sizeof(bytes) - *len), stdin)) {
		if (terminal && !strcmp(bytes + *len, END_LINE)) {
			bytes[*len] = '\0';
			return true;
		}
		*len += strlen(bytes + *len);
	}
	return *len < CONF_PUBLIC_MAX;
}

static int replace(const char *dir, const char *name, bool private)
{
	bool terminal = isatty(STDIN_FILENO);
	size_t len;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = -ENOENT;

	if (terminal && dir_fd >= 0)
		printf("paste %s, then a line with a single . (Ctrl-C leaves the file as it is)\n", name);
	(void)fflush(stdout);
	if (dir_fd >= 0)
		err = read_all(terminal, &len) ? file_replace(dir_fd, name, bytes, len, private ? 0600 : 0644) : -EFBIG;
	if (err < 0)
		(void)fprintf(stderr, "%s/%s: %s: it is as it was\n", dir, name, strerror(-err));
	else
		printf("%s: %zu bytes written; `check` looks through them, `reconfigure` applies them\n", name, len);
	wipe(bytes, sizeof(bytes));
	if (dir_fd >= 0)
		close(dir_fd);
	return err < 0;
}

int write_main(int argc, char **argv)
{
	const char *dir = argc == 4 && !strcmp(argv[2], "--conf") ? argv[3] : CONF_DIR;

	for (enum conf_file file = 0; file < CONF_FILES && (argc == 2 || (argc == 4 && dir == argv[3])); file++)
		if (!strcmp(argv[1], conf_file_name(file)))
			return replace(dir, argv[1], file == CONF_PRIVATE);
	return usage();
}
