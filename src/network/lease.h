/* What a DHCP server gave, as dhcpcd's variables say it, and as lines of text in which it is handed on and kept. Pure. */
#ifndef NETWORK_LEASE_H
#define NETWORK_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "base/text.h"

enum {
	LEASE_ROUTES_MAX = 16,
	LEASE_DNS_MAX = 3, /* what resolv.conf(5) takes */
	LEASE_NTP_MAX = 4,
	LEASE_TEXT_MAX = 2048, /* of its lines */
};

struct lease {
	struct inet_prefix address; /* family 0: there is no lease */
	struct inet_addr server;    /* family 0: not told */
	uint32_t seconds;           /* that it is good for; UINT32_MAX: for ever */
	struct lease_route {
		struct inet_prefix destination;
		struct inet_addr gateway; /* family 0: on the link */
	} routes[LEASE_ROUTES_MAX];
	struct inet_addr dns[LEASE_DNS_MAX], ntp[LEASE_NTP_MAX];
	uint8_t route_count, dns_count, ntp_count;
};

/* What dhcpcd calls its hook for. */
enum lease_event { LEASE_NOTHING, LEASE_GIVEN, LEASE_LOST, LEASE_REFUSED };

/* By its variable `reason`; *family is whose that is. */
enum lease_event lease_event(const char *reason, uint8_t *family);

/* From what dhcpcd sets for its hook (get: NULL where that is not set). False: no address in it that this host could use. What of the
 * rest makes no sense, or is too much, is left out. */
typedef const char *lease_get_fn(const char *name);
bool lease_take(struct lease *lease, uint8_t family, lease_get_fn *get);

void lease_write(const struct lease *lease, struct text *to);       /* lines, each with its newline */
bool lease_read(struct lease *lease, struct slice line);            /* one of them on top of what was read; false: it is none */
bool lease_same(const struct lease *one, const struct lease *other); /* but for how long */

#endif
