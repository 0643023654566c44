#include "nics/lldp.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/pass.h"
#include "nics/around.h"
#include "nics/lldp_own.h"

/* ---- who was heard ---- */

static bool has_expired(const struct lldp_neighbour *neighbour, uint64_t now_ns)
{
	return now_ns - neighbour->heard_ns > neighbour->frame.ttl_s * NS_PER_S;
}

static void forget(struct lldp_nic *nic, size_t at)
{
	memmove(&nic->neighbours[at], &nic->neighbours[at + 1], (nic->count - at - 1) * sizeof(nic->neighbours[0]));
	nic->count--;
}

void lldp_expire(struct lldp_nic *nic, uint64_t now_ns)
{
	for (size_t i = nic->count; i > 0; i--)
		if (has_expired(&nic->neighbours[i - 1], now_ns))
			forget(nic, i - 1);
	if (nic->count < LLDP_NEIGHBOURS_MAX)
		nic->more = false;
}

static size_t find_same(const struct lldp_nic *nic, const struct lldp_frame *frame)
{
	size_t at = 0;

	while (at < nic->count && !(lldp_id_equal(&nic->neighbours[at].frame.chassis, &frame->chassis) &&
				    lldp_id_equal(&nic->neighbours[at].frame.port, &frame->port)))
		at++;
	return at;
}

/* "sw1, port Gi1/0/5 (to the rack), VLAN 10" */
static void add_words(struct text *text, const struct lldp_frame *frame)
{
	char chassis[LLDP_ID_TEXT_LEN], port[LLDP_ID_TEXT_LEN];

	lldp_port_text(&frame->port, port);
	text_add(text, "%s, port %s", frame->name[0] ? frame->name : lldp_chassis_text(&frame->chassis, chassis), port);
	if (frame->port_description[0] && strcmp(frame->port_description, port) != 0)
		text_add(text, " (%s)", frame->port_description);
	if (frame->vlan_id)
		text_add(text, ", VLAN %u", frame->vlan_id);
}

void lldp_take(struct lldp_nic *nic, const struct lldp_frame *frame, uint64_t now_ns, char line[static LLDP_LINE_LEN])
{
	size_t at;
	struct text text;

	line[0] = '\0';
	lldp_expire(nic, now_ns);
	at = find_same(nic, frame);
	if (!frame->ttl_s) {
		if (at < nic->count)
			forget(nic, at);
		return;
	}
	if (nic->routers_only && !(frame->capabilities & LLDP_ROUTERS))
		return;
	if (at == LLDP_NEIGHBOURS_MAX) {
		nic->more = true;
		return;
	}
	nic->neighbours[at] = (struct lldp_neighbour){ *frame, now_ns };
	if (at < nic->count)
		return;
	nic->count++;
	/* Whoever writes there may call itself something else each time. */
	if (nic->said && now_ns - nic->said_ns < LLDP_SAY_AGAIN_S * NS_PER_S)
		return;
	nic->said = true;
	nic->said_ns = now_ns;
	text_init(&text, line, LLDP_LINE_LEN);
	text_add(&text, "%s: its cable goes to ", nic->name);
	add_words(&text, frame);
}

void lldp_print(const struct lldp *lldp, uint32_t index, bool whole, uint64_t now_ns, wrap_line_fn *line, void *arg)
{
	char bytes[2 * LLDP_LINE_LEN], chassis[LLDP_ID_TEXT_LEN], address[INET_ADDR_STRLEN];
	const struct lldp_nic *nic = NULL;
	size_t printed = 0;
	struct text text;

	for (size_t i = 0; i < NICS_MAX; i++)
		if (lldp->nics[i].index == index)
			nic = &lldp->nics[i];
	for (size_t i = 0; nic && i < nic->count; i++) {
		const struct lldp_neighbour *neighbour = &nic->neighbours[i];
		const struct lldp_frame *frame = &neighbour->frame;

		if (has_expired(neighbour, now_ns))
			continue;
		text_init(&text, bytes, sizeof(bytes));
		text_add(&text, "  LLDP     ");
		add_words(&text, frame);
		if (frame->management.family)
			text_add(&text, ", %s", inet_addr_text(&frame->management, address));
		if (whole && frame->name[0])
			text_add(&text, "; chassis %s", lldp_chassis_text(&frame->chassis, chassis));
		if (whole && frame->description[0])
			text_add(&text, "; %s", frame->description);
		if (whole)
			text_add(&text, "; heard %llu s ago, holds for %u s",
				 (unsigned long long)((now_ns - neighbour->heard_ns) / NS_PER_S), frame->ttl_s);
		wrap_text(bytes, AROUND_LABEL, line, arg);
		printed++;
	}
	if (printed && nic->more)
		line(arg, "  LLDP     and others: only the first are kept");
	if (whole && !printed && nic)
		line(arg, !nic->wanted.listen ? "  LLDP     not listened to" :
			  !nic->wanted.carrier ? "  LLDP     no carrier" :
			  lldp->begun ? "  LLDP     none heard: a switch says it each 30 s, if it does" : "  LLDP     not listened to: see `log`");
}

/* ---- the agent ---- */

static const uint8_t groups[][LINK_MAC_LEN] = {
	{ 0x01, 0x80, 0xC2, 0, 0, 0x0E }, /* nearest bridge */
	{ 0x01, 0x80, 0xC2, 0, 0, 0x03 }, /* nearest that is no two-port relay */
	{ 0x01, 0x80, 0xC2, 0, 0, 0x00 }, /* nearest customer bridge */
};

/* What comes before it is bound to the NIC must not come at all: until then it is of no protocol. */
static int open_socket(uint32_t index)
{
	const struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(LLDP_ETHERTYPE), .sll_ifindex = (int)index };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), len = LLDP_QUEUE_LEN, err = 0;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]) && !err; i++) {
		struct packet_mreq group = { .mr_ifindex = (int)index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = LINK_MAC_LEN };

		memcpy(group.mr_address, groups[i], LINK_MAC_LEN);
		if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			err = -errno;
	}
	if (!err && bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
		err = -errno;
	if (err < 0)
		close(fd);
	return err < 0 ? err : fd;
}

/* fd -1: none goes along. */
static int tell_agent(const struct lldp *lldp, const struct lldp_order *order, int fd)
{
	return pass_message(lldp->words.fd, order, sizeof(*order), &fd, fd >= 0);
}

/* What could not be told is tried again by the next look. */
static void hand(const struct lldp *lldp, struct lldp_nic *nic)
{
	int fd = -1;

	if (nic->handed && lldp_order_equal(&nic->told, &nic->wanted))
		return;
	if (!nic->handed) {
		fd = open_socket(nic->index);
		if (fd < 0)
			return;
	}
	if (tell_agent(lldp, &nic->wanted, fd) == 0) {
		nic->told = nic->wanted;
		nic->handed = true;
	}
	if (fd >= 0)
		close(fd);
}

/* What it sent is taken back before its socket goes. */
static void take_back(const struct lldp *lldp, struct lldp_nic *nic)
{
	struct lldp_order end = nic->told;
	int err;

	end.listen = end.emit = false;
	err = tell_agent(lldp, &end, -1);
	end.gone = true;
	if (!err && tell_agent(lldp, &end, -1) == 0)
		nic->handed = false;
}

static struct lldp_nic *find_or_free(struct lldp *lldp, uint32_t index)
{
	struct lldp_nic *free = NULL;

	for (size_t i = 0; i < NICS_MAX; i++) {
		if (lldp->nics[i].index == index)
			return &lldp->nics[i];
		if (!lldp->nics[i].index && !free)
			free = &lldp->nics[i];
	}
	return free;
}

/* Who has no [Match] is listened to, and says nothing. */
static void follow_nic(struct lldp *lldp, const struct nics *nics, size_t i, const struct lldp_own *own)
{
	const struct network_nic *section = nics->matches[i].section;
	enum network_emit emits = section ? network_emits(section) : NETWORK_EMIT_NO;
	const struct link *link = &nics->list[i];
	struct lldp_nic *nic = find_or_free(lldp, link->index);
	struct lldp_order *wanted;

	if (!nic)
		return;
	wanted = &nic->wanted;
	*wanted = (struct lldp_order){ .index = link->index };
	wanted->listen = link->up && (!section || section->lldp != NETWORK_LLDP_NO);
	wanted->emit = link->up && emits != NETWORK_EMIT_NO;
	wanted->carrier = link->carrier;
	memcpy(wanted->to, groups[emits == NETWORK_EMIT_NON_TPMR ? 1 : emits == NETWORK_EMIT_CUSTOMER ? 2 : 0], LINK_MAC_LEN);
	wanted->own = *own;
	nic->index = link->index;
	nic->there = true;
	nic->routers_only = section && section->lldp == NETWORK_LLDP_ROUTERS;
	text_format(nic->name, sizeof(nic->name), "%s", link->name);
	/* What was at the other end of a cable that is pulled need not be there when there is one again. */
	if (!link->carrier || !wanted->listen)
		nic->count = nic->more = 0;
	if (!lldp->begun)
		return;
	if (wanted->listen || wanted->emit)
		hand(lldp, nic);
	else if (nic->handed)
		take_back(lldp, nic);
}

static void look(struct lldp *lldp, uint64_t now_ns)
{
	static struct nics nics;
	struct lldp_own own;

	if (nics_find(lldp->nl, &nics) < 0 || (lldp->conf && nics_match(lldp->nl, &nics, lldp->conf) < 0))
		return;
	for (size_t i = 0; i < NICS_MAX; i++)
		lldp->nics[i].there = false;
	for (size_t i = 0; i < nics.count; i++)
		if (nics_is_nic(&nics.list[i]) && nics.list[i].has_mac && lldp_own_make(lldp->nl, &nics, i, lldp->run_dir, &own) == 0)
			follow_nic(lldp, &nics, i, &own);
	for (size_t i = 0; i < NICS_MAX; i++) {
		struct lldp_nic *nic = &lldp->nics[i];

		if (nic->index && !nic->there) {
			(void)tell_agent(lldp, &(struct lldp_order){ .index = nic->index, .gone = true }, -1);
			memset(nic, 0, sizeof(*nic));
		}
		lldp_expire(nic, now_ns);
	}
}

static void look_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct lldp *lldp = container_of(timer, struct lldp, look);

	look(lldp, now_ns);
	loop_timer_set(lldp->loop, timer, now_ns + LLDP_LOOK_S * NS_PER_S, look_fires);
}

static bool is_text(const char text[static LLDP_TEXT_LEN])
{
	size_t len = strnlen(text, LLDP_TEXT_LEN);

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len < LLDP_TEXT_LEN;
}

/* One who reads what strangers write is no one to be believed. */
static bool is_sound(const struct lldp_frame *frame)
{
	return is_text(frame->port_description) && is_text(frame->name) && is_text(frame->description) &&
	       (!frame->management.family || frame->management.family == AF_INET || frame->management.family == AF_INET6);
}

static void word_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct lldp *lldp = container_of(source, struct lldp, words);
	static struct lldp_word word;
	char line[LLDP_LINE_LEN];

	(void)events;
	if (recv(source->fd, &word, sizeof(word), MSG_DONTWAIT | MSG_TRUNC) != (ssize_t)sizeof(word))
		return;
	if (!word.index) {
		lldp->begun = true;
		for (size_t i = 0; i < NICS_MAX; i++)
			lldp->nics[i].handed = false;
		look_fires(&lldp->look, now_ns);
		return;
	}
	for (size_t i = 0; i < NICS_MAX; i++) {
		struct lldp_nic *nic = &lldp->nics[i];

		if (nic->index != word.index || !nic->wanted.listen || !is_sound(&word.frame))
			continue;
		lldp_take(nic, &word.frame, now_ns, line);
		if (line[0])
			log_info("%s", line);
	}
}

void lldp_open(struct lldp *lldp, struct loop *loop, struct nl *nl, const char *run_dir)
{
	int ends[2], err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0 ? -errno : 0;

	*lldp = (struct lldp){ .nl = nl, .run_dir = run_dir, .words.fd = -1 };
	if (!err)
		err = loop_take(loop, &lldp->words, ends[0], word_came);
	if (err < 0) {
		log_err("it is not told which switch a NIC is at: %s", strerror(-err));
		return;
	}
	lldp->loop = loop;
	beside_start(&lldp->agent, loop, LLDP_APPLET, "", ends[1]);
}

void lldp_close(struct lldp *lldp)
{
	if (!lldp->loop)
		return;
	beside_stop(&lldp->agent);
	loop_give_back(lldp->loop, &lldp->words);
	loop_timer_clear(lldp->loop, &lldp->look);
	lldp->loop = NULL;
}

void lldp_follow(struct lldp *lldp, const struct network_conf *conf)
{
	lldp->conf = conf;
	if (lldp->loop)
		look_fires(&lldp->look, clock_now_ns());
}
