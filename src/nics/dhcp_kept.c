#include "nics/dhcp_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"

enum { AGAIN_S = 60 };

void dhcp_kept_get(const char *dir, struct leases *leases)
{
	static char bytes[LEASES_TEXT_MAX];
	char path[PATH_MAX];

	leases->count = 0;
	text_format(path, sizeof(path), "%s/" LEASES_FILE, dir ? dir : "");
	if (dir && file_read(AT_FDCWD, path, bytes, sizeof(bytes)) > 0)
		leases_read(leases, slice_of(bytes));
}

/* What is so already is not written: each event of the host comes by here. Empty: there is no file. */
static void put(const char *run_dir, const char *name, const char *bytes, size_t len)
{
	static char before[LEASES_TEXT_MAX];
	char path[PATH_MAX];
	ssize_t n;
	int err;

	text_format(path, sizeof(path), "%s/%s", run_dir, name);
	if (!len) {
		(void)unlink(path);
		return;
	}
	n = file_read(AT_FDCWD, path, before, sizeof(before));
	if (n == (ssize_t)len && !memcmp(before, bytes, len))
		return;
	err = file_put(path, bytes, len);
	if (err < 0)
		log_err("cannot write %s: %s", path, strerror(-err));
}

void dhcp_kept_put(const char *run_dir, const struct leases *leases)
{
	static char bytes[LEASES_TEXT_MAX];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	leases_write(leases, &text);
	put(run_dir, LEASES_FILE, bytes, text.len);
}

void dhcp_kept_put_trouble(const char *run_dir, const struct text *sentences)
{
	put(run_dir, LEASES_TROUBLE_FILE, sentences->buf, sentences->len);
}

void dhcp_kept_put_ntp(const char *run_dir, const struct inet_addr *servers, size_t count)
{
	char bytes[DHCP_NTP_MAX * INET_ADDR_STRLEN], addr[INET_ADDR_STRLEN];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	for (size_t i = 0; i < count; i++)
		text_add(&text, "%s\n", inet_addr_text(&servers[i], addr));
	put(run_dir, DHCP_NTP_FILE, bytes, text.len);
}

/* ---- the partition ---- */

static void save(int fd, const void *arg)
{
	const struct dhcp_kept *kept = arg;
	int dir_fd = open(kept->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir_fd < 0 ? -errno : file_replace(dir_fd, LEASES_FILE, kept->bytes, kept->len, 0600);

	if (write(fd, &err, sizeof(err)) < 0)
		_exit(1);
}

static void start(struct dhcp_kept *kept);

static void later_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	start(container_of(timer, struct dhcp_kept, later));
}

static void save_failed(struct dhcp_kept *kept, int err)
{
	if (!kept->failed)
		log_err("leases are not kept for the next boot: %s", strerror(-err));
	kept->failed = true;
	loop_timer_set(kept->loop, &kept->later, clock_now_ns() + AGAIN_S * NS_PER_S, later_fires);
}

static void saved(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct dhcp_kept *kept = container_of(source, struct dhcp_kept, writer.source);
	int err;

	(void)events;
	(void)now_ns;
	if (read(source->fd, &err, sizeof(err)) == sizeof(err)) {
		kept->failed = kept->failed && err < 0;
		if (err < 0)
			save_failed(kept, err);
		return;
	}
	(void)helper_end(&kept->writer);
	if (kept->again)
		start(kept);
}

static void start(struct dhcp_kept *kept)
{
	struct text text;
	int err;

	kept->again = kept->writer.child || kept->read;
	if (kept->again)
		return;
	text_init(&text, kept->bytes, sizeof(kept->bytes));
	leases_write(&kept->leases, &text);
	kept->len = text.len;
	err = helper_start(&kept->writer, kept->loop, save, kept, -1, saved);
	if (err < 0)
		save_failed(kept, err);
}

static void load(int fd, const void *arg)
{
	const struct dhcp_kept *kept = arg;

	dhcp_kept_get(kept->dir, kept->read);
	if (write(fd, "", 1) < 0)
		_exit(1);
}

/* What was given since is newer. */
static void take_read(struct dhcp_kept *kept)
{
	for (size_t i = 0; i < kept->read->count; i++) {
		const struct nic_leases *was = &kept->read->list[i];
		struct link link = { .index = 0 };
		struct nic_leases *its;

		memcpy(link.name, was->nic, sizeof(link.name));
		memcpy(link.own_mac, was->mac, sizeof(link.own_mac));
		its = leases_put(&kept->leases, &link);
		for (int family = 0; its && family < LEASE_FAMILIES; family++)
			if (!its->by[family].address.addr.family)
				its->by[family] = was->by[family];
	}
}

static void forget_read(struct dhcp_kept *kept)
{
	munmap(kept->read, sizeof(*kept->read));
	kept->read = NULL;
}

static void loaded(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct dhcp_kept *kept = container_of(source, struct dhcp_kept, reader.source);
	char byte;

	(void)events;
	(void)now_ns;
	if (read(source->fd, &byte, 1) == 1)
		take_read(kept);
	(void)helper_end(&kept->reader);
	forget_read(kept);
	if (kept->again)
		start(kept);
	kept->known(kept);
}

void dhcp_kept_open(struct dhcp_kept *kept, struct loop *loop, const char *dir, void (*known)(struct dhcp_kept *kept))
{
	void *shared = dir ? mmap(NULL, sizeof(*kept->read), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	int err;

	kept->loop = loop;
	kept->dir = dir;
	kept->known = known;
	if (!dir)
		return;
	err = shared == MAP_FAILED ? -errno : 0;
	if (!err) {
		kept->read = shared;
		err = helper_start(&kept->reader, loop, load, kept, -1, loaded);
		if (err < 0)
			forget_read(kept);
	}
	if (err < 0)
		log_err("leases of before are not known: %s", strerror(-err));
}

void dhcp_kept_write(struct dhcp_kept *kept)
{
	if (kept->dir)
		start(kept);
}

void dhcp_kept_close(struct dhcp_kept *kept)
{
	loop_timer_clear(kept->loop, &kept->later);
	helper_kill(&kept->reader);
	helper_kill(&kept->writer);
	if (kept->read)
		forget_read(kept);
}
