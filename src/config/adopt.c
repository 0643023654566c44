#include "config/adopt.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/paths.h"
#include "conf/applied.h"
#include "conf/set_dir.h"
#include "conf/set_pool.h"
#include "conf/set_sum.h"

/* The paths keep all four files, the NICs the one that is theirs. */
static bool kept_by_all(int data_fd, const struct conf_set *set)
{
	int all = set_dir_open(data_fd, APPLIED_DIR);
	bool same = all >= 0 && set_dir_same(all, NAME_MANAGEMENT, set, ~0u) && set_dir_same(all, NAME_DATAPLANE, set, ~0u) &&
		    set_dir_same(all, NAME_NETWORK, set, 1u << CONF_NETWORK);

	if (all >= 0)
		close(all);
	return same;
}

static struct conf_facts no_facts; /* of a host: what they make of these files is no matter here. const, its zeros would be in the binary */

static bool load(int data_fd, struct conf_set *set, struct diag *diag)
{
	static struct diag unseen;
	int fd = applied_open(data_fd, NAME_MANAGEMENT);

	if (fd < 0)
		return false;
	diag_clear(diag, true);
	diag_clear(&unseen, true);
	conf_set_load(set, fd, diag);
	close(fd);
	/* Which of the peers is this instance: it counts in no summary. What is found by that is no news. */
	conf_set_check(set, &no_facts, false, &unseen);
	return kept_by_all(data_fd, set);
}

bool adopt_sum(int data_fd, uint8_t sum[static KEY_LEN])
{
	int fd = applied_open(data_fd, NAME_MANAGEMENT);
	bool known = fd >= 0 && !set_sum_of(fd, sum);

	if (fd >= 0)
		close(fd);
	return known;
}

/* Left behind when a commit was confirmed and the power went, or the disk failed, before the services kept it. */
static bool is_left(const struct store *store, int data_fd)
{
	uint8_t sum[KEY_LEN];

	return store->has_left && adopt_sum(data_fd, sum) && !memcmp(sum, store->left, KEY_LEN);
}

/* By then they had come up. */
static int64_t when_kept(int data_fd)
{
	int fd = applied_open(data_fd, NAME_MANAGEMENT);
	struct stat st;
	int64_t when_s = fd >= 0 && fstat(fd, &st) == 0 ? st.st_mtime : time(NULL);

	if (fd >= 0)
		close(fd);
	return when_s;
}

static int adopt(struct store *store, int data_fd, const struct conf_set *set, const struct diag *diag)
{
	struct about about = { .state = ABOUT_NEW, .when_s = when_kept(data_fd), .by = "boot" };
	unsigned number = store_find(store, set);
	int err = 0;

	if (number && number == store->confirmed)
		return 0;
	if (number <= store->confirmed) {
		number = store_next(store, 0);
		(void)conf_set_summary(set, diag, about.summary);
		err = store_write(store, number, set, &about);
	}
	return err < 0 ? err : store_confirm(store, number, NULL);
}

int adopt_applied(struct store *store, int data_fd)
{
	struct conf_set *set = set_pool_take();
	static struct diag diag;
	int err = 0;

	if (load(data_fd, set, &diag) && !is_left(store, data_fd))
		err = adopt(store, data_fd, set, &diag);
	set_pool_give_back(set);
	return err;
}
