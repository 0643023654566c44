#include "init/offer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "init/board.h"
#include "init/bundle.h"
#include "init/slots.h"
#include "init/update_keys.h"

enum { PART_LEN = 1 << 16 };

static struct offer {
	struct bundle bundle;
	struct slot running;
} offer;

/* len bytes of a pipe to a place of standard output: -EBADMSG when they have another sum, or are fewer or more. */
static int pass(int from, uint64_t at, uint64_t len, const uint8_t sha[static SHA256_LEN])
{
	static uint8_t part[PART_LEN];
	uint8_t is[SHA256_LEN];
	struct sha256_sum sum;
	uint64_t end = at + len;
	ssize_t n;

	sha256_begin(&sum);
	while ((n = read(from, part, sizeof(part))) > 0) {
		if ((uint64_t)n > end - at)
			return -EBADMSG;
		sha256_add(&sum, part, (size_t)n);
		for (ssize_t done = 0; done < n;) {
			ssize_t written = pwrite(STDOUT_FILENO, part + done, (size_t)(n - done), (off_t)at);

			if (written <= 0)
				return written < 0 ? -errno : -ENOSPC;
			done += written;
			at += (uint64_t)written;
		}
	}
	sha256_end(&sum, is);
	return n < 0 ? -errno : at != end || memcmp(is, sha, sizeof(is)) != 0 ? -EBADMSG : 0;
}

static int take_rest(void *arg, int fd)
{
	uint8_t header[BUNDLE_HEADER_LEN], keys[UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN];
	const struct bundle *bundle = &offer.bundle;
	size_t count = update_keys_of_board(keys), len = 0;
	ssize_t n = 1;

	(void)arg;
	while (len < sizeof(header) && (n = read(fd, header + len, sizeof(header) - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return -errno;
	if (len < sizeof(header))
		return -ENOENT;
	if (bundle_read(header, keys, count, &offer.bundle) != BUNDLE_OK || strcmp(bundle->version, offer.running.version) != 0)
		return -EBADMSG;
	if (pwrite(STDOUT_FILENO, header, sizeof(header), 0) != sizeof(header))
		return -errno;
	return pass(fd, sizeof(header) + bundle->uki_len, bundle->sbom_len, bundle->sbom_sha256);
}

static int take_image(void *arg, int fd)
{
	const struct bundle *bundle = arg;

	return pass(fd, BUNDLE_HEADER_LEN, bundle->uki_len, bundle->uki_sha256);
}

/* Under the name that it has by now: it may have been confirmed since it was started. */
static int read_image(const struct esp *esp)
{
	struct slot slots[SLOTS_MAX];
	char name[SLOT_NAME_LEN];
	ssize_t count = slots_list(esp, slots);

	for (ssize_t i = 0; i < count; i++)
		if (!strcmp(slots[i].version, offer.running.version)) {
			slot_name(&slots[i], name);
			return esp_read(esp, name, take_image, &offer.bundle);
		}
	return count < 0 ? (int)count : -ENOENT;
}

int offer_main(void)
{
	char path[SLOT_PATH_LEN];
	struct esp esp;
	int err = slots_running(&offer.running);

	log_open("offer");
	/* What is not known to be good yet is not handed on. */
	if (!err && offer.running.counted) {
		log_info("%s is on trial: peers get it once it is confirmed", offer.running.version);
		return 1;
	}
	if (!err)
		err = board_load(BOARD_FILE);
	if (!err)
		err = esp_find(&esp);
	if (!err) {
		slot_rest_path(offer.running.version, path);
		err = esp_read(&esp, path, take_rest, NULL);
	}
	if (!err)
		err = read_image(&esp);
	if (err == -EBADMSG)
		log_err("the ESP has something else than the bundle of %s that this board's keys sign: peers get no update from here",
			offer.running.version);
	else if (err < 0)
		log_info("there is no update for peers here: the image that runs came by none, or its ESP is not to be read (%s)", strerror(-err));
	return err < 0;
}
