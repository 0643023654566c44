#include "config/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static void insert(void *arg, unsigned number)
{
	struct store *store = arg;
	size_t at = store->count;

	if (at == STORE_MAX)
		return;
	while (at && store->numbers[at - 1] > number) {
		store->numbers[at] = store->numbers[at - 1];
		at--;
	}
	store->numbers[at] = number;
	store->count++;
}

static void list(struct store *store)
{
	store->count = 0;
	numbers_each(store->dir_fd, insert, store);
}

static bool has(const struct store *store, unsigned number)
{
	for (size_t i = 0; i < store->count; i++)
		if (store->numbers[i] == number)
			return true;
	return false;
}

static void read_pointer(struct store *store)
{
	char text[POINTER_LEN];
	ssize_t n = file_read(store->dir_fd, CONFIRMED_FILE, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line;
	uint64_t number;

	if (!slice_cut(&rest, '\n', &line) || text_uint(line, UINT_MAX - 1, &number) || !has(store, (unsigned)number))
		return;
	store->confirmed = (unsigned)number;
	store->has_left = slice_cut(&rest, '\n', &line) && !key_from_hex(line.ptr, line.len, store->left);
}

int store_open(struct store *store, int data_fd)
{
	*store = (struct store){ .dir_fd = set_dir_open(data_fd, GENERATIONS_DIR) };
	if (store->dir_fd == -ENOENT)
		store->dir_fd = set_dir_make(data_fd, GENERATIONS_DIR);
	if (store->dir_fd < 0)
		return store->dir_fd;
	list(store);
	read_pointer(store);
	return 0;
}

void store_close(struct store *store)
{
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	store->dir_fd = -1;
}

unsigned store_highest(const struct store *store)
{
	return store->count ? store->numbers[store->count - 1] : 0;
}

int store_files(const struct store *store, unsigned number)
{
	char name[NUMBER_NAME_LEN];

	return has(store, number) ? set_dir_open(store->dir_fd, number_name(number, name)) : -ENOENT;
}

unsigned store_find(const struct store *store, const struct conf_set *set)
{
	char name[NUMBER_NAME_LEN];

	for (size_t i = store->count; i-- > 0;)
		if (set_dir_same(store->dir_fd, number_name(store->numbers[i], name), set, ~0u))
			return store->numbers[i];
	return 0;
}

unsigned store_before(const struct store *store)
{
	struct about about;

	for (size_t i = store->count; i-- > 0;)
		if (store->numbers[i] < store->confirmed && !store_about(store, store->numbers[i], &about) &&
		    about.state == ABOUT_CONFIRMED)
			return store->numbers[i];
	return 0;
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

/* ---- what is written ---- */

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

int store_write(struct store *store, unsigned number, const struct conf_set *set, const struct about *about)
{
	char name[NUMBER_NAME_LEN];
	int fd, err;

	if (store->dir_fd < 0)
		return -ENOENT;
	file_sweep(store->dir_fd);
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
	list(store);
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

void store_remove(struct store *store, unsigned number)
{
	char name[NUMBER_NAME_LEN];

	if (store->dir_fd < 0)
		return;
	remove_dir(store, number_name(number, name));
	list(store);
}

/* ---- what goes ---- */

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
	if (!store_about(store, number, &about)) {
		key_to_base64(public_key, about.lost_key);
		(void)write_about(fd, &about);
	}
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

static void forget_oldest(struct store *store)
{
	while (store->count > STORE_KEPT) {
		unsigned oldest = store->numbers[store->numbers[0] == store->confirmed];

		store_remove(store, oldest);
		if (has(store, oldest))
			return;
	}
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
	forget_oldest(store);
	return 0;
}
