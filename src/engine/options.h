/* What the engine is told when it is started. */
#ifndef ENGINE_OPTIONS_H
#define ENGINE_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

struct engine_options {
	const char *device;
	const char *uapi_name;   /* of its sockets: device, if nothing else is said */
	const char *sockets_dir;
	const char *alias;       /* "": none, so that no service takes it for its own */
	int netns_fd;            /* where its interface is; -1: here */
	int log_fd;              /* where it logs once it is in the background; -1: the kernel's log */
	bool front;
	bool help;               /* it was asked for: nothing else counts */
};

void engine_usage(FILE *to);

/* False: it was told something that it cannot be; standard error says what. */
bool engine_options_read(struct engine_options *options, int argc, char **argv);

#endif
