#include "base/pass.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for a message that carries descriptors (cmsg(3)). */
union fd_space {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(PASS_FDS_MAX * sizeof(int))];
};

int pass_message(int socket, const void *bytes, size_t len, const int *fds, size_t count)
{
	union fd_space space = { 0 };
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count > PASS_FDS_MAX)
		return -EINVAL;
	if (count) {
		msg.msg_control = space.bytes;
		msg.msg_controllen = sizeof(space.bytes);
		space.header.cmsg_level = SOL_SOCKET;
		space.header.cmsg_type = SCM_RIGHTS;
		space.header.cmsg_len = CMSG_LEN((socklen_t)(count * sizeof(int)));
		memcpy(CMSG_DATA(&space.header), fds, count * sizeof(int));
	}
	return sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Of a header there is room for one. What the kernel put there of descriptors is ours, whatever else is wrong with the message. */
static bool take_fds(struct msghdr *msg, struct passed *passed)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(msg);
	bool whole = !(msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC));
	size_t len = header ? header->cmsg_len - CMSG_LEN(0) : 0;

	if (!header)
		return whole;
	if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS || len > sizeof(passed->fd))
		return false;
	memcpy(passed->fd, CMSG_DATA(header), len);
	passed->count = len / sizeof(int);
	return whole;
}

void pass_close(struct passed *passed)
{
	while (passed->count)
		close(passed->fd[--passed->count]);
}

int pass_receive(int socket, void *bytes, size_t cap, struct passed *passed)
{
	union fd_space space = { 0 };
	struct iovec part = { .iov_base = bytes, .iov_len = cap };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof(space.bytes) };
	ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*passed = (struct passed){ .len = n > 0 ? (size_t)n : 0 };
	if (n < 0)
		return -errno;
	if (take_fds(&msg, passed) && n)
		return 0;
	pass_close(passed);
	return n ? -EBADMSG : -EPIPE;
}

int pass_send(int socket, char word, int fd)
{
	return pass_message(socket, &word, sizeof(word), &fd, fd >= 0);
}

int pass_take(int socket, char *word, int *fd)
{
	struct passed passed;
	int err = pass_receive(socket, word, sizeof(*word), &passed);

	*fd = -1;
	if (err < 0)
		return err;
	if (passed.count == 1)
		*fd = passed.fd[0];
	else
		pass_close(&passed);
	return 0;
}
