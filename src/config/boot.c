#include "config/boot.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/applied.h"
#include "conf/edited.h"

enum { WORDS_LEN = 256 };

/* Why the files are not to run, NULL: they are. A set that ran once is as good as one that someone made elsewhere. */
static const char *reason(const struct owner *owner, const struct conf_set *files)
{
	unsigned number = store_find(&owner->store, files);
	struct about about;

	if (number == owner->store.confirmed)
		return NULL;
	if (number > owner->store.confirmed && !store_about(&owner->store, number, &about) && about.state != ABOUT_CONFIRMED)
		return about.state == ABOUT_FAILED ? "were committed, and failed"
		     : about.state == ABOUT_SET_ASIDE ? "were set aside, and never committed" : "were committed, and never confirmed";
	return edited_are(owner->data_fd) ? "were written at the console, and never committed" : NULL;
}

/* What the services fall back to is in memory: false when it cannot be had. */
static bool load_confirmed(const struct owner *owner, struct conf_set *set)
{
	static struct diag diag;
	int fd = store_files(&owner->store, owner->store.confirmed), err;

	if (fd < 0)
		return false;
	diag_clear(&diag, true);
	conf_set_load(set, fd, &diag);
	close(fd);
	err = diag.error_count ? -EINVAL : applied_save(owner->generations.run_fd, APPLIED_CONFIRMED, set, ~0u, false);
	if (err < 0)
		log_err("generation %u, which is confirmed, cannot be had: %s", owner->store.confirmed, strerror(-err));
	return !err;
}

static void hold(const struct owner *owner, const char *why)
{
	char words[WORDS_LEN];

	text_format(words, sizeof(words), "the files %s: generation %u runs, which was confirmed last; `diff` tells the difference, "
		    "`reconfigure` applies the files\n", why, owner->store.confirmed);
	log_err("%.*s", (int)strlen(words) - 1, words);
	(void)file_replace(owner->generations.run_fd, HELD_FILE, words, strlen(words), 0600);
}

int boot_decide(struct owner *owner)
{
	static struct conf_set set;
	static struct diag diag;
	const char *why;

	if (owner->store_err < 0)
		log_err("%s/" GENERATIONS_DIR ": %s", owner->data_dir, strerror(-owner->store_err));
	if (!owner->store.confirmed)
		return 0;
	diag_clear(&diag, false);
	conf_set_load(&set, owner->data_fd, &diag);
	why = reason(owner, &set);
	if (load_confirmed(owner, &set) && why)
		hold(owner, why);
	conf_set_wipe(&set);
	return 0;
}
