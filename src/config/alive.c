#include "config/alive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "config/alive_text.h"
#include "conf/applied.h"
#include "conf/set_pool.h"
#include "control/client.h"
#include "crypto/key.h"
#include "network/hardware.h"

enum {
	SILENCE_MS = 3000,
	LOOK_MS = 1000,
	YOUNG_S = 300,
	SESSION_S = 180, /* REJECT_AFTER_TIME: no packet passes by an older one */
	ANSWER_LEN = 128 << 10,
};

/* ---- who a path knows ---- */

/* What a path answers: of each peer its key, and how long ago it shook hands, or `-`. */
struct answer {
	bool up;
	bool known; /* it answered at all */
	char text[ANSWER_LEN];
	size_t len;
};

static int ask(const char *run_dir, const char *name, const char *word, int out_fd)
{
	char path[CONTROL_PATH_LEN], verb[16], *argv[] = { verb };
	int err = control_path(path, run_dir, name), null = open("/dev/null", O_WRONLY | O_CLOEXEC), fd;

	text_format(verb, sizeof(verb), "%s", word);
	fd = err ? err : control_begin(path, 1, argv, SILENCE_MS);
	err = fd < 0 ? fd : control_finish(fd, SILENCE_MS, out_fd, null);
	if (null >= 0)
		close(null);
	return err;
}

static void ask_path(const char *run_dir, const char *name, struct answer *answer)
{
	int fd = memfd_create("alive", MFD_CLOEXEC), status = fd < 0 ? -errno : ask(run_dir, name, "alive", fd);
	ssize_t n = fd < 0 ? 0 : pread(fd, answer->text, sizeof(answer->text), 0);

	answer->known = status >= 0;
	answer->up = !status;
	answer->len = n > 0 ? (size_t)n : 0;
	if (fd >= 0)
		close(fd);
}

static bool next_peer(struct slice *rest, uint8_t public_key[static KEY_LEN], struct slice *age)
{
	struct slice line, key;

	while (slice_cut(rest, '\n', &line))
		if (slice_word(&line, &key) && slice_word(&line, age) && key_from_base64(key.ptr, key.len, public_key) == 0)
			return true;
	return false;
}

/* It has shaken hands since this machine began: both heard each other. */
static bool has_heard(const struct answer *answer, const uint8_t public_key[static KEY_LEN])
{
	struct slice rest = { answer->text, answer->len }, age;
	uint8_t key[KEY_LEN];

	while (next_peer(&rest, key, &age))
		if (!memcmp(key, public_key, KEY_LEN))
			return !slice_equal(age, "-");
	return false;
}

/* What the path runs, as it keeps it in memory: the caller gives it back. NULL: it runs nothing. */
static struct conf_set *take_running(int run_fd, const char *name)
{
	static struct diag diag;
	struct conf_set *set;
	int fd = applied_open(run_fd, name);

	if (fd < 0)
		return NULL;
	set = set_pool_take();
	diag_clear(&diag, true);
	conf_set_load(set, fd, &diag);
	close(fd);
	return set;
}

/* ---- keeping ---- */

static struct alive alive, before;
static struct answer answer;
static char bytes[ALIVE_TEXT_LEN];

static void read_from(int dir_fd, const char *name, struct alive *into)
{
	ssize_t n = file_read(dir_fd, name, bytes, sizeof(bytes));

	alive_read(into, (struct slice){ bytes, n > 0 ? (size_t)n : 0 });
}

static void add_alive(struct alive_path *path, const struct vpn_conf *vpn)
{
	struct slice rest = { answer.text, answer.len }, age;
	uint8_t key[KEY_LEN];
	uint64_t age_s;

	while (next_peer(&rest, key, &age)) {
		const struct vpn_peer *peer = vpn_find_peer(vpn, key);

		if (peer && text_uint(age, UINT32_MAX, &age_s) == 0 && age_s < SESSION_S)
			alive_add_peer(path, key, alive_sum(vpn, peer));
	}
}

/* keeps_before: and those that were alive before, which also holds of a path that does not answer. */
static void look_at_path(int run_fd, const char *run_dir, size_t i, bool keeps_before)
{
	struct alive_path *path = &alive.paths[i], *old = &before.paths[i];
	struct conf_set *set;

	ask_path(run_dir, alive_path_names[i], &answer);
	set = take_running(run_fd, alive_path_names[i]);
	if (set && answer.up)
		add_alive(path, &set->vpn);
	if (set)
		set_pool_give_back(set);
	for (size_t j = 0; j < old->count && (keeps_before || !answer.up); j++)
		alive_add_peer(path, old->peers[j].public_key, old->peers[j].sum);
}

/* Calls each for every NIC that is hardware, with its carrier. */
static void each_nic(void (*each)(void *arg, const struct nic_hardware *hardware, bool carrier), void *arg)
{
	DIR *dir = opendir(HARDWARE_CLASS_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		char path[128], carrier[4] = "";
		struct nic_hardware hardware;

		text_format(path, sizeof(path), HARDWARE_CLASS_DIR "/%s/device", entry->d_name);
		if (entry->d_name[0] == '.' || access(path, F_OK) < 0)
			continue;
		hardware_read(HARDWARE_CLASS_DIR, entry->d_name, &hardware);
		text_format(path, sizeof(path), HARDWARE_CLASS_DIR "/%s/carrier", entry->d_name);
		/* One that is down does not tell. */
		(void)file_read_begin(AT_FDCWD, path, carrier, sizeof(carrier));
		if (hardware.path[0])
			each(arg, &hardware, carrier[0] == '1');
	}
	if (dir)
		closedir(dir);
}

static void add_nic(void *arg, const struct nic_hardware *hardware, bool carrier)
{
	if (carrier)
		alive_add_nic(arg, hardware->path, hardware->port);
}

static int open_dir(const char *name)
{
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int replace(int run_fd, const char *data_dir, const struct text *text)
{
	int data_fd = open_dir(data_dir), system_fd = -1, err = data_fd < 0 ? -errno : 0;

	if (!err && mkdirat(data_fd, SYSTEM_DIR, 0700) < 0 && errno != EEXIST)
		err = -errno;
	if (!err)
		system_fd = openat(data_fd, SYSTEM_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!err)
		err = system_fd < 0 ? -errno : file_replace(system_fd, ALIVE_FILE, text->buf, text->len, 0600);
	/* Behind it: what is in memory is not written again. */
	if (!err)
		err = file_replace(run_fd, ALIVE_FILE, text->buf, text->len, 0600);
	if (system_fd >= 0)
		close(system_fd);
	if (data_fd >= 0)
		close(data_fd);
	return err;
}

int alive_keep(const char *run_dir, const char *data_dir)
{
	static char fresh[ALIVE_TEXT_LEN];
	bool young = clock_now_ns() < YOUNG_S * NS_PER_S;
	int run_fd = open_dir(run_dir), err;
	struct text text;
	ssize_t n;

	if (run_fd < 0)
		return 1;
	read_from(run_fd, ALIVE_FILE, &before);
	for (size_t i = 0; i < ALIVE_PATHS; i++)
		look_at_path(run_fd, run_dir, i, young);
	each_nic(add_nic, &alive);
	for (size_t i = 0; young && i < before.nic_count; i++)
		alive_add_nic(&alive, before.nics[i].place, before.nics[i].port);
	text_init(&text, fresh, sizeof(fresh));
	alive_write(&alive, &text);
	n = file_read(run_fd, ALIVE_FILE, bytes, sizeof(bytes));
	err = n == (ssize_t)text.len && !memcmp(bytes, fresh, text.len) ? 0 : replace(run_fd, data_dir, &text);
	close(run_fd);
	return err < 0;
}

void alive_recall(int data_fd, int run_fd)
{
	ssize_t n = file_read(data_fd, SYSTEM_DIR "/" ALIVE_FILE, bytes, sizeof(bytes));
	int err = n <= 0 ? 0 : file_replace(run_fd, ALIVE_FILE, bytes, (size_t)n, 0600);

	if (err < 0)
		log_err("who was alive before is not known: %s", strerror(-err));
}

/* ---- watching ---- */

struct nics_seen {
	bool there[ALIVE_NICS_MAX];
	unsigned dark, absent;
};

static void see_nic(void *arg, const struct nic_hardware *hardware, bool carrier)
{
	struct nics_seen *seen = arg;

	for (size_t i = 0; i < before.nic_count; i++) {
		if (before.nics[i].port != hardware->port || strcmp(before.nics[i].place, hardware->path) != 0)
			continue;
		seen->there[i] = true;
		seen->dark += !carrier;
	}
}

static void see_path(struct text *text, int run_fd, const char *run_dir, size_t i)
{
	const struct alive_path *path = &before.paths[i];
	struct conf_set *set;
	unsigned count = 0, heard = 0;

	ask_path(run_dir, alive_path_names[i], &answer);
	set = take_running(run_fd, alive_path_names[i]);
	for (size_t j = 0; j < path->count; j++) {
		const struct vpn_peer *peer = set ? vpn_find_peer(&set->vpn, path->peers[j].public_key) : NULL;

		if (set && (!peer || alive_sum(&set->vpn, peer) != path->peers[j].sum))
			continue;
		count++;
		heard += answer.up && has_heard(&answer, path->peers[j].public_key);
	}
	if (set)
		set_pool_give_back(set);
	text_add(text, " %d %u %u", answer.up, count, heard);
}

int alive_watch(const char *run_dir)
{
	struct pollfd told = { .fd = ALIVE_TOLD_FD };
	int run_fd = open_dir(run_dir), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char line[128];
	struct text text;

	if (run_fd < 0 || null < 0)
		return 1;
	read_from(run_fd, ALIVE_FILE, &before);
	do {
		struct nics_seen seen = { .dark = 0 };

		text_init(&text, line, sizeof(line));
		text_add(&text, "%d", ask(run_dir, NAME_NETWORK, "show", null) == 0);
		for (size_t i = 0; i < ALIVE_PATHS; i++)
			see_path(&text, run_fd, run_dir, i);
		each_nic(see_nic, &seen);
		for (size_t i = 0; i < before.nic_count; i++)
			seen.absent += !seen.there[i];
		text_add(&text, " %u %u\n", seen.dark, seen.absent);
		if (write(ALIVE_TOLD_FD, line, text.len) < 0)
			return 1;
	} while (poll(&told, 1, LOOK_MS) == 0);
	return 0;
}
