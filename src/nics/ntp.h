/* The time servers of network.conf and what .env says of them, for the process that keeps the time (ntp/wanted.h). */
#ifndef NICS_NTP_H
#define NICS_NTP_H

#include "conf/env.h"
#include "conf/network.h"

void ntp_write(const char *run_dir, enum env_ntp mode, const struct network_conf *conf); /* what cannot be written is told in the log */

/* What was written last, by a process before this one: its set has no .env. */
enum env_ntp ntp_now(const char *run_dir);

/* What of a plan is the time's, a line or none. The first may be NULL: nothing runs. */
void ntp_plan(const struct network_conf *now, enum env_ntp mode_now, const struct network_conf *wanted, enum env_ntp mode,
	      void (*line)(void *arg, const char *text), void *arg);

#endif
