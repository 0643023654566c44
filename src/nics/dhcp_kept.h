/* The files that leases are in: what is in use, in memory; each NIC's last, on the partition; the time servers, for whoever asks them. */
#ifndef NICS_DHCP_KEPT_H
#define NICS_DHCP_KEPT_H

#include "base/loop.h"
#include "network/leases.h"
#include "worker/helper.h"

enum { DHCP_NTP_MAX = 8 };

/* Each NIC's last lease, for the next boot: written by a child, since a disk may hang. */
struct dhcp_kept {
	struct leases leases;
	struct loop *loop;
	const char *dir; /* NULL: they are not kept */
	struct helper writer;
	struct loop_timer later;
	char bytes[LEASES_TEXT_MAX]; /* as they are being written */
	size_t len;
	bool again, failed;
};

void dhcp_kept_open(struct dhcp_kept *kept, struct loop *loop, const char *dir); /* borrowed for good; reads what is there */
void dhcp_kept_write(struct dhcp_kept *kept);                                    /* they have changed */
void dhcp_kept_close(struct dhcp_kept *kept);

/* In the run directory; what cannot be written is told in the log. */
void dhcp_kept_get(const char *run_dir, struct leases *leases);
void dhcp_kept_put(const char *run_dir, const struct leases *leases);
void dhcp_kept_put_trouble(const char *run_dir, const struct text *sentences); /* a line each */
void dhcp_kept_put_ntp(const char *run_dir, const struct inet_addr *servers, size_t count);

#endif
