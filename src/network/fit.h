/* One NIC being brought to what its section says, an aspect in a file each. */
#ifndef NETWORK_FIT_H
#define NETWORK_FIT_H

#include "conf/network.h"
#include "netlink/link.h"
#include "network/leases.h"
#include "network/nics.h"
#include "network/nics_report.h"

struct fitting {
	struct nl *nl;
	const struct network_conf *conf;
	const struct nics *nics;
	const struct leases *leases;
	const struct link *link;
	const struct network_nic *wanted;
	const struct network_nic *before; /* what was wanted last, NULL: nothing, or not known */
	struct nics_report *report;
	uint32_t metric; /* of its static routes; those of a lease have their own */
	int err;         /* the first */
	bool made_any;   /* there is a link now that nics does not have */
};

/* A sentence, counted. */
void fit_tell(struct nics_report *report, bool error, const char *text);
/* A sentence about it; err < 0 makes it an error, with the kernel's words behind. */
void fit_say(struct fitting *fitting, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same of what another socket was asked: words are what the kernel said to that, "" for none. */
void fit_say_by(struct fitting *fitting, const char *words, int err, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* An error that needs no words of the kernel. */
void fit_refuse(struct fitting *fitting, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Before any NIC: what was made and cannot stay goes; then, with a look at what is left, bonds are made. */
void fit_stale(struct fitting *fitting);
void fit_bonds(struct fitting *fitting);
/* Whether the NIC is a port of the bond that its section says, and of none else. */
void fit_port(struct fitting *fitting);
/* VLANs on it, once it is as it is to be. */
void fit_vlans(struct fitting *fitting);

/* Of one that was just created: 0 or -errno, and then it is gone again. */
int fit_mark(struct fitting *fitting, const char *name);
/* That it was made, or why not; lower: what a VLAN is on. */
void fit_say_made(struct fitting *fitting, int err, const struct network_device *device, const char *lower);

void fit_settings(struct fitting *fitting); /* before it is up */
void fit_offloads(struct fitting *fitting);
void fit_link(struct fitting *fitting);
void fit_addresses(struct fitting *fitting);
void fit_routes(struct fitting *fitting);

/* What routers advertised is not for this NIC (any more). */
bool fit_refuses_ra(const struct fitting *fitting);

#endif
