#include "config/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/text.h"
#include "control/client.h"

enum { ASK_AGAIN_MS = 250, ANSWER_LEN = 64 };

struct witnesses {
	unsigned count;
	bool heard;
	uint64_t silent_ms;
};

/* "COUNT HEARD SILENT_MS" */
static bool read_answer(int fd, struct witnesses *witnesses)
{
	char text[ANSWER_LEN];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line, word;
	uint64_t numbers[3];

	if (!slice_cut(&rest, '\n', &line))
		return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!slice_word(&line, &word) || text_uint(word, UINT32_MAX, &numbers[i]) < 0)
			return false;
	*witnesses = (struct witnesses){ (unsigned)numbers[0], numbers[1], numbers[2] };
	return true;
}

/* 0 or -errno of a service that cannot be asked; -ENODATA: it began anew since, and does not know. */
static int ask_management(const char *run_dir, struct witnesses *witnesses)
{
	char path[CONTROL_PATH_LEN], verb[] = "heard", *argv[] = { verb };
	int out_fd = memfd_create("heard", MFD_CLOEXEC), err_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int status = out_fd < 0 || err_fd < 0 ? -errno : control_path(path, run_dir, NAME_MANAGEMENT);

	if (!status)
		status = control_request_with(path, 1, argv, -1, out_fd, err_fd);
	if (status >= 0)
		status = !status && read_answer(out_fd, witnesses) ? 0 : -ENODATA;
	if (out_fd >= 0)
		close(out_fd);
	if (err_fd >= 0)
		close(err_fd);
	return status;
}

enum judge_verdict judge_wait(const char *run_dir, unsigned *count, const char **why)
{
	static const struct timespec pause = { .tv_nsec = ASK_AGAIN_MS * (long)NS_PER_MS };
	uint64_t until_ns = clock_now_ns() + JUDGE_WAIT_S * NS_PER_S;
	struct witnesses witnesses;

	for (;;) {
		int err = ask_management(run_dir, &witnesses);

		if (err == -EINTR || interrupt_came())
			return JUDGE_INTERRUPTED;
		if (err < 0) {
			*why = err == -ENODATA ? "the service began anew since the change" : control_words(err);
			return JUDGE_UNKNOWN;
		}
		*count = witnesses.count;
		if (!witnesses.count || witnesses.heard)
			return JUDGE_HEARD;
		if (clock_now_ns() >= until_ns)
			return JUDGE_SILENT;
		if (interrupt_poll(NULL, 0, &pause) == -EINTR)
			return JUDGE_INTERRUPTED;
	}
}

bool judge_is_lost(const char *run_dir)
{
	struct witnesses witnesses;

	return !ask_management(run_dir, &witnesses) && witnesses.heard && witnesses.silent_ms >= JUDGE_SILENT_S * UINT64_C(1000);
}
