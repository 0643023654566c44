#include "config/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/left_out.h"
#include "conf/set_dir.h"
#include "config/numbers.h"
#include "crypto/key.h"
#include "crypto/x25519.h"

#define ABOUT_FILE "about"
#define CONFIRMED_FILE "confirmed"
#define NEW_DIR ".new"

enum { POINTER_LEN = NUMBER_NAME_LEN + KEY_HEX_LEN + 1 };

/* ---- what there is ---- */

/* A directory without what is said of it is none of ours; one that cannot be looked at may be. */
static bool has(const struct store *store, unsigned number)
{
	char path[NUMBER_NAME_LEN + sizeof("/" ABOUT_FILE)];

	if (store->dir_fd < 0)
		return false;
	text_format(path, sizeof(path), "%u/" ABOUT_FILE, number);
	return !faccessat(store->dir_fd, path, F_OK, 0) || (errno != ENOENT && errno != ENOTDIR);
}

static void insert(void *arg, unsigned number)
{
	struct store *store = arg;
	size_t at;

	if (!has(store, number))
		return;
	store->more = store->more || store->count == STORE_MAX;
	if (store->count == STORE_MAX && number < store->numbers[0])
		return;
	if (store->count == STORE_MAX)
		memmove(store->numbers, store->numbers + 1, --store->count * sizeof(store->numbers[0]));
	for (at = store->count++; at && store->numbers[at - 1] > number; at--)
		store->numbers[at] = store->numbers[at - 1];
	store->numbers[at] = number;
}

static int list(struct store *store)
{
	store->count = 0;
	store->more = false;
	return numbers_each(store->dir_fd, insert, store);
}

/* What no one can have written is as good as none. */
static int read_pointer(struct store *store)
{
	char text[POINTER_LEN];
	ssize_t n = file_read(store->dir_fd, CONFIRMED_FILE, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line;
	uint64_t number;

	if (n < 0 && n != -ENOENT && n != -EFBIG)
		return (int)n;
	if (!slice_cut(&rest, '\n', &line) || text_uint(line, NUMBER_MAX, &number) || !number || !has(store, (unsigned)number))
		return 0;
	store->confirmed = (unsigned)number;
	store->has_left = slice_cut(&rest, '\n', &line) && !key_from_hex(line.ptr, line.len, store->left);
	return 0;
}

int store_open(struct store *store, int data_fd, bool make)
{
	int err;

	*store = (struct store){ .dir_fd = set_dir_open(data_fd, GENERATIONS_DIR) };
	if (store->dir_fd == -ENOENT && !make)
		return 0;
	if (store->dir_fd == -ENOENT)
		store->dir_fd = set_dir_make(data_fd, GENERATIONS_DIR);
	if (store->dir_fd < 0)
		return store->dir_fd;
	err = list(store);
	return err < 0 ? err : read_pointer(store);
}

void store_close(struct store *store)
{
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	store->dir_fd = -1;
}

unsigned store_next(const struct store *store, unsigned above)
{
	unsigned highest = store->count ? store->numbers[store->count - 1] : 0, next = above > highest ? above : highest;
	char name[NUMBER_NAME_LEN];

	do
		next++;
	while (next <= NUMBER_MAX && !faccessat(store->dir_fd, number_name(next, name), F_OK, AT_SYMLINK_NOFOLLOW));
	return next <= NUMBER_MAX ? next : 0;
}

int store_files(const struct store *store, unsigned number)
{
	char name[NUMBER_NAME_LEN];

	return has(store, number) ? set_dir_open(store->dir_fd, number_name(number, name)) : -ENOENT;
}

static bool is_same(const struct store *store, unsigned number, const struct conf_set *set)
{
	char name[NUMBER_NAME_LEN];

	return set_dir_same(store->dir_fd, number_name(number, name), set, ~0u);
}

unsigned store_find(const struct store *store, const struct conf_set *set)
{
	for (size_t i = store->count; i-- > 0;)
		if (is_same(store, store->numbers[i], set))
			return store->numbers[i];
	return store->confirmed && is_same(store, store->confirmed, set) ? store->confirmed : 0;
}

struct search {
	const struct store *store;
	unsigned found;
};

static void look_before(void *arg, unsigned number)
{
	struct search *search = arg;
	struct about about;

	if (number > search->found && number < search->store->confirmed && !store_about(search->store, number, &about) &&
	    about.state == ABOUT_CONFIRMED)
		search->found = number;
}

unsigned store_before(const struct store *store)
{
	struct search search = { .store = store };

	(void)numbers_each(store->dir_fd, look_before, &search);
	return search.found;
}

int store_about(const struct store *store, unsigned number, struct about *about)
{
	int fd = store_files(store, number), err = 0;
	char text[ABOUT_TEXT_LEN];
	ssize_t n;

	*about = (struct about){ 0 };
	if (fd < 0)
		return fd;
	n = file_read(fd, ABOUT_FILE, text, sizeof(text));
	err = n < 0 ? (int)n : about_read(text, (size_t)n, about);
	close(fd);
	return err;
}

static void remove_dir(const struct store *store, const char *name)
{
	int fd = set_dir_open(store->dir_fd, name);

	if (fd < 0)
		return;
	(void)unlinkat(fd, ABOUT_FILE, 0);
	close(fd);
	set_dir_remove(store->dir_fd, name);
}

static int write_about(int fd, const struct about *about)
{
	char text[ABOUT_TEXT_LEN];
	size_t len = about_write(about, text);

	return file_replace(fd, ABOUT_FILE, text, len, 0600);
}

/* ---- what goes ---- */

/* Under another name first, which the next one that is written takes: a power cut leaves no half of it. */
static void store_remove(const struct store *store, unsigned number)
{
	char name[NUMBER_NAME_LEN];

	remove_dir(store, NEW_DIR);
	if (renameat(store->dir_fd, number_name(number, name), store->dir_fd, NEW_DIR) == 0)
		remove_dir(store, NEW_DIR);
	else
		remove_dir(store, name);
}

/* The one that is to go next, 0: none. */
static unsigned find_oldest(const struct store *store, unsigned before)
{
	unsigned oldest = 0, unconfirmed = 0;
	size_t count = 0;

	for (size_t i = 0; i < store->count; i++) {
		unsigned number = store->numbers[i];
		struct about about;

		if (number == store->confirmed || number == before)
			continue;
		if (!oldest)
			oldest = number;
		if (store_about(store, number, &about) < 0 || about.state == ABOUT_CONFIRMED || about.state == ABOUT_SET_ASIDE)
			continue;
		if (!count++)
			unconfirmed = number;
	}
	return count > STORE_KEPT_UNCONFIRMED ? unconfirmed : oldest;
}

struct pruning {
	const struct store *store;
	unsigned before;
};

static void remove_older(void *arg, unsigned number)
{
	const struct pruning *pruning = arg;
	const struct store *store = pruning->store;

	if (number < store->numbers[0] && number != store->confirmed && number != pruning->before && has(store, number))
		store_remove(store, number);
}

/* Room for one more. */
static void prune(struct store *store)
{
	struct pruning pruning = { store, store_before(store) };
	unsigned oldest;

	if (store->more) {
		(void)numbers_each(store->dir_fd, remove_older, &pruning);
		(void)list(store);
	}
	while (store->count >= STORE_KEPT && (oldest = find_oldest(store, pruning.before))) {
		store_remove(store, oldest);
		if (has(store, oldest))
			return;
		(void)list(store);
	}
}

/* ---- what is written ---- */

int store_write(struct store *store, unsigned number, const struct conf_set *set, const struct about *about)
{
	char name[NUMBER_NAME_LEN];
	int fd, err;

	if (store->dir_fd < 0)
		return -ENOENT;
	if (!number)
		return -EOVERFLOW;
	file_sweep(store->dir_fd);
	prune(store);
	remove_dir(store, NEW_DIR);
	err = set_dir_write(store->dir_fd, NEW_DIR, set, ~0u, true);
	fd = err < 0 ? err : set_dir_open(store->dir_fd, NEW_DIR);
	if (fd >= 0) {
		err = write_about(fd, about);
		close(fd);
	}
	if (!err && renameat(store->dir_fd, NEW_DIR, store->dir_fd, number_name(number, name)) < 0)
		err = -errno;
	if (!err && fsync(store->dir_fd) < 0 && errno != EINVAL)
		err = -errno;
	if (err < 0)
		remove_dir(store, NEW_DIR);
	(void)list(store);
	return err;
}

void store_tell(const struct store *store, unsigned number, enum about_state state)
{
	struct about about;
	int fd = store_about(store, number, &about) < 0 ? -1 : store_files(store, number);

	if (fd < 0)
		return;
	about.state = state;
	(void)write_about(fd, &about);
	close(fd);
}

/* ---- keys that go ---- */

static char private_text[CONF_OTHER_MAX + 1], without_key[CONF_OTHER_MAX + 1];

/* The private key of a generation: false when it has none. */
static bool read_key(int fd, uint8_t key[static KEY_LEN], ssize_t *len)
{
	static struct vpn_conf vpn;
	static struct diag diag;
	bool there;

	*len = file_read(fd, conf_file_name(CONF_PRIVATE), private_text, sizeof(private_text));
	if (*len < 0)
		return false;
	vpn_conf_init(&vpn);
	diag_clear(&diag, true);
	vpn_private_parse(&vpn, private_text, (size_t)*len, &diag);
	there = vpn.private_key_line && !key_is_zero(vpn.private_key);
	memcpy(key, vpn.private_key, KEY_LEN);
	vpn_conf_init(&vpn);
	return there;
}

/* Whose it was stays known: where the public file names it, a rollback puts the key in force. */
static void forget_key(const struct store *store, unsigned number, int fd, const uint8_t now[static KEY_LEN])
{
	uint8_t key[KEY_LEN], public_key[KEY_LEN];
	struct about about;
	ssize_t len;

	if (!read_key(fd, key, &len) || ct_equal(key, now, KEY_LEN)) {
		wipe(key, sizeof(key));
		return;
	}
	x25519_public(public_key, key);
	wipe(key, sizeof(key));
	/* A key that goes without a word of it is one that no rollback can do without. */
	if (store_about(store, number, &about) < 0)
		return;
	key_to_base64(public_key, about.lost_key);
	if (write_about(fd, &about) < 0)
		return;
	len = left_out_take(CONF_PRIVATE, (struct slice){ private_text, (size_t)len }, without_key, sizeof(without_key));
	if (len >= 0)
		(void)file_replace(fd, conf_file_name(CONF_PRIVATE), without_key, (size_t)len, 0600);
}

/* A key that was replaced has perhaps been lost to someone: the fewer have it, the better. */
static void forget_old_keys(const struct store *store)
{
	int fd = store_files(store, store->confirmed);
	uint8_t now[KEY_LEN];
	ssize_t len;
	bool there = fd >= 0 && read_key(fd, now, &len);

	if (fd >= 0)
		close(fd);
	for (size_t i = 0; there && i < store->count && store->numbers[i] < store->confirmed; i++) {
		fd = store_files(store, store->numbers[i]);
		if (fd < 0)
			continue;
		forget_key(store, store->numbers[i], fd, now);
		close(fd);
	}
	wipe(now, sizeof(now));
	wipe(private_text, sizeof(private_text));
}

int store_confirm(struct store *store, unsigned number, const uint8_t *left)
{
	char text[POINTER_LEN], hex[KEY_HEX_LEN] = "";
	int err;

	if (left)
		key_to_hex(left, hex);
	text_format(text, sizeof(text), "%u\n%s\n", number, hex);
	err = has(store, number) ? file_replace(store->dir_fd, CONFIRMED_FILE, text, strlen(text), 0600) : -ENOENT;
	if (err < 0)
		return err;
	/* The power may have gone behind the pointer of the one before. */
	store_tell(store, store->confirmed, ABOUT_CONFIRMED);
	store_tell(store, number, ABOUT_CONFIRMED);
	store->confirmed = number;
	forget_old_keys(store);
	return 0;
}
