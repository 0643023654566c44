#include "config/rollback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/pending.h"
#include "base/text.h"
#include "conf/files_lock.h"
#include "conf/left_out.h"
#include "conf/set_dir.h"
#include "conf/set_pool.h"
#include "conf/swap.h"
#include "config/files.h"
#include "config/held.h"
#include "config/say.h"
#include "config/schedule.h"
#include "crypto/key.h"

#define PUT_BACK_DIR "put-back" /* in RUN */

static char without_key[CONF_OTHER_MAX + 1], private_text[CONF_OTHER_MAX + 1];

static bool load_generation(const struct owner *owner, unsigned number, struct conf_set *set)
{
	static struct diag diag;
	int fd = owner->store_err < 0 ? owner->store_err : store_files(&owner->store, number);

	if (fd == -ENOENT) {
		(void)fprintf(stderr, "there is no generation %u: `history` lists them\n", number);
		return false;
	}
	if (fd < 0) {
		(void)fprintf(stderr, "generation %u cannot be read: %s\n", number, strerror(-fd));
		return false;
	}
	diag_clear(&diag, true);
	conf_set_load(set, fd, &diag);
	close(fd);
	return true;
}

/* Where the public file has our own section, that is by the key in force. */
static void replace_public(struct conf_text *text, const char *lost, const uint8_t public_key[static KEY_LEN])
{
	char now[KEY_BASE64_LEN];
	size_t len = strlen(lost);

	key_to_base64(public_key, now);
	for (size_t i = 0; len == KEY_BASE64_LEN - 1 && i + len <= text->len; i++)
		if (!memcmp(text->bytes + i, lost, len))
			memcpy(text->bytes + i, now, len);
}

/* The private key that a later one replaced is gone: the one in force serves. It is noted first: where a power cut left the key, it is none
 * all the same. */
static bool put_key(const struct owner *owner, unsigned number, struct conf_text texts[static CONF_FILES])
{
	struct conf_text *private = &texts[CONF_PRIVATE];
	struct about about = { 0 };
	struct conf_set *now;
	char missing[128];
	ssize_t len = -1, without_len;

	if (!private->present || store_about(&owner->store, number, &about) < 0 || !about.lost_key[0])
		return true;
	now = set_pool_take();
	without_len = left_out_take(CONF_PRIVATE, (struct slice){ private->bytes, private->len }, without_key, sizeof(without_key));
	if (without_len >= 0 && load_generation(owner, owner->store.confirmed, now)) {
		len = left_out_put((struct slice){ without_key, (size_t)without_len }, &now->vpn, private_text, sizeof(private_text), missing,
				   sizeof(missing));
		if (texts[CONF_PUBLIC].present)
			replace_public(&texts[CONF_PUBLIC], about.lost_key, now->vpn.public_key);
	}
	set_pool_give_back(now);
	if (len < 0) {
		(void)fprintf(stderr, "generation %u has lost its private key, and there is no other: nothing was changed\n", number);
		return false;
	}
	private->bytes = private_text;
	private->len = (size_t)len;
	printf("the private key of generation %u was replaced since: the one in force goes on\n", number);
	return true;
}

static void choose_modes(const struct owner *owner, mode_t modes[static CONF_FILES])
{
	struct stat st;

	for (enum conf_file file = 0; file < CONF_FILES; file++) {
		bool there = !fstatat(owner->data_fd, conf_file_name(file), &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);

		modes[file] = there ? st.st_mode & 0777 : 0644;
		if (file == CONF_PRIVATE || file == CONF_PUBLIC)
			modes[file] = 0600;
	}
}

/* Work that was never committed is not lost by a word: false when it cannot be kept. */
static bool set_files_aside(struct owner *owner)
{
	struct about about = { .state = ABOUT_SET_ASIDE, .when_s = time(NULL), .by = "console" };
	static struct diag diag;
	struct conf_set *files;
	unsigned number = owner->store_err < 0 ? 0 : store_next(&owner->store, 0);
	bool kept = true;

	if (owner->store_err < 0)
		return false;
	files = set_pool_take();
	diag_clear(&diag, false);
	conf_set_load(files, owner->data_fd, &diag);
	text_format(about.summary, sizeof(about.summary), "the files as they were, never applied");
	if (!store_find(&owner->store, files)) {
		kept = store_write(&owner->store, number, files, &about) == 0;
		if (kept)
			printf("the files had changes that were never applied: they are kept as generation %u\n", number);
	}
	set_pool_give_back(files);
	return kept;
}

static void leave_files(struct owner *owner)
{
	swap_drop(owner->data_fd);
}

/* It runs by now, and is confirmed next: a power cut between leaves files that were never confirmed. */
static void replace_files(struct owner *owner)
{
	bool counts;
	int err;

	if (!set_files_aside(owner)) {
		(void)fprintf(stderr, "warning: it runs, but the files stay: they had changes that were never applied, and those cannot be "
			      "kept\n");
		owner->replace = leave_files;
		leave_files(owner);
		return;
	}
	err = swap_commit(owner->data_fd, &counts);
	if (err < 0)
		(void)fprintf(stderr, "warning: it runs, but the files could not be replaced: %s: a boot takes them as they are\n",
			      strerror(-err));
}

/* Where a disk takes nothing, from memory: that it is full is no reason to leave running what is to be undone. */
static int prepare_in_memory(struct owner *owner, struct conf_set *set, const struct conf_text texts[static CONF_FILES], int disk_err)
{
	int err;

	memcpy(set->texts, texts, sizeof(set->texts));
	err = set_dir_write(owner->generations.run_fd, PUT_BACK_DIR, set, ~0u, false);
	if (!err)
		err = set_dir_open(owner->generations.run_fd, PUT_BACK_DIR);
	if (err < 0) {
		(void)fprintf(stderr, "the files cannot be written: %s: nothing was changed\n", strerror(-disk_err));
		return err;
	}
	(void)fprintf(stderr, "warning: the files cannot be written: %s: it runs, and they stay as they are\n", strerror(-disk_err));
	owner->replace = leave_files;
	return err;
}

/* Beside the files, which they replace once they run: a descriptor that the caller closes, or -1, told. */
static int prepare(struct owner *owner, unsigned number)
{
	struct conf_text texts[CONF_FILES];
	mode_t modes[CONF_FILES];
	struct conf_set *set;
	int fd = -1, err;

	err = files_lock(owner->data_fd, FILES_CHANGE);
	if (err < 0) {
		say_err("%s: nothing was changed", files_lock_words(err));
		return -1;
	}
	set = set_pool_take();
	if (load_generation(owner, number, set)) {
		memcpy(texts, set->texts, sizeof(texts));
		choose_modes(owner, modes);
		if (put_key(owner, number, texts)) {
			owner->replace = replace_files;
			fd = swap_prepare(owner->data_fd, texts, modes);
			if (fd < 0)
				fd = prepare_in_memory(owner, set, texts, fd);
		}
	}
	wipe(private_text, sizeof(private_text));
	set_pool_give_back(set);
	return fd < 0 ? -1 : fd;
}

int rollback_to(struct owner *owner, unsigned number)
{
	char summary[CONF_SUMMARY_LEN], by[ABOUT_BY_LEN];
	int fd = prepare(owner, number), status = 1;
	struct conf_set *set;

	if (fd < 0)
		return status;
	text_format(by, sizeof(by), "put back %u", number);
	set = set_pool_take();
	if (files_load(set, fd, summary))
		status = owner_commit(owner, set, by, summary);
	if (status)
		swap_drop(owner->data_fd);
	else
		printf("generation %u is put back%s\n", number, owner->replace == replace_files ? ", the files with it" : "");
	set_dir_remove(owner->generations.run_fd, PUT_BACK_DIR);
	set_pool_give_back(set);
	close(fd);
	return status;
}

/* What waits for a word gets this one; the files stay, to be mended. */
static int undo_pending(struct owner *owner)
{
	int status = owner_put_back(owner, PENDING_UNDONE);

	if (status)
		say_err("not all could be put back: it is tried again in the background, and `show` tells");
	else if (owner->undone)
		say("what was confirmed before runs again; the files stay as they are");
	else
		say("it was confirmed already, and runs");
	(void)fflush(stdout);
	owner_tell_undone(owner);
	return status;
}

/* What was put back by itself is no change to be undone. */
static bool tell_put_back(const struct store *store, unsigned before)
{
	unsigned newest = store->numbers[store->count - 1];
	struct about about;

	if (newest < store->confirmed || store_about(store, newest, &about) < 0 ||
	    (about.state != ABOUT_FAILED && about.state != ABOUT_UNDONE))
		return false;
	say("generation %u, the last that was applied, has been put back already (%s):", newest, about_state_words[about.state]);
	say("generation %u runs, and `undo` would go back behind that, to generation %u.", store->confirmed, before);
	return true;
}

/* Neither are files that do not run. */
static bool tell_waiting(const struct owner *owner, unsigned before)
{
	const struct store *store = &owner->store;
	static struct diag diag;
	struct conf_set *files = set_pool_take();
	bool wait;

	diag_clear(&diag, false);
	conf_set_load(files, owner->data_fd, &diag);
	wait = store_find(store, files) != store->confirmed;
	set_pool_give_back(files);
	if (!wait)
		return false;
	say("the files wait for `reconfigure`: `undo` is not about them, but about what RUNS, generation %u.", store->confirmed);
	say("`rollback %u` discards them; `undo` does so too, and goes back to generation %u. `history` keeps them.", store->confirmed,
	    before);
	return true;
}

/* 0, or the exit status after it told why not. */
static int may_undo(const struct owner *owner, unsigned before)
{
	bool put_back = tell_put_back(&owner->store, before), waiting = tell_waiting(owner, before);

	if ((!put_back && !waiting) || owner->force || owner_may(owner, "go back to that (yes/no)?"))
		return 0;
	say("nothing was changed: `undo --force` if it is meant");
	return EXIT_ASKED;
}

int rollback_undo(struct owner *owner)
{
	struct pending pending;
	unsigned before;
	int status;

	if (pending_read(owner->generations.run_fd, &pending))
		return undo_pending(owner);
	if (schedule_cancel(owner))
		return 0;
	if (held_is(owner->generations.run_fd)) {
		say_err("what was confirmed last runs already, in place of the files: nothing was changed.");
		say_err("`show` tells why; `diff` the difference; `rollback N` puts an earlier generation back.");
		return 1;
	}
	status = owner_load(owner);
	if (status)
		return status;
	before = owner->store_err < 0 ? 0 : store_before(&owner->store);
	if (!before) {
		say_err("there is nothing before it to put back: `history` lists the generations");
		return 1;
	}
	status = may_undo(owner, before);
	if (status)
		return status;
	say("generation %u takes the place of generation %u", before, owner->store.confirmed);
	return rollback_to(owner, before);
}
