#include "nics/carriers.h"

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/text.h"

static struct carrier *find_or_add(struct carriers *carriers, const struct link *link)
{
	struct carrier *free = NULL;

	for (size_t i = 0; i < carriers->count; i++) {
		if (carriers->list[i].index == link->index)
			return &carriers->list[i];
		if (!carriers->list[i].there && !free)
			free = &carriers->list[i];
	}
	if (!free && carriers->count < NICS_MAX)
		free = &carriers->list[carriers->count++];
	if (free)
		*free = (struct carrier){ .index = link->index };
	return free;
}

static void take_link(struct carriers *carriers, const struct link *link)
{
	struct carrier *nic = find_or_add(carriers, link);

	if (!nic)
		return;
	nic->changes += nic->there && (nic->up != link->up || nic->carrier != link->carrier);
	text_format(nic->name, sizeof(nic->name), "%s", link->name);
	nic->up = link->up;
	nic->carrier = link->carrier;
	nic->there = true;
}

static void tell(struct carriers *carriers, struct carrier *nic, uint64_t now_ns)
{
	char line[CARRIERS_LINE_LEN];
	struct text text;

	text_init(&text, line, sizeof(line));
	text_add(&text, "%s: %s", nic->name, !nic->up ? "link down: it is set down" : nic->carrier ? "link up" : "link down: no carrier");
	if (nic->changes > 1)
		text_add(&text, ", changed %u times in %llu s", nic->changes, (unsigned long long)((now_ns - nic->told_ns) / NS_PER_S));
	carriers->line(line);
	nic->told = true;
	nic->told_ns = now_ns;
	nic->changes = 0;
}

static void tell_gone(struct carriers *carriers, const struct carrier *nic)
{
	char line[CARRIERS_LINE_LEN];

	text_format(line, sizeof(line), "%s: the NIC is gone", nic->name);
	carriers->line(line);
}

static bool is_among(const struct nics *nics, uint32_t index)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics->list[i].index == index)
			return true;
	return false;
}

uint64_t carriers_look(struct carriers *carriers, const struct nics *nics, uint64_t now_ns)
{
	uint64_t due_ns = 0;

	for (size_t i = 0; i < carriers->count; i++)
		if (carriers->list[i].there && !is_among(nics, carriers->list[i].index)) {
			tell_gone(carriers, &carriers->list[i]);
			carriers->list[i] = (struct carrier){ .index = carriers->list[i].index };
		}
	for (size_t i = 0; i < nics->count; i++)
		take_link(carriers, &nics->list[i]);
	for (size_t i = 0; i < carriers->count; i++) {
		struct carrier *nic = &carriers->list[i];
		uint64_t again_ns = nic->told_ns + CARRIERS_AGAIN_S * NS_PER_S;

		/* One that is as it was told, but went in between, is told of too. */
		if (!nic->there || (nic->told && !nic->changes))
			continue;
		if (!carriers->looked)
			nic->told = true;
		else if (!nic->told || now_ns >= again_ns)
			tell(carriers, nic, now_ns);
		else if (!due_ns || again_ns < due_ns)
			due_ns = again_ns;
	}
	carriers->looked = true;
	return due_ns;
}

/* ---- of this host ---- */

static void look_again(struct loop_timer *timer, uint64_t now_ns)
{
	carriers_follow(container_of(timer, struct carriers, again), now_ns);
}

void carriers_follow(struct carriers *carriers, uint64_t now_ns)
{
	static struct nics nics;
	uint64_t due_ns = nics_find(carriers->nl, &nics) < 0 ? 0 : carriers_look(carriers, &nics, now_ns);

	if (due_ns)
		loop_timer_set(carriers->loop, &carriers->again, due_ns, look_again);
}

static void log_line(const char *text)
{
	log_info("%s", text);
}

void carriers_open(struct carriers *carriers, struct loop *loop, struct nl *nl)
{
	*carriers = (struct carriers){ .line = log_line, .loop = loop, .nl = nl };
	carriers_follow(carriers, clock_now_ns());
}
