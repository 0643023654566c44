#include "init/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/child.h"
#include "init/clockfloor.h"
#include "init/ended.h"
#include "init/firmware.h"
#include "init/lockdown.h"
#include "init/modules.h"
#include "init/mounts.h"
#include "init/next_root.h"
#include "init/password.h"
#include "init/persist.h"
#include "init/recovery.h"
#include "init/slots.h"
#include "init/steps_tell.h"
#include "init/sysctls.h"
#include "init/trial.h"
#include "init/variables.h"
#include "init/watchdog.h"
#include "network/names.h"

enum { WORDS_LEN = 256, ENTROPY_S = 30, CONFIGURATION_S = 30, DATA_MAX_GB = 32, GB_MAX = 1 << 20 };

/* What a step wants told, beside its error. */
static char words[WORDS_LEN];

static int step_mounts(void)
{
	int err = mounts_make();
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	if (kmsg >= 0)
		dup2(kmsg, STDERR_FILENO);
	log_open("init");
	mkdir(RUN_DIR, 0700);
	return err;
}

static int step_board(void)
{
	return board_load(BOARD_FILE);
}

static int step_sysctls(void)
{
	return sysctls_write(SYSCTLS_DIR, words, sizeof(words));
}

static int step_lockdown(void)
{
	return lockdown_raise(words, sizeof(words));
}

/* In front of all drivers: one that hangs is to be known for the image's. */
static int step_trial(void)
{
	int err = modules_open();

	if (!err)
		err = modules_load(slice_of("efivarfs"));
	/* A board without EFI does not carry it. */
	if (err < 0 && err != -ENOENT)
		return err;
	err = variables_mount();
	return err < 0 ? err : trial_ask(words, sizeof(words));
}

/* What the devices of the machine do not ask for: the first that finds one there. The kernel's own timer is the last. */
static void load_watchdog(void)
{
	static const char *const names[] = { "ipmi_watchdog", "softdog" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !watchdog_exists(); i++)
		(void)modules_load(slice_of(names[i]));
}

static int step_modules(void)
{
	struct slice rest = board_value("MODULES"), name;
	int err = modules_open(), first = 0;

	if (err < 0)
		return err;
	while (slice_word(&rest, &name)) {
		err = modules_load(name);
		if (err < 0 && !first) {
			first = err;
			text_format(words, sizeof(words), "%.*s", SLICE_ARG(name));
		}
	}
	modules_coldplug();
	load_watchdog();
	return first;
}

static int step_firmware(void)
{
	int err = variables_mount();

	firmware_describe(words, sizeof(words));
	return err;
}

/* random(4): readable once the generator is initialised; before that no key is to be made and no handshake starts. */
static int step_entropy(void)
{
	struct pollfd random = { .fd = open("/dev/random", O_RDONLY | O_CLOEXEC), .events = POLLIN };
	int n;

	if (random.fd < 0)
		return -errno;
	n = poll(&random, 1, ENTROPY_S * 1000);
	close(random.fd);
	text_format(words, sizeof(words), n > 0 ? "" : "no entropy: no handshake until there is (RDRAND or virtio-rng?)");
	return n > 0 ? 0 : -ETIMEDOUT;
}

static int step_persist(void)
{
	struct slice value = board_value("DATA_LABEL");
	uint64_t max_gb;
	char label[64];
	int err = -ECANCELED;

	if (!value.len || slice_copy(value, label, sizeof(label)) < 0)
		return -EINVAL;
	if (text_uint(board_value("DATA_MAX_GB"), GB_MAX, &max_gb) < 0)
		max_gb = DATA_MAX_GB;
	if (!recovery_is_on())
		err = persist_mount(label, max_gb << 30, recovery_may_change, words, sizeof(words));
	if (err != -ECANCELED)
		return err;
	persist_look(label, words, sizeof(words));
	return 0;
}

static int step_ended(void)
{
	if (recovery_is_on()) {
		text_format(words, sizeof(words), "recovery: not looked at");
		return 0;
	}
	return ended_tell(words, sizeof(words));
}

static int step_password(void)
{
	return password_take(words, sizeof(words));
}

/* Which files are to run; it may wait for the disk. */
static int step_configuration(void)
{
	static const char *const argv[] = { NAME_CONFIG, "boot", NULL };
	/* Files on the partition may be anyone's, as another Linux left them. */
	const struct child_spec spec = { .argv = argv, .ready_fd = -1,
					 .confinement = { CONFINE_CAP(DAC_OVERRIDE) | CONFINE_CAP(FOWNER), 0 } };
	pid_t pid;
	int status;

	if (recovery_is_on()) {
		text_format(words, sizeof(words), "recovery: none");
		return 0;
	}
	pid = child_start(&spec);
	status = pid < 0 ? pid : child_wait(pid, CONFIGURATION_S * NS_PER_S);
	if (!faccessat(AT_FDCWD, RUN_DIR "/" HELD_FILE, F_OK, 0))
		text_format(words, sizeof(words), "what was confirmed last, in place of the files");
	return status < 0 ? status : status ? -EIO : 0;
}

static int step_end_modules(void)
{
	return lockdown_end_modules(words, sizeof(words));
}

static int step_nic_names(void)
{
	static struct nl nl;
	int err = nl_open(&nl, NETLINK_ROUTE);

	if (!err)
		err = names_apply(&nl, words, sizeof(words));
	nl_close(&nl);
	return err;
}

static int step_clock(void)
{
	return clockfloor_raise(words, sizeof(words));
}

/* The disk is another process's to wait for. */
static int step_images(void)
{
	int err = slots_describe(words, sizeof(words));
	pid_t pid = recovery_is_on() ? 0 : child_begin(slots_sweep);

	return err ? err : pid < 0 ? (int)pid : 0;
}

static int step_read_only(void)
{
	next_root_make_dir();
	return mounts_root_read_only();
}

enum need { MUST, SHOULD };

struct step {
	const char *name;
	int (*run)(void);
	enum need need; /* MUST: without it no tunnel comes up */
};

static const struct step first[] = {
	{ "mounts", step_mounts, MUST },
	{ "board", step_board, MUST },
	/* Before any driver: its interfaces start from them. */
	{ "sysctls", step_sysctls, SHOULD },
	{ "lockdown", step_lockdown, SHOULD },
};

static const struct step rest[] = {
	{ "trial", step_trial, SHOULD },
	{ "modules", step_modules, SHOULD },
	{ "firmware", step_firmware, SHOULD },
	{ "entropy", step_entropy, MUST },
	{ "persistent partition", step_persist, MUST },
	{ "boot before", step_ended, SHOULD },
	{ "password", step_password, SHOULD },
	{ "configuration", step_configuration, SHOULD },
	/* Behind the partition: the more drivers have found theirs, the better. */
	{ "NIC names", step_nic_names, SHOULD },
	/* Behind the partition, whose disk may have been waited for. */
	{ "end of modules", step_end_modules, SHOULD },
	{ "clock", step_clock, SHOULD },
	{ "images", step_images, SHOULD },
	{ "read-only root", step_read_only, SHOULD },
};

/* For who asks while it runs. */
static void tell_under_way(const char *name)
{
	int fd = open(RUN_DIR "/" BOOT_NOW_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	dprintf(fd, "%s, since %.3f s\n", name, (double)clock_now_ns() / 1e9);
	close(fd);
}

static void run_all(const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t start_ns = clock_now_ns();
		int err;

		words[0] = '\0';
		tell_under_way(steps[i].name);
		err = steps[i].run();
		steps_tell(steps[i].name, clock_now_ns() - start_ns, err, words);
		if (err < 0 && steps[i].need == MUST)
			log_err("without `%s` no tunnel comes up: mend that, then `reboot`", steps[i].name);
	}
}

void steps_run_first(void)
{
	run_all(first, sizeof(first) / sizeof(first[0]));
}

void steps_run_rest(void)
{
	run_all(rest, sizeof(rest) / sizeof(rest[0]));
	(void)unlink(RUN_DIR "/" BOOT_NOW_FILE);
}
