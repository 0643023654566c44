#include "network/facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/contained.h"
#include "base/file.h"
#include "base/text.h"
#include "netlink/link.h"
#include "network/hardware.h"
#include "network/nics.h"

#define PCI_DIR "/sys/bus/pci/devices"

/* PCI ids: vendor Mellanox; base class 02 is "network controller" */
enum { PCI_VENDOR_MELLANOX = 0x15b3, PCI_CLASS_NETWORK = 0x02 };

static unsigned long read_hex(int dir_fd, const char *name)
{
	char text[32];

	return file_read(dir_fd, name, text, sizeof(text)) > 0 ? strtoul(text, NULL, 16) : 0;
}

static void driver_of(int dir_fd, char *dst, size_t cap)
{
	char target[256];
	ssize_t n = readlinkat(dir_fd, "driver", target, sizeof(target) - 1);
	const char *name;

	target[n > 0 ? n : 0] = '\0';
	name = strrchr(target, '/');
	text_format(dst, cap, "%s", name ? name + 1 : "no driver");
}

bool facts_find_mellanox(const char *pci_dir, char *where, size_t cap)
{
	DIR *dir = opendir(pci_dir);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)) != NULL) {
		char driver[64];
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (read_hex(fd, "vendor") == PCI_VENDOR_MELLANOX && read_hex(fd, "class") >> 16 == PCI_CLASS_NETWORK) {
			driver_of(fd, driver, sizeof(driver));
			text_format(where, cap, "%.32s (%s)", entry->d_name, driver);
			found = true;
		}
		close(fd);
	}
	if (dir)
		closedir(dir);
	return found;
}

struct route_list {
	struct conf_facts *facts;
	uint32_t indexes[CONF_ROUTES_MAX];
	bool advertised[CONF_ROUTES_MAX];
};

static void add_route(const struct link_route *route, void *arg)
{
	struct route_list *list = arg;
	size_t i = list->facts->route_count;

	if (i == CONF_ROUTES_MAX)
		return;
	list->facts->routes[i] = (struct conf_route){ .destination = route->destination };
	list->indexes[i] = route->index;
	list->advertised[i] = route->protocol == RTPROT_RA;
	list->facts->route_count++;
}

/* A VPN's interface; what network.conf made is as good as a NIC. */
static bool is_ours(const struct link *link)
{
	return slice_starts(slice_of(link->alias), LINK_ALIAS_OURS) && !nics_is_made(link);
}

static void add_link(struct route_list *list, const struct link *link)
{
	struct conf_facts *facts = list->facts;
	struct conf_link *to = &facts->links[facts->link_count];
	struct nic_hardware hardware;

	if (facts->link_count == CONF_LINKS_MAX)
		return;
	*to = (struct conf_link){ .nic = nics_is_nic(link),
				  .ours = is_ours(link),
				  .carrier = link->carrier,
				  .mtu_max_bytes = link->mtu_max_bytes };
	for (size_t i = 0; i < facts->route_count; i++)
		to->advertised = to->advertised || (list->advertised[i] && list->indexes[i] == link->index);
	memcpy(to->name, link->name, sizeof(to->name));
	memcpy(to->mac, link->own_mac, sizeof(to->mac));
	hardware_read(HARDWARE_CLASS_DIR, link->name, &hardware);
	text_format(to->path, sizeof(to->path), "%s", hardware.path);
	facts->link_count++;
}

static void name_routes(const struct link *link, void *arg)
{
	struct route_list *list = arg;

	add_link(list, link);

	for (size_t i = 0; i < list->facts->route_count; i++) {
		struct conf_route *route = &list->facts->routes[i];

		if (list->indexes[i] != link->index)
			continue;
		memcpy(route->device, link->name, sizeof(link->name));
		route->ours = is_ours(link);
	}
}

int facts_collect(struct conf_facts *facts)
{
	static struct nl nl;
	static char where[128];
	static struct route_list list;
	int err;

	memset(facts, 0, offsetof(struct conf_facts, routes));
	facts->mellanox_where = where;
	facts->contained = contained();
	where[0] = '\0';
	facts->mellanox = facts_find_mellanox(PCI_DIR, where, sizeof(where));
	list.facts = facts;
	err = nl_open(&nl, NETLINK_ROUTE);
	if (err < 0)
		return err;
	err = link_route_each(&nl, add_route, &list);
	if (!err)
		err = link_each(&nl, name_routes, &list);
	nl_close(&nl);
	return err;
}
