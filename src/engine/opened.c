#include "engine/opened.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/pass.h"
#include "base/sockaddr.h"
#include "outer/host.h"
#include "tunnel/opener_words.h"

static struct {
	struct loop *loop;
	struct loop_source source;
	void (*changed)(void);
	uint32_t number;   /* of the last request */
	uint32_t late;     /* of the one that was waited for in vain; 0: none */
	uint64_t late_ns;  /* when that was sent */
	struct loop_timer greeting;
	uint32_t greeted;  /* number of the last greeting, until it is answered; 0: it was */
	bool full;         /* there was no room for the last one */
	bool silent;       /* it did not answer in time, and has not since */
	int neighbour_err; /* what became of one that was to be used, until that is told */
} opened = { .source.fd = -1 };

/* ---- what came is what was asked for ---- */

static bool is_int(int fd, int level, int option, int wanted)
{
	socklen_t len = sizeof(int);
	int is = 0;

	return !getsockopt(fd, level, option, &is, &len) && len == sizeof(is) && is == wanted;
}

static bool is_link(int fd, uint32_t index)
{
	struct sockaddr_ll here = { 0 };
	socklen_t len = sizeof(here);

	return is_int(fd, SOL_SOCKET, SO_DOMAIN, AF_PACKET) && is_int(fd, SOL_SOCKET, SO_TYPE, SOCK_RAW) &&
	       is_int(fd, SOL_PACKET, PACKET_VNET_HDR, 1) && !getsockname(fd, (struct sockaddr *)&here, &len) &&
	       here.sll_protocol == htons(ETH_P_ALL) && here.sll_ifindex == (int)index;
}

static bool is_port(int fd, uint8_t family, uint16_t port)
{
	struct inet_endpoint here = { .port = 0 };
	union sockaddr_any name;
	socklen_t len = sizeof(name);

	return is_int(fd, SOL_SOCKET, SO_DOMAIN, family) && is_int(fd, SOL_SOCKET, SO_TYPE, SOCK_DGRAM) &&
	       is_int(fd, SOL_SOCKET, SO_PROTOCOL, IPPROTO_UDP) && !getsockname(fd, &name.any, &len) &&
	       sockaddr_to(&here, &name, len) && here.addr.family == family && inet_addr_is_zero(&here.addr) && here.port == port;
}

/* ---- asking ---- */

static void gone(void)
{
	void (*changed)(void) = opened.changed;

	opened_close();
	if (changed)
		changed();
}

/* What it waits for may be the kernel's: it is kept, and may answer yet. */
static void set_silent(bool silent)
{
	if (opened.silent == silent)
		return;
	opened.silent = silent;
	opened.changed();
}

/* One answer, whichever: 0 or -errno; -EPIPE: there will be none. What is none, or came without its descriptors, may have been the one
 * that is waited for: no other comes with its number, so this opener is given up for another. */
static int receive(struct opener_answer *answer, struct passed *passed)
{
	uint8_t bytes[OPENER_ANSWER_LEN];
	int err = pass_receive(opened.source.fd, bytes, sizeof(bytes), passed);

	if (err == -EAGAIN || err == -EINTR)
		return err;
	if (!err) {
		err = opener_read_answer(bytes, passed->len, answer);
		if (err < 0)
			pass_close(passed);
	}
	if (err < 0) {
		gone();
		return -EPIPE;
	}
	set_silent(false);
	return 0;
}

/* One that is not waited for, or not any more. */
static void take_late(const struct opener_answer *answer, struct passed *passed)
{
	pass_close(passed);
	if (answer->number == opened.late)
		opened.late = 0;
	if (answer->number == opened.greeted)
		opened.greeted = 0;
	if (answer->what == OPENER_NEIGHBOUR && answer->err < 0)
		opened.neighbour_err = answer->err;
}

static void answers_wait(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct opener_answer answer = { .err = 0 };
	struct passed passed;
	int err = 0;

	(void)source;
	(void)events;
	(void)now_ns;
	while (!err) {
		err = receive(&answer, &passed);
		if (!err)
			take_late(&answer, &passed);
	}
}

static int send_request(struct opener_request *request)
{
	uint8_t bytes[OPENER_REQUEST_LEN];
	int err;

	if (opened.source.fd < 0)
		return -EPIPE;
	request->number = opened.number == UINT32_MAX ? 1 : opened.number + 1;
	opener_write_request(bytes, request);
	err = pass_message(opened.source.fd, bytes, sizeof(bytes), NULL, 0);
	if (err == -EAGAIN)
		return -ETIMEDOUT; /* it reads none */
	if (err < 0) {
		gone();
		return -EPIPE;
	}
	opened.number = request->number;
	return 0;
}

static int await_answer(const struct opener_request *request, struct opener_answer *answer, struct passed *passed)
{
	uint64_t now_ns = clock_now_ns(), deadline_ns = now_ns + OPENED_WAIT_MS * NS_PER_MS;
	int err;

	opened.late = request->number;
	opened.late_ns = now_ns;
	while (!(err = await_ready(opened.source.fd, POLLIN, deadline_ns))) {
		err = receive(answer, passed);
		if (err == -EPIPE)
			return err;
		if (err < 0)
			continue;
		if (answer->number == request->number && answer->what == request->what) {
			opened.late = 0;
			return 0;
		}
		take_late(answer, passed);
	}
	return err;
}

/* 0 or -errno: what the opener said, or what is wrong with it. The caller closes what passed. */
static int ask(struct opener_request *request, struct opener_answer *answer, struct passed *passed)
{
	int err;

	if (opened.late)
		answers_wait(&opened.source, 0, 0);
	if (opened.late && clock_now_ns() - opened.late_ns > OPENED_PATIENCE_MS * NS_PER_MS)
		set_silent(true);
	if (opened.late)
		return -ETIMEDOUT;
	err = send_request(request);
	if (!err)
		err = await_answer(request, answer, passed);
	if (!err && answer->err < 0) {
		err = answer->err;
		pass_close(passed);
	}
	return err;
}

static int open_link(void *arg, const struct outer_link *link, uint16_t port, bool brief)
{
	struct opener_request request = { .what = OPENER_LINK, .index = link->index, .alone = link->alone, .port = port,
					  .brief = brief };
	struct opener_answer answer = { .err = 0 };
	struct passed passed = { .count = 0 };
	int err = ask(&request, &answer, &passed);

	(void)arg;
	if (err < 0)
		return err;
	if (passed.count == 1 && is_link(passed.fd[0], link->index))
		return passed.fd[0];
	pass_close(&passed);
	return -EBADMSG;
}

static int open_port(void *arg, uint16_t port, bool merge, struct placeholder *placeholder)
{
	struct opener_request request = { .what = OPENER_PORT, .port = port, .merge = merge };
	struct opener_answer answer = { .err = 0 };
	struct passed passed = { .count = 0 };
	int err = ask(&request, &answer, &passed);

	(void)arg;
	if (err < 0)
		return err;
	if (passed.count && answer.port && (!port || answer.port == port) && is_port(passed.fd[0], AF_INET, answer.port) &&
	    (passed.count == 1 || is_port(passed.fd[1], AF_INET6, answer.port))) {
		*placeholder = (struct placeholder){ passed.fd[0], passed.count == 1 ? -1 : passed.fd[1], answer.port };
		return 0;
	}
	pass_close(&passed);
	return -EBADMSG;
}

/* Packets wait for no answer; one that came, since the last was asked for, is told now. */
static int use_neighbour(uint32_t index, const struct inet_addr *addr)
{
	struct opener_request request = { .what = OPENER_NEIGHBOUR, .index = index, .addr = *addr };
	int err = opened.neighbour_err, failed = send_request(&request);

	opened.neighbour_err = 0;
	return failed ? failed : err;
}

const struct engine_rights opened_rights = { open_link, open_port, use_neighbour };

/* ---- who it is ---- */

/* One that hangs is noticed before it is needed: it does not answer, or reads nothing from one greeting to the next. */
static void greeting_is_due(struct loop_timer *timer, uint64_t now_ns)
{
	struct opener_request hello = { .what = OPENER_HELLO };
	bool was_full = opened.full;
	int err;

	answers_wait(&opened.source, 0, now_ns);
	err = opened.greeted ? 0 : send_request(&hello);
	if (opened.source.fd < 0)
		return;
	opened.full = err == -ETIMEDOUT;
	if (opened.greeted || (opened.full && was_full))
		set_silent(true);
	else if (!opened.full)
		opened.greeted = hello.number;
	loop_timer_set(opened.loop, timer, now_ns + OPENED_GREET_S * NS_PER_S, greeting_is_due);
}

int opened_by(struct loop *loop, int fd, void (*changed)(void))
{
	int err;

	if (!is_int(fd, SOL_SOCKET, SO_DOMAIN, AF_UNIX) || !is_int(fd, SOL_SOCKET, SO_TYPE, SOCK_SEQPACKET)) {
		close(fd);
		return -EBADMSG;
	}
	opened_close();
	err = loop_take(loop, &opened.source, fd, answers_wait);
	if (err < 0)
		return err;
	opened.loop = loop;
	opened.changed = changed;
	loop_timer_set(loop, &opened.greeting, clock_now_ns() + OPENED_GREET_S * NS_PER_S, greeting_is_due);
	return 0;
}

void opened_close(void)
{
	if (opened.source.fd >= 0) {
		loop_give_back(opened.loop, &opened.source);
		loop_timer_clear(opened.loop, &opened.greeting);
	}
	opened.late = opened.greeted = 0;
	opened.full = opened.silent = false;
	opened.neighbour_err = 0;
	opened.changed = NULL;
}

bool opened_is_there(void)
{
	return opened.source.fd >= 0 && !opened.silent;
}
