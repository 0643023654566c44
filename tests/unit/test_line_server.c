/* UAPI's answers and those of the second socket, and the server that hands both out a piece a turn. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/pass.h"
#include "engine/line_server.h"
#include "engine/more_request.h"
#include "engine/uapi_request.h"
#include "wg_pair.h"

static char text[1 << 20]; /* of answers */
static size_t text_len, pieces, longest;

static void keep(struct line_out *out)
{
	memcpy(text + text_len, out->text, out->len);
	text_len += out->len;
	text[text_len] = '\0';
	pieces++;
	longest = out->len > longest ? out->len : longest;
	line_out_clear(out);
}

static size_t count_of(const char *what)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		count++;
	return count;
}

/* ---- UAPI ---- */

static uint16_t fake_port(struct uapi_host *host)
{
	(void)host;
	return 4567;
}

static void fake_changed(struct uapi_host *host)
{
	(void)host;
}

static struct uapi_host uapi_host = { .port = fake_port, .changed = fake_changed };
static struct uapi_request uapi_request = { .host = &uapi_host };

/* between, if any, runs before each piece but the first. */
static void uapi_ask(const char *lines, void (*between)(void))
{
	static struct line_out out;
	struct slice rest = slice_of(lines), line;

	text_len = pieces = longest = 0;
	while (slice_cut(&rest, '\n', &line) && rest.ptr) {
		bool more;

		uapi_request_line(&uapi_request, line, &out, 1);
		do {
			more = uapi_request_more(&uapi_request, &out);
			keep(&out);
			if (more && between)
				between();
		} while (more);
	}
}

static void add_peer(struct wg_device *device, unsigned number, size_t allowed_count)
{
	static struct inet_prefix allowed[4096];
	uint8_t key[WG_KEY_LEN] = { 1, (uint8_t)(number >> 8), (uint8_t)number };
	struct wg_peer_change change = { .public_key = key, .allowed = allowed, .allowed_count = allowed_count,
					 .flags = WG_PEER_REPLACE_ALLOWED };

	for (size_t i = 0; i < allowed_count; i++)
		allowed[i] = (struct inet_prefix){ { AF_INET, { (uint8_t)(10 + (number >> 8)), (uint8_t)number, (uint8_t)(i >> 8), (uint8_t)i } }, 32 };
	(void)wg_set_peer(device, &change, 1);
}

static const struct wg_limits many = { .peers = 1024, .prefixes = 4096, .staged = 2 };

TEST(uapi_get_of_many_peers_comes_in_pieces_and_whole)
{
	struct pair *pair = pair_new(&many);

	uapi_host.device = pair->node[A].device;
	for (unsigned i = 0; i < 1000; i++)
		add_peer(uapi_host.device, i, 2);
	uapi_ask("get=1\n\n", NULL);
	CHECK_INT(count_of("public_key="), 1000);
	CHECK_INT(count_of("allowed_ip="), 2000);
	CHECK_INT(count_of("errno=0\n\n"), 1);
	CHECK(!strcmp(text + text_len - 10, "\nerrno=0\n\n"));
	CHECK(pieces > 20 && longest < LINE_OUT_PIECE + LINE_OUT_SPARE / 2);
	pair_free(pair);
}

TEST(uapi_get_of_one_peer_with_many_prefixes_comes_in_pieces_and_whole)
{
	struct pair *pair = pair_new(&many);

	uapi_host.device = pair->node[A].device;
	add_peer(uapi_host.device, 7, 4000);
	uapi_ask("get=1\n\n", NULL);
	CHECK_INT(count_of("public_key="), 1);
	CHECK_INT(count_of("allowed_ip=10.7."), 4000);
	CHECK_INT(count_of("allowed_ip=10.7.15.159/32\n"), 1);
	CHECK(pieces > 5 && longest < LINE_OUT_PIECE + LINE_OUT_SPARE / 2);
	pair_free(pair);
}

/* All go while they are told, and others come in their places. */
static void replace_peers(void)
{
	wg_remove_peers(uapi_host.device);
	for (unsigned i = 0; i < 30; i++)
		add_peer(uapi_host.device, 500 + i, 3);
}

TEST(uapi_get_survives_peers_that_go_meanwhile)
{
	struct pair *pair = pair_new(&many);

	uapi_host.device = pair->node[A].device;
	for (unsigned i = 0; i < 30; i++)
		add_peer(uapi_host.device, i, 100);
	uapi_ask("get=1\n\n", replace_peers);
	CHECK_INT(count_of("errno=0\n\n"), 1);
	CHECK(count_of("public_key=") <= 30);
	/* none is told under another's name */
	for (const char *peer = strstr(text, "public_key="), *next; peer; peer = next) {
		bool is_new = peer[strlen("public_key=01")] == '0' && peer[strlen("public_key=01") + 1] == '1';
		const char *ip = strstr(peer, "allowed_ip=1");

		next = strstr(peer + 1, "public_key=");
		CHECK(!ip || (next && ip > next) || (ip[strlen("allowed_ip=1")] == '1') == is_new);
	}
	pair_free(pair);
}

/* ---- the second socket ---- */

static struct tunnel_nic set_to[TUNNEL_NICS_MAX];
static size_t set_count;
static unsigned set_calls, opener_calls;
static int fail_with;

static void fake_about(struct more_host *host, struct more_about *about)
{
	(void)host;
	*about = (struct more_about){ .index = 7, .trouble = "no\nway" };
}

static int fake_set_nics(struct more_host *host, const struct tunnel_nic *nics, size_t count)
{
	(void)host;
	memcpy(set_to, nics, count * sizeof(nics[0]));
	set_count = count;
	set_calls++;
	return fail_with;
}

static int fake_set_opener(struct more_host *host, int fd)
{
	(void)host;
	opener_calls++;
	close(fd);
	return 0;
}

static int fake_watch(struct more_host *host, unsigned client)
{
	(void)host;
	return client == 3 ? -EBUSY : 0;
}

static struct more_host more_host = { .about = fake_about, .set_nics = fake_set_nics, .set_opener = fake_set_opener,
				      .watch = fake_watch };
static struct more_request more_request = { .host = &more_host };

static const char *more_ask(const char *lines, int fd)
{
	static struct line_out out;
	struct slice rest = slice_of(lines), line;

	text_len = pieces = 0;
	while (slice_cut(&rest, '\n', &line) && rest.ptr) {
		bool more;

		more_request_line(&more_request, line, &fd, &out, 1001 * NS_PER_S);
		do {
			more = more_request_more(&more_request, &out, 1001 * NS_PER_S);
			keep(&out);
		} while (more);
	}
	if (fd >= 0)
		close(fd);
	return text;
}

TEST(more_tells_of_the_device_and_of_peers_that_have_something_to_say)
{
	struct pair *pair = pair_of_peers(NULL);
	struct wg_device *device = more_host.device = pair->node[A].device;
	const uint8_t wrong[] = { 4, 0, 0, 0, 1, 2, 3, 4 };

	for (unsigned i = 0; i < 5; i++)
		add_peer(device, i, 1);
	CHECK_STR(more_ask("get=1\n\n", -1), "version=1\nindex=7\nunder_load=0\nopener=0\ntrouble=no?way\nerrno=0\n\n");
	(void)pair_give(pair, A, &pair->node[B].endpoint, wrong, sizeof(wrong));
	pair->cut[A] = true;
	CHECK_INT(pair_send(pair, A, 100), WG_STAGED);
	pair_run(pair, 7 * NS_PER_S);
	more_ask("get=1\n\n", -1);
	CHECK(strstr(text, "drop_wrong_length=1\n"));
	CHECK_INT(count_of("public_key="), 1);
	CHECK(strstr(text, "\nfailing=1\nfailure=no_answer\nfailure_age_s="));
	CHECK(strstr(text, "\nfailures=1\nerrno=0\n\n"));
	pair_free(pair);
}

TEST(more_sets_nics_whole_or_not_at_all)
{
	static const struct {
		const char *lines, *answer;
	} wrong[] = {
		{ "nic=eth0", "error=nic: replace_nics=true comes before\nerrno=-71\n\n" },
		{ "replace_nics=true\nmtu=1500", "error=mtu: of which nic?\nerrno=-71\n\n" },
		{ "replace_nics=true\nnic=eth0\ngateway=10.0.0.1", "error=gateway: of which route?\nerrno=-71\n\n" },
		{ "replace_nics=true\nnic=a-name-of-sixteen", "error=nic: that is no value of it\nerrno=-22\n\n" },
		{ "replace_nics=true\nnic=eth0\nmtu=65536", "error=mtu: that is no value of it\nerrno=-22\n\n" },
		{ "replace_nics=true\nnic=eth0\naddress=10.0.0.1/33", "error=address: that is no value of it\nerrno=-22\n\n" },
		{ "replace_nics=true\nnic=a\nnic=b\nnic=c\nnic=d\nnic=e", "error=nic: there are too many\nerrno=-28\n\n" },
		{ "replace_nics=true\nnic=eth0\nfuture=1\nnic=x", "error=a key that is not known here\nerrno=-71\n\n" },
		{ "opener=fd", "error=opener: fd, and one descriptor comes with it\nerrno=-71\n\n" },
	};
	char lines[256];

	set_calls = opener_calls = 0;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		text_format(lines, sizeof(lines), "set=1\n%s\n\n", wrong[i].lines);
		CHECK_STR(more_ask(lines, -1), wrong[i].answer);
	}
	CHECK_INT(set_calls, 0);
	CHECK_STR(more_ask("set=1\nreplace_nics=true\nnic=eth0\nmtu=9000\naddress=192.0.2.1/24\naddress=fd00::1/64\n"
			   "route=0.0.0.0/0\ngateway=192.0.2.254\nroute_mtu=1400\nnic=eth1\naddress=10.0.0.1/8\n\n", -1), "errno=0\n\n");
	CHECK_INT(set_count, 2);
	CHECK(!strcmp(set_to[0].link, "eth0") && set_to[0].mtu_bytes == 9000 && set_to[0].address_count == 2);
	CHECK(set_to[0].route_count == 1 && set_to[0].routes[0].gateway.bytes[3] == 254 && set_to[0].routes[0].mtu_bytes == 1400);
	CHECK(!strcmp(set_to[1].link, "eth1") && set_to[1].address_count == 1 && !set_to[1].route_count && !set_to[1].mtu_bytes);
	fail_with = -ENODEV;
	CHECK_STR(more_ask("set=1\nreplace_nics=true\n\n", -1), "errno=-19\n\n");
	fail_with = 0;
	CHECK_INT(set_count, 0);
}

TEST(more_takes_an_opener_by_its_descriptor_and_closes_what_it_does_not_use)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), spare = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && spare >= 0);
	opener_calls = 0;
	CHECK_STR(more_ask("set=1\nopener=fd\n\n", fd), "errno=0\n\n");
	CHECK_INT(opener_calls, 1);
	CHECK(fcntl(fd, F_GETFD) < 0);
	CHECK_STR(more_ask("set=1\nopener=fd\nwhat=1\n\n", spare), "error=a key that is not known here\nerrno=-71\n\n");
	CHECK_INT(opener_calls, 1);
	CHECK(fcntl(spare, F_GETFD) < 0);
}

TEST(more_says_what_a_request_is)
{
	CHECK_STR(more_ask("\n\n\n", -1), "");
	CHECK_STR(more_ask("get=2\n\n", -1), "error=a request begins with get=1, set=1 or watch=1\nerrno=-71\n\n");
	CHECK_STR(more_ask("get=1\nwhat=1\n\n", -1), "error=nothing comes behind this\nerrno=-71\n\n");
	CHECK_STR(more_ask("watch=1\n\n", -1), "errno=0\n\n");
	more_request.client = 3;
	CHECK_STR(more_ask("watch=1\n\nset=1\n\n", -1), "errno=-16\n\nerrno=0\n\n");
	more_request.client = 0;
}

/* ---- the server, on a socket of its own ---- */

static struct loop loop;
static struct line_server server;
static char last_line[64];
static unsigned lines_count, lefts;
static size_t line_len;
static bool line_was_cut;
static int last_fd;
static unsigned rounds; /* pieces of the answer to be made */

static void serve_line(void *arg, unsigned client, struct slice line, int *fd, struct line_out *out, uint64_t now_ns)
{
	(void)arg;
	(void)now_ns;
	lines_count++;
	line_len = line.len;
	line_was_cut = line_was_cut || !line.ptr;
	if (line.ptr)
		text_format(last_line, sizeof(last_line), "%.*s", SLICE_ARG(line));
	if (*fd >= 0 && slice_equal(line, "take")) {
		last_fd = *fd;
		*fd = -1;
	}
	if (slice_equal(line, "stay"))
		line_server_keep(&server, client);
	if (slice_equal(line, "many"))
		rounds = 100;
	if (slice_equal(line, "hello"))
		line_out_add(out, "hello\n\n");
}

static bool serve_more(void *arg, unsigned client, struct line_out *out, uint64_t now_ns)
{
	(void)arg;
	(void)client;
	(void)now_ns;
	for (unsigned i = 0; rounds && i < 100; i++)
		line_out_add(out, "%099d\n", 7);
	rounds -= rounds > 0;
	return rounds;
}

static void serve_left(void *arg, unsigned client)
{
	(void)arg;
	(void)client;
	lefts++;
}

static char server_dir[32];

static void turn_ends(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	loop_stop(&loop);
}

/* The loop, for some turns. */
static void turn(void)
{
	static struct loop_timer timer;

	for (int i = 0; i < 4; i++) {
		loop.stopping = false;
		loop_timer_set(&loop, &timer, 0, turn_ends);
		(void)loop_run(&loop);
	}
}

static int server_start(void)
{
	const struct line_service service = { .line = serve_line, .more = serve_more, .left = serve_left, .takes_fds = true };

	lines_count = lefts = 0;
	last_line[0] = '\0';
	last_fd = -1;
	line_was_cut = false;
	text_format(server_dir, sizeof(server_dir), "/tmp/lines.%d", getpid());
	if (loop_open(&loop) < 0)
		return -EIO;
	return line_server_open(&server, &loop, server_dir, "test.sock", &service);
}

static void server_stop(void)
{
	line_server_close(&server);
	rmdir(server_dir);
	loop_close(&loop);
}

static int client_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	text_format(addr.sun_path, sizeof(addr.sun_path), "%s/test.sock", server_dir);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -1;
	}
	turn();
	return fd;
}

static size_t client_read(int fd)
{
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

TEST(lines_come_whole_however_they_are_cut)
{
	static const char words[] = "one\nhello\n";
	char longer[LINE_LEN_MAX + 100];
	int fd;

	CHECK_INT(server_start(), 0);
	fd = client_connect();
	CHECK(fd >= 0);
	for (size_t i = 0; i + 1 < sizeof(words); i++) {
		CHECK_INT(write(fd, words + i, 1), 1);
		turn();
	}
	CHECK_INT(lines_count, 2);
	CHECK(client_read(fd) && !strcmp(text, "hello\n\n"));
	/* the longest that is one, and one more */
	memset(longer, 'x', sizeof(longer));
	longer[LINE_LEN_MAX] = '\n';
	CHECK_INT(write(fd, longer, LINE_LEN_MAX + 1), LINE_LEN_MAX + 1);
	turn();
	CHECK(line_len == LINE_LEN_MAX && !line_was_cut);
	longer[LINE_LEN_MAX] = 'x';
	longer[sizeof(longer) - 1] = '\n';
	CHECK_INT(write(fd, longer, sizeof(longer)), (long)sizeof(longer));
	CHECK_INT(write(fd, "hello\n", 6), 6);
	turn();
	turn();
	CHECK(line_was_cut && !strcmp(last_line, "hello"));
	CHECK_INT(lines_count, 5);
	close(fd);
	turn();
	CHECK_INT(lefts, 1);
	server_stop();
}

TEST(an_answer_waits_for_its_reader_and_holds_his_next_request_back)
{
	size_t len = 0, n;
	int fd, size = 4096;

	CHECK_INT(server_start(), 0);
	fd = client_connect();
	CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	CHECK_INT(write(fd, "many\nhello\n", 11), 11);
	for (int i = 0; i < 100; i++)
		turn();
	CHECK_STR(last_line, "many");
	for (int i = 0; i < 2000; i++) {
		n = client_read(fd);
		len += n;
		turn();
		if (n >= 7 && !strcmp(text + n - 7, "hello\n\n"))
			break;
	}
	CHECK_INT(len, 100 * 100 * 100 + 7);
	close(fd);
	server_stop();
}

TEST(a_descriptor_goes_to_who_takes_it_and_is_closed_otherwise)
{
	int fd, given = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CHECK_INT(server_start(), 0);
	fd = client_connect();
	CHECK(fd >= 0 && given >= 0);
	CHECK_INT(write(fd, "a\nb", 3), 3);
	CHECK_INT(pass_send(fd, '\n', given), 0);
	CHECK_INT(write(fd, "take\n\n", 6), 6);
	turn();
	turn();
	CHECK(last_fd > given && fcntl(last_fd, F_GETFD) == FD_CLOEXEC);
	close(last_fd);
	/* no one takes these: the second takes the place of the first, the end of the request closes that */
	CHECK_INT(pass_send(fd, 'c', given), 0);
	turn();
	CHECK_INT(pass_send(fd, '\n', given), 0);
	turn();
	CHECK(fcntl(server.clients[0].fd, F_GETFD) >= 0);
	CHECK_INT(write(fd, "\n", 1), 1);
	turn();
	CHECK_INT(server.clients[0].fd, -1);
	close(given);
	close(fd);
	server_stop();
}

/* The next number that is free, which a descriptor left open would have taken. */
static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

TEST(who_sends_two_descriptors_at_once_is_closed_and_they_are)
{
	int fd, given[2], before;

	CHECK_INT(server_start(), 0);
	fd = client_connect();
	given[0] = given[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && given[0] >= 0);
	before = next_fd();
	CHECK_INT(pass_message(fd, "a\n", 2, given, 2), 0);
	turn();
	CHECK_INT(lefts, 1);
	CHECK_INT(lines_count, 0);
	CHECK(next_fd() < before); /* that of the client's connection */
	close(given[0]);
	close(fd);
	server_stop();
}

TEST(a_listener_rests_while_there_is_no_descriptor_for_who_comes)
{
	struct rlimit limit, none;
	int fd;

	CHECK_INT(server_start(), 0);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	fd = next_fd();
	none.rlim_cur = (rlim_t)fd + 1; /* the client's own end is the last */
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
	fd = client_connect();
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK(fd >= 0 && server.rest.armed);
	CHECK_INT(write(fd, "hello\n", 6), 6);
	turn();
	CHECK_INT(lines_count, 0);
	loop_timer_set(&loop, &server.rest, 0, server.rest.fire);
	turn();
	turn();
	CHECK(!server.rest.armed && client_read(fd) && !strcmp(text, "hello\n\n"));
	close(fd);
	server_stop();
}

TEST(who_stays_is_told_and_keeps_his_place)
{
	int stays, others[LINE_CLIENTS_MAX + 2];

	CHECK_INT(server_start(), 0);
	stays = client_connect();
	CHECK(stays >= 0 && write(stays, "stay\n", 5) == 5);
	turn();
	for (int i = 0; i < LINE_CLIENTS_MAX + 2; i++) {
		others[i] = client_connect();
		for (int j = 0; j < LINE_CLIENTS_MAX; j++)
			server.clients[j].heard_ns -= (LINE_QUIET_S + 1) * NS_PER_S * (server.clients[j].server != NULL);
	}
	CHECK_INT(lefts, 3); /* of those who are quiet, for each that had no place */
	line_server_tell(&server, 0, "changed=1\n\n");
	CHECK(client_read(stays) && !strcmp(text, "changed=1\n\n"));
	/* one that reads nothing is closed in the end, and holds nothing up */
	for (int i = 0; i < 100000 && lefts == 3; i++)
		line_server_tell(&server, 0, "changed=1\n\n");
	CHECK_INT(lefts, 4);
	for (int i = 0; i < LINE_CLIENTS_MAX + 2; i++)
		close(others[i]);
	close(stays);
	server_stop();
}

TEST(a_socket_that_is_served_is_left_alone_and_another_in_its_place_too)
{
	static struct line_server second;
	const struct line_service service = { .line = serve_line, .left = serve_left };
	char path[64];
	int fd;

	CHECK_INT(server_start(), 0);
	CHECK_INT(line_server_open(&second, &loop, server_dir, "test.sock", &service), -EADDRINUSE);
	CHECK(line_server_is_there(&server));
	text_format(path, sizeof(path), "%s/test.sock", server_dir);
	CHECK_INT(unlink(path), 0);
	CHECK(!line_server_is_there(&server));
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	close(fd);
	line_server_close(&server);
	CHECK_INT(unlink(path), 0);
	server_stop();
}
