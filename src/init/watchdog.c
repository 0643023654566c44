#include "init/watchdog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "init/board.h"
#include "init/child.h"
#include "init/steps_tell.h"

#define CLASS_DIR "/sys/class/watchdog"
/* The first of the class, or the one of a driver that is none of it: ipmi_watchdog. */
#define LEGACY "watchdog"
#define SOFT_IDENTITY "Software Watchdog"

/* What the feeder is told. */
#define TURNS '.'
#define OFF 'o'
#define LAST 'l'

enum { NAME_LEN = 32, IDENTITY_LEN = 64, SECONDS_MAX = 3600, END_WAIT_S = 2, FEEDER_OOM = -1000 };

struct watchdog {
	char name[NAME_LEN]; /* in /dev */
	char identity[IDENTITY_LEN];
	bool soft;
};

static struct watchdog taken;
static int watchdog_fd; /* open for good: closed it would go on, and no one could feed it; 0: none */
static int turns_fd;    /* to the feeder */
static pid_t feeder;    /* 0: none runs */
static bool refused;    /* the one that is there, and it was told */

/* ---- which ---- */

static ssize_t read_attribute(const char *name, const char *attribute, char *dst, size_t cap)
{
	char path[128];
	ssize_t n;

	text_format(path, sizeof(path), CLASS_DIR "/%s/%s", name, attribute);
	n = file_read_begin(AT_FDCWD, path, dst, cap);
	if (n > 0)
		dst[strcspn(dst, "\n")] = '\0';
	return n;
}

/* A circuit before the kernel's own timer, which stops with the kernel. */
static bool watchdog_find(struct watchdog *found)
{
	DIR *dir = opendir(CLASS_DIR);
	struct dirent *entry;

	*found = (struct watchdog){ 0 };
	while (dir && (entry = readdir(dir)) != NULL && (!found->name[0] || found->soft)) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= NAME_LEN)
			continue;
		text_format(found->name, sizeof(found->name), "%s", entry->d_name);
		if (read_attribute(found->name, "identity", found->identity, sizeof(found->identity)) < 0)
			found->identity[0] = '\0';
		found->soft = !strcmp(found->identity, SOFT_IDENTITY);
	}
	if (dir)
		closedir(dir);
	if (!found->name[0] && access("/dev/" LEGACY, F_OK) == 0)
		*found = (struct watchdog){ .name = LEGACY, .identity = "IPMI" };
	return found->name[0];
}

bool watchdog_exists(void)
{
	struct watchdog any;

	return watchdog_find(&any);
}

bool watchdog_did_reset(void)
{
	struct watchdog any;
	char text[16];
	uint64_t status;

	return watchdog_find(&any) && read_attribute(any.name, "bootstatus", text, sizeof(text)) > 0 &&
	       !text_uint(slice_of(text), UINT32_MAX, &status) && status & WDIOF_CARDRESET;
}

/* ---- PID 1 ---- */

static unsigned seconds_wanted(void)
{
	uint64_t seconds;

	if (text_uint(board_value("WATCHDOG_S"), SECONDS_MAX, &seconds) < 0 || !seconds)
		seconds = WATCHDOG_S;
	return (unsigned)seconds * (taken.soft ? WATCHDOG_SOFT_X : 1);
}

/* From here on it has to be fed. To open one is to write to a register or, of a BMC, nothing at all. */
static void watchdog_take(void)
{
	char path[NAME_LEN + sizeof("/dev/")], words[128];
	int fd;

	if (!watchdog_find(&taken))
		return;
	text_format(path, sizeof(path), "/dev/%s", taken.name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	text_format(words, sizeof(words), "%s: %s, %u s", taken.name, taken.identity, seconds_wanted());
	if (fd >= 0)
		watchdog_fd = fd;
	if (fd >= 0 || !refused)
		steps_tell("watchdog", 0, fd < 0 ? -errno : 0, words);
	refused = fd < 0;
}

static void feeder_start(void)
{
	char seconds[16];
	const char *const argv[] = { WATCHDOG_APPLET, seconds, NULL };
	struct child_spec spec = { .argv = argv, .confinement = { 0, FEEDER_OOM }, .second_fd = watchdog_fd };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	text_format(seconds, sizeof(seconds), "%u", seconds_wanted());
	spec.ready_fd = ends[0];
	pid = child_start(&spec);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return;
	}
	feeder = pid;
	turns_fd = ends[1];
}

static void feeder_tell(char byte)
{
	/* One that does not read, since its BMC does not answer, has enough of them. */
	(void)!write(turns_fd, &byte, 1);
}

void watchdog_feed(void)
{
	if (!watchdog_fd)
		watchdog_take();
	if (watchdog_fd && !feeder)
		feeder_start();
	if (feeder)
		feeder_tell(TURNS);
}

void watchdog_exited(pid_t pid)
{
	if (pid != feeder)
		return;
	log_err("the process that feeds the watchdog ended: started again");
	close(turns_fd);
	feeder = 0;
}

void watchdog_end(bool off)
{
	if (!feeder)
		return;
	feeder_tell(off ? OFF : LAST);
	if (child_wait(feeder, END_WAIT_S * NS_PER_S) < 0)
		log_err("the watchdog does not answer");
}

bool watchdog_leave(void)
{
	pid_t pid = feeder;
	int status;

	if (!pid)
		return !watchdog_fd;
	feeder_tell(OFF);
	status = child_wait(pid, END_WAIT_S * NS_PER_S);
	close(turns_fd);
	feeder = 0;
	return status == 0;
}

/* ---- the feeder ---- */

/* Past libc, whose types of a request differ. */
static int control(unsigned long request, int *value)
{
	return (int)syscall(SYS_ioctl, CHILD_SECOND_FD, request, value);
}

static void set_seconds(int seconds)
{
	/* As long as the circuit can, where that is less. */
	if (control(WDIOC_SETTIMEOUT, &seconds) < 0)
		log_info("the watchdog keeps its own time: %s", strerror(errno));
}

/* One that cannot be stopped has as long as it takes someone to come. */
static int watchdog_stop(int *off)
{
	if (control(WDIOC_SETOPTIONS, off) == 0)
		return 0;
	set_seconds(WATCHDOG_END_S);
	(void)control(WDIOC_KEEPALIVE, NULL);
	return 1;
}

int watchdog_main(int argc, char **argv)
{
	char bytes[256];
	ssize_t n;
	uint64_t seconds;
	int on = WDIOS_ENABLECARD, off = WDIOS_DISABLECARD;
	bool fails = false;

	log_open(WATCHDOG_APPLET);
	if (argc != 2 || text_uint(slice_of(argv[1]), (uint64_t)SECONDS_MAX * WATCHDOG_SOFT_X, &seconds) < 0)
		return 2;
	/* It was switched off where a hand-over failed in the end. */
	(void)control(WDIOC_SETOPTIONS, &on);
	set_seconds((int)seconds);
	/* All that was told meanwhile is one turn. */
	while ((n = read(CHILD_READY_FD, bytes, sizeof(bytes))) > 0) {
		if (memchr(bytes, OFF, (size_t)n))
			return watchdog_stop(&off);
		if (memchr(bytes, LAST, (size_t)n))
			set_seconds(WATCHDOG_END_S);
		if (control(WDIOC_KEEPALIVE, NULL) < 0 && !fails) {
			log_err("the watchdog does not take its food: %s", strerror(errno));
			fails = true;
		}
		if (memchr(bytes, LAST, (size_t)n))
			return 0;
	}
	return 1;
}
