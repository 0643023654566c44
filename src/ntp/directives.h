/* What chronyd is started with: a directive of chrony.conf(5) an argument, pure. It never steps the clock, and what it would slew
 * for longer than half a day it leaves alone and tells of (`maxchange`). */
#ifndef NTP_DIRECTIVES_H
#define NTP_DIRECTIVES_H

#include "ntp/wanted.h"

#define NTP_USER "time" /* base/users.h's USER_TIME, in the image's /etc/passwd */

enum {
	NTP_WORDS_MAX = 64,
	NTP_WORDS_LEN = 8192,
	NTP_SLEW_MAX_S = 3600, /* at chronyd's 83333 ppm: 12 hours */
	NTP_ORPHAN_STRATUM = 10, /* of instances that have no one to ask but each other */
	NTP_PORT = 123,
};

/* argv, ended by NULL. */
struct ntp_words {
	char *argv[NTP_WORDS_MAX];
	size_t count;
	char bytes[NTP_WORDS_LEN]; /* what argv points to, one behind the other */
	size_t len;
	bool overflowed;
};

bool ntp_serves(const struct ntp_wanted *wanted); /* someone is to be */
bool ntp_asks(const struct ntp_wanted *wanted);   /* someone outside of the VPN is to be */

/* dir: for its command socket and what it knows of the oscillator, "DIR/socket" and "DIR/drift". serves: what ntp_serves says can be had. */
void ntp_directives(struct ntp_words *words, const struct ntp_wanted *wanted, bool serves, const char *dir);

/* It asks the servers of wanted once, tells by how much the clock is wrong, touches nothing, and ends after limit_s at the latest. */
void ntp_directives_once(struct ntp_words *words, const struct ntp_wanted *wanted, unsigned limit_s);

#endif
