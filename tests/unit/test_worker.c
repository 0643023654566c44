/* worker/: the frame of a service, with one that does nothing in it. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pulse.h"
#include "base/text.h"
#include "control/client.h"
#include "worker/worker.h"

static char run_dir[32], path[CONTROL_PATH_LEN];
static char said[4096]; /* by the last answer */
static pid_t child;
static int ready_fd, pulse_fd = -1;

static void verb_echo(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)now_ns;
	control_print(call, CONTROL_OUT, "%s: %s\n", worker->name, argc > 1 ? argv[1] : "");
	control_end(call, 7);
}

/* What is in the directory that comes along. */
static void verb_look(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)worker;
	(void)now_ns;
	control_print(call, CONTROL_OUT, "%s\n",
		      call->passed_fd < 0 ? "nothing" : argc > 1 && faccessat(call->passed_fd, argv[1], F_OK, 0) == 0 ? "there" : "not there");
	control_end(call, 0);
}

static const struct worker_verb verbs[] = { { "echo", "[WORD]", "", verb_echo }, { "look", "", "", verb_look }, { 0 } };

static int open_nothing(struct worker *worker)
{
	(void)worker;
	return 0;
}

static int start_up(struct worker *worker)
{
	worker_tell_ready(worker, true);
	worker_tell_ready(worker, false); /* is not said: it was told */
	return 0;
}

static int start_fails(struct worker *worker)
{
	(void)worker;
	return -ENETDOWN;
}

static void close_nothing(struct worker *worker)
{
	(void)worker;
}

static _Noreturn void live(int (*start)(struct worker *worker), int told_fd)
{
	const struct worker_ops ops = { .verbs = verbs, .open = open_nothing, .start = start, .close = close_nothing };
	const struct worker_options options = { .run_dir = run_dir, .ready_fd = told_fd, .pulse_fd = pulse_fd };
	struct worker worker = { .name = "idle", .options = &options, .ops = &ops };
	int log = open("/dev/null", O_WRONLY);

	dup2(log, STDERR_FILENO);
	_exit(worker_run(&worker));
}

static void make_run_dir(void)
{
	strcpy(run_dir, "/tmp/unit.XXXXXX");
	if (!mkdtemp(run_dir) || control_path(path, run_dir, "idle") < 0)
		abort();
}

/* What its supervisor hears first: '\n', 'd'; 0: it ended instead. */
static char begin_there(int (*start)(struct worker *worker))
{
	int ends[2];
	char byte = 0;

	if (pipe(ends) < 0)
		abort();
	child = fork();
	if (!child)
		live(start, ends[1]);
	close(ends[1]);
	ready_fd = ends[0];
	return read(ready_fd, &byte, 1) == 1 ? byte : 0;
}

static char begin(int (*start)(struct worker *worker))
{
	make_run_dir();
	return begin_there(start);
}

static int end(void)
{
	int status = -1;

	waitpid(child, &status, 0);
	close(ready_fd);
	rmdir(run_dir);
	return status;
}

static int ask_with(const char *word, const char *more, int fd)
{
	char copies[2][16], *const words[] = { copies[0], copies[1] };
	int ends[2], status;
	ssize_t n;

	if (pipe(ends) < 0)
		abort();
	snprintf(copies[0], sizeof(copies[0]), "%s", word);
	snprintf(copies[1], sizeof(copies[1]), "%s", more ? more : "");
	status = control_request_with(path, more ? 2 : 1, words, fd, ends[1], ends[1]);
	close(ends[1]);
	n = read(ends[0], said, sizeof(said) - 1);
	said[n < 0 ? 0 : n] = '\0';
	close(ends[0]);
	return status;
}

static int ask(const char *word, const char *more)
{
	return ask_with(word, more, -1);
}

TEST(worker_answers_its_verbs_and_lists_them_for_others)
{
	char rest;

	CHECK_INT(begin(start_up), '\n');
	CHECK_INT(read(ready_fd, &rest, 1), 0);
	CHECK_INT(ask("echo", "word"), 7);
	CHECK_STR(said, "idle: word\n");
	CHECK_INT(ask("ech", NULL), 2);
	CHECK_STR(said, "unknown verb; these are known:\n       echo [WORD]\n       look\n");
	kill(child, SIGTERM);
	CHECK_INT(end(), 0);
}

TEST(descriptors_of_a_supervisor_are_not_for_what_a_worker_starts)
{
	int fd = dup(STDIN_FILENO), read_fd = -1;
	char number[16];

	text_format(number, sizeof(number), "%d", fd);
	CHECK(worker_read_fd(NULL, &read_fd) && read_fd == -1);
	CHECK(worker_read_fd(number, &read_fd) && read_fd == fd);
	CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK(!worker_read_fd("x", &read_fd));
	close(fd);
}

TEST(worker_goes_on_at_sighup_and_takes_its_socket_along_at_sigterm)
{
	CHECK_INT(begin(start_up), '\n');
	kill(child, SIGHUP);
	CHECK_INT(ask("echo", NULL), 7);
	kill(child, SIGTERM);
	CHECK_INT(end(), 0);
	CHECK(access(path, F_OK) < 0 && errno == ENOENT);
}

TEST(worker_tells_again_and_again_that_its_loop_turns_and_does_not_end_when_no_one_hears_it)
{
	char bytes[2] = { 0 };
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	pulse_fd = ends[1];
	CHECK_INT(begin(start_up), '\n');
	pulse_fd = -1;
	close(ends[1]);
	for (size_t i = 0; i < sizeof(bytes); i++)
		CHECK_INT(read(ends[0], &bytes[i], 1), 1);
	CHECK(bytes[0] == PULSE_TURNS && bytes[1] == PULSE_TURNS);
	close(ends[0]);
	CHECK_INT(ask("echo", "word"), 7);
	kill(child, SIGTERM);
	CHECK_INT(end(), 0);
}

TEST(worker_that_cannot_start_ends_and_says_nothing_to_its_supervisor)
{
	CHECK_INT(begin(start_fails), 0);
	CHECK_INT(WEXITSTATUS(end()), 1);
	CHECK(access(path, F_OK) < 0 && errno == ENOENT);
}

/* A helper of one that was killed holds its socket until it has run so far as to close it: here, until someone asks whether that
 * is served. */
TEST(worker_takes_over_the_socket_that_a_dead_ones_child_still_holds)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	pid_t holder;

	make_run_dir();
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	CHECK_INT(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	CHECK_INT(listen(listener, 1), 0);
	holder = fork();
	if (!holder) {
		struct pollfd asked = { .fd = listener, .events = POLLIN };

		_exit(poll(&asked, 1, 30000) == 1 ? 0 : 1);
	}
	close(listener);
	CHECK_INT(begin_there(start_up), '\n');
	CHECK_INT(waitpid(holder, NULL, 0), holder);
	CHECK_INT(ask("echo", "word"), 7);
	kill(child, SIGTERM);
	CHECK_INT(end(), 0);
}

TEST(descriptor_goes_with_a_request_and_no_further)
{
	int root = open("/", O_RDONLY | O_DIRECTORY);
	char fds[32];

	CHECK_INT(begin(start_up), '\n');
	for (int i = 0; i < 100; i++) {
		CHECK_INT(ask_with("look", "proc", root), 0);
		CHECK_STR(said, "there\n");
		CHECK_INT(ask_with("look", "nowhere", root), 0);
		CHECK_STR(said, "not there\n");
		CHECK_INT(ask("look", "proc"), 0);
		CHECK_STR(said, "nothing\n");
	}
	snprintf(fds, sizeof(fds), "/proc/%d/fd/63", (int)child);
	CHECK(access(fds, F_OK) < 0); /* two hundred came, and none is left open */
	close(root);
	kill(child, SIGTERM);
	CHECK_INT(end(), 0);
}
