/* control/: clients that connect and do no more, and what they hold. */
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/server.h"

enum { LONG_LEN = 2 << 20 }; /* more than a socket takes */

static char dir[32];
static struct loop loop;
static struct control_server server;

/* "long" is answered with LONG_LEN bytes, all else with its last word. */
static void request(struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	static char line[1024];

	(void)now_ns;
	memset(line, 'x', sizeof(line) - 1);
	for (int i = 0; i < LONG_LEN / (int)sizeof(line) && !strcmp(argv[0], "long"); i++)
		control_print(call, CONTROL_OUT, "%s\n", line);
	control_print(call, CONTROL_OUT, "%s", argv[argc - 1]);
	control_end(call, argc);
}

static void begin(void)
{
	strcpy(dir, "/tmp/unit.XXXXXX");
	server = (struct control_server){ 0 };
	if (!mkdtemp(dir) || loop_open(&loop) < 0 || control_serve(&server, &loop, dir, "test", request, NULL) < 0)
		abort();
}

static void end(void)
{
	control_close(&server);
	loop_close(&loop);
	rmdir(dir);
}

static void stop(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	loop_stop(&loop);
}

/* Until there is nothing left to do. */
static void turn(void)
{
	struct loop_timer timer = { .armed = false };

	for (int i = 0; i < 8; i++) {
		loop.stopping = false;
		loop_timer_set(&loop, &timer, 0, stop);
		loop_run(&loop);
		loop_timer_clear(&loop, &timer);
	}
}

static int connect_one(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path, server.path, sizeof(addr.sun_path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		abort();
	turn();
	return fd;
}

static int ask(const char *word)
{
	int fd = connect_one();

	if (send(fd, word, strlen(word) + 1, MSG_NOSIGNAL) < 0)
		abort();
	turn();
	return fd;
}

/* Reads on to the end: the bytes of the answer, -1 when it has no end. */
static long read_answer(int fd)
{
	char packet[CONTROL_PACKET_MAX];
	long count = 0;

	for (;;) {
		ssize_t n = recv(fd, packet, sizeof(packet), 0);

		if (n < 0)
			turn();
		if (n < 0 && poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 0)
			return -1;
		if (n == 0)
			return -1;
		if (n > 0 && packet[0] == CONTROL_END)
			return count;
		count += n > 0 ? n - 1 : 0;
	}
}

static bool is_closed(int fd)
{
	return poll(&(struct pollfd){ .fd = fd }, 1, 0) == 1;
}

static size_t held_bytes(void)
{
	size_t held = 0;

	for (size_t i = 0; i < CONTROL_CALLS_MAX; i++)
		held += server.calls[i].out_cap;
	return held;
}

/* Time goes on by so much, for what looks at it. */
static void pass(unsigned seconds)
{
	for (unsigned s = 0; s < seconds; s += CONTROL_ALIVE_S)
		server.alive.fire(&server.alive, clock_now_ns());
}

TEST(control_clients_that_ask_nothing_are_in_no_ones_way)
{
	int silent[64];

	begin();
	for (size_t i = 0; i < 64; i++)
		silent[i] = connect_one();
	for (int i = 0; i < 3; i++) {
		int fd = ask("word");

		CHECK_INT(read_answer(fd), 4);
		close(fd);
	}
	/* The last to come still may ask. */
	CHECK(!is_closed(silent[63]) && is_closed(silent[0]));
	CHECK(send(silent[63], "late", 5, MSG_NOSIGNAL) == 5);
	turn();
	CHECK_INT(read_answer(silent[63]), 4);
	for (size_t i = 0; i < 64; i++)
		close(silent[i]);
	end();
}

TEST(control_client_that_asks_nothing_is_closed_in_time)
{
	int fd;

	begin();
	fd = connect_one();
	pass(CONTROL_ASK_MAX_S);
	CHECK(!is_closed(fd));
	pass(CONTROL_ALIVE_S);
	CHECK(is_closed(fd));
	close(fd);
	end();
}

TEST(control_answer_that_is_read_slowly_is_whole_and_one_that_is_not_read_is_let_go)
{
	char packet[CONTROL_PACKET_MAX];
	int slow, deaf;
	long count = 0;

	begin();
	slow = ask("long");
	deaf = ask("long");
	CHECK(held_bytes() >= 2 * (LONG_LEN / 2));
	for (int i = 0; i < 3; i++) {
		pass(CONTROL_UNREAD_MAX_S);
		count += recv(slow, packet, sizeof(packet), 0) - 1;
		turn();
	}
	CHECK_INT(read_answer(slow) + count, LONG_LEN + 4);
	CHECK_INT(held_bytes(), 0);
	CHECK_INT(read_answer(deaf), -1);
	close(slow);
	close(deaf);
	end();
}

TEST(control_clients_that_do_not_read_are_in_no_ones_way)
{
	int deaf[64], fd;

	begin();
	for (size_t i = 0; i < 64; i++)
		deaf[i] = ask("long");
	CHECK(held_bytes() <= (size_t)CONTROL_CALLS_MAX * CONTROL_OUTPUT_MAX);
	fd = ask("word");
	CHECK_INT(read_answer(fd), 4);
	CHECK_INT(read_answer(deaf[63]), LONG_LEN + 4);
	CHECK_INT(read_answer(deaf[0]), -1);
	close(fd);
	for (size_t i = 0; i < 64; i++)
		close(deaf[i]);
	end();
}
