/* A process of chronyd: its own user, one capability or none, its log in a pipe of ours, and it ends with us. */
#ifndef NTP_CHRONYD_H
#define NTP_CHRONYD_H

#include <stdbool.h>
#include <sys/types.h>

#define NTP_CHRONYD "/sbin/chronyd"

struct ntp_chronyd {
	const char *path;
	char *const *argv;
	int socket_fd;    /* bound, for those who ask us; -1: none */
	bool keeps_clock; /* it may adjust it */
};

/* *log_fd is for its lines, and the caller's to close; not blocking. The pid, or -errno. */
pid_t ntp_chronyd_start(const struct ntp_chronyd *chronyd, int *log_fd);

#endif
