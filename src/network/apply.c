#include "network/apply.h"

#include <linux/fib_rules.h>
#include <string.h>

#include "base/text.h"
#include "netlink/rule.h"
#include "network/fit.h"

/* Below what the kernel gives the routes that routers advertise (256 on the link, else 1024): what a person wrote is
 * preferred, and neither takes the other's place. */
enum { METRIC_FIRST = 64 };

enum { SENTENCE_LEN = 192 };

/* ---- NICs that are the dataplane's alone ---- */

/* What comes in by one of them is for the dataplane, which sees it before the kernel routes. For the kernel it is for no
 * one: without this, it is delivered to any address of the host, and ARP for that answered. */
static size_t alone_rules(const struct nics *nics, struct policy_rule rules[static NICS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < nics->count; i++) {
		if (!nics->matches[i].section || !nics->matches[i].section->unmanaged)
			continue;
		rules[count] = (struct policy_rule){ .action = FR_ACT_BLACKHOLE };
		text_format(rules[count++].iif, sizeof(rules[0].iif), "%s", nics->list[i].name);
	}
	return count;
}

struct stale_rules {
	const struct policy_rule *wanted;
	size_t wanted_count;
	struct policy_rule list[NICS_MAX];
	size_t count;
};

static void note_stale(const struct policy_rule *rule, void *arg)
{
	struct stale_rules *stale = arg;

	/* Those around a VPN network are another process's. */
	if (rule->action != FR_ACT_BLACKHOLE || rule->destination.addr.family || stale->count == NICS_MAX)
		return;
	for (size_t i = 0; i < stale->wanted_count; i++)
		if (!strcmp(stale->wanted[i].iif, rule->iif))
			return;
	stale->list[stale->count++] = *rule;
}

static int fit_alone(struct nl *nl, const struct nics *nics, struct nics_report *report)
{
	static struct policy_rule rules[NICS_MAX];
	static struct stale_rules stale;
	char text[SENTENCE_LEN];
	size_t count = alone_rules(nics, rules);
	int err = count ? rules_put_first(nl, AF_INET, rules, count) : 0;

	if (err < 0) {
		text_format(text, sizeof(text), "cannot keep the kernel off the NICs that are Unmanaged: %s", strerror(-err));
		fit_tell(report, true, text);
	}
	stale = (struct stale_rules){ .wanted = rules, .wanted_count = count };
	if (rules_each(nl, AF_INET, note_stale, &stale) == 0 && stale.count)
		rules_remove(nl, AF_INET, stale.list, stale.count);
	return err < 0 ? err : 0;
}

/* ---- all of it ---- */

/* A second cable is plugged in where one [Match] fits both. */
static void tell_rival(struct fitting *fitting, const struct nics_match *match)
{
	if (fitting->link->carrier && match->taker->carrier)
		fit_refuse(fitting, "has carrier as %s has, and the [Match] at " NETWORK_FILE
				    ":%u gives both the same addresses: they are %s's", match->taker->name,
			   match->section->line, match->taker->name);
}

/* A section's own and what leases add, or what of it is left when its addresses and routes are the dataplane's or another NIC's. */
static const struct network_nic *part_for(const struct fitting *fitting, const struct nics_match *match)
{
	static const struct network_nic nothing;
	static struct network_nic bare;
	const struct network_nic *section = match->section;

	if (!section)
		return &nothing;
	if (match->taker == fitting->link && !section->unmanaged)
		return leases_onto(fitting->leases, fitting->conf, fitting->nics, fitting->link, section);
	bare = *section;
	bare.address_count = bare.route_count = 0;
	if (match->taker != fitting->link)
		bare.vlan_count = 0;
	/* It is the section that says whether routers are listened to, not what is left of it. */
	if (!section->unmanaged)
		bare.accept_ra = network_accepts_ra(section) ? NETWORK_RA_YES : NETWORK_RA_NO;
	return &bare;
}

/* A port's carrier is its bond's. */
static void count_match(const struct fitting *fitting, const struct nics_match *match)
{
	if (match->taker != fitting->link)
		return;
	fitting->report->matched++;
	fitting->report->with_carrier += fitting->link->carrier || match->section->bond[0];
}

static int fit_nic(struct fitting *fitting, const struct nics_match *match)
{
	const struct network_nic *section = match->section;

	if (!section && !fitting->before)
		return 0;
	fitting->wanted = part_for(fitting, match);
	if (section) {
		count_match(fitting, match);
		if (match->taker != fitting->link)
			tell_rival(fitting, match);
		fitting->metric = METRIC_FIRST + (uint32_t)(section - fitting->conf->nics);
	}
	fit_port(fitting);
	fit_settings(fitting);
	fit_offloads(fitting);
	if (section)
		fit_link(fitting);
	fit_addresses(fitting);
	fit_routes(fitting);
	fit_vlans(fitting);
	return fitting->err;
}

/* ---- what is made ---- */

static int look_again(struct nl *nl, struct nics *nics, const struct network_conf *conf)
{
	int err = nics_find(nl, nics);

	return err ? err : nics_match(nl, nics, conf);
}

static bool is_among(uint32_t index, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == index)
			return true;
	return false;
}

int nics_apply(struct nl *nl, const struct network_conf *conf, const struct leases *leases, const struct network_conf *before,
	       struct nics_report *report)
{
	static struct nics nics;
	uint32_t fitted[NICS_MAX];
	size_t fitted_count = 0;
	struct fitting devices = { .nl = nl, .conf = conf, .nics = &nics, .report = report };
	int err, looked = look_again(nl, &nics, conf);
	bool more = true;

	if (looked < 0)
		return looked;
	fit_stale(&devices);
	if (devices.made_any)
		looked = look_again(nl, &nics, conf);
	devices.made_any = false;
	if (!looked)
		fit_bonds(&devices);
	if (devices.made_any)
		looked = look_again(nl, &nics, conf);
	err = fit_alone(nl, &nics, report);
	err = devices.err ? devices.err : err;
	/* A VLAN is fitted when the NIC that it is on is: what was made on the way comes with the next round. */
	while (more && !looked) {
		more = false;
		for (size_t i = 0; i < nics.count && fitted_count < NICS_MAX; i++) {
			struct link *link = &nics.list[i];
			struct fitting fitting = { .nl = nl, .conf = conf, .nics = &nics, .leases = leases, .link = link,
						   .report = report };
			int result;

			if (is_among(link->index, fitted, fitted_count))
				continue;
			fitted[fitted_count++] = link->index;
			if (before)
				fitting.before = nics_section_of(before, link);
			result = fit_nic(&fitting, &nics.matches[i]);
			err = err ? err : result;
			more = more || fitting.made_any;
		}
		looked = more ? look_again(nl, &nics, conf) : 0;
	}
	return err ? err : looked;
}
