/* What a NIC is made of and where in the machine it is, by /sys. */
#ifndef NETWORK_HARDWARE_H
#define NETWORK_HARDWARE_H

#include <stdint.h>

#define HARDWARE_CLASS_DIR "/sys/class/net"

enum { HARDWARE_PATH_LEN = 96, HARDWARE_DRIVER_LEN = 32 };

struct nic_hardware {
	char driver[HARDWARE_DRIVER_LEN]; /* "" when it has none */
	char path[HARDWARE_PATH_LEN];     /* as udev's ID_PATH and systemd.link(5) have it: "pci-0000:02:00.0"; "" elsewhere */
	uint32_t port;                    /* of several at one path, from 0 */
	uint32_t speed_mbit;              /* 0: not known, or no carrier */
	uint32_t carrier_losses;          /* how often the carrier went since the link is there */
};

void hardware_read(const char *class_dir, const char *nic, struct nic_hardware *hardware);

/* Blinks the NIC's light: 0 when that is over, or -errno (-EOPNOTSUPP: it has none that its driver knows). */
int hardware_blink(const char *nic, uint32_t seconds);

#endif
