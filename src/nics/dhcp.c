#include "nics/dhcp.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/text.h"
#include "nics/dhcp_become.h"
#include "nics/dhcp_kept.h"
#include "nics/dhcp_tell.h"

enum {
	SILENCE_S = 6, /* asked twice, and no answer; shorter than what the paths wait for the NICs */
	AGAIN_S = 5,   /* after it ended */
	ANEW_MS = 200, /* after it was ended: its lock goes with it */
	GRACE_S = 10,  /* behind the end of a lease: who was to say that it is over has hung up */
};

static const struct lease *kept_of(const struct dhcp_client *client, enum lease_family family)
{
	const struct nic_leases *its = leases_of(&client->dhcp->kept.leases, &client->link);

	return its && its->by[family].address.addr.family ? &its->by[family] : NULL;
}

static void leases_changed(struct dhcp *dhcp)
{
	dhcp_publish(dhcp);
	dhcp->changed(dhcp);
}

/* ---- what a client says ---- */

static void await_answer(struct dhcp_client *client, uint64_t now_ns);
static void await_end(struct dhcp_client *client);

static void lease_given(struct dhcp_client *client, enum lease_family family, const struct lease *lease, uint64_t now_ns)
{
	struct dhcp *dhcp = client->dhcp;
	struct dhcp_slot *slot = &client->slots[family];
	struct nic_leases *its = leases_put(&dhcp->leases, &client->link), *kept = leases_put(&dhcp->kept.leases, &client->link);
	const struct lease *was = dhcp_in_use(client, family);
	bool same = was && lease_same(was, lease);

	/* Cards that were taken out leave theirs behind: the oldest goes. */
	if (!kept) {
		memmove(&dhcp->kept.leases.list[0], &dhcp->kept.leases.list[1], --dhcp->kept.leases.count * sizeof(*kept));
		kept = leases_put(&dhcp->kept.leases, &client->link);
	}
	if (!its) {
		dhcp_forget_unwanted(dhcp, UINT64_MAX);
		its = leases_put(&dhcp->leases, &client->link);
	}
	if (!its) {
		log_err("%s: a lease too many: it is not used", client->link.name);
		return;
	}
	if (!same)
		dhcp_tell_given(client->link.name, family, was ? was : kept_of(client, family), lease);
	else if (slot->silent || slot->kept)
		dhcp_tell_answers(client->link.name, family);
	*slot = (struct dhcp_slot){ .bound = true, .since_ns = now_ns, .tunnels = same && slot->tunnels };
	client->said[0] = '\0';
	client->told = false;
	its->by[family] = *lease;
	its->until_ns[family] = lease->seconds == UINT32_MAX ? UINT64_MAX : slot->since_ns + lease->seconds * NS_PER_S;
	await_end(client);
	if (kept && !lease_same(&kept->by[family], lease)) {
		kept->by[family] = *lease;
		dhcp_kept_write(&dhcp->kept);
	}
	if (same)
		dhcp_publish(dhcp);
	else
		leases_changed(dhcp);
}

/* One record: what it was called for, and the lines of a lease. */
static void record_came(struct dhcp_client *client, struct slice record, uint64_t now_ns)
{
	struct lease lease = { .seconds = 0 };
	struct slice line;
	char reason[16];
	uint8_t family;
	enum lease_event event;
	enum lease_family which = LEASE_IPV4;

	if (!slice_cut(&record, '\n', &line) || slice_copy(line, reason, sizeof(reason)) < 0)
		return;
	event = lease_event(reason, &family);
	if (event == LEASE_NOTHING)
		return;
	while (which < LEASE_FAMILIES - 1 && dhcp_families[which].family != family)
		which++;
	if (!(client->wants & dhcp_families[which].bit))
		return;
	while (slice_cut(&record, '\n', &line))
		(void)lease_read(&lease, line);
	if (event == LEASE_GIVEN && lease.address.addr.family == family) {
		lease_given(client, which, &lease, now_ns);
		return;
	}
	if (event == LEASE_REFUSED)
		dhcp_tell_refused(client->link.name, which);
	client->slots[which].bound = false;
	await_answer(client, now_ns);
}

/* One that repeats itself is told once. What dhcpcd has to say is for who reads the log: what comes of it is told in words of ours, by
 * whether a server answers and whether the client runs. */
static void line_came(struct dhcp_client *client, struct slice line)
{
	char said[DHCP_SAID_LEN];

	line.len = line.len < sizeof(said) - 1 ? line.len : sizeof(said) - 1;
	(void)slice_copy(line, said, sizeof(said));
	text_make_printable(said);
	if (!said[0] || !strcmp(said, client->said))
		return;
	memcpy(client->said, said, sizeof(said));
	if (slice_starts(line, DHCP_CANNOT_START))
		log_err("%s: the DHCP client: %s", client->link.name, said);
	else
		log_info("%s: dhcpcd: %s", client->link.name, said);
}

/* ---- the process ---- */

static void client_start(struct dhcp_client *client, uint64_t now_ns);

static void again_fires(struct loop_timer *timer, uint64_t now_ns)
{
	client_start(container_of(timer, struct dhcp_client, again), now_ns);
}

static void start_later(struct dhcp_client *client, uint64_t wait_ns, uint64_t now_ns)
{
	loop_timer_set(client->dhcp->loop, &client->again, now_ns + wait_ns, again_fires);
}

static void client_ended(struct dhcp_client *client, const char *why, uint64_t now_ns)
{
	if (!client->told)
		log_err("%s: the DHCP client does not run: %s; it is started again every %d s", client->link.name, why, AGAIN_S);
	client->told = true;
	loop_timer_clear(client->dhcp->loop, &client->overdue);
	for (enum lease_family family = 0; family < LEASE_FAMILIES; family++)
		client->slots[family].bound = false;
	await_answer(client, now_ns);
	start_later(client, AGAIN_S * NS_PER_S, now_ns);
}

/* By when it must have said something: UINT64_MAX while there is nothing to say. */
static uint64_t due_of(const struct dhcp_client *client)
{
	const struct nic_leases *its = leases_of(&client->dhcp->leases, &client->link);
	uint64_t due_ns = UINT64_MAX;

	for (enum lease_family family = 0; its && family < LEASE_FAMILIES; family++)
		if (client->slots[family].bound && its->until_ns[family] < due_ns)
			due_ns = its->until_ns[family];
	return due_ns < UINT64_MAX ? due_ns + GRACE_S * NS_PER_S : UINT64_MAX;
}

static void overdue_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct dhcp_client *client = container_of(timer, struct dhcp_client, overdue);

	if (now_ns < due_of(client)) {
		await_end(client);
		return;
	}
	helper_kill(&client->helper);
	client_ended(client, "it hangs: a lease ran out, and it said nothing", now_ns);
}

static void await_end(struct dhcp_client *client)
{
	uint64_t due_ns = due_of(client);

	loop_timer_clear(client->dhcp->loop, &client->overdue);
	if (due_ns < UINT64_MAX)
		loop_timer_set(client->dhcp->loop, &client->overdue, due_ns, overdue_fires);
}

static void pipe_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct dhcp_client *client = container_of(source, struct dhcp_client, helper.source);
	struct slice room = dhcp_stream_room(&client->stream), said = { NULL, 0 };
	ssize_t n = read(source->fd, (char *)(uintptr_t)room.ptr, room.len);
	enum dhcp_said what;

	(void)events;
	if (n <= 0) {
		helper_kill(&client->helper); /* which closed its end, and may live on */
		client_ended(client, "it ended", now_ns);
		return;
	}
	dhcp_stream_add(&client->stream, (size_t)n);
	while ((what = dhcp_stream_take(&client->stream, &said)) != DHCP_SAID_NOTHING) {
		if (what == DHCP_SAID_RECORD)
			record_came(client, said, now_ns);
		else
			line_came(client, said);
	}
}

static void client_start(struct dhcp_client *client, uint64_t now_ns)
{
	const struct dhcp *dhcp = client->dhcp;
	const struct lease *last = kept_of(client, LEASE_IPV4);
	struct dhcp_order order = { .program = dhcp->program, .run_dir = dhcp->run_dir, .name = dhcp->name, .wants = client->wants };
	int err;

	memcpy(order.nic, client->link.name, sizeof(order.nic));
	if (last)
		order.last = last->address.addr;
	client->stream.len = client->stream.taken = 0;
	err = helper_start(&client->helper, dhcp->loop, dhcp_become, &order, -1, pipe_ready);
	if (err < 0)
		client_ended(client, strerror(-err), now_ns);
}

/* What it was told before stays in use. */
static void client_stop(struct dhcp_client *client)
{
	helper_kill(&client->helper);
	loop_timer_clear(client->dhcp->loop, &client->again);
	loop_timer_clear(client->dhcp->loop, &client->silence);
	loop_timer_clear(client->dhcp->loop, &client->overdue);
	client->wanted = false;
}

/* ---- no server answers ---- */

/* Unless another one is in use. */
static bool use_kept(struct dhcp_client *client, enum lease_family family)
{
	const struct lease *kept = kept_of(client, family);
	struct nic_leases *its = kept && !dhcp_in_use(client, family) ? leases_put(&client->dhcp->leases, &client->link) : NULL;

	if (!its)
		return false;
	its->by[family] = *kept;
	its->until_ns[family] = 0;
	client->slots[family].kept = true;
	return true;
}

/* Where there is no cable, that was told. */
static void tell_silence(const struct dhcp_client *client, enum lease_family family)
{
	if (client->link.carrier)
		dhcp_tell_silence(client->link.name, family, dhcp_in_use(client, family), client->slots[family].kept,
				  client->wants & ~dhcp_families[family].bit);
}

/* The disk took longer than a server has time. */
static void kept_known(struct dhcp_kept *kept)
{
	struct dhcp *dhcp = container_of(kept, struct dhcp, kept);
	bool any = false;

	for (size_t i = 0; i < dhcp->count; i++)
		for (enum lease_family family = 0; family < LEASE_FAMILIES && dhcp_is_used(&dhcp->clients[i]); family++) {
			struct dhcp_client *client = &dhcp->clients[i];

			if (!(client->wants & dhcp_families[family].bit) || !client->slots[family].silent || !use_kept(client, family))
				continue;
			tell_silence(client, family);
			any = true;
		}
	if (any)
		leases_changed(dhcp);
}

static void silence_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct dhcp_client *client = container_of(timer, struct dhcp_client, silence);

	(void)now_ns;
	for (enum lease_family family = 0; family < LEASE_FAMILIES; family++) {
		struct dhcp_slot *slot = &client->slots[family];

		if (!(client->wants & dhcp_families[family].bit) || slot->bound || slot->silent)
			continue;
		slot->silent = true;
		(void)use_kept(client, family);
		tell_silence(client, family);
	}
	leases_changed(client->dhcp);
}

static void await_answer(struct dhcp_client *client, uint64_t now_ns)
{
	if (!client->silence.armed)
		loop_timer_set(client->dhcp->loop, &client->silence, now_ns + SILENCE_S * NS_PER_S, silence_fires);
}

/* ---- who is to have one ---- */

static struct dhcp_client *add_client(struct dhcp *dhcp)
{
	for (size_t i = 0; i < dhcp->count; i++)
		if (!dhcp_is_used(&dhcp->clients[i]))
			return &dhcp->clients[i];
	return dhcp->count < LEASES_MAX ? &dhcp->clients[dhcp->count++] : NULL;
}

/* A cable is plugged in: whether a server is there shows anew. */
static void follow_carrier(struct dhcp_client *client, bool carrier, uint64_t now_ns)
{
	if (!carrier || client->link.carrier)
		return;
	for (enum lease_family family = 0; family < LEASE_FAMILIES; family++)
		client->slots[family].silent = false;
	loop_timer_clear(client->dhcp->loop, &client->silence);
	await_answer(client, now_ns);
}

/* A client goes on as long as it asks what it was started for. */
static void follow_nic(struct dhcp *dhcp, const struct link *link, const struct network_nic *section, bool anew, bool seen[static LEASES_MAX],
		       uint64_t now_ns)
{
	const struct dhcp_client *there = dhcp_of(dhcp, link->name);
	struct dhcp_client *client = there ? &dhcp->clients[there - dhcp->clients] : NULL;
	bool stays = client && !anew && client->link.index == link->index && client->wants == section->dhcp &&
		     !memcmp(client->link.own_mac, link->own_mac, sizeof(link->own_mac));

	if (client && !stays)
		client_stop(client);
	else if (!client)
		client = add_client(dhcp);
	if (!client) {
		log_err("%s: no room for one more DHCP client", link->name);
		return;
	}
	if (!stays) {
		*client = (struct dhcp_client){ .dhcp = dhcp, .wants = section->dhcp, .wanted = true };
		client->link = *link;
		await_answer(client, now_ns);
		start_later(client, ANEW_MS * NS_PER_MS, now_ns);
	}
	follow_carrier(client, link->carrier, now_ns);
	client->link = *link;
	client->use[LEASE_IPV4] = section->dhcp4;
	client->use[LEASE_IPV6] = section->dhcp6;
	seen[client - dhcp->clients] = true;
}

static bool asks(const struct nics *nics, size_t i)
{
	const struct nics_match *match = &nics->matches[i];

	return match->section && match->section->dhcp && match->taker == &nics->list[i] && !match->section->unmanaged &&
	       !match->section->bond[0] && nics->list[i].up;
}

void dhcp_fit(struct dhcp *dhcp, struct nl *nl, const struct network_conf *conf, const char *name, uint64_t now_ns)
{
	static struct nics nics;
	char own[DHCP_NAME_LEN] = "";
	bool anew, seen[LEASES_MAX] = { false };

	if (name[0])
		text_format(own, sizeof(own), "%s", name);
	else if (gethostname(own, sizeof(own) - 1) < 0 || own[0] == '(')
		own[0] = '\0';
	anew = strcmp(own, dhcp->name) != 0;
	text_format(dhcp->name, sizeof(dhcp->name), "%s", own);
	if (nics_find(nl, &nics) < 0 || nics_match(nl, &nics, conf) < 0)
		return;
	for (size_t i = 0; i < nics.count; i++)
		if (asks(&nics, i))
			follow_nic(dhcp, &nics.list[i], nics.matches[i].section, anew, seen, now_ns);
	for (size_t i = 0; i < dhcp->count; i++)
		if (dhcp_is_used(&dhcp->clients[i]) && !seen[i])
			client_stop(&dhcp->clients[i]);
	dhcp_forget_unwanted(dhcp, now_ns);
	dhcp_publish(dhcp);
}

/* ---- as the service begins and ends, and is asked ---- */

void dhcp_open(struct dhcp *dhcp, struct loop *loop, const char *run_dir, const char *state_dir,
	       void (*changed)(struct dhcp *dhcp))
{
	dhcp->loop = loop;
	dhcp->run_dir = run_dir;
	dhcp->changed = changed;
	dhcp_kept_get(run_dir, &dhcp->leases);
	dhcp_kept_open(&dhcp->kept, loop, state_dir, kept_known);
}

void dhcp_close(struct dhcp *dhcp)
{
	for (size_t i = 0; i < dhcp->count; i++)
		if (dhcp_is_used(&dhcp->clients[i]))
			client_stop(&dhcp->clients[i]);
	dhcp_kept_close(&dhcp->kept);
}
