/* One of the four files changed in part at the console: the result is looked through as a whole, what changed is printed, and a
 * value that is wrong is not written. Nothing of it runs before a commit. */
#ifndef GATEWAY_AMEND_H
#define GATEWAY_AMEND_H

#include "conf/set.h"

/* Large: there is one, since a command is a process and makes one change (of what all commands have in static storage each process has
 * its share, and a small machine runs none that asks for more than it has). Holds keys: amend_close. */
extern struct amend the_change;

struct amend {
	const char *verb; /* for what goes wrong */
	bool is_open;
	int dir_fd;
	struct conf_set now, next;
	struct conf_facts facts;
	struct diag diag;
	char bytes[CONF_PUBLIC_MAX + 1]; /* for what conf/edit makes */
};

/* Reads the files; again, where it is open: they may have changed meanwhile. False after it told why not. */
bool amend_open(struct amend *change, const char *verb, const char *dir);
void amend_close(struct amend *change);

/* conf_set_load tells of a file that it did not read as of an empty one: false for that. */
bool amend_was_read(const struct amend *change, enum conf_file file);

bool amend_has_key(const struct amend *change);
bool amend_has_address(const struct amend *change, const struct vpn_peer *peer, const struct inet_addr *addr);

/* Our own section of vpn-public.conf: by our VPN address, or our key. NULL when there is none. */
const struct vpn_peer *amend_own_peer(const struct amend *change);

struct slice amend_text(const struct amend *change, enum conf_file file);

/* len as conf/edit gave it for change->bytes: the exit status. key: for the words, what was to be changed. */
int amend_keep(struct amend *change, enum conf_file file, ssize_t len, const char *key);

#endif
