#include "ntp/service.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/paths.h"
#include "base/sockaddr.h"
#include "base/users.h"
#include "netlink/netns.h"
#include "ntp/ask.h"
#include "ntp/chronyd.h"
#include "ntp/directives.h"
#include "ntp/rate.h"
#include "ntp/said.h"

enum {
	SETTLE_MS = 100, /* several files change together */
	AGAIN_S = 5,     /* chronyd ended, or its socket cannot be had */
	END_S = 5,       /* for a chronyd that was told to end */
	LAST_END_S = 1,  /* the same when this process ends: shorter than PID 1 waits */
	LOOK_S = 30,
	LINES_PER_LOOK = 20,
	US_PER_S = 1000000,
	WORDS_LEN = 256,
};

static const char *run_dir = RUN_DIR, *chronyd_file = NTP_CHRONYD;
static struct {
	struct loop loop;
	struct loop_source inotify, signals, log;
	struct loop_timer follow, look, late;
	struct ntp_wanted wanted;
	struct ntp_words words, running; /* what chronyd is to be started with, and was */
	pid_t pid;                       /* 0: none runs */
	char line[WORDS_LEN];            /* of its log, as far as it came */
	size_t line_len;
	unsigned lines;                  /* written to the log since the last look */
	bool stopping;                   /* chronyd was told to end */
	bool told_start, told_end, told_socket; /* once */
} keeper; /* no values here: all of it would be in the binary */

static void follow_in(uint64_t wait_ns);

/* ---- who is served ---- */

struct binding {
	const struct inet_addr *addr;
	int fd;
};

static int bind_here(void *arg)
{
	struct binding *binding = arg;
	const struct inet_endpoint at = { .addr = *binding->addr, .port = NTP_PORT };
	bool v6 = at.addr.family == AF_INET6;
	union sockaddr_any addr;
	socklen_t len = sockaddr_from(&addr, &at);
	int fd = socket(at.addr.family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1, err;

	if (fd < 0)
		return -errno;
	/* The interface may get its address later. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &one, sizeof(one)) == 0 &&
	    (!v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0) &&
	    bind(fd, (const struct sockaddr *)&addr, len) == 0) {
		binding->fd = fd;
		return 0;
	}
	err = -errno;
	close(fd);
	return err;
}

/* The descriptor, or -errno. A namespace that is not there is not made. */
static int bind_inside(const struct ntp_wanted *wanted)
{
	struct binding binding = { &wanted->vpn.addr, -1 };
	char path[sizeof(NETNS_DIR) + NTP_NETNS_LEN];
	int netns_fd = -1, err;

	if (wanted->netns[0]) {
		text_format(path, sizeof(path), "%s/%s", NETNS_DIR, wanted->netns);
		netns_fd = open(path, O_RDONLY | O_CLOEXEC);
		if (netns_fd < 0)
			return -errno;
	}
	err = netns_call(netns_fd, bind_here, &binding);
	if (netns_fd >= 0)
		close(netns_fd);
	return err < 0 ? err : binding.fd;
}

/* ---- what chronyd says ---- */

/* How ours begin; others are of the boot. */
#define TOO_FAR "time servers say "

static void trouble_path(char path[static NTP_PATH_LEN])
{
	text_format(path, NTP_PATH_LEN, "%s/%s", run_dir, CLOCK_TROUBLE_FILE);
}

static bool told_too_far(const char *path)
{
	char text[WORDS_LEN];
	ssize_t n = file_read_begin(AT_FDCWD, path, text, sizeof(text));

	return n > 0 && slice_starts((struct slice){ text, (size_t)n }, TOO_FAR);
}

/* Of servers that are asked no more. */
static void forget_too_far(void)
{
	char path[NTP_PATH_LEN];

	trouble_path(path);
	if (told_too_far(path))
		(void)unlink(path);
}

static void tell_too_far(int64_t offset_us)
{
	char words[WORDS_LEN], path[NTP_PATH_LEN], when[32] = "";
	const time_t says = time(NULL) + (time_t)(offset_us / US_PER_S);
	struct tm tm;

	trouble_path(path);
	/* It is said at each answer. */
	if (told_too_far(path))
		return;
	if (gmtime_r(&says, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	text_format(words, sizeof(words), TOO_FAR "%s UTC, too far off to be slewed while sessions run: `clock set`, or `reboot`, which sets it before they begin",
		    when);
	log_err("%s", words);
	(void)file_put(path, words, strlen(words));
}

static void said_line(struct slice line)
{
	const struct ntp_said said = ntp_said_read(line);

	if (said.what == NTP_SAYS_TOO_FAR) {
		tell_too_far(said.offset_us);
		return;
	}
	if (said.what == NTP_SAYS_NOTHING || ++keeper.lines > LINES_PER_LOOK)
		return;
	/* Bytes that are no text the kernel's buffer shows as what they are. */
	log_info("%s%.*s", said.what == NTP_SAYS_SELECTED ? "the clock follows " : "", SLICE_ARG(said.text));
}

static bool log_read(void)
{
	ssize_t n = read(keeper.log.fd, keeper.line + keeper.line_len, sizeof(keeper.line) - keeper.line_len);
	struct slice rest, line;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	rest = (struct slice){ keeper.line, keeper.line_len + (size_t)n };
	while (memchr(rest.ptr, '\n', rest.len) && slice_cut(&rest, '\n', &line))
		said_line(line);
	/* What is as long as this is no line that matters. */
	if (rest.len == sizeof(keeper.line))
		rest.len = 0;
	memmove(keeper.line, rest.ptr, rest.len);
	keeper.line_len = rest.len;
	return true;
}

static void log_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)source;
	(void)now_ns;
	if (!log_read() && events & EPOLLHUP)
		loop_give_back(&keeper.loop, &keeper.log);
}

/* What it said last is why it ended. */
static void log_end(void)
{
	while (keeper.log.fd >= 0 && log_read())
		continue;
	loop_give_back(&keeper.loop, &keeper.log);
	keeper.line_len = 0;
}

/* ---- chronyd ---- */

static bool words_equal(const struct ntp_words *a, const struct ntp_words *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* Of its user alone; what an earlier one left in it goes on. */
static int make_dir(const char *dir)
{
	struct stat st;

	if ((mkdir(dir, 0700) < 0 && errno != EEXIST) || lstat(dir, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	/* Who owns it alone may make it narrower: it was made so. */
	return st.st_uid != USER_TIME && chown(dir, USER_TIME, USER_TIME) < 0 ? -errno : 0;
}

static void start(const char *dir, int socket_fd)
{
	const struct ntp_chronyd chronyd = { .path = chronyd_file, .argv = keeper.words.argv, .socket_fd = socket_fd, .keeps_clock = true };
	int err = make_dir(dir), log_fd;
	pid_t pid = err < 0 ? err : ntp_chronyd_start(&chronyd, &log_fd);

	if (pid < 0) {
		if (!keeper.told_start)
			log_err("the time is not kept: chronyd cannot be started: %s", strerror(-pid));
		keeper.told_start = true;
		follow_in(AGAIN_S * NS_PER_S);
		return;
	}
	keeper.pid = pid;
	keeper.running = keeper.words;
	keeper.stopping = keeper.told_start = false;
	(void)loop_take(&keeper.loop, &keeper.log, log_fd, log_came);
}

static void late_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	log_err("chronyd does not end: it is killed");
	kill(keeper.pid, SIGKILL);
}

static void stop(void)
{
	forget_too_far();
	if (keeper.pid && !keeper.stopping) {
		kill(keeper.pid, SIGTERM);
		loop_timer_set(&keeper.loop, &keeper.late, clock_now_ns() + END_S * NS_PER_S, late_fires);
	}
	keeper.stopping = true;
}

/* The socket that serves, -1: it cannot be had, which is told once and tried again. */
static int have_socket(void)
{
	int fd = bind_inside(&keeper.wanted);

	if (fd < 0) {
		if (!keeper.told_socket)
			log_err("time is not served to the other instances: port %d: %s", NTP_PORT, strerror(-fd));
		follow_in(AGAIN_S * NS_PER_S);
	}
	keeper.told_socket = fd < 0;
	return fd < 0 ? -1 : fd;
}

/* Makes what runs what is asked for: one that is to run otherwise ends first. */
static void follow(struct loop_timer *timer, uint64_t now_ns)
{
	bool serves;
	char dir[NTP_PATH_LEN];
	int fd = -1;

	(void)timer;
	(void)now_ns;
	ntp_wanted_read(&keeper.wanted, run_dir);
	serves = ntp_serves(&keeper.wanted);
	if (!serves && !ntp_asks(&keeper.wanted)) {
		stop();
		return;
	}
	ntp_dir(dir, run_dir);
	ntp_directives(&keeper.words, &keeper.wanted, serves, dir);
	if (keeper.pid && words_equal(&keeper.words, &keeper.running))
		return;
	if (serves)
		fd = have_socket();
	/* One that follows servers goes on as it is, however long there is none. */
	if (serves && fd < 0)
		ntp_directives(&keeper.words, &keeper.wanted, false, dir);
	if (keeper.pid && !words_equal(&keeper.words, &keeper.running))
		stop();
	else if (!keeper.pid && (fd >= 0 || ntp_asks(&keeper.wanted)))
		start(dir, fd);
	if (fd >= 0)
		close(fd);
}

static void follow_in(uint64_t wait_ns)
{
	loop_timer_set(&keeper.loop, &keeper.follow, clock_now_ns() + wait_ns, follow);
}

static void mend_rate(void)
{
	if (ntp_rate_mend())
		log_info("the clock was left at the rate of a correction: it has its own again");
}

static void chronyd_ended(int status)
{
	bool meant = keeper.stopping;

	keeper.pid = 0;
	loop_timer_clear(&keeper.loop, &keeper.late);
	log_end();
	/* One that ends by itself leaves what it has learned, and has that in its file. */
	if (WIFSIGNALED(status))
		mend_rate();
	if (!meant && !keeper.told_end)
		log_err("chronyd %s %d: it is started again every %d s", WIFSIGNALED(status) ? "was killed by signal" : "ended with status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), AGAIN_S);
	keeper.told_end = !meant;
	follow_in(meant ? 0 : AGAIN_S * NS_PER_S);
}

/* ---- the process ---- */

/* What was told of the clock is over once one who knows has it right. */
static void look(struct loop_timer *timer, uint64_t now_ns)
{
	struct ntp_state state;
	char path[NTP_PATH_LEN];

	keeper.lines = 0;
	trouble_path(path);
	if (keeper.pid && access(path, F_OK) == 0 && ntp_ask(&state, run_dir) == 0 && ntp_is_right(&state.tracking)) {
		(void)unlink(path);
		log_info("the clock is right now");
	}
	loop_timer_set(&keeper.loop, timer, now_ns + LOOK_S * NS_PER_S, look);
}

static void files_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	char bytes[4096];

	(void)events;
	(void)now_ns;
	while (read(source->fd, bytes, sizeof(bytes)) > 0)
		continue;
	follow_in(SETTLE_MS * NS_PER_MS);
}

static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)events;
	(void)now_ns;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			loop_stop(&keeper.loop);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == keeper.pid)
			chronyd_ended(status);
}

static int open_all(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), err = loop_open(&keeper.loop);
	sigset_t set;

	if (fd < 0 || err < 0)
		return fd < 0 ? -errno : err;
	if (inotify_add_watch(fd, run_dir, IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE) < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	err = loop_take(&keeper.loop, &keeper.inotify, fd, files_changed);
	return err < 0 ? err : loop_take(&keeper.loop, &keeper.signals, loop_signal_fd(&set), signal_came);
}

static bool read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		const char **option = !strcmp(argv[i], "--run") ? &run_dir : !strcmp(argv[i], "--chronyd") ? &chronyd_file : NULL;

		if (!option || i + 1 == argc)
			return false;
		*option = argv[i + 1];
	}
	return true;
}

/* Its own end may take until it looks at its signals; one that hangs is not waited for. */
static void end_chronyd(void)
{
	const struct timespec wait = { .tv_sec = LAST_END_S };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	kill(keeper.pid, SIGTERM);
	/* The signal may also be that of its being stopped. */
	while (waitpid(keeper.pid, NULL, WNOHANG) == 0) {
		if (sigtimedwait(&child, NULL, &wait) >= 0)
			continue;
		kill(keeper.pid, SIGKILL);
		(void)waitpid(keeper.pid, NULL, 0);
		mend_rate();
		return;
	}
}

int ntp_main(int argc, char **argv)
{
	int err;

	log_open(NAME_TIME);
	keeper.log.fd = -1;
	if (!read_options(argc, argv)) {
		(void)fprintf(stderr, "usage: " NAME_TIME " [--run DIR] [--chronyd FILE]\n");
		return 2;
	}
	err = open_all();
	if (!err) {
		mend_rate();
		follow_in(0);
		loop_timer_set(&keeper.loop, &keeper.look, clock_now_ns() + LOOK_S * NS_PER_S, look);
		err = loop_run(&keeper.loop);
	}
	if (err < 0)
		log_err("the time is not kept: %s", strerror(-err));
	/* Before its socket is another's. */
	if (keeper.pid)
		end_chronyd();
	return err < 0;
}
