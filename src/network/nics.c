#include "network/nics.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "netlink/rule.h"
#include "network/fit.h"
#include "network/hardware.h"

/* Below what the kernel gives the routes that routers advertise (256 on the link, else 1024): what a person wrote is
 * preferred, and neither takes the other's place. */
enum { METRIC_FIRST = 64 };

enum { SENTENCE_LEN = 192 };

/* ---- which NIC gets what ---- */

bool nics_is_nic(const struct link *link)
{
	return link->type == ARPHRD_ETHER && (!link->kind[0] || link->of_container);
}

const struct network_nic *nics_section_of(const struct network_conf *conf, const struct link *link)
{
	struct nic_hardware hardware = { .path = "" };

	if (!link->has_mac)
		return NULL;
	if (network_has_paths(conf))
		hardware_read(HARDWARE_CLASS_DIR, link->name, &hardware);
	return network_match(conf, link->name, link->mac, hardware.path);
}

static void add_nic(const struct link *link, void *arg)
{
	struct nics *nics = arg;

	if (nics_is_nic(link) && nics->count < NICS_MAX)
		nics->list[nics->count++] = *link;
}

int nics_find(struct nl *nl, struct nics *nics)
{
	nics->count = 0;
	memset(nics->matches, 0, sizeof(nics->matches));
	return link_each(nl, add_nic, nics);
}

struct holder {
	const struct network_nic *section;
	bool holds[NICS_MAX];
	const struct nics *nics;
};

static void note_holder(const struct link_address *address, void *arg)
{
	struct holder *holder = arg;

	for (size_t i = 0; i < holder->section->address_count; i++)
		for (size_t j = 0; j < holder->nics->count; j++)
			if (holder->nics->list[j].index == address->index &&
			    inet_prefix_equal(&address->prefix, &holder->section->addresses[i]))
				holder->holds[j] = true;
}

/* Two NICs with one address would answer for each other. */
static const struct link *choose_taker(const struct nics *nics, const struct holder *holder)
{
	const struct link *best = NULL;
	int best_worth = -1;

	for (size_t i = 0; i < nics->count; i++) {
		int worth = (nics->list[i].carrier ? 2 : 0) + (holder->holds[i] ? 1 : 0);

		if (nics->matches[i].section != holder->section || worth <= best_worth)
			continue;
		best = &nics->list[i];
		best_worth = worth;
	}
	return best;
}

static size_t count_fitting(const struct nics *nics, const struct network_nic *section)
{
	size_t count = 0;

	for (size_t i = 0; i < nics->count; i++)
		count += nics->matches[i].section == section;
	return count;
}

int nics_match(struct nl *nl, struct nics *nics, const struct network_conf *conf)
{
	int err = 0;

	for (size_t i = 0; i < nics->count; i++) {
		const struct link *link = &nics->list[i];

		nics->matches[i] = (struct nics_match){
			.section = nics_section_of(conf, link),
			.taker = link,
		};
	}
	for (size_t i = 0; i < conf->nic_count && !err; i++) {
		struct holder holder = { .section = &conf->nics[i], .nics = nics };
		const struct link *taker;

		if (!network_is_of_one_nic(holder.section) || count_fitting(nics, holder.section) < 2)
			continue;
		err = link_address_each(nl, 0, note_holder, &holder);
		taker = choose_taker(nics, &holder);
		for (size_t j = 0; j < nics->count; j++)
			if (nics->matches[j].section == holder.section)
				nics->matches[j].taker = taker;
	}
	return err;
}

/* ---- sentences ---- */

static void tell(struct nics_report *report, bool error, const char *text)
{
	if (error)
		report->errors++;
	else
		report->changes++;
	if (report->say)
		report->say(report->arg, error, text);
}

void fit_say(struct fitting *fitting, int err, const char *fmt, ...)
{
	char text[SENTENCE_LEN];
	va_list ap;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s: ", fitting->link->name);
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	len += n > 0 ? (size_t)n : 0;
	if (err < 0 && len < sizeof(text))
		text_format(text + len, sizeof(text) - len, ": %s%s%s", strerror(-err),
			 fitting->nl->error[0] ? ": " : "", fitting->nl->error);
	if (err < 0 && !fitting->err)
		fitting->err = err;
	tell(fitting->report, err < 0, text);
}

void fit_refuse(struct fitting *fitting, const char *fmt, ...)
{
	char text[SENTENCE_LEN];
	va_list ap;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s: ", fitting->link->name);

	va_start(ap, fmt);
	(void)vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	fitting->err = fitting->err ? fitting->err : -EINVAL;
	tell(fitting->report, true, text);
}

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
		tell(report, true, text);
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

static int fit_nic(struct fitting *fitting, const struct network_conf *conf, const struct nics_match *match)
{
	static const struct network_nic nothing;
	static struct network_nic bare;
	const struct network_nic *section = match->section;

	if (!section && !fitting->before)
		return 0;
	fitting->wanted = section ? section : &nothing;
	if (section) {
		/* The dataplane's alone, or another NIC's: up, and nothing of the kernel's on it. */
		bare = (struct network_nic){ .mtu_bytes = section->mtu_bytes, .unmanaged = section->unmanaged };
		if (section->unmanaged || match->taker != fitting->link)
			fitting->wanted = &bare;
		if (match->taker == fitting->link) {
			fitting->report->matched++;
			fitting->report->with_carrier += fitting->link->carrier;
		} else {
			bare.accept_ra = network_accepts_ra(section) ? NETWORK_RA_YES : NETWORK_RA_NO;
			tell_rival(fitting, match);
		}
		fitting->metric = METRIC_FIRST + (uint32_t)(section - conf->nics);
	}
	fit_settings(fitting);
	if (section)
		fit_link(fitting);
	fit_addresses(fitting);
	fit_routes(fitting);
	return fitting->err;
}

int nics_apply(struct nl *nl, const struct network_conf *conf, const struct network_conf *before,
	       struct nics_report *report)
{
	static struct nics nics;
	int err = nics_find(nl, &nics);

	if (!err)
		err = nics_match(nl, &nics, conf);
	if (err < 0)
		return err;
	err = fit_alone(nl, &nics, report);
	for (size_t i = 0; i < nics.count; i++) {
		struct link *link = &nics.list[i];
		struct fitting fitting = { .nl = nl, .link = link, .report = report };
		int result;

		if (before)
			fitting.before = nics_section_of(before, link);
		result = fit_nic(&fitting, conf, &nics.matches[i]);
		err = err ? err : result;
	}
	return err;
}
