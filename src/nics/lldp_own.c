#include "nics/lldp_own.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/paths.h"

/* No version: who is at the port next is told as well. */
#define DESCRIPTION "MITIGATOR gateway"

/* How near an address is to the NIC. */
enum nearness { OF_NIC, OF_WHAT_IT_CARRIES, OF_ANOTHER, OF_NONE };

struct choosing {
	const struct nics *nics;
	const struct link *link;
	struct lldp_own *own;
	enum nearness nearness[2]; /* of what was chosen, IPv4 and IPv6 */
};

static enum nearness nearness_of(const struct choosing *choosing, uint32_t index)
{
	const struct link *link = choosing->link;

	if (index == link->index)
		return OF_NIC;
	for (size_t i = 0; i < choosing->nics->count; i++) {
		const struct link *other = &choosing->nics->list[i];

		if (other->index != index)
			continue;
		if (index == link->master || (other->lower && (other->lower == link->index || other->lower == link->master)))
			return OF_WHAT_IT_CARRIES;
		return OF_ANOTHER;
	}
	return OF_NONE;
}

static void choose(const struct link_address *address, void *arg)
{
	struct choosing *choosing = arg;
	enum nearness nearness = nearness_of(choosing, address->index);
	size_t at = address->prefix.addr.family == AF_INET6;

	if (address->scope != RT_SCOPE_UNIVERSE || nearness >= choosing->nearness[at])
		return;
	choosing->nearness[at] = nearness;
	choosing->own->management[at] = address->prefix.addr;
}

/* The kernel's, once someone gave it one; else what the management path is called. */
static void find_name(const char *run_dir, char *name, size_t cap)
{
	static const char *const none[] = { "", "(none)", "localhost" };
	char path[256], line[128];
	struct utsname uts;

	if (uname(&uts) == 0 && slice_among(slice_of(uts.nodename), none, sizeof(none) / sizeof(none[0])) == 3) {
		text_format(name, cap, "%s", uts.nodename);
	} else {
		text_format(path, sizeof(path), "%s/" NAMES_FILE, run_dir);
		if (file_read_begin(AT_FDCWD, path, line, sizeof(line)) > 0)
			text_format(name, cap, "%.*s", (int)strcspn(line, "(\n"), line);
	}
}

int lldp_own_make(struct nl *nl, const struct nics *nics, size_t at, const char *run_dir, struct lldp_own *own)
{
	const struct link *link = &nics->list[at], *first = link;
	struct choosing choosing = { .nics = nics, .link = link, .own = own, .nearness = { OF_NONE, OF_NONE } };

	*own = (struct lldp_own){ .link = link->index };
	/* One machine has one: by the NIC that was there first. */
	for (size_t i = 0; i < nics->count; i++)
		if (nics_is_nic(&nics->list[i]) && nics->list[i].has_mac && nics->list[i].index < first->index)
			first = &nics->list[i];
	memcpy(own->chassis, first->own_mac, sizeof(own->chassis));
	memcpy(own->port, link->name, sizeof(own->port));
	find_name(run_dir, own->name, sizeof(own->name));
	text_format(own->description, sizeof(own->description), "%s", DESCRIPTION);
	return link_address_each(nl, 0, choose, &choosing);
}
