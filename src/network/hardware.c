#include "network/hardware.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { TARGET_LEN = 512, SPEED_MAX_MBIT = 10000000 };

/* Where a link of /sys leads, "" when there is none. */
static struct slice follow(const char *class_dir, const char *nic, const char *what, char target[static TARGET_LEN])
{
	char path[TARGET_LEN];
	ssize_t n;

	text_format(path, sizeof(path), "%s/%s%s", class_dir, nic, what);
	n = readlink(path, target, TARGET_LEN - 1);
	return (struct slice){ target, n > 0 ? (size_t)n : 0 };
}

static uint32_t read_number(const char *class_dir, const char *nic, const char *what, uint64_t max)
{
	char path[TARGET_LEN], text[32];
	uint64_t value;
	ssize_t n;

	text_format(path, sizeof(path), "%s/%s/%s", class_dir, nic, what);
	n = file_read(AT_FDCWD, path, text, sizeof(text));
	/* "-1" of a NIC without carrier is no number of ours. */
	if (n <= 1 || text_uint((struct slice){ text, (size_t)n - 1 }, max, &value) < 0)
		return 0;
	return (uint32_t)value;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* "0000:02:00.0"; a domain behind a controller of its own has five digits. */
static bool is_pci(struct slice s)
{
	size_t at = 0;

	while (at < s.len && is_hex(s.ptr[at]))
		at++;
	if (at < 4 || s.len != at + 8)
		return false;
	for (size_t i = 0; i < 8; i++) {
		char wanted = ":00:00.0"[i];

		if (wanted == '0' ? !is_hex(s.ptr[at + i]) : s.ptr[at + i] != wanted)
			return false;
	}
	return true;
}

/* An interface of a device on USB, "1-1.2:1.0": the bus is as the kernel counted it, what is behind it stays. */
static bool is_usb(struct slice s, struct slice *port)
{
	if (!slice_cut(&s, '-', port) || !s.ptr || !memchr(s.ptr, ':', s.len))
		return false;
	*port = s;
	return true;
}

/* ".../devices/pci0000:00/0000:00:1c.0/0000:02:00.0/net/eth0": the last PCI function, and what hangs on it. */
static void path_of(struct slice target, struct text *path)
{
	struct slice part, port, pci = { NULL, 0 }, usb = { NULL, 0 };

	while (slice_cut(&target, '/', &part)) {
		if (is_pci(part)) {
			pci = part;
			usb.len = 0;
		} else if (pci.len && is_usb(part, &port)) {
			usb = port;
		}
	}
	if (pci.len)
		text_add(path, "pci-%.*s", SLICE_ARG(pci));
	if (usb.len)
		text_add(path, "-usb-0:%.*s", SLICE_ARG(usb));
}

void hardware_read(const char *class_dir, const char *nic, struct nic_hardware *hardware)
{
	char target[TARGET_LEN];
	struct slice driver, part;
	struct text path;

	*hardware = (struct nic_hardware){ .port = read_number(class_dir, nic, "dev_port", UINT16_MAX),
					   .speed_mbit = read_number(class_dir, nic, "speed", SPEED_MAX_MBIT),
					   .carrier_losses = read_number(class_dir, nic, "carrier_down_count", UINT32_MAX) };
	text_init(&path, hardware->path, sizeof(hardware->path));
	path_of(follow(class_dir, nic, "", target), &path);
	if (path.truncated)
		hardware->path[0] = '\0';
	driver = follow(class_dir, nic, "/device/driver", target);
	while (driver.len && slice_cut(&driver, '/', &part))
		text_format(hardware->driver, sizeof(hardware->driver), "%.*s", SLICE_ARG(part));
}

int hardware_blink(const char *nic, uint32_t seconds)
{
	struct ethtool_value value = { .cmd = ETHTOOL_PHYS_ID, .data = seconds };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (strlen(nic) >= sizeof(request.ifr_name)) {
		close(fd);
		return -ENODEV;
	}
	memcpy(request.ifr_name, nic, strlen(nic) + 1);
	err = ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
	close(fd);
	return err;
}
