#include "outer/packet_socket.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outer/filter.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

enum { RECEIVE_BUFFER_LEN = 8 << 20, SEND_BUFFER_LEN = 4 << 20 };

static void set_int(int fd, int level, int option, int value)
{
	/* Each is an improvement only; the caller checks those that must be. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void set_buffers(int fd)
{
	set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_LEN);
	set_int(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_LEN);
	set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_LEN);
	set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_LEN);
}

int packet_socket_set_port(int fd, bool alone, uint16_t port)
{
	struct filter filter;
	struct sock_fprog program;

	filter_build(&filter, port, alone);
	program = (struct sock_fprog){ filter.len, filter.code };
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

static int prepare(int fd, uint32_t index, bool alone, uint16_t port)
{
	struct sockaddr_ll here = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL), /* IPv4, IPv6 and ARP; the filter chooses */
		.sll_ifindex = (int)index,
	};
	/* Neighbour solicitations for addresses the kernel does not have go to groups it has not joined. */
	struct packet_mreq groups = { .mr_ifindex = (int)index, .mr_type = PACKET_MR_ALLMULTI };
	int err = packet_socket_set_port(fd, alone, port), one = 1;

	if (err < 0)
		return err;
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0)
		return -errno;
	set_int(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	set_buffers(fd);
	if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
		return -errno;
	if (alone && setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &groups, sizeof(groups)) < 0)
		return -errno;
	return 0;
}

int packet_socket_open(uint32_t index, bool alone, uint16_t port)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	err = prepare(fd, index, alone, port);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

bool packet_socket_is_of(int fd, uint32_t index)
{
	struct sockaddr_ll here = { 0 };
	socklen_t len = sizeof(here);

	return !getsockname(fd, (struct sockaddr *)&here, &len) && here.sll_ifindex == (int)index;
}
