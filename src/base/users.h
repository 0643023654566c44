/* Users of their own, each of one process that reads what strangers wrote. They are nobody else's: Debian gives out 60000 to 64999 by
 * hand only. rootfs/etc/passwd has who looks its user up by name. */
#ifndef BASE_USERS_H
#define BASE_USERS_H

enum {
	USER_RESOLVER = 64777,
	USER_DHCP,
	USER_TIME,
	USER_CLUSTER,
	USER_LLDP,
	USER_PACKETS, /* WireGuard on lwIP */
	USER_OPENER,  /* and who opens its sockets: it reads nothing of strangers', and has rights that the other must not come by */
};

#endif
