#include "init/update.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/bootorder.h"
#include "init/bundle.h"
#include "init/slots.h"
#include "init/update_help.h"
#include "init/update_keys.h"
#include "init/update_peer.h"
#include "init/update_source.h"

#define DOWNGRADE "downgrade"
#define FROM "from"
#define UNTOUCHED "; nothing was changed"

enum { MIB = 1 << 20, PART_LEN = 1 << 16, SPARE_BYTES = 1 << 20 };

/* One update at its work. */
static struct work {
	struct update_source source;
	uint8_t header[BUNDLE_HEADER_LEN];
	struct bundle bundle;
	struct slot running, next;
	struct esp esp;
	int sbom; /* in memory, once the bundle was read; -1: not yet */
	bool told; /* what the bundle is */
	bool may_be_older;
	bool is_there; /* it was confirmed once, and is on the ESP: nothing is written */
} work = { .sbom = -1 };

/* ---- the bundle ---- */

/* Of the image, rounded up. */
static unsigned size_mib(void)
{
	uint64_t mib = work.bundle.uki_len / MIB + 1;

	return (unsigned)mib;
}

static bool refuse(const char *why)
{
	printf("%s: %s" UNTOUCHED "\n", work.source.place, why);
	return false;
}

static bool is_trusted(void)
{
	uint8_t keys[UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN];
	size_t count = update_keys_of_board(keys);

	switch (bundle_read(work.header, keys, count, &work.bundle)) {
	case BUNDLE_OK:
		return true;
	case BUNDLE_NONE:
		return refuse("it is no update");
	case BUNDLE_NEWER:
		return refuse("its format is not known to this version: update to one in between first");
	case BUNDLE_NOT_SIGNED:
		return refuse(count ? "its signature is of none of this board's keys" : "this board trusts no key (UPDATE_KEYS in board.conf)");
	case BUNDLE_BROKEN:
		break;
	}
	return refuse("its header is damaged");
}

/* All of it is read before anything is touched. */
static bool is_whole(void)
{
	char byte;
	int err;

	work.sbom = memfd_create("sbom", MFD_CLOEXEC);
	err = work.sbom < 0 ? -errno : update_source_pass(&work.source, work.bundle.uki_len, work.bundle.uki_sha256, -1);
	if (!err)
		err = update_source_pass(&work.source, work.bundle.sbom_len, work.bundle.sbom_sha256, work.sbom);
	if (!err && update_source_read(&work.source, &byte, 1) != -ENODATA)
		err = -EFBIG;
	if (err == -EBADMSG)
		return refuse("it is damaged: its sum is not what its signature covers");
	if (err == -ENODATA)
		return refuse("it is cut off");
	if (err == -EFBIG)
		return refuse("there is something behind its end");
	return err ? refuse(strerror(-err)) : true;
}

/* By its header, which is in work. */
static bool is_meant_for_this(void)
{
	char board[BUNDLE_BOARD_LEN], words[BUNDLE_WORDS_LEN];

	if (slice_copy(board_value("BOARD_NAME"), board, sizeof(board)) < 0)
		board[0] = '\0';
	if (!is_trusted())
		return false;
	if (!bundle_fits(&work.bundle, board, work.running.version, work.may_be_older, words))
		return refuse(words);
	if (!work.told)
		printf("%s: version %s, %u MiB\n", work.source.place, work.bundle.version, size_mib());
	work.told = true;
	(void)fflush(stdout);
	return true;
}

/* Before a peer sends the rest. */
static bool is_wanted(const uint8_t header[static BUNDLE_HEADER_LEN], uint64_t len)
{
	memcpy(work.header, header, sizeof(work.header));
	if (!is_meant_for_this())
		return false;
	return len == bundle_len(&work.bundle) || refuse("its length is not what its signature covers");
}

static bool check_bundle(void)
{
	int err = update_source_open(&work.source);

	if (!err)
		err = update_source_read(&work.source, work.header, sizeof(work.header));
	if (err < 0)
		return refuse(err == -ENODATA ? "it is no update" : strerror(-err));
	return is_meant_for_this() && is_whole();
}

/* ---- the ESP ---- */

static bool say_esp(const char *what, int err)
{
	printf("%s: %s: %s\n", work.esp.device, what, strerror(-err));
	return false;
}

static bool remove_slot(const struct slot *slot, const char *why)
{
	char name[SLOT_NAME_LEN];
	int err;

	slot_name(slot, name);
	err = slots_remove(&work.esp, slot);
	if (err < 0)
		return say_esp(name, err);
	printf("%s is removed: %s\n", name, why);
	return true;
}

static bool has_space(void)
{
	uint64_t free_bytes = 0;

	return !esp_free(&work.esp, &free_bytes) && free_bytes >= work.bundle.uki_len + work.bundle.sbom_len + SPARE_BYTES;
}

static bool remove_unconfirmed(const struct slot *slots, ssize_t count)
{
	for (ssize_t i = 0; i < count; i++)
		if (slots[i].counted && !remove_slot(&slots[i], "it was never confirmed"))
			return false;
	return true;
}

/* What runs and the newest confirmed one beside it are never touched; older ones go, the oldest first, while there is no room. */
static bool make_room(const struct slot *slots, ssize_t count)
{
	const struct slot *beside = NULL;

	for (ssize_t i = 0; i < count && !beside; i++)
		if (!slots[i].counted && strcmp(slots[i].version, work.running.version) != 0)
			beside = &slots[i];
	for (ssize_t i = count - 1; i >= 0 && !has_space(); i--)
		if (!slots[i].counted && &slots[i] != beside && strcmp(slots[i].version, work.running.version) != 0 &&
		    !remove_slot(&slots[i], "the ESP is full"))
			return false;
	if (has_space())
		return true;
	printf("%s: there is no room for %u MiB: remove what is not this system's from the ESP\n", work.esp.device, size_mib());
	return false;
}

/* What is wrong with the disk is said before it is needed. */
static bool prepare(void)
{
	struct slot slots[SLOTS_MAX];
	char path[SLOT_PATH_LEN];
	ssize_t count;
	int err = esp_try(&work.esp);

	if (err < 0)
		return say_esp("the disk takes no writes" UNTOUCHED, err);
	err = esp_mend(&work.esp);
	if (err < 0)
		return say_esp("fsck.fat cannot mend it", err);
	(void)esp_remove(&work.esp, SLOT_TEMPORARY); /* there is none as a rule */
	count = slots_list(&work.esp, slots);
	if (count < 0)
		return say_esp("cannot be read" UNTOUCHED, (int)count);
	slots_sweep_rests(&work.esp, slots, count);
	work.is_there = slots_have_confirmed(slots, count, work.next.version);
	if (work.is_there && !work.may_be_older) {
		printf("%s is on the ESP already, and confirmed: `reboot` starts it" UNTOUCHED "\n", work.next.version);
		return false;
	}
	if (!remove_unconfirmed(slots, count))
		return false;
	if (work.is_there)
		return true;
	if (!make_room(slots, count))
		return false;
	/* An image that cannot be loaded makes the loader give up: then the firmware starts this one. */
	slot_path(&work.running, path);
	err = bootorder_move(&work.esp.partition, path);
	if (err == -ENOENT)
		printf("this machine has no EFI variables: no boot entry is made\n");
	else if (err < 0)
		printf("the boot entry without the loader cannot be set: %s\n", strerror(-err));
	return !err || err == -ENOENT;
}

static int fill(void *arg, int fd)
{
	uint8_t header[BUNDLE_HEADER_LEN];
	int err = update_source_open(&work.source);

	(void)arg;
	if (!err)
		err = update_source_read(&work.source, header, sizeof(header));
	if (!err)
		err = update_source_pass(&work.source, work.bundle.uki_len, work.bundle.uki_sha256, fd);
	update_source_close(&work.source);
	return err;
}

static int compare(void *arg, int fd)
{
	static uint8_t part[PART_LEN];
	uint8_t is[SHA256_LEN];
	struct sha256_sum sum;
	ssize_t n;

	(void)arg;
	sha256_begin(&sum);
	while ((n = read(fd, part, sizeof(part))) > 0)
		sha256_add(&sum, part, (size_t)n);
	sha256_end(&sum, is);
	return n < 0 ? -errno : memcmp(is, work.bundle.uki_sha256, sizeof(is)) != 0 ? -EBADMSG : 0;
}

/* What the bundle is beside its image, for peers that take it from here. */
static int fill_rest(void *arg, int fd)
{
	off_t at = 0;
	ssize_t n = write(fd, work.header, sizeof(work.header));

	(void)arg;
	if (n != (ssize_t)sizeof(work.header))
		return n < 0 ? -errno : -EIO;
	while ((n = sendfile(fd, work.sbom, &at, PART_LEN)) > 0)
		continue;
	return n < 0 ? -errno : 0;
}

/* Its name counts last. */
static bool write_image(void)
{
	char name[SLOT_NAME_LEN], rest[SLOT_PATH_LEN];
	int err;

	printf("writing\n");
	(void)fflush(stdout);
	slot_rest_path(work.next.version, rest);
	err = esp_write(&work.esp, rest, fill_rest, NULL);
	if (!err)
		err = esp_write(&work.esp, SLOT_TEMPORARY, fill, NULL);
	if (!err) {
		printf("reading it back\n");
		(void)fflush(stdout);
		err = esp_read(&work.esp, SLOT_TEMPORARY, compare, NULL);
	}
	slot_name(&work.next, name);
	if (!err)
		err = esp_rename(&work.esp, SLOT_TEMPORARY, name);
	if (!err)
		return true;
	(void)esp_remove(&work.esp, SLOT_TEMPORARY);
	(void)esp_remove(&work.esp, rest);
	return say_esp(err == -EBADMSG ? "what was written is not what is read" : "cannot be written", err);
}

/* What is older than what runs is never the first that the loader takes: it is asked for, once. To the loader it is called as if it had
 * no counter. */
static bool ask_for_older(void)
{
	struct slot plain = { .counted = false };
	char name[SLOT_NAME_LEN];
	int err;

	memcpy(plain.version, work.next.version, sizeof(plain.version));
	slot_name(&plain, name);
	err = bootorder_once(name);
	if (!err)
		return true;
	printf("the loader cannot be told to start %s: %s\n", name, strerror(-err));
	if (!work.is_there)
		(void)slots_remove(&work.esp, &work.next);
	return false;
}

static bool put_on_esp(void)
{
	sigset_t interrupt;

	/* Ctrl-C is not to end a tool in the middle of a rename. */
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &interrupt, NULL);
	return prepare() && (work.is_there || write_image()) && (!work.may_be_older || ask_for_older());
}

/* ---- the command ---- */

static int usage(void)
{
	printf("usage: update FILE | usb | from NAME [" DOWNGRADE "], or update confirm\n");
	return 2;
}

static bool check_running(void)
{
	int err = slots_running(&work.running);

	if (err < 0)
		printf("this system was started from no ESP that could be updated\n");
	else if (work.running.counted)
		printf("%s is on trial: wait until it is confirmed (`show boot`)\n", work.running.version);
	return !err && !work.running.counted;
}

static bool open_esp(void)
{
	pid_t holder;
	int err = esp_open(&work.esp, &holder);

	if (err == -ENODEV)
		printf("no disk here has the ESP that this system was started from: `install` it first\n");
	else if (err == -EBUSY)
		printf("another process (%d) changes the ESP: try again\n", (int)holder);
	else if (err < 0)
		printf("the ESP: %s\n", strerror(-err));
	return !err;
}

/* By hand, for a box whose peers will not be heard, or that stepped back to an image that it had. */
static int confirm_now(void)
{
	struct slot running;
	int err = slots_running(&running);

	if (!err)
		err = slots_keep();
	if (!err)
		printf("%s is confirmed\n", running.version);
	else if (err == -EBUSY)
		printf("another process changes the ESP: try again\n");
	else
		printf("it cannot be confirmed: %s\n", strerror(-err));
	return err < 0;
}

static void say_done(void)
{
	if (work.is_there)
		printf("%s is on the ESP already: `reboot` starts it, once; `update confirm` there keeps it\n", work.next.version);
	else
		printf("%s is beside %s, on trial from the next boot on: `reboot`. If it is not good,\n%s runs again by itself.\n",
		       work.next.version, work.running.version, work.running.version);
}

int update_main(int argc, char **argv)
{
	bool done, from_peer;
	int where;

	if (argc == 2 && !strcmp(argv[1], "help")) {
		update_help();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "confirm"))
		return confirm_now();
	from_peer = argc > 2 && !strcmp(argv[1], FROM);
	where = from_peer ? 2 : 1;
	work.may_be_older = argc == where + 2 && !strcmp(argv[where + 1], DOWNGRADE);
	if (argc < 2 || argc != where + 1 + work.may_be_older)
		return usage();
	if (board_load(BOARD_FILE) < 0)
		printf("%s cannot be read\n", BOARD_FILE);
	if (!check_running() || !(from_peer ? update_peer_fetch(&work.source, argv[2], is_wanted) : update_source_find(&work.source, argv[1])))
		return 1;
	done = check_bundle();
	update_source_close(&work.source);
	if (!done)
		update_peer_drop(&work.source);
	if (!done || !open_esp())
		return 1;
	work.next = (struct slot){ .counted = true, .left = work.may_be_older ? 1 : SLOT_TRIES };
	text_format(work.next.version, sizeof(work.next.version), "%s", work.bundle.version);
	done = put_on_esp();
	esp_close(&work.esp);
	if (done) {
		update_peer_drop(&work.source);
		say_done();
	}
	return !done;
}
