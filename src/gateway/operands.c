#include "gateway/operands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/denied.h"
#include "base/here.h"
#include "base/paths.h"

enum { EXIT_USAGE = 2 };

const char *operand_dir(int *argc, char **argv)
{
	if (*argc < 3 || strcmp(argv[*argc - 2], "--conf") != 0)
		return DATA_DIR;
	*argc -= 2;
	return argv[*argc + 1];
}

int operand_open(const char *dir, const char *verb)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		(void)fprintf(stderr, "%s: %s: %s%s%s\n", verb, dir, strerror(errno), denied_hint(errno),
			      errno != ENOENT || strcmp(dir, DATA_DIR) != 0 ? "" : here_is_appliance() ?
				      ":\nthe persistent partition is not mounted, see `boot`" : "; `--conf DIR` names another place");
	return fd;
}

bool operand_file(const char *word, enum conf_file *file)
{
	for (*file = 0; *file < CONF_FILES; (*file)++)
		if (!strcmp(word, conf_file_name(*file)))
			return true;
	return false;
}

int operand_usage(const char *words)
{
	(void)fprintf(stderr, "usage: %s [--conf DIR], FILE one of:", words);
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		(void)fprintf(stderr, " %s", conf_file_name(file));
	(void)fprintf(stderr, "\n");
	return EXIT_USAGE;
}
