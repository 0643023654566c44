#include "init/update_peer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pass.h"
#include "base/paths.h"
#include "base/text.h"
#include "cluster/fetch.h"
#include "control/client.h"
#include "init/system_dir.h"

static_assert((int)EXCHANGE_HEAD_LEN == (int)BUNDLE_HEADER_LEN, "by its header a bundle is known");

enum {
	MIB = 1 << 20,
	AGAIN_S = 5,
	TRIES_MAX = 24,      /* without a byte, once there was one: both paths, some minutes */
	TRIES_FIRST_MAX = 4, /* before */
	TRIES_ALL_MAX = 128, /* a peer that always breaks off behind a few bytes */
};

static const char *const paths[] = { NAME_MANAGEMENT, NAME_DATAPLANE };

enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

static struct fetching {
	struct update_source *source;
	bool (*is_wanted)(const uint8_t header[static BUNDLE_HEADER_LEN], uint64_t len);
	uint64_t told_ns;
	bool telling; /* the line is not ended */
} fetching;

/* ---- the file ---- */

static bool file_open(struct update_source *source)
{
	int dir_fd = system_dir_open(), err = dir_fd < 0 ? dir_fd : 0;

	if (!err) {
		source->fetched = openat(dir_fd, FETCHED_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		err = source->fetched < 0 ? -errno : 0;
		close(dir_fd);
	}
	if (!err && flock(source->fetched, LOCK_EX | LOCK_NB) < 0)
		err = -errno;
	if (!err)
		return true;
	if (err == -EWOULDBLOCK)
		printf("another update comes from a peer already\n");
	else if (err == -ENODEV)
		printf("there is no partition where an update could come to (`boot`)\n");
	else
		printf(DATA_DIR "/" SYSTEM_DIR "/" FETCHED_FILE ": %s\n", strerror(-err));
	if (source->fetched >= 0)
		close(source->fetched);
	source->fetched = -1;
	return false;
}

void update_peer_drop(struct update_source *source)
{
	if (source->fetched >= 0)
		(void)unlink(DATA_DIR "/" SYSTEM_DIR "/" FETCHED_FILE);
}

/* ---- what comes ---- */

static void end_line(void)
{
	if (fetching.telling)
		printf("\n");
	fetching.telling = false;
}

static bool begins(void *arg, const uint8_t head[static EXCHANGE_HEAD_LEN], uint64_t len)
{
	const struct fetch *fetch = arg;
	struct statvfs stat;
	uint64_t free_bytes = UINT64_MAX;

	end_line();
	if (!fetching.is_wanted(head, len))
		return false;
	if (fstatvfs(fetch->file, &stat) == 0)
		free_bytes = (uint64_t)stat.f_bavail * stat.f_frsize;
	if (free_bytes < len - fetch->at + MIB) {
		len = len / MIB + 1;
		printf("there is no room for %llu MiB in " DATA_DIR "\n", (unsigned long long)len);
		return false;
	}
	(void)fflush(stdout);
	return true;
}

static void progress(void *arg, uint64_t at, uint64_t len)
{
	uint64_t now_ns = clock_now_ns();

	(void)arg;
	if (at < len && now_ns < fetching.told_ns + NS_PER_S)
		return;
	fetching.told_ns = now_ns;
	if (!isatty(STDOUT_FILENO))
		return;
	printf("\r%llu of %llu KiB", (unsigned long long)(at >> 10), (unsigned long long)(len >> 10));
	(void)fflush(stdout);
	fetching.telling = true;
}

/* ---- the peer ---- */

/* A connection that is about to be made through that path, or -1 with what the path says against it. */
static int dial(const char *path, const char *name, bool tell)
{
	static char verb[] = "dial";
	char *const words[] = { verb, (char *)(uintptr_t)name };
	char at[CONTROL_PATH_LEN], why[CONTROL_WHY_LEN], word;
	int ends[2], null = -1, status, fd = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	if (!tell)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	(void)fflush(stdout);
	status = control_path(at, CONTROL_DIR, path);
	if (!status)
		status = control_request_with(at, 2, words, ends[1], STDOUT_FILENO, tell ? STDOUT_FILENO : null);
	if (status < 0 && tell)
		printf("%s: %s\n", path, control_why(status, CONTROL_DIR, path, why));
	if (!status)
		(void)pass_take(ends[0], &word, &fd);
	close(ends[0]);
	close(ends[1]);
	if (null >= 0)
		close(null);
	return fd;
}

static bool ends_well(const struct fetch *fetch, enum fetch_end end, const char *path)
{
	struct update_source *source = fetching.source;

	end_line();
	if (fetch->words[0])
		printf("%s, by %s: %s%s\n", source->place, path, fetch->words, end == FETCH_REFUSED ? "; nothing of it is kept" : "");
	if (end == FETCH_BROKEN && fetch->at)
		printf("%llu KiB have come and are kept: the same command goes on from there\n", (unsigned long long)(fetch->at >> 10));
	else if (end == FETCH_REFUSED || (end != FETCH_WHOLE && !fetch->at))
		update_peer_drop(source);
	return end == FETCH_WHOLE;
}

static void pause_for(unsigned seconds)
{
	(void)fflush(stdout);
	(void)poll(NULL, 0, (int)seconds * 1000);
}

/* Of many tries that fail alike, those that are news. */
static void tell_broken(struct fetch *fetch, const char *path, bool any)
{
	end_line();
	if (fetch->words[0] && (fetch->answered || !any))
		printf("%s, by %s, at %llu KiB: %s; it is tried again\n", fetching.source->place, path, (unsigned long long)(fetch->at >> 10),
		       fetch->words);
	fetch->words[0] = '\0';
}

static bool fetch_by_either(struct fetch *fetch)
{
	struct update_source *source = fetching.source;
	enum fetch_end end = FETCH_BROKEN;
	uint64_t most = 0;
	bool any = false; /* a byte has come since the command began */
	bool reached = false; /* a path knows the peer */

	for (unsigned tries = 0, number = 0;; tries++, number++) {
		const char *path = paths[number % PATHS];
		int socket = dial(path, source->place, !any && number < PATHS);
		bool last;

		if (socket >= 0) {
			reached = true;
			end = fetch_bundle(fetch, socket);
			close(socket);
			if (end != FETCH_BROKEN)
				return ends_well(fetch, end, path);
			if (fetch->answered && fetch->at > most) {
				any = any || fetch->len;
				most = fetch->at;
				tries = 0;
			}
		}
		last = tries + 1 >= (any ? TRIES_MAX : TRIES_FIRST_MAX) || number + 1 >= TRIES_ALL_MAX || (number + 1 >= PATHS && !reached);
		if (last)
			return ends_well(fetch, end, path);
		tell_broken(fetch, path, any);
		/* The other path at once, then in a while. */
		if (number % PATHS == PATHS - 1)
			pause_for(AGAIN_S);
	}
}

bool update_peer_fetch(struct update_source *source, const char *name,
		       bool (*is_wanted)(const uint8_t header[static BUNDLE_HEADER_LEN], uint64_t len))
{
	struct fetch fetch = { .len_max = BUNDLE_HEADER_LEN + (uint64_t)BUNDLE_UKI_MAX + BUNDLE_SBOM_MAX, .begins = begins, .progress = progress };

	*source = (struct update_source){ .fd = -1, .tool = -1, .fetched = -1 };
	text_format(source->place, sizeof(source->place), "%s", name);
	if (!file_open(source))
		return false;
	fetching = (struct fetching){ .source = source, .is_wanted = is_wanted };
	fetch.file = source->fetched;
	fetch.arg = &fetch;
	return fetch_by_either(&fetch);
}
