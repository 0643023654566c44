#include "init/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/bootorder.h"
#include "init/firmware.h"
#include "init/update_keys.h"

#define CONFIRMED_PATH RUN_DIR "/" IMAGE_CONFIRMED_FILE

enum { NAMED_LEN = 256 };

/* ---- which one runs ---- */

static bool parse_path(const char *path, struct slot *slot)
{
	const char *end = strrchr(path, '\\');

	return slot_name_parse(end ? end + 1 : path, slot);
}

/* The stub has the name behind the loader's rename; where the firmware's file system took no rename, the old one. */
static int running_as_booted(struct slot *slot)
{
	static const char *const variables[] = { "StubImageIdentifier", "LoaderBootCountPath", "LoaderEntrySelected" };
	char named[NAMED_LEN];

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (firmware_read(variables[i], named, sizeof(named)) && parse_path(named, slot))
			return 0;
	return -ENOENT;
}

int slots_running(struct slot *slot)
{
	int err = running_as_booted(slot);

	if (!err && slot->counted && access(CONFIRMED_PATH, F_OK) == 0) {
		slot->counted = false;
		slot->left = slot->done = 0;
	}
	return err;
}

/* ---- which there are ---- */

struct listing {
	struct slot *slots;
	ssize_t count;
	bool temporary;
};

static void list_name(void *arg, const char *name)
{
	struct listing *listing = arg;
	struct slot slot;

	if (slice_equal_nocase(slice_of(name), SLOT_TEMPORARY))
		listing->temporary = true;
	else if (listing->count < SLOTS_MAX && slot_name_parse(name, &slot))
		listing->slots[listing->count++] = slot;
}

static int newest_first(const void *a, const void *b)
{
	return slot_compare_versions(((const struct slot *)b)->version, ((const struct slot *)a)->version);
}

static int list(const struct esp *esp, struct listing *listing)
{
	int err = esp_each(esp, "", list_name, listing);

	if (!err)
		qsort(listing->slots, (size_t)listing->count, sizeof(listing->slots[0]), newest_first);
	return err;
}

ssize_t slots_list(const struct esp *esp, struct slot slots[static SLOTS_MAX])
{
	struct listing listing = { .slots = slots };
	int err = list(esp, &listing);

	return err < 0 ? err : listing.count;
}

void slot_path(const struct slot *slot, char path[static SLOT_PATH_LEN])
{
	char name[SLOT_NAME_LEN];

	slot_name(slot, name);
	text_format(path, SLOT_PATH_LEN, "\\EFI\\Linux\\%s", name);
}

/* ---- with what a bundle is beside them ---- */

#define REST_FOLDER "/loader"
#define REST_BEFORE "bundle_"

void slot_rest_path(const char *version, char path[static SLOT_PATH_LEN])
{
	text_format(path, SLOT_PATH_LEN, REST_FOLDER "/" REST_BEFORE "%s", version);
}

int slots_remove(const struct esp *esp, const struct slot *slot)
{
	char name[SLOT_NAME_LEN], path[SLOT_PATH_LEN];
	int err;

	slot_name(slot, name);
	slot_rest_path(slot->version, path);
	err = esp_remove(esp, name);
	if (!err)
		(void)esp_remove(esp, path); /* one from the factory may have none */
	return err;
}

struct rests {
	const struct slot *slots;
	ssize_t count;
	char without[SLOTS_MAX][SLOT_VERSION_LEN];
	size_t without_count;
};

static void look_at_rest(void *arg, const char *name)
{
	struct rests *rests = arg;
	const char *version = name + strlen(REST_BEFORE);

	if (strncmp(name, REST_BEFORE, strlen(REST_BEFORE)) != 0 || !slot_is_version(version) || rests->without_count == SLOTS_MAX)
		return;
	for (ssize_t i = 0; i < rests->count; i++)
		if (!strcmp(rests->slots[i].version, version))
			return;
	text_format(rests->without[rests->without_count++], SLOT_VERSION_LEN, "%s", version);
}

void slots_sweep_rests(const struct esp *esp, const struct slot *slots, ssize_t count)
{
	struct rests rests = { .slots = slots, .count = count };
	char path[SLOT_PATH_LEN];

	(void)esp_each(esp, REST_FOLDER, look_at_rest, &rests);
	for (size_t i = 0; i < rests.without_count; i++) {
		slot_rest_path(rests.without[i], path);
		(void)esp_remove(esp, path);
	}
}

/* ---- confirmed ---- */

/* The name that it has on the disk by now. */
static const struct slot *find_counted(const struct slot *slots, ssize_t count, const char *version)
{
	for (ssize_t i = 0; i < count; i++)
		if (slots[i].counted && !strcmp(slots[i].version, version))
			return &slots[i];
	return NULL;
}

bool slots_have_confirmed(const struct slot *slots, ssize_t count, const char *version)
{
	for (ssize_t i = 0; i < count; i++)
		if (!slots[i].counted && !strcmp(slots[i].version, version))
			return true;
	return false;
}

/* Who stepped back meant it: the loader would take the newest again. Not before the firmware knows another one. One on trial is what
 * someone wants next. */
static void remove_newer(const struct esp *esp, const struct slot *slots, ssize_t count, const char *version)
{
	char name[SLOT_NAME_LEN];

	for (ssize_t i = 0; i < count; i++) {
		int err;

		if (slots[i].counted || slot_compare_versions(slots[i].version, version) <= 0)
			continue;
		slot_name(&slots[i], name);
		err = slots_remove(esp, &slots[i]);
		if (err < 0)
			log_err("%s is newer than what was stepped back to, and cannot be removed: %s", name, strerror(-err));
		else
			log_info("%s is removed: it was stepped back from", name);
	}
}

static int confirm_on(const struct esp *esp, struct slot *running)
{
	struct slot slots[SLOTS_MAX];
	char from[SLOT_NAME_LEN], to[SLOT_NAME_LEN], path[SLOT_PATH_LEN];
	ssize_t count = slots_list(esp, slots);
	const struct slot *counted;
	int err = 0;

	if (count < 0)
		return (int)count;
	counted = find_counted(slots, count, running->version);
	running->counted = false;
	running->left = running->done = 0;
	slot_name(running, to);
	if (counted) {
		slot_name(counted, from);
		err = esp_rename(esp, from, to);
	} else if (!slots_have_confirmed(slots, count, running->version)) {
		err = -ENOENT;
	}
	if (err < 0)
		return err;
	if (counted)
		log_info("%s is confirmed", to);
	(void)file_put(CONFIRMED_PATH, "", 0);
	slot_path(running, path);
	err = bootorder_move(&esp->partition, path);
	if (err < 0 && err != -ENOENT)
		log_err("the boot entry without the loader still starts the version before: %s", strerror(-err));
	remove_newer(esp, slots, count, running->version);
	return 0;
}

int slots_confirm(void)
{
	struct slot running;
	int err = slots_running(&running);

	return err < 0 || !running.counted ? err : slots_keep();
}

int slots_keep(void)
{
	struct slot running;
	struct esp esp;
	pid_t holder;
	int err = slots_running(&running);

	if (err < 0)
		return err;
	err = esp_open(&esp, &holder);
	if (err < 0)
		return err;
	err = confirm_on(&esp, &running);
	esp_close(&esp);
	return err;
}

/* ---- at boot ---- */

static bool trusts_anyone(void)
{
	uint8_t keys[UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN];

	return update_keys_are_for_tests(keys, update_keys_of_board(keys));
}

int slots_describe(char *words, size_t cap)
{
	struct slot running;
	char name[SLOT_NAME_LEN] = "none of an ESP";
	struct text text;

	text_init(&text, words, cap);
	if (!slots_running(&running))
		slot_name(&running, name);
	else
		running = (struct slot){ 0 };
	text_add(&text, "%s", name);
	if (running.counted)
		text_add(&text, ", on trial, %u %s left", running.left, slot_tries(running.left));
	if (trusts_anyone())
		text_add(&text, "; DEVELOPMENT KEYS: anyone can make an update for it");
	return 0;
}

static int sweep(const struct esp *esp)
{
	struct slot slots[SLOTS_MAX];
	struct listing listing = { .slots = slots };
	int err = list(esp, &listing);

	if (err < 0 || !listing.temporary)
		return err;
	err = esp_mend(esp);
	if (!err)
		err = esp_remove(esp, SLOT_TEMPORARY);
	if (!err)
		log_info("%s: an update that was cut off is removed", esp->device);
	return err;
}

int slots_sweep(void)
{
	struct esp esp;
	pid_t holder;
	int err = esp_open(&esp, &holder);

	if (err == -ENODEV)
		return 0;
	if (!err) {
		err = sweep(&esp);
		esp_close(&esp);
	}
	if (err < 0)
		log_err("the ESP could not be looked through: %s", strerror(-err));
	return err < 0;
}
