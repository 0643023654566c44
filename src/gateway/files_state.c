#include "gateway/files_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/here.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/applied.h"
#include "conf/set_dir.h"
#include "conf/set_pool.h"
#include "network/facts.h"

enum { WAIT_MS = 1500, WORKERS = 3 };

#define LOCK_FILE "show.lock" /* held by the one that reads: no second one waits for the same disk */

/* Every worker runs these files; elsewhere than on the appliance, where not all need be there, every one that is. */
static bool is_running(const struct conf_set *set, const char *run_dir)
{
	static const struct {
		const char *name;
		unsigned files;
	} workers[WORKERS] = { { NAME_MANAGEMENT, ~0u }, { NAME_DATAPLANE, ~0u }, { NAME_NETWORK, 1u << CONF_NETWORK } };
	int run_fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), all = run_fd < 0 ? -1 : set_dir_open(run_fd, APPLIED_DIR);
	bool same = all >= 0, any = false;

	for (size_t i = 0; i < WORKERS && same; i++) {
		bool there = here_is_appliance() || faccessat(all, workers[i].name, F_OK, 0) == 0;

		same = !there || set_dir_same(all, workers[i].name, set, workers[i].files);
		any = any || there;
	}
	if (all >= 0)
		close(all);
	if (run_fd >= 0)
		close(run_fd);
	return same && any;
}

static void describe(const char *conf_dir, const char *run_dir, char words[static FILES_STATE_LEN])
{
	static struct conf_facts facts;
	static struct diag diag;
	const char *no_network = "";
	struct conf_set *set;
	int dir_fd = open(conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool any = false, same;

	if (dir_fd < 0) {
		text_format(words, FILES_STATE_LEN, "cannot be read%s", here_is_appliance() ? " (`boot`)" : "");
		return;
	}
	set = set_pool_take();
	conf_set_load(set, dir_fd, &diag);
	close(dir_fd);
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		any = any || set->texts[file].present;
	same = is_running(set, run_dir);
	diag.ran_before = same;
	(void)facts_collect(&facts); /* what is not known of this host has no finding */
	conf_set_check(set, &facts, false, &diag);
	if (here_is_appliance() && !set->texts[CONF_NETWORK].present)
		no_network = "; no network.conf (`setup`)";
	if (!any && !diag.error_count)
		text_format(words, FILES_STATE_LEN, "none (`%ssetup`, `import`)", here_program());
	else if (diag.error_count)
		text_format(words, FILES_STATE_LEN, "%zu error%s%s (`%scheck`)", diag.error_count, text_plural(diag.error_count),
			    same ? "" : ", NOT what runs", here_program());
	else if (!same)
		text_format(words, FILES_STATE_LEN, "NOT what runs (`%s%s`)%s", here_is_appliance() ? "diff`, `" : "", here_reconfigure(),
			    no_network);
	else
		text_format(words, FILES_STATE_LEN, "as applied%s", no_network);
	set_pool_give_back(set);
}

static _Noreturn void serve(int out, const char *conf_dir, const char *run_dir)
{
	char words[FILES_STATE_LEN];

	describe(conf_dir, run_dir, words);
	_exit(write(out, words, strlen(words)) < 0);
}

void files_ask(struct files_asked *asked, const char *conf_dir, const char *run_dir)
{
	int ends[2], lock;

	asked->pid = 0;
	text_format(asked->lock, sizeof(asked->lock), "%s/" LOCK_FILE, run_dir);
	lock = open(asked->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0) {
		asked->fd = -errno;
		close(lock);
		return;
	}
	asked->fd = pipe2(ends, O_CLOEXEC) < 0 ? -errno : ends[0];
	if (asked->fd >= 0)
		asked->pid = fork();
	if (asked->fd >= 0 && !asked->pid) {
		close(ends[0]);
		serve(ends[1], conf_dir, run_dir);
	}
	if (asked->fd >= 0)
		close(ends[1]);
	if (lock >= 0)
		close(lock);
}

void files_answer(struct files_asked *asked, char words[static FILES_STATE_LEN])
{
	struct pollfd ready = { .fd = asked->fd, .events = POLLIN };
	ssize_t n = -1;

	if (asked->fd >= 0 && poll(&ready, 1, WAIT_MS) == 1)
		n = read(asked->fd, words, FILES_STATE_LEN - 1);
	if (n > 0)
		words[n] = '\0';
	else
		text_format(words, FILES_STATE_LEN, "not known, the disk does not answer%s", here_is_appliance() ? " (`log`)" : "");
	if (asked->fd >= 0)
		close(asked->fd);
	if (asked->pid <= 0)
		return;
	/* One that waits for the disk ends when that answers, and not before. */
	(void)kill(asked->pid, SIGKILL);
	(void)waitpid(asked->pid, NULL, n > 0 ? 0 : WNOHANG);
}
