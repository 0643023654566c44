#include "ntp/measure.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "ntp/chronyd.h"
#include "ntp/directives.h"
#include "ntp/said.h"

enum { LOG_MAX = 4096, GRACE_MS = 500 };

static size_t read_all(int fd, char log[static LOG_MAX])
{
	const uint64_t deadline_ns = clock_now_ns() + NTP_MEASURE_S * NS_PER_S + GRACE_MS * NS_PER_MS;
	size_t len = 0;

	while (len < LOG_MAX && !await_ready(fd, POLLIN, deadline_ns)) {
		ssize_t n = read(fd, log + len, LOG_MAX - len);

		if (!n)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return len;
}

int ntp_measure(const struct ntp_wanted *wanted, const char *chronyd, int64_t *offset_us)
{
	static struct ntp_words words;
	char log[LOG_MAX];
	struct slice rest = { log, 0 }, line;
	int fd, err = -ETIMEDOUT;
	pid_t pid;

	ntp_directives_once(&words, wanted, NTP_MEASURE_S);
	pid = ntp_chronyd_start(&(const struct ntp_chronyd){ .path = chronyd, .argv = words.argv, .socket_fd = -1 }, &fd);
	if (pid < 0)
		return pid;
	rest.len = read_all(fd, log);
	close(fd);
	kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	while (slice_cut(&rest, '\n', &line)) {
		const struct ntp_said said = ntp_said_read(line);

		if (said.what != NTP_SAYS_WRONG)
			continue;
		*offset_us = said.offset_us;
		err = 0;
	}
	return err;
}
