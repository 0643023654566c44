#include "config/access.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "conf/applied.h"
#include "conf/set_pool.h"
#include "conf/set_sum.h"
#include "config/adopt.h"
#include "config/numbers.h"
#include "config/say.h"

enum { CONFIRMED_LEN = NUMBER_NAME_LEN + KEY_HEX_LEN + 1 };

/* ---- what is confirmed, in memory ---- */

/* As the file has it. The number is that of these files alone: whoever is killed between the two leaves a number that is not known. */
static bool describe_remembered(const struct owner *owner, unsigned number, char text[static CONFIRMED_LEN])
{
	int fd = applied_open(owner->generations.run_fd, APPLIED_CONFIRMED), err = fd;
	char hex[KEY_HEX_LEN];
	uint8_t sum[KEY_LEN];

	if (fd >= 0) {
		err = set_sum_of(fd, sum);
		close(fd);
	}
	if (err < 0)
		return false;
	key_to_hex(sum, hex);
	text_format(text, CONFIRMED_LEN, "%u %s\n", number, hex);
	return true;
}

unsigned owner_remembered(const struct owner *owner)
{
	char text[CONFIRMED_LEN], wanted[CONFIRMED_LEN];
	ssize_t n = file_read(owner->generations.run_fd, CONFIRMED_FILE, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, word;
	uint64_t number;

	if (!slice_cut(&rest, ' ', &word) || text_uint(word, NUMBER_MAX, &number) ||
	    !describe_remembered(owner, (unsigned)number, wanted) || strlen(wanted) != (size_t)n || memcmp(text, wanted, (size_t)n) != 0)
		return 0;
	return (unsigned)number;
}

int owner_remember_as(const struct owner *owner, unsigned number, int fd)
{
	struct conf_set *set = set_pool_take();
	static struct diag diag;
	char text[CONFIRMED_LEN];
	int err = fd;

	diag_clear(&diag, true);
	if (fd >= 0) {
		conf_set_load(set, fd, &diag);
		close(fd);
		err = diag.error_count ? -EINVAL : applied_save(owner->generations.run_fd, APPLIED_CONFIRMED, set, ~0u, false);
	}
	if (err >= 0 && describe_remembered(owner, number, text))
		(void)file_replace(owner->generations.run_fd, CONFIRMED_FILE, text, strlen(text), 0600);
	set_pool_give_back(set);
	return err;
}

bool owner_remember(const struct owner *owner)
{
	unsigned number = owner->store.confirmed;
	int err = owner_remember_as(owner, number, store_files(&owner->store, number));

	if (err < 0)
		say_err("generation %u, which is confirmed, cannot be had: %s", number, strerror(-err));
	return err >= 0;
}

/* ---- the process ---- */

/* A disk that takes nothing is no reason to change nothing: what runs is in memory. */
static int open_store(struct owner *owner, bool locked)
{
	int err = store_open(&owner->store, owner->data_fd, locked);
	unsigned before = owner->store.confirmed;

	if (err < 0 || !locked)
		return err;
	err = adopt_applied(&owner->store, owner->data_fd);
	if (owner->store.confirmed != before)
		(void)owner_remember(owner);
	return err;
}

static int open_data(struct owner *owner, bool locked)
{
	if (owner->data_fd >= 0)
		return 0;
	owner->data_fd = open(owner->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (owner->data_fd < 0) {
		say_err("cannot open %s: %s: nothing was applied, what runs keeps running", owner->data_dir, strerror(errno));
		return 1;
	}
	owner->store_err = open_store(owner, locked);
	return 0;
}

static void begin(struct owner *owner)
{
	owner->generations = (struct generations){ .run_fd = -1, .dir_fd = -1, .lock_fd = -1 };
	owner->store.dir_fd = owner->data_fd = -1;
}

int owner_lock(struct owner *owner)
{
	int err;

	begin(owner);
	err = generations_open(&owner->generations, owner->run_dir);
	if (err == -EBUSY)
		say_err("another reconfigure or plan is under way (process %d): nothing was changed", (int)owner->generations.owner);
	else if (err < 0)
		say_err("%s: %s: nothing was changed", owner->run_dir, strerror(-err));
	return err < 0;
}

int owner_load(struct owner *owner)
{
	return open_data(owner, true);
}

static int open_locked(struct owner *owner, bool writes)
{
	int status = owner_lock(owner);

	if (status)
		return status;
	status = open_data(owner, writes);
	if (status)
		owner_close(owner);
	return status;
}

int owner_open(struct owner *owner)
{
	return open_locked(owner, true);
}

int owner_open_to_plan(struct owner *owner)
{
	return open_locked(owner, false);
}

int owner_look(struct owner *owner)
{
	begin(owner);
	return open_data(owner, false);
}

void owner_close(struct owner *owner)
{
	store_close(&owner->store);
	if (owner->data_fd >= 0)
		close(owner->data_fd);
	generations_close(&owner->generations);
}

bool owner_may(const struct owner *owner, const char *question)
{
	bool yes;

	if (!owner->asks)
		return false;
	terminal_open();
	yes = terminal_yes(question);
	terminal_restore();
	return yes;
}
