/* What the program can be told, with a sentence of each: one table for what is run, the usage, `help commands` and the man page. */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

#include <stdbool.h>

struct gateway_command {
	const char *name, *words, *about;
	int (*run)(int argc, char **argv); /* NULL: it takes more than its words, see gateway_main */
};

/* One that needs no more than its words and no service; NULL for others. */
const struct gateway_command *command_find(const char *name);

/* Each on a line, behind the name that the program was called by; then the verbs of the running service. */
void commands_usage(const char *program, void (*line)(void *arg, const char *text), void *arg);
/* The same of one, with its sentence: false when there is none of that name. */
bool command_usage(const char *program, const char *name, void (*line)(void *arg, const char *text), void *arg);
/* With its sentence: for a screen, or as README and the man page have it. */
void commands_print(bool markdown, void (*line)(void *arg, const char *text), void *arg);

#endif
