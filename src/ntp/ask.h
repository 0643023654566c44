/* Asks chronyd over its command socket, which shows what is now and needs no file that grows. */
#ifndef NTP_ASK_H
#define NTP_ASK_H

#include "ntp/report.h"
#include "ntp/wanted.h"

enum { NTP_SOURCES_MAX = NTP_SERVERS_MAX + NTP_PEERS_MAX };

struct ntp_state {
	struct ntp_tracking tracking;
	struct ntp_source sources[NTP_SOURCES_MAX];
	size_t source_count;
};

/* The directory of the chronyd that serves the processes of run_dir: its own user's alone. */
void ntp_dir(char dst[static NTP_PATH_LEN], const char *run_dir);

/* 0, or -errno: -ENOENT or -ECONNREFUSED when none runs, -ETIMEDOUT. */
int ntp_ask(struct ntp_state *state, const char *run_dir);

/* The clock is right, by one who knows it from outside: not by an instance that has no one to ask, nor while it is still slewed. */
bool ntp_is_right(const struct ntp_tracking *tracking);

/* The clock is meant to follow someone. */
bool ntp_follows(const char *run_dir);

/* What `clock` says of it, lines of at most 80 columns. */
void ntp_state_print(const struct ntp_state *state, void (*line)(void *arg, const char *text), void *arg);
void ntp_print(const struct ntp_wanted *wanted, const char *run_dir, void (*line)(void *arg, const char *text), void *arg);

#endif
