/* What is known about a generation beside its files: a line each, as text. Pure. */
#ifndef CONFIG_ABOUT_H
#define CONFIG_ABOUT_H

#include <stddef.h>
#include <stdint.h>

#include "conf/summary.h"
#include "crypto/key.h"

enum { ABOUT_BY_LEN = 32, ABOUT_TEXT_LEN = CONF_SUMMARY_LEN + 192 };

enum about_state {
	ABOUT_NEW,       /* committed, and not confirmed */
	ABOUT_CONFIRMED, /* at some time */
	ABOUT_FAILED,    /* and what ran before was put back */
	ABOUT_UNDONE,    /* no one confirmed it, or it was interrupted */
	ABOUT_SET_ASIDE, /* files that others replaced before they were committed */
	ABOUT_STATES,
};

struct about {
	enum about_state state;
	int64_t when_s;             /* CLOCK_REALTIME */
	char by[ABOUT_BY_LEN];      /* "boot", "console" */
	char summary[CONF_SUMMARY_LEN];
	char lost_key[KEY_BASE64_LEN]; /* the public key of a private key that is kept no more, "" */
};

extern const char *const about_state_words[ABOUT_STATES];

size_t about_write(const struct about *about, char text[static ABOUT_TEXT_LEN]);
int about_read(const char *text, size_t len, struct about *about); /* 0 or -EINVAL */

#endif
