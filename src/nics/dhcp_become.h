/* A child of the NICs' service becomes dhcpcd: of a user of its own, with the two capabilities that asking takes and no other. It sets
 * nothing on this host; its hook is an applet of this binary. */
#ifndef NICS_DHCP_BECOME_H
#define NICS_DHCP_BECOME_H

#include <net/if.h>

#include "base/inet.h"

#define DHCP_HOOK_APPLET "dhcp-hook"
#define DHCP_DIR "dhcp" /* in the run directory; one below for each NIC */

struct dhcp_order {
	const char *program, *run_dir, *name; /* name: of this host, "": none */
	char nic[IFNAMSIZ];
	unsigned wants;        /* enum network_dhcp */
	struct inet_addr last; /* asked for first; family 0: none */
};

/* As helper_start calls it, with a struct dhcp_order: it writes to fd, as nics/dhcp_stream.h says. */
void dhcp_become(int fd, const void *order);

int dhcp_hook_main(void); /* the applet */

#endif
