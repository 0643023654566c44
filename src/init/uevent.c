#include "init/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "init/button.h"
#include "init/modules.h"

enum { KERNEL_GROUP = 1, RECEIVE_BUFFER_LEN = 1 << 20 };

int uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	const int room = RECEIVE_BUFFER_LEN;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT), err;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* less is a coldplug more */
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The next message of the kernel: its length, with a NUL behind it; 0 when none waits; -ENOBUFS when some were lost. */
static int read_event(int fd, char message[static UEVENT_LEN])
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, message, UEVENT_LEN - 1, 0, (struct sockaddr *)&from, &from_len);

		if (n < 0)
			return errno == ENOBUFS ? -ENOBUFS : 0;
		/* Port 0 is the kernel: any process may send to one of a socket's own address. */
		if (from.nl_pid || !n)
			continue;
		message[n] = '\0';
		return (int)n;
	}
}

const char *uevent_value(const char *message, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	for (size_t at = 0; at < len; at += strlen(message + at) + 1)
		if (!strncmp(message + at, name, name_len) && message[at + name_len] == '=')
			return message + at + name_len + 1;
	return NULL;
}

void uevent_plug(int fd)
{
	static char message[UEVENT_LEN];
	const char *action, *modalias;
	int n;

	while ((n = read_event(fd, message)) != 0) {
		if (n < 0) {
			modules_coldplug();
			continue;
		}
		action = uevent_value(message, (size_t)n, "ACTION");
		modalias = uevent_value(message, (size_t)n, "MODALIAS");
		if (action && modalias && !strcmp(action, "add"))
			modules_plug(modalias);
	}
}

int uevent_main(void)
{
	struct pollfd fds[1 + BUTTONS_MAX] = { { .fd = uevent_open(), .events = POLLIN } };
	unsigned buttons = 0;
	int err = modules_open();

	log_open("devices");
	if (fds[0].fd < 0 || err < 0) {
		log_err("what is plugged in from now on gets no driver: %s", strerror(fds[0].fd < 0 ? -fds[0].fd : -err));
		return 1;
	}
	/* What came before the socket was there. */
	modules_coldplug();
	for (;;) {
		buttons = button_open(fds + 1, buttons);
		if (poll(fds, 1 + buttons, -1) <= 0)
			continue;
		if (fds[0].revents)
			uevent_plug(fds[0].fd);
		for (unsigned i = 1; i <= buttons; i++)
			if (fds[i].revents && button_pressed(&fds[i])) {
				log_info("the power button was pressed");
				kill(1, SIGUSR2); /* as `poweroff` does it */
			}
	}
}
