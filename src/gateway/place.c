#include "gateway/place.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "netlink/link.h"
#include "netlink/netlink.h"
#include "netlink/netns.h"

enum { WHICH_LEN = 64 };

const char *place_name(const char *option, const char *own)
{
	if (option)
		return strcmp(option, PLACE_HERE) != 0 ? option : "";
	return own;
}

/* An inode is given anew once a namespace is gone, but not at the same time. */
static void name_namespace(const struct stat *st, char words[static WHICH_LEN])
{
	text_format(words, WHICH_LEN, "%llu.%lld.%09ld", (unsigned long long)st->st_ino, (long long)st->st_ctim.tv_sec,
		    st->st_ctim.tv_nsec);
}

/* "WHICH NAME": which namespace it is when it is ours to remove, else "-". */
bool place_kept(const char *file, char netns[static PLACE_NETNS_LEN], bool *created)
{
	char bytes[PLACE_NETNS_LEN + WHICH_LEN], path[sizeof(NETNS_DIR) + PLACE_NETNS_LEN], now[WHICH_LEN];
	ssize_t n = file_read(AT_FDCWD, file, bytes, sizeof(bytes));
	struct slice rest = { bytes, n > 0 ? (size_t)n : 0 }, which, name;
	struct stat st;

	*created = false;
	if (!slice_cut(&rest, ' ', &which) || !slice_cut(&rest, '\n', &name) || !name.len || slice_copy(name, netns, PLACE_NETNS_LEN) < 0)
		return false;
	text_format(path, sizeof(path), NETNS_DIR "/%s", netns);
	if (stat(path, &st) == 0) {
		name_namespace(&st, now);
		*created = slice_equal(which, now);
	}
	return true;
}

void place_keep(struct place *place, const char *file)
{
	char bytes[PLACE_NETNS_LEN + WHICH_LEN], before[PLACE_NETNS_LEN], which[WHICH_LEN] = "-";
	struct stat st;
	bool created;
	int err;

	if (!place->netns[0]) {
		(void)unlink(file);
		return;
	}
	if (place_kept(file, before, &created) && created && !strcmp(before, place->netns))
		place->created = true;
	if (place->created && fstat(place->netns_fd, &st) == 0)
		name_namespace(&st, which);
	text_format(bytes, sizeof(bytes), "%s %s\n", which, place->netns);
	err = file_put(file, bytes, strlen(bytes));
	if (err < 0)
		log_err("cannot write %s: %s", file, strerror(-err));
}

int place_open(struct place *place, const char *netns, char *words, size_t cap)
{
	*place = (struct place){ .netns_fd = -1 };
	if (netns[0]) {
		place->netns_fd = netns_open(netns, &place->created);
		if (place->netns_fd < 0) {
			text_format(words, cap, "cannot open the network namespace %s: %s", netns, strerror(-place->netns_fd));
			return place->netns_fd;
		}
	}
	text_format(place->netns, sizeof(place->netns), "%s", netns);
	place->open = true;
	return 0;
}

/* ---- what is in it ---- */

/* Where modules of tunnels are, the kernel has one of each kind in every namespace (net.core.fb_tunnels_only_for_init_net). */
static bool is_kernels(const char *name)
{
	static const char *const names[] = { "erspan0", "gre0", "gretap0", "ip6_vti0", "ip6gre0", "ip6tnl0", "ip_vti0", "lo", "sit0", "tunl0" };

	return slice_among(slice_of(name), names, sizeof(names) / sizeof(names[0])) < sizeof(names) / sizeof(names[0]);
}

struct looking {
	const char *alias;
	struct place_links *links;
};

static void look_at(const struct link *link, void *arg)
{
	const struct looking *looking = arg;

	if (!strcmp(link->alias, looking->alias)) {
		looking->links->ours = link->index;
		text_format(looking->links->name, sizeof(looking->links->name), "%s", link->name);
	} else if (!is_kernels(link->name)) {
		text_format(looking->links->other, sizeof(looking->links->other), "%s", link->name);
	}
}

static int look_here(void *arg)
{
	static struct nl nl;
	int err = nl_open(&nl, NETLINK_ROUTE);

	if (!err)
		err = link_each(&nl, look_at, arg);
	nl_close(&nl);
	return err;
}

int place_look(int netns_fd, const char *alias, struct place_links *links)
{
	struct looking looking = { alias, links };

	*links = (struct place_links){ .ours = 0 };
	return netns_call(netns_fd, look_here, &looking);
}

static void remove_created(const struct place *place, const char *alias)
{
	struct place_links links = { .ours = 0 };
	int err = place_look(place->netns_fd, alias, &links);

	if (err < 0)
		log_err("the namespace %s stays: what is in it cannot be looked at: %s", place->netns, strerror(-err));
	else if (links.other[0])
		log_info(PLACE_STAYS, place->netns, links.other);
	else
		netns_remove(place->netns);
}

void place_close(struct place *place, bool remove, const char *alias, const char *file)
{
	if (remove && place->created)
		remove_created(place, alias);
	if (place->netns_fd >= 0)
		close(place->netns_fd);
	if (remove && file)
		(void)unlink(file);
	place->netns_fd = -1;
	place->created = place->open = false;
}

static int open_monitor(void *arg)
{
	(void)arg;
	return nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

int place_monitor(const struct place *place)
{
	return netns_call(place->netns_fd, open_monitor, NULL);
}
