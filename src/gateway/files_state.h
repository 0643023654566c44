/* How the four files stand against what runs, in a few words. They are read by a process of its own, since a disk may hang. */
#ifndef GATEWAY_FILES_STATE_H
#define GATEWAY_FILES_STATE_H

#include <sys/types.h>

enum { FILES_STATE_LEN = 96 };

struct files_asked {
	int fd; /* what it says; -errno */
	pid_t pid;
	char lock[128];
};

void files_ask(struct files_asked *asked, const char *conf_dir, const char *run_dir);
/* Within a moment, whatever the disk does. */
void files_answer(struct files_asked *asked, char words[static FILES_STATE_LEN]);

#endif
