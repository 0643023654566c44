#include "tunnel/uapi_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/paths.h"
#include "base/self.h"
#include "base/text.h"
#include "tunnel/uapi_process.h"

/* Its descriptors; and how often an interface is looked for that goes. */
enum { LOG_FD = 3, NETNS_FD = 4, GONE_STEP_MS = 10 };

/* Which code seals and opens is chosen by it (crypto/aead.h); what else is told to the service is no business of theirs. */
#define AEAD_VARIABLE "GATEWAY_AEAD"

/* words_fd: where it says why it cannot. Its log is ours behind that. */
static int spawn_program(const struct uapi_program_options *options, int words_fd, pid_t *pid)
{
	const char *argv[16] = { ENGINE_PROCESS, "--alias", options->alias, "--sockets", options->sockets, "--uapi", options->name, "--log", "3" };
	const struct self_fd fds[] = { { STDERR_FILENO, LOG_FD }, { words_fd, STDERR_FILENO }, { options->netns_fd, NETNS_FD } };
	const char *environment[] = { NULL, NULL }, *aead_name = getenv(AEAD_VARIABLE);
	char aead[64];
	size_t count = 9;

	if (aead_name) {
		text_format(aead, sizeof(aead), AEAD_VARIABLE "=%s", aead_name);
		environment[0] = aead;
	}
	if (options->netns_fd >= 0) {
		argv[count++] = "--netns";
		argv[count++] = "4";
	}
	argv[count++] = options->device;
	return self_spawn(argv, environment, fds, options->netns_fd >= 0 ? 3 : 2, pid);
}

/* The last that we started ourselves: that of a release before has no alias among its words, and is not found by it. */
static int end_last(pid_t *last)
{
	if (!*last)
		return 0;
	if (waitpid(*last, NULL, WNOHANG) == 0) {
		kill(*last, SIGKILL);
		return -EBUSY;
	}
	*last = 0;
	return 0;
}

int uapi_program_opener(const char *alias)
{
	static pid_t last; /* 0: none, or waited for */
	const char *const argv[] = { OPENER_APPLET, alias, NULL };
	int fd, err = uapi_process_kill_opener(alias);

	/* It ends with its socket, or hangs; until it has ended none follows it. */
	if (!err)
		err = end_last(&last);
	if (err < 0)
		return err;
	fd = self_spawn_behind(argv, &last);
	if (fd < 0)
		last = 0;
	return fd;
}

void uapi_program_end(struct tunnel *tunnel, uint32_t index, uint64_t deadline_ns)
{
	const struct timespec step = { .tv_nsec = GONE_STEP_MS * (long)NS_PER_MS };
	struct link link;

	if (index)
		link_delete(&tunnel->inner, index);
	while (index && clock_now_ns() < deadline_ns && link_get(&tunnel->inner, tunnel->device, &link) == 0)
		nanosleep(&step, NULL);
	(void)uapi_process_kill_until(tunnel->alias, deadline_ns);
}

/* What it wrote, up to the end of it or the time: 0 or -ETIMEDOUT. The last line is what counts. */
static int read_words(int fd, char *words, size_t cap, uint64_t deadline_ns)
{
	size_t len = 0;
	int err;

	words[0] = '\0';
	while (!(err = await_ready(fd, POLLIN, deadline_ns))) {
		char more[256];
		ssize_t n = read(fd, more, sizeof(more));

		if (n <= 0)
			return 0;
		for (ssize_t i = 0; i < n && len + 1 < cap; i++)
			words[len++] = more[i];
		words[len] = '\0';
	}
	return err;
}

/* The last line, without the name in front that its caller has too. */
static void trim_words(char *words)
{
	size_t len = strlen(words);
	const char *line;

	while (len && words[len - 1] == '\n')
		words[--len] = '\0';
	line = strrchr(words, '\n');
	line = line ? line + 1 : words;
	if (!strncmp(line, ENGINE_APPLET, sizeof(ENGINE_APPLET) - 1) && strstr(line, ": "))
		line = strstr(line, ": ") + 2;
	memmove(words, line, strlen(line) + 1);
	text_make_printable(words);
}

int uapi_program_start(const struct uapi_program_options *options, uint64_t deadline_ns, char *words, size_t cap)
{
	int ends[2], status = 0, err;
	pid_t pid = 0;

	words[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	err = spawn_program(options, ends[1], &pid);
	close(ends[1]);
	if (!err)
		err = read_words(ends[0], words, cap, deadline_ns);
	close(ends[0]);
	if (err < 0 && pid)
		kill(pid, SIGKILL);
	while (pid && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Its child too, which is not ours to wait for, and goes on to be ready. */
	if (err < 0)
		(void)uapi_process_kill(options->alias);
	trim_words(words);
	if (!err && status)
		err = -EIO;
	return err;
}
