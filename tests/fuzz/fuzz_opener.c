/* Both ends of the opener's socket: what a packet process that was taken over asks for, and what comes to one in the place of its opener's
 * answers, with descriptors that are not what they claim. Nothing that came stays open. The first byte says which. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pass.h"
#include "engine/opened.h"
#include "engine/opener.h"
#include "outer/host.h"
#include "tunnel/opener_words.h"

enum { KINDS = 6, MESSAGES = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint16_t port; /* of the sockets below */

static int held(unsigned kind)
{
	static int fds[KINDS];
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t len = sizeof(here);

	if (!fds[0]) {
		fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
		fds[1] = memfd_create("no socket", MFD_CLOEXEC);
		fds[2] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		fds[3] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		fds[4] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		fds[5] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fds[3], (const struct sockaddr *)&here, sizeof(here)) < 0 || getsockname(fds[3], (struct sockaddr *)&here, &len) < 0)
			abort();
		port = ntohs(here.sin_port);
	}
	return fds[kind % KINDS];
}

static int fake_link(uint32_t index, bool alone, uint16_t wanted, bool brief)
{
	(void)alone;
	(void)brief;
	(void)wanted;
	return index % 3 ? dup(held(index)) : -ENODEV;
}

static int fake_port(struct placeholder *placeholder, uint16_t wanted, bool merge)
{
	if (wanted % 3 == 0)
		return -EADDRINUSE;
	*placeholder = (struct placeholder){ dup(held(3)), merge ? dup(held(4)) : -1, wanted };
	return 0;
}

static int fake_neighbour(uint32_t index, const struct inet_addr *addr)
{
	if (addr->family != AF_INET && addr->family != AF_INET6)
		abort();
	return index % 3 ? 0 : -ENODEV;
}

static void ask_opener(int ends[2], const uint8_t *data, size_t size)
{
	static const struct opener_does does = { fake_link, fake_port, fake_neighbour };
	uint8_t answer[OPENER_ANSWER_LEN];
	struct opener_answer said;
	struct passed passed;

	while (size > 1) {
		size_t len = data[0] & 63, count = data[0] >> 6;
		const int fds[] = { held(data[1]), held(data[1] >> 4) };

		len = len > size - 1 ? size - 1 : len ? len : 1;
		(void)pass_message(ends[0], data + 1, len, fds, count > 2 ? 2 : count);
		if (opener_serve(ends[1], &does) < 0)
			abort();
		if (!pass_receive(ends[0], answer, sizeof(answer), &passed)) {
			if (opener_read_answer(answer, passed.len, &said) < 0 || (said.err < 0 && passed.count))
				abort();
			pass_close(&passed);
		}
		data += len + 1;
		size -= len + 1;
	}
}

static struct loop loop;

static void changed(void)
{
}

static void answer_process(int ends[2], const uint8_t *data, size_t size)
{
	static uint32_t number; /* of the requests so far, which the answers are to fit now and then */
	static const struct outer_link link = { .index = 1 };
	const struct inet_addr addr = { AF_INET, { 192, 0, 2, 1 } };
	struct placeholder placeholder;
	unsigned asks = *data % 3;
	int fd;

	fd = dup(ends[0]);
	if (opened_by(&loop, fd, changed) < 0)
		abort();
	number++;
	for (int i = 0; i < MESSAGES && size > 1; i++) {
		uint8_t bytes[32] = { 0 };
		size_t count = data[0] & 3, len = (data[0] & 4) ? OPENER_ANSWER_LEN : data[0] >> 3;
		const int fds[] = { held(data[1]), held(data[1] >> 4) };

		memcpy(bytes, data + 1, len < size - 1 ? len : size - 1);
		if (data[0] & 8)
			opener_write_answer(bytes, &(struct opener_answer){ number, asks == 0 ? OPENER_LINK : OPENER_PORT, 0, port });
		(void)pass_message(ends[1], bytes, len ? len : 1, fds, count > 2 ? 2 : count);
		data += len < size ? len : size - 1;
		size -= len < size ? len : size - 1;
		if (!len)
			break;
	}
	(void)shutdown(ends[1], SHUT_WR); /* behind these nothing is waited for */
	if (asks == 0) {
		/* no packet socket is among them */
		if (opened_rights.open_link(NULL, &link, 4567, false) >= 0)
			abort();
	} else if (asks == 1) {
		if (opened_rights.open_port(NULL, port, true, &placeholder) == 0) {
			if (placeholder.port != port || placeholder.fd6 >= 0)
				abort();
			placeholder_close(&placeholder);
		}
	} else {
		(void)opened_rights.use_neighbour(1, &addr);
	}
	opened_close();
}

static int open_now(void)
{
	int count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2], before;

	if (size < 2)
		return 0;
	(void)held(0);
	if (!loop.epoll_fd && loop_open(&loop) < 0)
		abort();
	before = open_now();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	if (data[0] & 1)
		ask_opener(ends, data + 1, size - 1);
	else
		answer_process(ends, data + 1, size - 1);
	close(ends[0]);
	close(ends[1]);
	if (open_now() != before)
		abort();
	return 0;
}
