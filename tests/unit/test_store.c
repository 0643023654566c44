/* What stays of generations, and what else may stand where they are. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/applied.h"
#include "config/access.h"
#include "config/store.h"
#include "test.h"

enum { FAILED = 30, STRAY = 300, PATH_LEN = 64 };

static struct conf_set *set_of(unsigned number)
{
	static struct conf_set set;
	static char text[32];

	text_format(text, sizeof(text), "N=%u\n", number);
	set.texts[CONF_ENV] = (struct conf_text){ .present = true, .len = strlen(text), .bytes = text };
	return &set;
}

static unsigned add(struct store *store, enum about_state state)
{
	const struct about about = { .state = state, .when_s = 1, .by = "test", .summary = "of a test" };
	unsigned number = store_next(store, 0);

	if (store_write(store, number, set_of(number), &about) || (state == ABOUT_CONFIRMED && store_confirm(store, number, NULL)))
		return 0;
	return number;
}

static bool is_there(const struct store *store, unsigned number)
{
	struct about about;

	return store_about(store, number, &about) == 0;
}

static void remove_all(const char *dir)
{
	char command[PATH_LEN];

	text_format(command, sizeof(command), "rm -r %s", dir);
	CHECK_INT(system(command), 0);
}

static int open_fresh(char *dir)
{
	return mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

TEST(store_keeps_what_is_confirmed_whatever_fails_behind_it)
{
	char dir[] = "/tmp/store.XXXXXX";
	int dir_fd = open_fresh(dir);
	struct store store;

	CHECK_INT(store_open(&store, dir_fd, true), 0);
	for (unsigned i = 1; i <= 3; i++)
		CHECK_INT(add(&store, ABOUT_CONFIRMED), i);
	for (unsigned i = 0; i < FAILED; i++) {
		unsigned number = add(&store, i % 2 ? ABOUT_FAILED : ABOUT_UNDONE);

		CHECK(store.count <= STORE_KEPT);
		CHECK(is_there(&store, number));
	}
	store_close(&store);
	CHECK_INT(store_open(&store, dir_fd, true), 0);
	CHECK_INT(store.confirmed, 3);
	CHECK_INT(store_before(&store), 2);
	CHECK(is_there(&store, 1)); /* what failed goes before what was confirmed once */
	CHECK_INT(store_next(&store, 0), 3 + FAILED + 1);
	for (unsigned i = 0; i < STORE_KEPT; i++)
		(void)add(&store, ABOUT_CONFIRMED);
	CHECK_INT(store.count, STORE_KEPT); /* the control: those go by age */
	CHECK(!is_there(&store, 3));
	CHECK_INT(store_before(&store), store.confirmed - 1);
	store_close(&store);
	close(dir_fd);
	remove_all(dir);
}

static void put_text(int dir_fd, const char *path, const char *text)
{
	int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void put_stray(int dir_fd, const char *name, bool about)
{
	static const char text[] = "when 1\nby test\nstate failed\nsummary of a test\n";
	char path[PATH_LEN];

	text_format(path, sizeof(path), GENERATIONS_DIR "/%s", name);
	CHECK_INT(mkdirat(dir_fd, path, 0700), 0);
	text_format(path, sizeof(path), GENERATIONS_DIR "/%s/about", name);
	if (about)
		put_text(dir_fd, path, text);
}

TEST(store_minds_nothing_that_stands_in_its_directory)
{
	static const char *const names[] = { "4294967294", "4294967295", "18446744073709551616", "999999999", "007", "3x", "-1", "lost+found" };
	char dir[] = "/tmp/store.XXXXXX", name[16];
	int dir_fd = open_fresh(dir);
	struct store store;

	CHECK_INT(store_open(&store, dir_fd, true), 0);
	CHECK_INT(add(&store, ABOUT_CONFIRMED), 1);
	CHECK_INT(add(&store, ABOUT_CONFIRMED), 2);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_stray(dir_fd, names[i], false);
	put_stray(dir_fd, "3", false);
	for (unsigned i = 4; i < STRAY; i++) { /* more than anyone lists */
		text_format(name, sizeof(name), "%u", i);
		put_stray(dir_fd, name, true);
	}
	store_close(&store);
	CHECK_INT(store_open(&store, dir_fd, true), 0);
	CHECK_INT(store.confirmed, 2);
	CHECK_INT(store_before(&store), 1);
	CHECK_INT(store_find(&store, set_of(2)), 2);
	CHECK_INT(store.numbers[store.count - 1], STRAY - 1);
	CHECK_INT(add(&store, ABOUT_CONFIRMED), STRAY);
	CHECK_INT(store.confirmed, STRAY);
	CHECK_INT(store_before(&store), 2);
	CHECK_INT(store.count, STORE_KEPT);
	CHECK(!store.more && is_there(&store, 1)); /* as STRAY was written, 1 was the one before */
	CHECK_INT(faccessat(dir_fd, GENERATIONS_DIR "/007", F_OK, 0), 0);
	store_close(&store);
	close(dir_fd);
	remove_all(dir);
}

TEST(store_that_cannot_be_read_is_no_empty_one)
{
	char dir[] = "/tmp/store.XXXXXX";
	int dir_fd = open_fresh(dir);
	struct store store;

	CHECK_INT(store_open(&store, dir_fd, true), 0);
	CHECK_INT(add(&store, ABOUT_CONFIRMED), 1);
	store_close(&store);
	CHECK_INT(unlinkat(dir_fd, GENERATIONS_DIR "/confirmed", 0), 0);
	CHECK_INT(mkdirat(dir_fd, GENERATIONS_DIR "/confirmed", 0700), 0);
	CHECK(store_open(&store, dir_fd, true) < 0); /* read(2) says EISDIR, as a broken disk says EIO */
	store_close(&store);
	CHECK_INT(unlinkat(dir_fd, GENERATIONS_DIR "/confirmed", AT_REMOVEDIR), 0);
	put_text(dir_fd, GENERATIONS_DIR "/confirmed", "no number\n");
	CHECK_INT(store_open(&store, dir_fd, true), 0); /* the control: what is no pointer is none */
	CHECK_INT(store.confirmed, 0);
	store_close(&store);
	close(dir_fd);
	remove_all(dir);
}

TEST(what_is_remembered_is_known_by_its_number)
{
	char dir[] = "/tmp/store.XXXXXX";
	int dir_fd = open_fresh(dir);
	const struct owner owner = { .generations.run_fd = dir_fd };

	CHECK_INT(owner_remembered(&owner), 0);
	CHECK_INT(owner_remember_as(&owner, 1234567, dup(dir_fd)), 0);
	CHECK_INT(owner_remembered(&owner), 1234567);
	CHECK_INT(owner_remember_as(&owner, 8, dup(dir_fd)), 0);
	CHECK_INT(owner_remembered(&owner), 8);
	/* Whoever writes the next is killed half way. */
	CHECK_INT(applied_save(dir_fd, APPLIED_CONFIRMED, set_of(9), ~0u, false), 0);
	CHECK_INT(owner_remembered(&owner), 0);
	close(dir_fd);
	remove_all(dir);
}

/* The next generation, confirmed, with a private key of its own. */
static unsigned add_with_key(struct store *store, uint8_t first)
{
	const struct about about = { .state = ABOUT_NEW, .when_s = 1, .by = "test", .summary = "of a test" };
	static char text[128];
	char key[KEY_BASE64_LEN];
	struct conf_set *set = set_of(first);
	unsigned number = store_next(store, 0);
	int err;

	key_to_base64((const uint8_t[KEY_LEN]){ first, 1 }, key);
	text_format(text, sizeof(text), "[Interface]\nPrivateKey = %s\n", key);
	set->texts[CONF_PRIVATE] = (struct conf_text){ .present = true, .len = strlen(text), .bytes = text };
	err = store_write(store, number, set, &about);
	set->texts[CONF_PRIVATE] = (struct conf_text){ 0 };
	return err || store_confirm(store, number, NULL) ? 0 : number;
}

static bool has_key(int dir_fd, unsigned number)
{
	char path[PATH_LEN], text[128];
	ssize_t n;

	text_format(path, sizeof(path), GENERATIONS_DIR "/%u/vpn-private.conf", number);
	n = file_read(dir_fd, path, text, sizeof(text));
	return n > 0 && memmem(text, (size_t)n, "PrivateKey", strlen("PrivateKey")) && !memmem(text, (size_t)n, "left out", strlen("left out"));
}

TEST(key_that_was_replaced_goes_once_it_is_noted_whose_it_was)
{
	char dir[] = "/tmp/store.XXXXXX";
	int dir_fd = open_fresh(dir);
	struct store store;
	struct about about;

	CHECK_INT(store_open(&store, dir_fd, true), 0);
	CHECK_INT(add_with_key(&store, 8), 1);
	CHECK_INT(renameat(dir_fd, GENERATIONS_DIR "/1/about", dir_fd, "about"), 0);
	CHECK_INT(mkdirat(dir_fd, GENERATIONS_DIR "/1/about", 0700), 0); /* read(2) and rename(2) say EISDIR, as a broken disk says EIO */
	CHECK_INT(add_with_key(&store, 16), 2);
	CHECK(has_key(dir_fd, 1));
	CHECK_INT(unlinkat(dir_fd, GENERATIONS_DIR "/1/about", AT_REMOVEDIR), 0);
	CHECK_INT(renameat(dir_fd, "about", dir_fd, GENERATIONS_DIR "/1/about"), 0);
	CHECK_INT(add_with_key(&store, 24), 3);
	CHECK(!has_key(dir_fd, 1) && !has_key(dir_fd, 2) && has_key(dir_fd, 3));
	CHECK(!store_about(&store, 1, &about) && about.lost_key[0]);
	store_close(&store);
	close(dir_fd);
	remove_all(dir);
}
