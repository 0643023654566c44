#include "network/plan.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/text.h"

enum { HELD_MAX = 256, LINE_LEN = 160 };

static struct {
	struct link_address list[HELD_MAX];
	size_t count;
} held;

struct telling {
	const struct claimed *claimed;
	void (*line)(void *arg, const char *text);
	void *arg;
	size_t count;
};

static void note_address(const struct link_address *address, void *arg)
{
	(void)arg;
	if (held.count < HELD_MAX)
		held.list[held.count++] = *address;
}

static bool gives(const struct network_nic *section, const struct inet_prefix *address)
{
	for (size_t i = 0; section && i < section->address_count; i++)
		if (inet_prefix_equal(&section->addresses[i], address))
			return true;
	return false;
}

static bool has(const struct link *link, const struct inet_prefix *address)
{
	for (size_t i = 0; i < held.count; i++)
		if (held.list[i].index == link->index && inet_prefix_equal(&held.list[i].prefix, address))
			return true;
	return false;
}

static void tell(struct telling *telling, const struct link *link, const struct inet_prefix *address, const char *words)
{
	char text[LINE_LEN], prefix[INET_PREFIX_STRLEN];

	if (telling->count++ >= NICS_PLAN_MAX)
		return;
	text_format(text, sizeof(text), "  %-5s %s   %s", link->name, inet_prefix_text(address, prefix), words);
	telling->line(telling->arg, text);
}

static void tell_added(struct telling *telling, const struct link *link, const struct inet_prefix *address)
{
	const struct claimed_address *claim = claimed_by(telling->claimed, link->index, &address->addr);
	const uint8_t *other = claim ? claim->other : NULL;
	char words[LINE_LEN / 2] = "added";

	if (other)
		text_format(words, sizeof(words), "added: ANOTHER MACHINE HAS IT, %02x:%02x:%02x:%02x:%02x:%02x", other[0], other[1], other[2],
			    other[3], other[4], other[5]);
	tell(telling, link, address, words);
}

/* wanted: its section when the addresses are this NIC's; was: what it ran by. */
static void tell_nic(struct telling *telling, const struct link *link, const struct nics_match *match, const struct network_nic *was,
		     bool last)
{
	const struct network_nic *wanted = match->section && match->taker == link ? match->section : NULL;
	char words[LINE_LEN / 2];

	text_format(words, sizeof(words), "REMOVED%s%s%s", match->section ? "" : ": no [Match] fits ", match->section ? "" : link->name,
		    !last ? "" : match->section ? ": no address is left" : "; no address is left");
	for (size_t i = 0; i < held.count; i++) {
		const struct link_address *address = &held.list[i];

		if (address->index == link->index && address->scope < RT_SCOPE_LINK && address->flags & IFA_F_PERMANENT &&
		    !gives(wanted, &address->prefix) && (match->section || gives(was, &address->prefix)))
			tell(telling, link, &address->prefix, words);
	}
	for (size_t i = 0; wanted && i < wanted->address_count; i++)
		if (!has(link, &wanted->addresses[i]))
			tell_added(telling, link, &wanted->addresses[i]);
}

void nics_plan_lines(struct nl *nl, const struct network_conf *conf, const struct network_conf *before, bool last,
		     const struct claimed *claimed, void (*line)(void *arg, const char *text), void *arg)
{
	static struct nics nics;
	struct telling telling = { .claimed = claimed, .line = line, .arg = arg };
	char text[LINE_LEN];

	held.count = 0;
	if (nics_find(nl, &nics) < 0 || nics_match(nl, &nics, conf) < 0 || link_address_each(nl, 0, note_address, NULL) < 0)
		return;
	for (size_t i = 0; i < nics.count; i++)
		tell_nic(&telling, &nics.list[i], &nics.matches[i], before ? nics_section_of(before, &nics.list[i]) : NULL, last);
	text_format(text, sizeof(text), "  and %zu more addresses of NICs", telling.count - NICS_PLAN_MAX);
	if (telling.count > NICS_PLAN_MAX)
		line(arg, text);
}
