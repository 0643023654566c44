#include "config/boot.h"

#include <string.h>

#include "base/log.h"
#include "base/paths.h"
#include "conf/edited.h"
#include "config/held.h"

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
	conf_set_wipe(&set);
	if (owner_remember(owner) && why)
		held_tell(owner->generations.run_fd, owner->store.confirmed, why);
	return 0;
}
