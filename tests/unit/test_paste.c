/* Export and import: the text, its sums, keys that are left out, all files or none. */
#include "conf/paste.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/files_lock.h"
#include "conf/left_out.h"
#include "conf/set.h"
#include "conf/swap.h"
#include "test.h"

#define SECRET "yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw="
#define OTHER "6Ak4H0G05mJSuH7zbwPcfq9RNcz7LM+Z/Z7UkZzbRk4="

static char out[1 << 16];
static size_t out_len;
static size_t widest;
static bool blank_end;
static struct paste paste;

static void keep_line(void *arg, const char *text)
{
	size_t len = strlen(text);

	(void)arg;
	widest = len > widest ? len : widest;
	blank_end = blank_end || (len && text[len - 1] == ' ');
	memcpy(out + out_len, text, len);
	out[out_len + len] = '\n';
	out_len += len + 1;
	out[out_len] = '\0';
}

static struct conf_text text_of(char *bytes, size_t len)
{
	return (struct conf_text){ .present = true, .bytes = bytes, .len = len };
}

static void write_out(const struct conf_text texts[static CONF_FILES])
{
	out_len = widest = 0;
	blank_end = false;
	paste_write(texts, true, keep_line, NULL);
}

/* What paste_check says of it, "" when nothing. */
static const char *read_back(const char *text)
{
	struct slice rest = slice_of(text), line;
	const char *wrong;

	paste_init(&paste);
	while (slice_cut(&rest, '\n', &line))
		paste_line(&paste, line);
	wrong = paste_check(&paste);
	return wrong ? wrong : "";
}

static char private[] = "[Interface]\nPrivateKey = " SECRET "\n";
static char env[] = "A=1 \n\n\n. \n~.\nUMLAUT=\xc3\xa4 and more\r\nNUL=\0\x01\n"
		    "LONG=0123456789012345678901234567890123456789012345678901234567890123456789          x\nno end";

static void four(struct conf_text texts[static CONF_FILES])
{
	texts[CONF_PRIVATE] = text_of(private, sizeof(private) - 1);
	texts[CONF_PUBLIC] = (struct conf_text){ 0 };
	texts[CONF_ENV] = text_of(env, sizeof(env) - 1);
	texts[CONF_NETWORK] = text_of(env, 0);
}

TEST(export_of_any_bytes_comes_back_as_it_was)
{
	struct conf_text texts[CONF_FILES];

	four(texts);
	write_out(texts);
	CHECK(widest < 80);
	CHECK(!blank_end);
	CHECK_STR(read_back(out), "");
	CHECK(paste.ended && paste.keys);
	for (enum conf_file file = 0; file < CONF_FILES; file++) {
		const struct conf_text *back = &paste.files[file].text;

		CHECK(back->present == texts[file].present);
		CHECK_INT((long long)back->len, (long long)texts[file].len);
		CHECK(!back->len || !memcmp(back->bytes, texts[file].bytes, back->len));
	}
}

TEST(export_survives_what_terminals_do_around_lines)
{
	static char changed[1 << 17];
	struct conf_text texts[CONF_FILES];
	size_t len = 0;

	four(texts);
	write_out(texts);
	len += (size_t)sprintf(changed, "gateway> export\r\n");
	for (size_t i = 0; i < out_len; i++)
		len += out[i] == '\n' ? (size_t)sprintf(changed + len, "  \r\n\r\n  ") : (size_t)sprintf(changed + len, "%c", out[i]);
	CHECK_STR(read_back(changed), "");
	CHECK_INT((long long)paste.files[CONF_ENV].text.len, sizeof(env) - 1);
}

/* Each byte changed, and each line lost or doubled: never accepted. */
TEST(damaged_export_is_never_accepted)
{
	static char changed[1 << 16];
	struct conf_text texts[CONF_FILES];
	size_t accepted = 0;

	four(texts);
	write_out(texts);
	for (size_t i = 0; i + 1 < out_len; i++) {
		memcpy(changed, out, out_len + 1);
		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		accepted += !read_back(changed)[0];
	}
	for (size_t at = 0; at < out_len; at += strcspn(out + at, "\n") + 1) {
		size_t next = at + strcspn(out + at, "\n") + 1;

		memcpy(changed, out, at);
		memcpy(changed + at, out + next, out_len + 1 - next);
		accepted += !read_back(changed)[0];
		if (next == out_len)
			break; /* what follows the last line is not read */
		memcpy(changed, out, next);
		memcpy(changed + next, out + at, out_len + 1 - at);
		accepted += !read_back(changed)[0];
	}
	CHECK_INT((long long)accepted, 0);
	for (size_t cut = 0; cut + 1 < out_len; cut++) {
		memcpy(changed, out, cut);
		changed[cut] = '\0';
		accepted += !read_back(changed)[0];
	}
	CHECK_INT((long long)accepted, 0);
}

TEST(damage_is_told_by_its_file_and_line)
{
	struct conf_text texts[CONF_FILES];
	char *at;

	four(texts);
	write_out(texts);
	at = strstr(out, "PrivateKey");
	*at = 'p';
	CHECK_STR(read_back(out), "vpn-private.conf (from line 2 of the paste) is damaged: 70 of 70 bytes came, not as they were");
	*at = '\n';
	CHECK_STR(read_back(out), "vpn-private.conf (from line 2 of the paste) is damaged: 13 of 70 bytes came; line 5 of the paste "
				  "is none of an export: it was broken in two, or has lost its beginning");
	write_out(texts);
	*strstr(out, "none") = '\0';
	CHECK_STR(read_back(out), "vpn-public.conf is missing in the paste");
	CHECK_STR(read_back("version\nx\n"), "there is no export in what came: its first line is \"mitigator-export 1 ...\"");
}

static struct vpn_conf now;

TEST(key_is_known_as_such_while_it_is_typed)
{
	static const char *const begun[] = { "PrivateKey =", "privatekey=x", " # PrivatKey = a", "PresharedKey x", ":PrivateKey = a", "PrivateKey:" };
	static const char *const others[] = { "", "PrivateKey", "PublicKey = x", "[Interface]", "ListenPort = 1", "# the key = x", "=" };

	for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++)
		CHECK(left_out_begun(slice_of(begun[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(!left_out_begun(slice_of(others[i])));
}

TEST(keys_are_left_out_wherever_they_stand_and_put_back)
{
	static const char text[] = "[Peer]\nPublicKey = " OTHER "\n# PresharedKey = " SECRET "\npresharedkey=" SECRET "\r\nPresharedKeys = "
				   SECRET "\n# " SECRET "\nAllowedIPs = 10.8.3.2/32\n";
	static const char bare[] = "[Peer]\nPublicKey = " OTHER "\n# (left out)\nPresharedKey = (left out)\n# (left out)\n# (left out)\n"
				   "AllowedIPs = 10.8.3.2/32\n";
	static const char whole[] = "[Peer]\nPublicKey = " OTHER "\n# (left out)\nPresharedKey = " SECRET "\n# (left out)\n# (left out)\n"
				    "AllowedIPs = 10.8.3.2/32\n";
	static char dst[1024], missing[128];
	static struct diag diag;
	ssize_t n = left_out_take(CONF_PUBLIC, slice_of(text), dst, sizeof(dst) - 1);

	dst[n > 0 ? n : 0] = '\0';
	CHECK_STR(dst, bare);
	vpn_conf_init(&now);
	CHECK_INT(left_out_put(slice_of(bare), &now, dst, sizeof(dst) - 1, missing, sizeof(missing)), -ENOKEY);
	CHECK_STR(missing, "PresharedKey of " OTHER);
	vpn_public_parse(&now, "[Peer]\nPublicKey = " OTHER "\nPresharedKey = " SECRET "\nAllowedIPs = 10.8.3.2/32\n",
			 strlen("[Peer]\nPublicKey = " OTHER "\nPresharedKey = " SECRET "\nAllowedIPs = 10.8.3.2/32\n"), &diag);
	n = left_out_put(slice_of(bare), &now, dst, sizeof(dst) - 1, missing, sizeof(missing));
	dst[n > 0 ? n : 0] = '\0';
	CHECK_STR(dst, whole);
	n = left_out_take(CONF_PRIVATE, slice_of("[Interface]\nListenPort = 4567\nPrivatKey = " SECRET "\n# x\nPrivateKey=" SECRET), dst,
			  sizeof(dst) - 1);
	dst[n > 0 ? n : 0] = '\0';
	CHECK_STR(dst, "[Interface]\nListenPort = 4567\n# (left out)\n# (left out)\nPrivateKey = (left out)");
	CHECK_INT(left_out_put(slice_of(dst), &now, out, 1000, missing, sizeof(missing)), -ENOKEY);
	CHECK_STR(missing, "PrivateKey");
	CHECK_INT(left_out_take(CONF_PUBLIC, slice_of(text), dst, 100), -EFBIG);
	vpn_conf_init(&now);
}

/* The files below dir_fd, all in one: "old" each, or "new" with one that is gone. */
static const char *files_are(int dir_fd)
{
	char bytes[16];
	int old = 0, fresh = 0, gone = 0;

	for (enum conf_file file = 0; file < CONF_FILES; file++) {
		ssize_t n = file_read(dir_fd, conf_file_name(file), bytes, sizeof(bytes));

		gone += n == -ENOENT;
		old += n > 0 && !strcmp(bytes, "old");
		fresh += n > 0 && !strcmp(bytes, "new");
	}
	return old == CONF_FILES ? "old" : fresh == CONF_FILES - 1 && gone == 1 ? "new" : "between";
}

/* A new directory with old files and, beside them, new ones that do not count yet. */
static void prepare(char *dir, int *dir_fd)
{
	static char fresh[] = "new";
	static const mode_t modes[CONF_FILES] = { 0600, 0600, 0600, 0600 };
	struct conf_text texts[CONF_FILES];
	int fd;

	*dir_fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	for (enum conf_file file = 0; file < CONF_FILES; file++) {
		CHECK_INT(file_replace(*dir_fd, conf_file_name(file), "old", 3, 0600), 0);
		texts[file] = text_of(fresh, 3);
	}
	texts[CONF_ENV] = (struct conf_text){ 0 };
	fd = swap_prepare(*dir_fd, texts, modes);
	CHECK(fd >= 0);
	close(fd);
}

static void remove_all(const char *dir, int dir_fd)
{
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		unlinkat(dir_fd, conf_file_name(file), 0);
	close(dir_fd);
	CHECK_INT(rmdir(dir), 0);
}

TEST(power_cut_between_two_moves_is_made_good_before_the_next_read)
{
	for (enum conf_file cut = 0; cut <= CONF_FILES; cut++) {
		char dir[] = "/tmp/swap.XXXXXX", name[96];
		int dir_fd;

		prepare(dir, &dir_fd);
		CHECK_INT(swap_finish(dir_fd), 0);
		CHECK_STR(files_are(dir_fd), "old"); /* prepared and not committed: it does not count */
		CHECK_INT(renameat(dir_fd, SWAP_NEW_DIR, dir_fd, ".import.ready"), 0);
		for (enum conf_file file = 0; file < cut; file++) {
			text_format(name, sizeof(name), ".import.ready/%s", conf_file_name(file));
			if (file == CONF_ENV)
				unlinkat(dir_fd, ".env", 0);
			else
				CHECK_INT(renameat(dir_fd, name, dir_fd, conf_file_name(file)), 0);
		}
		CHECK_INT(swap_finish(dir_fd), 0);
		CHECK_STR(files_are(dir_fd), "new");
		CHECK_INT(faccessat(dir_fd, ".import.ready", F_OK, 0), -1);
		CHECK_INT(swap_finish(dir_fd), 0);
		remove_all(dir, dir_fd);
	}
}

TEST(what_is_written_behind_a_set_that_was_left_half_way_stays)
{
	char dir[] = "/tmp/swap.XXXXXX", bytes[16];
	int dir_fd;

	prepare(dir, &dir_fd);
	CHECK_INT(renameat(dir_fd, SWAP_NEW_DIR, dir_fd, ".import.ready"), 0);
	CHECK_INT(files_lock(dir_fd, FILES_CHANGE), 0);
	CHECK_STR(files_are(dir_fd), "new");
	CHECK_INT(file_replace(dir_fd, conf_file_name(CONF_PUBLIC), "mine", 4, 0600), 0);
	CHECK_INT(swap_finish(dir_fd), 0);
	CHECK(file_read(dir_fd, conf_file_name(CONF_PUBLIC), bytes, sizeof(bytes)) == 4);
	CHECK_STR(bytes, "mine");
	remove_all(dir, dir_fd);
}
