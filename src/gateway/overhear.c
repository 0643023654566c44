#include "gateway/overhear.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sockaddr.h"
#include "base/ip.h"
#include "base/sockaddr.h"

/* Messages begin with their type and three zeros (paper 5.4). */
enum { INITIATION = 1, RESPONSE = 2, DATA = 4, RECEIVER_AT_RESPONSE = 8, RECEIVER_AT_DATA = 4, HEADER_LEN = 12 };

enum {
	KEPT_LEN = 96,      /* of a packet: an IP header with options, UDP's, the head of a message */
	BUFFER_LEN = 16384, /* few are as good as many */
};

int overhear_data(int fd, const struct inet_endpoint *from, uint16_t port, bool data)
{
	struct sock_filter code[] = {
		from->addr.family == AF_INET ? (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
					     : (struct sock_filter)BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, from->port, 0, 7),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, UDP_LEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, INITIATION, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RESPONSE, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, data ? DATA : RESPONSE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, KEPT_LEN),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

static int connect_to(int fd, const struct inet_endpoint *from)
{
	union sockaddr_any addr;
	socklen_t len = sockaddr_from(&addr, from);

	return connect(fd, &addr.any, len) < 0 ? -errno : 0;
}

int overhear_open(const struct inet_endpoint *from, uint16_t port)
{
	int fd = socket(from->addr.family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP), err;
	const int buffer_len = BUFFER_LEN;
	struct overheard early = { 0 };

	if (fd < 0)
		return -errno;
	err = setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_len, sizeof(buffer_len)) < 0 ? -errno : 0;
	if (!err)
		err = overhear_data(fd, from, port, false);
	if (!err)
		err = connect_to(fd, from);
	if (err < 0) {
		close(fd);
		return err;
	}
	overhear_read(fd, from->addr.family, 0, &early); /* what came before it was told whom to hear */
	return fd;
}

void overhear_packet(struct overheard *heard, uint8_t family, uint32_t index, const uint8_t *bytes, size_t len)
{
	size_t at = UDP_LEN;

	if (family == AF_INET && len)
		at += (size_t)(bytes[0] & 0xf) * 4;
	if (len < at + HEADER_LEN)
		return;
	bytes += at;
	switch (load_le32(bytes)) {
	case INITIATION:
		heard->initiated = true;
		heard->responded = false;
		break;
	case RESPONSE:
		heard->initiated = false;
		heard->responded = true;
		heard->receiver = load_le32(bytes + RECEIVER_AT_RESPONSE);
		break;
	case DATA:
		heard->elsewhere += load_le32(bytes + RECEIVER_AT_DATA) != index;
		break;
	default:
		break;
	}
}

void overhear_read(int fd, uint8_t family, uint32_t index, struct overheard *heard)
{
	uint8_t bytes[KEPT_LEN];
	ssize_t n;

	*heard = (struct overheard){ 0 };
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) >= 0)
		overhear_packet(heard, family, index, bytes, (size_t)n);
}
