/* The password of the consoles: whether there is one, and whether what was typed is it. One is looked at at a time, whichever console it
 * comes from. */
#ifndef CONSOLE_LOGIN_H
#define CONSOLE_LOGIN_H

#include <stdbool.h>

#include "base/line.h"
#include "crypto/password.h"

enum login_state {
	LOGIN_UNKNOWN, /* the partition was not looked at yet */
	LOGIN_OPEN,    /* no password; recovery; no appliance */
	LOGIN_ASKS,
};

struct login {
	enum login_state state;
	unsigned idle_s; /* without a key, then it is asked for again; 0: never */
	char hash[PASSWORD_HASH_LEN]; /* of LOGIN_ASKS */
	bool stops;     /* recovery was chosen, and what runs is being stopped */
	bool elsewhere; /* no appliance: no console asks */
	bool damaged;   /* there is something in its place, by which no one can come in */
};

void login_look(struct login *login);

/* What the consoles go by from now on: 0 or -errno. hash "": none is asked for. */
int login_set(const struct login *login, const char *hash);

/* Asks for one, not shown: PASSWORD_MAX characters at most. The caller wipes it. fed as in struct line. */
enum line_event login_type(const char *question, char typed[static PASSWORD_MAX + 1], size_t *fed);

/* 0: it is the one; -EACCES: it is not; -EINTR: Ctrl-C came while it waited; or -errno. wrong gets how many were not, before this one
 * when it was right. */
int login_check(const char *typed, unsigned *wrong);

#endif
