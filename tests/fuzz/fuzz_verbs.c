/* A path's worker as its clients see it: any packets of several clients, in any order, some with a descriptor, through the real
 * socket, frame, verbs and views. Its tunnel is none: a dump of it has the files' peers, and a change changes nothing. Whatever
 * came, who asks behind it is answered, and no call stays open. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pass.h"
#include "gateway/verbs.h"
#include "gateway/wanted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[][2] = {
	{ "vpn-private.conf", "[Interface]\nListenPort = 4567\nPrivateKey = yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw=\n" },
	{ "vpn-public.conf",
	  "[Peer]\nPublicKey = acfzxE6ZsiYE4jIqsBicOt7oT8ZuKhxBvuz0+6JxiEc=\nAllowedIPs = 10.8.3.1/32\n"
	  "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = 10.8.3.2/32\nEndpoint = 192.0.2.2:4567\n" },
	{ ".env", "MITIGATOR_VPN_ADDRESS=10.8.3.1\n" },
};

static struct service service;
static struct service_options options = { .worker = { .ready_fd = -1, .pulse_fd = -1 } };
static struct conf_set sets[2];
static struct conf_facts facts[2];

/* ---- a path without a kernel behind it ---- */

static int dump(struct tunnel *tunnel, struct tunnel_config *running)
{
	(void)tunnel;
	wanted_build(running, service.path.profile, service.set, &service.resolver, NULL);
	for (size_t i = 0; i < running->peer_count; i++) {
		running->peers[i].handshake_s = 1;
		running->peers[i].counts.known = true;
	}
	running->counts.known = true;
	return 0;
}

static const struct tunnel_ops none = { .name = "none", .dump = dump };

static void check(struct change *change)
{
	conf_set_check(change->candidate, service.candidate_facts, false, &change->diag);
}

static void swap_sets(struct change *change)
{
	struct conf_set *set = service.set;

	service.set = change->candidate;
	change->candidate = set;
}

static int apply(struct change *change, struct control_call *call, bool undoes)
{
	(void)undoes;
	swap_sets(change);
	change->undoable = true;
	control_print(call, CONTROL_OUT, "applied\n");
	return 0;
}

static int undo(struct change *change, struct control_call *call)
{
	swap_sets(change);
	control_print(call, CONTROL_OUT, "undone\n");
	return 0;
}

/* ---- clients ---- */

enum { CLIENTS = 4, PACKET_MAX = 2048, GIVE_UP_S = 30 };

enum step { CONNECT, SEND, SEND_WORDS, SEND_DIRECTORY, SEND_PIPE, END_OF_WORDS, LEAVE, READ, STEPS };

static struct {
	const uint8_t *at, *end;
	struct loop_timer timer;
	int clients[CLIENTS]; /* -1: not there */
	int asker;            /* who comes behind all others */
	bool answered;
	uint64_t give_up_ns;
	int dir_fd, pipe_fd;
} play;

static int connect_one(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, service.worker.control.path, sizeof(addr.sun_path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		abort();
	return fd;
}

static void send_packet(int fd, const uint8_t *bytes, size_t len, int passed_fd)
{
	if (passed_fd >= 0 && len)
		(void)pass_message(fd, bytes, len, &passed_fd, 1);
	else
		(void)send(fd, bytes, len, MSG_NOSIGNAL);
}

/* True when the end of an answer is among what there was to read. */
static bool read_all(int fd)
{
	char packet[CONTROL_PACKET_MAX];
	bool ended = false;
	ssize_t n;

	while ((n = recv(fd, packet, sizeof(packet), 0)) > 0)
		ended = packet[0] == CONTROL_END;
	return ended;
}

static void leave(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What the next bytes say: a step of one client and, for a packet, its length and bytes; as words, blanks are what ends them. */
static void take_step(void)
{
	enum step step = *play.at % STEPS;
	int *client = &play.clients[*play.at / STEPS % CLIENTS];
	uint8_t packet[PACKET_MAX];
	size_t len = 0;

	play.at++;
	if (step >= SEND && step <= SEND_PIPE && play.at < play.end) {
		size_t left = (size_t)(play.end - play.at) - 1;

		len = *play.at++;
		len = len == 0xff ? left : len < left ? len : left; /* 0xff: all the rest */
		len = len < sizeof(packet) ? len : sizeof(packet);
		memcpy(packet, play.at, len);
		play.at += len;
	}
	for (size_t i = 0; i < len && step != SEND; i++)
		if (packet[i] == ' ')
			packet[i] = '\0';
	if (*client < 0 && step != LEAVE)
		*client = connect_one();
	switch (step) {
	case SEND:
	case SEND_WORDS:
		send_packet(*client, packet, len, -1);
		break;
	case SEND_DIRECTORY:
		send_packet(*client, packet, len, play.dir_fd);
		break;
	case SEND_PIPE:
		send_packet(*client, packet, len, play.pipe_fd);
		break;
	case END_OF_WORDS:
		shutdown(*client, SHUT_WR);
		break;
	case LEAVE:
		leave(client);
		break;
	case READ:
		(void)read_all(*client);
		break;
	case CONNECT:
	case STEPS:
		break;
	}
}

static bool call_is_open(void)
{
	for (size_t i = 0; i < CONTROL_CALLS_MAX; i++)
		if (service.worker.control.calls[i].server)
			return true;
	return false;
}

/* A step each time the loop comes round; then all leave, and one more asks. */
static void next(struct loop_timer *timer, uint64_t now_ns)
{
	if (play.at < play.end) {
		take_step();
	} else if (play.asker < 0) {
		for (size_t i = 0; i < CLIENTS; i++)
			leave(&play.clients[i]);
		play.asker = connect_one();
		send_packet(play.asker, (const uint8_t *)"version", sizeof("version"), -1);
		play.give_up_ns = now_ns + GIVE_UP_S * NS_PER_S;
	} else {
		play.answered = play.answered || read_all(play.asker);
		if (play.answered && !call_is_open()) {
			loop_stop(&service.worker.loop);
			return;
		}
		if (now_ns > play.give_up_ns)
			abort();
	}
	loop_timer_set(&service.worker.loop, timer, clock_now_ns(), next);
}

/* ---- the worker ---- */

static int worker_opens(struct worker *worker)
{
	resolver_init(&service.resolver, &worker->loop, NULL, NULL);
	pinger_open(&service.path.pinger, &worker->loop, -1);
	return 0;
}

static int worker_starts(struct worker *worker)
{
	loop_timer_set(&worker->loop, &play.timer, 0, next);
	return 0;
}

static void worker_closes(struct worker *worker)
{
	(void)worker;
	change_stop(&service.change);
	pinger_close(&service.path.pinger);
	leave(&play.asker);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static void begin(void)
{
	static char dir[] = "/tmp/fuzz.XXXXXX";
	static const struct worker_ops ops = { .verbs = path_verbs, .open = worker_opens, .start = worker_starts,
					       .close = worker_closes };
	static struct change_ops changes;
	int ends[2];

	/* No ping leaves this machine; who is not root may send none anyway. */
	if (geteuid() == 0 && unshare(CLONE_NEWNET) < 0)
		abort();
	if (!mkdtemp(dir) || pipe(ends) < 0)
		abort();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(dir, files[i][0], files[i][1]);
	play.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	play.pipe_fd = ends[0];
	changes = path_changes;
	changes.check = check;
	changes.apply = apply;
	changes.undo = undo;
	options.worker.conf_dir = options.worker.run_dir = dir;
	service.options = &options;
	service.set = &sets[0];
	service.facts = &facts[0];
	service.candidate_facts = &facts[1];
	service.source = SERVICE_FILES;
	service.path.profile = &profiles[PROFILE_GATEWAY];
	service.path.carrier = (struct carrier){ .word = BACKEND_AUTO, .ops = &none, .reason = "" };
	service.path.inner.tunnel.ops = &none;
	service.path.inner.tunnel.loop = &service.worker.loop;
	service.path.inner.up = true;
	service.worker = (struct worker){ .name = "gateway", .options = &options.worker, .ops = &ops, .change = &service.change };
	service.change.worker = &service.worker;
	service.change.ops = &changes;
	service.change.candidate = &sets[1];
	change_init(&service.change, service.set);
	conf_set_load(service.set, play.dir_fd, &service.change.diag);
	if (service.change.diag.error_count || service.set->vpn.peer_count != 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sigset_t before;

	if (!service.options)
		begin();
	play.at = data;
	play.end = data + size;
	play.asker = -1;
	play.answered = false;
	service.path.inner.tunnel.dumped = NULL; /* its loop begins anew */
	for (size_t i = 0; i < CLIENTS; i++)
		play.clients[i] = -1;
	sigprocmask(SIG_BLOCK, NULL, &before);
	/* It ends before that when a signal came. */
	if (worker_run(&service.worker) || !play.answered)
		exit(1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	change_end(&service.change);
	loop_close(&service.worker.loop);
	close(service.worker.signals.fd);
	return 0;
}
