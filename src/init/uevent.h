/* What the kernel tells of devices that come and go (NETLINK_KOBJECT_UEVENT). */
#ifndef INIT_UEVENT_H
#define INIT_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

enum { UEVENT_LEN = 8192 };

int uevent_open(void); /* a non-blocking socket, or -errno */

/* The value of NAME= in a message "ACTION@PATH\0NAME=VALUE\0...", NULL when it has none. */
const char *uevent_value(const char *message, size_t len, const char *name);

/* Loads what the devices ask for that came since the last call, all of them when messages were lost. */
void uevent_plug(int fd);

/* A process of its own, for good: so too for what comes later. Ends with 1 when it cannot. */
int uevent_main(void);

#endif
