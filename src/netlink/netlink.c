#include "netlink/netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "netlink/answer.h"
#include "netlink/attrs.h"
#include "netlink/dump.h"

enum { ANSWER_TIMEOUT_S = 5, MONITOR_RCVBUF_LEN = 1 << 20 };

int nl_open(struct nl *nl, int protocol)
{
	static const int wishes[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK };
	const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	int one = 1, err;

	/* The buffers are not touched for it: most of them never is. */
	memset(nl, 0, offsetof(struct nl, request) + sizeof(struct nlmsghdr));
	nl->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	/* Older kernels lack some; everything works without. */
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++)
		(void)mnl_socket_setsockopt(nl->socket, wishes[i], &one, sizeof(one));
	if (setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		nl_close(nl);
		return err;
	}
	nl->port = mnl_socket_get_portid(nl->socket);
	return 0;
}

/* Of one that was begun, and not sent. */
static void wipe_request(struct nl *nl)
{
	explicit_bzero(nl->request, ((const struct nlmsghdr *)nl->request)->nlmsg_len);
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
	wipe_request(nl);
}

struct nlmsghdr *nl_begin(struct nl *nl, uint16_t type, uint16_t flags, size_t extra_len)
{
	bool dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct nlmsghdr *message;

	wipe_request(nl);
	message = mnl_nlmsg_put_header(nl->request);
	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | (dump ? 0 : NLM_F_ACK));
	mnl_nlmsg_put_extra_header(message, extra_len);
	return message;
}

size_t nl_room(const struct nl *nl, const struct nlmsghdr *message)
{
	return sizeof(nl->request) - message->nlmsg_len;
}

/* One datagram of the kernel's: its length, -EAGAIN when none came, -EMSGSIZE when it was cut. */
static ssize_t receive(int fd, void *buf, size_t cap)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, buf, cap, MSG_TRUNC, (struct sockaddr *)&from, &from_len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		/* Any process may write to our port. */
		if (from_len != sizeof(from) || from.nl_pid)
			continue;
		return (size_t)len > cap ? -EMSGSIZE : len;
	}
}

/* *dirty grows to how much of nl->answer was written. */
static int exchange(struct nl *nl, const void *request, size_t len, struct nl_answer *answer, size_t *dirty)
{
	while (mnl_socket_sendto(nl->socket, request, len) < 0)
		if (errno != EINTR)
			return -errno;
	while (!answer->done) {
		ssize_t got = receive(mnl_socket_get_fd(nl->socket), nl->answer, sizeof(nl->answer));

		if (got == -EMSGSIZE)
			*dirty = sizeof(nl->answer);
		if (got < 0)
			return got == -EAGAIN ? -ETIMEDOUT : (int)got;
		if ((size_t)got > *dirty)
			*dirty = (size_t)got;
		nl_answer_feed(answer, nl->answer, (size_t)got);
	}
	return answer->result;
}

struct asking {
	struct nl *nl;
	struct nlmsghdr *message;
	size_t dirty; /* as above */
};

/* One exchange, with the message's next sequence number. */
static int ask(void *arg, nl_each_fn *each, void *each_arg)
{
	struct asking *asking = arg;
	struct nl *nl = asking->nl;
	struct nl_answer answer = { .port = nl->port, .each = each, .arg = each_arg, .error = nl->error };
	int err;

	nl->error[0] = '\0';
	answer.seq = asking->message->nlmsg_seq = ++nl->seq;
	err = exchange(nl, asking->message, asking->message->nlmsg_len, &answer, &asking->dirty);
	return err ? err : answer.interrupted ? -EINTR : 0;
}

int nl_request(struct nl *nl, struct nlmsghdr *message, nl_each_fn *each, void *arg)
{
	bool many = (message->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct asking asking = { nl, message, 0 };
	struct nl_dump dump = { .bytes = NULL };
	int err = many ? nl_dump_read(&dump, ask, &asking) : ask(&asking, each, arg);

	explicit_bzero(nl->request, message->nlmsg_len);
	explicit_bzero(nl->answer, asking.dirty);
	if (many && !err)
		err = nl_each_message(dump.bytes, dump.len, each, arg);
	nl_dump_free(&dump);
	return err;
}

/* An error is told of the message that had it: all carry one number, so that each is heard. What an error leaves
 * unread has a number that the next request skips. */
int nl_request_batch(struct nl *nl, size_t len)
{
	struct nl_answer answer = { .port = nl->port, .seq = ++nl->seq, .error = nl->error };
	struct nlmsghdr *message = (struct nlmsghdr *)nl->request;
	int left = (int)len;
	size_t dirty = 0;

	nl->error[0] = '\0';
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		message->nlmsg_seq = answer.seq;
	return exchange(nl, nl->request, len, &answer, &dirty);
}

static int read_family(const struct nlmsghdr *message, void *arg)
{
	static const struct nl_rule rules[CTRL_ATTR_FAMILY_ID + 1] = { [CTRL_ATTR_FAMILY_ID] = NL_RULE_U16 };
	const struct nlattr *attrs[CTRL_ATTR_FAMILY_ID + 1];
	uint16_t *id = arg;
	int err = nl_attrs_read(message, GENL_HDRLEN, rules, attrs, CTRL_ATTR_FAMILY_ID + 1);

	if (err < 0)
		return err;
	if (message->nlmsg_type != GENL_ID_CTRL || !attrs[CTRL_ATTR_FAMILY_ID])
		return -EBADMSG;
	*id = mnl_attr_get_u16(attrs[CTRL_ATTR_FAMILY_ID]);
	return 0;
}

int nl_family(struct nl *nl, const char *name, uint16_t *id)
{
	struct nlmsghdr *message;
	struct genlmsghdr *genl;

	if (strlen(name) >= GENL_NAMSIZ)
		return -ENOENT;
	message = nl_begin(nl, GENL_ID_CTRL, 0, sizeof(*genl));
	genl = mnl_nlmsg_get_payload(message);
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, name);
	*id = 0;
	return nl_request(nl, message, read_family, id);
}

int nl_monitor_open(unsigned groups)
{
	const struct sockaddr_nl here = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int len = MONITOR_RCVBUF_LEN, err;

	if (fd < 0)
		return -errno;
	/* A bigger queue loses less; the loss itself is told by -ENOBUFS. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len));
	if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int nl_monitor_read(int fd, nl_each_fn *each, void *arg)
{
	_Alignas(8) uint8_t buf[NL_BUF_LEN];
	int err = 0, failed;
	ssize_t len;

	for (;;) {
		len = receive(fd, buf, sizeof(buf));
		if (len == -EAGAIN)
			return err;
		if (len == -ENOBUFS || len == -EMSGSIZE) {
			err = -ENOBUFS;
			continue;
		}
		if (len < 0)
			return (int)len;
		if (err && err != -ENOBUFS)
			continue;
		failed = nl_each_message(buf, (size_t)len, each, arg);
		if (failed < 0)
			err = failed;
	}
}
