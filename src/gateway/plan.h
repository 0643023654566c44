/* What a set of files makes of the peers that run, in lines for the one who is about to apply it. */
#ifndef GATEWAY_PLAN_H
#define GATEWAY_PLAN_H

#include "conf/vpn.h"
#include "tunnel/tunnel.h"

enum { PLAN_LINE_LEN = 256, PLAN_EACH_MAX = 12 }; /* lines of one kind; the others are counted */

/* Calls line for each, without newline: what is added, changed, gets another key, goes; sessions that drop, and why. before knows
 * the names of what runs; after is NULL when nothing is to run. now_s is CLOCK_REALTIME, as running's handshakes. */
void plan_peers(const struct tunnel_config *running, const struct vpn_conf *before, const struct vpn_conf *after, int64_t now_s,
		void (*line)(void *arg, const char *text), void *arg);

#endif
