/* The files that leases are in: what is in use, in memory; each NIC's last, on the partition; the time servers, for whoever asks them. */
#ifndef NICS_DHCP_KEPT_H
#define NICS_DHCP_KEPT_H

#include "base/loop.h"
#include "network/leases.h"
#include "worker/helper.h"

enum { DHCP_NTP_MAX = 8 };

/* Each NIC's last lease, for the next boot: read and written by a child, since a disk may hang. */
struct dhcp_kept {
	struct leases leases;
	struct loop *loop;
	const char *dir; /* NULL: they are not kept */
	void (*known)(struct dhcp_kept *kept); /* what was there has been read; not called where there is no dir */
	struct helper reader, writer;
	struct leases *read; /* shared with the reader, while there is one: nothing is written meanwhile */
	struct loop_timer later;
	char bytes[LEASES_TEXT_MAX]; /* as they are being written */
	size_t len;
	bool again, failed;
};

/* loop and dir are borrowed for good. */
void dhcp_kept_open(struct dhcp_kept *kept, struct loop *loop, const char *dir, void (*known)(struct dhcp_kept *kept));
void dhcp_kept_write(struct dhcp_kept *kept);                                    /* they have changed */
void dhcp_kept_close(struct dhcp_kept *kept);

/* In the run directory; what cannot be written is told in the log. */
void dhcp_kept_get(const char *run_dir, struct leases *leases);
void dhcp_kept_put(const char *run_dir, const struct leases *leases);
void dhcp_kept_put_trouble(const char *run_dir, const struct text *sentences); /* a line each */
void dhcp_kept_put_ntp(const char *run_dir, const struct inet_addr *servers, size_t count);

#endif
