#include "gateway/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"
#include "conf/applied.h"
#include "control/client.h"
#include "gateway/place.h"
#include "gateway/roamed.h"
#include "netlink/link.h"
#include "netlink/netns.h"
#include "ntp/wanted.h"
#include "tunnel/uapi_ask.h"
#include "tunnel/uapi_process.h"

enum { SILENCE_MS = 1000, NAME_LEN = 64 };

static int delete(void *arg)
{
	static struct nl nl;
	int err = nl_open(&nl, NETLINK_ROUTE);

	if (!err)
		err = link_delete(&nl, *(const uint32_t *)arg);
	nl_close(&nl);
	return err;
}

/* Ours, where it is. */
static int clear(int netns_fd, const char *alias, struct place_links *links)
{
	int err = place_look(netns_fd, alias, links);

	return err < 0 || !links->ours ? err : netns_call(netns_fd, delete, &links->ours);
}

/* The namespace goes too, when the service made it and no one put anything else there. */
static int clear_netns(const struct profile *profile, const char *name, bool created, const char *alias, struct place_links *links)
{
	char path[128];
	int fd, err;

	text_format(path, sizeof(path), NETNS_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = clear(fd, alias, links);
	close(fd);
	if (err < 0 || !created)
		return err;
	if (!links->other[0])
		return netns_remove(name);
	(void)fprintf(stderr, "%s: " PLACE_STAYS "\n", profile->name, name, links->other);
	return 0;
}

/* Why the service ended; NULL: it is not systemd that asks. */
static const char *systemd_result(void)
{
	return getenv("SERVICE_RESULT");
}

/* What crashed is started again, and goes on with the interface that it finds. */
static bool is_to_go_on(void)
{
	static const char *const ends[] = { "success", "timeout" };
	const char *result = systemd_result();

	return result && slice_among(slice_of(result), ends, sizeof(ends) / sizeof(ends[0])) == sizeof(ends) / sizeof(ends[0]);
}

/* Of who carried the interface of that name, wherever they are; one that is served stays, being another's. device is "" when it was gone
 * already: only the management path's is known then. */
static void clear_sockets(const struct profile *profile, const char *run_dir, const char *device)
{
	static struct env_conf env;
	const char *const dirs[] = { run_dir, UAPI_DIR }, *const ends[] = { UAPI_SOCKET_END, UAPI_MORE_END }, *name;

	text_format(env.dataplane_device, sizeof(env.dataplane_device), "%s", device);
	name = profile_uapi_name(profile, &env);
	for (size_t i = 0; *name && i < sizeof(dirs) / sizeof(dirs[0]) * 2; i++) {
		struct uapi_asker asker;

		if (uapi_asker_init(&asker, dirs[i / 2], name, ends[i % 2]) == 0)
			uapi_asker_remove(&asker);
	}
}

/* What it would go on with after a crash, and what others read of it; the directory too, when that was all in it. Where it was stays,
 * if it is to be looked for once more. found: something of it was there.
 * 0, or -errno: something of it is there still. */
static int clear_run_dir(const struct profile *profile, const char *run_dir, bool keep_place, bool *found)
{
	static const char *const ends[] = { ROAMED_END, NTP_END, ".sock" /* control/control.h */, PLACE_END };
	int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	char name[NAME_LEN];
	struct stat about;

	*found = false;
	if (fd < 0)
		return 0;
	applied_remove(fd, profile->name);
	if (!profile->dataplane)
		(void)unlinkat(fd, NAMES_FILE, 0);
	(void)unlinkat(fd, APPLIED_DIR, AT_REMOVEDIR);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) - keep_place; i++) {
		text_format(name, sizeof(name), "%s%s", profile->name, ends[i]);
		/* Where nothing can be written, unlinkat does not say that there is none. */
		if (fstatat(fd, name, &about, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*found = true;
		if (unlinkat(fd, name, 0) < 0)
			err = -errno;
	}
	close(fd);
	(void)rmdir(run_dir);
	return err;
}

int leftover_main(const struct profile *profile, const char *run_dir)
{
	char path[CONTROL_PATH_LEN], netns[PLACE_NETNS_LEN], alias[LINK_ALIAS_LEN], *words[] = { (char[]){ "version" }, NULL };
	struct place_links host, inner = { .ours = 0 };
	int served = control_path(path, run_dir, profile->name), err, ended, cleared;
	bool created, found;

	if (is_to_go_on())
		return 0;
	if (!served)
		served = control_begin(path, 1, words, SILENCE_MS);
	if (served >= 0) {
		close(served);
		(void)fprintf(stderr, "%s: the service runs: stop it, and it takes its interface along\n", profile->name);
		return 1;
	}
	text_format(alias, sizeof(alias), LINK_ALIAS_OURS "%s %s", profile->name, run_dir);
	err = clear(-1, alias, &host);
	text_format(path, sizeof(path), "%s/%s" PLACE_END, run_dir, profile->name);
	/* One that wrote no such file is where its kind is. */
	if (!place_kept(path, netns, &created))
		text_format(netns, sizeof(netns), "%s", profile->name);
	if (!err)
		err = clear_netns(profile, netns, created, alias, &inner);
	/* It ends by itself with its interface, unless it hangs. */
	ended = uapi_process_kill(alias);
	if (ended == -EBUSY)
		(void)fprintf(stderr, "%s: what carried it does not end\n", profile->name);
	else if (ended < 0)
		(void)fprintf(stderr, "%s: what carried it is not looked for: /proc: %s\n", profile->name, strerror(-ended));
	if (err < 0)
		(void)fprintf(stderr, "%s: its interface is not removed: %s\n", profile->name, strerror(-err));
	clear_sockets(profile, run_dir, host.name[0] ? host.name : inner.name);
	cleared = clear_run_dir(profile, run_dir, err < 0, &found);
	if (cleared < 0)
		(void)fprintf(stderr, "%s: what it left in %s is not removed: %s\n", profile->name, run_dir, strerror(-cleared));
	found = found || host.ours || inner.ours;
	if (!found && err >= 0 && ended >= 0 && !systemd_result())
		printf("%s: no service with --run %s left anything to remove\n", profile->name, run_dir);
	return err < 0 || ended < 0 || cleared < 0;
}
