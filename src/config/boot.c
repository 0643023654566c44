#include "config/boot.h"

#include "conf/edited.h"
#include "conf/set_pool.h"
#include "config/scheduled.h"

/* A set that ran once is as good as one that someone made elsewhere. */
static const char *reason(const struct store *store, int data_fd, const struct conf_set *files)
{
	unsigned number = store_find(store, files);
	struct about about;

	if (number == store->confirmed)
		return NULL;
	if (scheduled_is(store->dir_fd, files))
		return "wait for their time";
	if (number > store->confirmed && !store_about(store, number, &about) && about.state != ABOUT_CONFIRMED)
		return about.state == ABOUT_FAILED ? "were committed, and failed"
		     : about.state == ABOUT_SET_ASIDE ? "were set aside, and never committed" : "were committed, and never confirmed";
	return edited_are(data_fd) ? "were written at the console, and never committed" : NULL;
}

const char *boot_reason(const struct store *store, int data_fd)
{
	static struct diag diag;
	struct conf_set *set;
	const char *why;

	if (!store->confirmed)
		return NULL;
	set = set_pool_take();
	diag_clear(&diag, false);
	conf_set_load(set, data_fd, &diag);
	why = reason(store, data_fd, set);
	set_pool_give_back(set);
	return why;
}
