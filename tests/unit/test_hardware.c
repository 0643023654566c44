/* network/hardware.h and network/names.h on a /sys made of links and files, as servers have it. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "network/names.h"

static char class_dir[] = "/tmp/hardware.XXXXXX";

static void put(const char *nic, const char *file, const char *text)
{
	char path[256];
	FILE *f;

	text_format(path, sizeof(path), "%s/%s/%s", class_dir, nic, file);
	f = fopen(path, "w");
	if (f) {
		(void)fputs(text, f);
		(void)fclose(f);
	}
}

/* class/NIC leads below devices/ to device/net/NIC, as in /sys; the files are behind it. */
static struct nic_hardware read_nic(const char *device, const char *driver, const char *port, const char *speed)
{
	char path[256], target[256];
	struct nic_hardware hardware;

	text_format(class_dir, sizeof(class_dir), "/tmp/hardware.XXXXXX");
	if (!mkdtemp(class_dir) || chdir(class_dir) < 0)
		abort();
	text_format(path, sizeof(path), "mkdir -p %s/net/eth7 && ln -s ../.. %s/net/eth7/device", device, device);
	if (system(path)) /* NOLINT(cert-env33-c): a fixed word */
		abort();
	text_format(target, sizeof(target), "%s/net/eth7", device);
	if (symlink(target, "eth7") < 0)
		abort();
	if (driver) {
		text_format(target, sizeof(target), "/bus/pci/drivers/%s", driver);
		text_format(path, sizeof(path), "%s/driver", device);
		if (symlink(target, path) < 0)
			abort();
	}
	put("eth7", "dev_port", port);
	put("eth7", "speed", speed);
	hardware_read(class_dir, "eth7", &hardware);
	(void)chdir("/");
	text_format(path, sizeof(path), "rm -rf %s", class_dir);
	(void)!system(path); /* NOLINT(cert-env33-c) */
	return hardware;
}

TEST(nic_is_found_by_its_last_pci_function)
{
	struct nic_hardware nic =
		read_nic("devices/pci0000:00/0000:00:1c.4/0000:02:00.1", "igb", "0\n", "1000\n");

	CHECK_STR(nic.path, "pci-0000:02:00.1");
	CHECK_STR(nic.driver, "igb");
	CHECK_INT(nic.port, 0);
	CHECK_INT(nic.speed_mbit, 1000);
}

TEST(virtio_is_at_the_function_it_hangs_on)
{
	struct nic_hardware nic = read_nic("devices/pci0000:00/0000:00:03.0/virtio0", "virtio_net", "0\n", "-1\n");

	CHECK_STR(nic.path, "pci-0000:00:03.0");
	CHECK_INT(nic.speed_mbit, 0);
}

TEST(second_port_of_a_mellanox_is_told_from_the_first)
{
	struct nic_hardware nic =
		read_nic("devices/pci0000:80/0000:80:02.0/0000:82:00.0", "mlx4_core", "1\n", "40000\n");

	CHECK_STR(nic.path, "pci-0000:82:00.0");
	CHECK_INT(nic.port, 1);
	CHECK_INT(nic.speed_mbit, 40000);
}

TEST(controller_with_a_domain_of_its_own_has_five_digits)
{
	CHECK_STR(read_nic("devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0", NULL, "0\n", "").path,
		  "pci-10000:e0:06.0");
}

TEST(usb_nic_is_found_by_its_socket)
{
	CHECK_STR(read_nic("devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1.2/2-1.2:1.0", "cdc_ether", "0\n", "").path,
		  "pci-0000:00:14.0-usb-0:1.2:1.0");
}

TEST(nic_without_a_bus_has_no_path)
{
	struct nic_hardware nic = read_nic("devices/virtual", NULL, "", "");

	CHECK_STR(nic.path, "");
	CHECK_STR(nic.driver, "");
	CHECK_INT(nic.port, 0);
}

static struct nic_place place(uint32_t index, const char *name, const char *path, uint32_t port)
{
	struct nic_place p = { .index = index, .hardware = { .port = port } };

	text_format(p.name, sizeof(p.name), "%s", name);
	text_format(p.hardware.path, sizeof(p.hardware.path), "%s", path);
	return p;
}

TEST(order_of_the_nics_is_that_of_their_places_whatever_the_drivers_order_was)
{
	struct nic_place one[] = { place(2, "eth0", "pci-0000:82:00.0", 1), place(3, "eth1", "", 0),
				   place(4, "eth2", "pci-0000:82:00.0", 0), place(5, "eth3", "pci-0000:02:00.1", 0),
				   place(6, "eth4", "pci-0000:02:00.0", 0), place(7, "eth5", "pci-10000:01:00.0", 0) };
	static const char *const wanted[] = { "eth4", "eth3", "eth2", "eth0", "eth5", "eth1" };
	struct nic_place other[sizeof(one) / sizeof(one[0])];
	size_t count = sizeof(one) / sizeof(one[0]);

	for (size_t i = 0; i < count; i++)
		other[i] = one[count - 1 - i];
	names_sort(one, count);
	names_sort(other, count);
	for (size_t i = 0; i < count; i++) {
		CHECK_STR(one[i].name, wanted[i]);
		CHECK_STR(other[i].name, wanted[i]);
	}
}
