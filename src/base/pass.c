#include "base/pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for a message that carries one descriptor (cmsg(3)). */
union fd_space {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int pass_send(int socket, char word, int fd)
{
	union fd_space space = { 0 };
	struct iovec part = { .iov_base = &word, .iov_len = sizeof(word) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = space.bytes;
		msg.msg_controllen = sizeof(space.bytes);
		space.header.cmsg_level = SOL_SOCKET;
		space.header.cmsg_type = SCM_RIGHTS;
		space.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&space.header), &fd, sizeof(fd));
	}
	return sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int pass_take(int socket, char *word, int *fd)
{
	union fd_space space = { 0 };
	struct iovec part = { .iov_base = word, .iov_len = sizeof(*word) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof(space.bytes) };
	ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*fd = -1;
	if (n <= 0)
		return n < 0 ? -errno : -EPIPE;
	if (CMSG_FIRSTHDR(&msg) && space.header.cmsg_level == SOL_SOCKET && space.header.cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(&space.header), sizeof(*fd));
	return 0;
}
