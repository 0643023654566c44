/* The host's filter as the service keeps it: on or off as .env says, told when that changes, shown with its counters. */
#ifndef NICS_DOOR_H
#define NICS_DOOR_H

#include "conf/env.h"
#include "control/server.h"
#include "netlink/netlink.h"
#include "network/filter.h"
#include "network/nics.h"
#include "network/nics_report.h"

struct door {
	struct nl nl;
	const char *run_dir;
	int err;   /* why there can be none, 0: there can */
	bool ours; /* this process made its rules */
	struct filter_nic dhcp[NICS_MAX]; /* as it is */
	size_t dhcp_count;
	int dhcp_err;
};

void door_begin(struct door *door, const char *run_dir); /* borrowed for good */

/* What .env said when door_fit was called last, in this process or in one before it, whatever someone made of the table since. */
enum env_filter door_now(const struct door *door);

/* 0, also on a kernel that has no nf_tables, which is an error in the report alone; or -errno. */
int door_fit(struct door *door, enum env_filter wanted, struct nics_report *report);

/* By which NICs a DHCP server's answer comes in. What cannot be is told in the log, once. */
void door_dhcp(struct door *door, const struct filter_nic *nics, size_t count);

/* What of a plan is the filter's, a line or none. */
void door_plan(enum env_filter now, enum env_filter wanted, void (*line)(void *arg, const char *text), void *arg);

void door_tell_open(struct door *door, struct control_call *call); /* a line when everything comes in, or none */
void door_show(struct door *door, struct control_call *call); /* answers the call */

#endif
