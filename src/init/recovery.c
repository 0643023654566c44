/* The offer costs a boot no time: it goes on meanwhile, and services may even run before the offer ends. That is undone by stopping
 * them: they write what they would write again. So the point at which the boot decides is not a place in the order of its steps, but
 * whatever cannot be undone: a journal that is played back, e2fsck, a partition table that is mended, a file system that is made or
 * grown. Each waits for the end of the offer, and no usual boot has any of them. */
#include "init/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/recovery.h"
#include "base/text.h"
#include "netlink/link.h"
#include "network/nics.h"

enum { NO_ONE = -1, MORE_S = 10 };

static struct loop *loop;
static struct loop_timer end;
static unsigned offered_s;
static int waits = NO_ONE, holds = NO_ONE; /* a pipe: what PID 1 holds is closed when it is decided */

static int write_file(const char *name, const char *text)
{
	int dir_fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir_fd < 0 ? -errno : file_replace(dir_fd, name, text, strlen(text), 0600);

	if (dir_fd >= 0)
		close(dir_fd);
	if (err < 0)
		log_err("cannot write %s/%s: %s", RUN_DIR, name, strerror(-err));
	return err;
}

static void decided(void)
{
	loop_timer_clear(loop, &end);
	(void)unlink(RUN_DIR "/" RECOVERY_OFFER_FILE);
	close(holds);
	holds = NO_ONE;
}

static void offer_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	decided();
	log_info("recovery is no longer offered");
}

void recovery_offer(struct loop *of, unsigned seconds, uint64_t now_ns)
{
	char text[16];
	int ends[2];

	loop = of;
	offered_s = seconds;
	text_format(text, sizeof(text), "%u", seconds);
	if (!seconds || write_file(RECOVERY_OFFER_FILE, text) < 0)
		return;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)unlink(RUN_DIR "/" RECOVERY_OFFER_FILE);
		return;
	}
	waits = ends[0];
	holds = ends[1];
	loop_timer_set(loop, &end, now_ns + seconds * NS_PER_S, offer_over);
	log_info("recovery is offered for %u s", seconds);
}

bool recovery_choose(void)
{
	if (holds == NO_ONE)
		return false;
	/* Before the boot steps hear of it. */
	(void)write_file(RECOVERY_FILE, RECOVERY_BEGINS);
	decided();
	return true;
}

bool recovery_is_offered(void)
{
	return holds != NO_ONE;
}

bool recovery_is_on(void)
{
	return faccessat(AT_FDCWD, RUN_DIR "/" RECOVERY_FILE, F_OK, 0) == 0;
}

bool recovery_may_change(void)
{
	struct pollfd news = { .fd = waits, .events = POLLIN };

	/* Ours, since we are a fork of PID 1. */
	if (holds != NO_ONE)
		close(holds);
	holds = NO_ONE;
	if (waits != NO_ONE)
		poll(&news, 1, (int)(offered_s + MORE_S) * 1000);
	return !recovery_is_on();
}

void recovery_tell(const char *words)
{
	(void)write_file(RECOVERY_FILE, words);
	log_info("%.*s", (int)strcspn(words, "\n"), words);
}

int recovery_nics_down(void)
{
	static struct nics nics;
	static struct nl nl;
	int err = nl_open(&nl, NETLINK_ROUTE);

	if (!err)
		err = nics_find(&nl, &nics);
	for (size_t i = 0; !err && i < nics.count; i++)
		err = link_set_up(&nl, nics.list[i].index, false);
	nl_close(&nl);
	return err < 0;
}
