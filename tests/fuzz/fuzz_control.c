/* Requests to a control socket: any bytes of a client, through a real socket and the real server. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/server.h"

static struct loop loop;
static struct control_server server;

static void request(struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)now_ns;
	for (int i = 0; i < argc; i++)
		control_print(call, i % 2 ? CONTROL_OUT : CONTROL_ERR, "%s\n", argv[i]);
	control_end(call, argc);
}

/* One wake-up of the loop. */
static void stop(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	loop_stop(&loop);
}

static void turn(void)
{
	struct loop_timer timer = { .armed = false };

	for (int i = 0; i < 3; i++) {
		loop.stopping = false;
		loop_timer_set(&loop, &timer, 0, stop);
		loop_run(&loop);
		loop_timer_clear(&loop, &timer);
	}
}

static void begin(void)
{
	static char dir[] = "/tmp/fuzz.XXXXXX";

	if (!mkdtemp(dir) || loop_open(&loop) < 0 || control_serve(&server, &loop, dir, "fuzz", request, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char answer[CONTROL_PACKET_MAX];
	int fd;

	if (!loop.epoll_fd)
		begin();
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	memcpy(addr.sun_path, server.path, sizeof(addr.sun_path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		abort();
	turn();
	if (send(fd, data, size < 4096 ? size : 4096, MSG_NOSIGNAL) >= 0) {
		turn();
		while (recv(fd, answer, sizeof(answer), 0) > 0)
			continue;
	}
	close(fd);
	turn();
	return 0;
}
