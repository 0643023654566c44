/* Generations on the partition (DATA_DIR/generations/N): the files of each commit under its number, with what is known about
 * it. One pointer says which is confirmed: what a boot falls back to. Written under the lock of a commit only. Whatever else
 * stands there is in no one's way. */
#ifndef CONFIG_STORE_H
#define CONFIG_STORE_H

#include "conf/set.h"
#include "config/about.h"
#include "crypto/key.h"

/* Of the last 20 the oldest goes first, and before it what was never confirmed, but for the newest 5 of those. The one that is
 * confirmed, and the one confirmed before it, stay. */
enum { STORE_KEPT = 20, STORE_KEPT_UNCONFIRMED = 5, STORE_MAX = 64 };

struct store {
	int dir_fd;
	unsigned confirmed;           /* 0: none */
	bool has_left;                /* as store_confirm was told */
	uint8_t left[KEY_LEN];
	unsigned numbers[STORE_MAX];  /* the newest, ascending */
	size_t count;
	bool more;                    /* older ones */
};

/* make: where there is no directory yet. 0; -errno, also when it cannot be read what is confirmed. */
int store_open(struct store *store, int data_fd, bool make);
void store_close(struct store *store);            /* also after an error */

unsigned store_next(const struct store *store, unsigned above); /* a number above all of them, and that; 0: none is left */
unsigned store_find(const struct store *store, const struct conf_set *set); /* the newest with these files, 0: none */
unsigned store_before(const struct store *store);  /* the last one confirmed before the one that is, 0: none */
int store_files(const struct store *store, unsigned number);             /* a descriptor that the caller closes, or -errno */
int store_about(const struct store *store, unsigned number, struct about *about); /* 0 or -errno */

/* All of it is there after a power cut, or nothing; those that are too old go. 0 or -errno. */
int store_write(struct store *store, unsigned number, const struct conf_set *set, const struct about *about);
void store_tell(const struct store *store, unsigned number, enum about_state state);

/* number is what a boot falls back to from now on, durably: 0 or -errno. From those before it a private key goes that it has
 * not. left: the sum of what the workers have in applied/ until they keep this one; NULL:
 * they have kept it. */
int store_confirm(struct store *store, unsigned number, const uint8_t *left);

#endif
