/* One NIC being brought to what its section says, an aspect in a file each. */
#ifndef NETWORK_FIT_H
#define NETWORK_FIT_H

#include "conf/network.h"
#include "netlink/link.h"
#include "network/nics_report.h"

struct fitting {
	struct nl *nl;
	const struct link *link;
	const struct network_nic *wanted;
	const struct network_nic *before; /* what was wanted last, NULL: nothing, or not known */
	struct nics_report *report;
	uint32_t metric; /* of its static routes */
	int err;         /* the first */
};

/* A sentence, counted. */
void fit_tell(struct nics_report *report, bool error, const char *text);
/* A sentence about it; err < 0 makes it an error, with the kernel's words behind. */
void fit_say(struct fitting *fitting, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* An error that needs no words of the kernel. */
void fit_refuse(struct fitting *fitting, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void fit_settings(struct fitting *fitting); /* before it is up */
void fit_link(struct fitting *fitting);
void fit_addresses(struct fitting *fitting);
void fit_routes(struct fitting *fitting);

/* What routers advertised is not for this NIC (any more). */
bool fit_refuses_ra(const struct fitting *fitting);

#endif
