#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "network/fit.h"

enum { FOUND_MAX = 128 };

struct found_address {
	struct inet_prefix prefix;
	bool permanent;  /* else a router's advertisement gave it for a time */
	bool link_local; /* of IPv6 */
	bool gone;
};

struct found_addresses {
	struct found_address list[FOUND_MAX];
	size_t count;
};

static void add_address(const struct link_address *address, void *arg)
{
	struct found_addresses *found = arg;

	if (found->count < FOUND_MAX)
		found->list[found->count++] = (struct found_address){
			.prefix = address->prefix,
			.permanent = address->flags & IFA_F_PERMANENT,
			.link_local = address->scope == RT_SCOPE_LINK,
		};
}

static bool is_among(const struct inet_prefix *prefix, const struct network_nic *nic)
{
	for (size_t i = 0; nic && i < nic->address_count; i++)
		if (inet_prefix_equal(prefix, &nic->addresses[i]))
			return true;
	return false;
}

static bool is_there(const struct found_addresses *found, const struct inet_prefix *prefix)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].permanent && inet_prefix_equal(&found->list[i].prefix, prefix))
			return true;
	return false;
}

static void remove_address(struct fitting *fitting, struct found_address *found)
{
	char text[INET_PREFIX_STRLEN];

	found->gone = true;
	fit_say(fitting, link_address_remove(fitting->nl, fitting->link->index, &found->prefix), "address %s removed",
		inet_prefix_text(&found->prefix, text));
}

/* The kernel has an IPv6 address once, whatever its prefix length: one with another length goes first. */
static void make_room(struct fitting *fitting, struct found_addresses *found, const struct inet_prefix *wanted)
{
	for (size_t i = 0; i < found->count && wanted->addr.family == AF_INET6; i++)
		if (inet_addr_equal(&found->list[i].prefix.addr, &wanted->addr) && found->list[i].prefix.len != wanted->len)
			remove_address(fitting, &found->list[i]);
}

/* The link-local address that the kernel makes by itself stays, and so do those that routers gave as long as they are
 * listened to. */
static bool is_stale(const struct fitting *fitting, const struct found_address *found)
{
	if (found->gone || is_among(&found->prefix, fitting->wanted))
		return false;
	if (found->link_local)
		return is_among(&found->prefix, fitting->before);
	return found->permanent || (found->prefix.addr.family == AF_INET6 && fit_refuses_ra(fitting));
}

void fit_addresses(struct fitting *fitting)
{
	const struct network_nic *wanted = fitting->wanted;
	struct found_addresses found = { .count = 0 };
	uint32_t index = fitting->link->index;
	char text[INET_PREFIX_STRLEN];
	int err = link_address_each(fitting->nl, index, add_address, &found);

	if (err < 0) {
		fit_say(fitting, err, "cannot read the addresses");
		return;
	}
	for (size_t i = 0; i < wanted->address_count; i++) {
		if (is_there(&found, &wanted->addresses[i]))
			continue;
		make_room(fitting, &found, &wanted->addresses[i]);
		fit_say(fitting, link_address_put(fitting->nl, index, &wanted->addresses[i]), "address %s added",
			inet_prefix_text(&wanted->addresses[i], text));
	}
	for (size_t i = 0; i < found.count; i++)
		if (is_stale(fitting, &found.list[i]))
			remove_address(fitting, &found.list[i]);
}
