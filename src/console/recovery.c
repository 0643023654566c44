#include "console/recovery.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/paths.h"

#define ANSWER "r"

bool recovery_print(void)
{
	char text[512];

	if (file_read(AT_FDCWD, RUN_DIR "/" RECOVERY_FILE, text, sizeof(text)) <= 0)
		return false;
	printf("%s", text);
	return true;
}

void recovery_print_offer(void)
{
	char text[16];

	if (file_read(AT_FDCWD, RUN_DIR "/" RECOVERY_OFFER_FILE, text, sizeof(text)) > 0)
		printf("`" ANSWER "`, Enter within %s s: recovery, a console and nothing else.\n", text);
}

/* Of what noise on a serial line brings, the most is swallowed by the line's editing: so it counts what came, and not only what is
 * left of it. */
bool recovery_taken(const char *line, size_t fed)
{
	char text[16];

	if (strcmp(line, ANSWER) != 0 || fed != sizeof(ANSWER) ||
	    file_read(AT_FDCWD, RUN_DIR "/" RECOVERY_OFFER_FILE, text, sizeof(text)) <= 0)
		return false;
	printf("recovery: this console is back in a moment\n");
	(void)fflush(stdout);
	return kill(1, SIGUSR1) == 0;
}

bool recovery_is_late(const char *line)
{
	return !strcmp(line, ANSWER);
}
