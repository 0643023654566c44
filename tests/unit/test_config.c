/* What is written down of generations, and of files that were written at the console. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/plan_line.h"
#include "conf/edited.h"
#include "conf/set_sum.h"
#include "config/about.h"
#include "config/plan_text.h"
#include "test.h"

TEST(about_comes_back_as_it_was_written)
{
	struct about about = { .when_s = 1790000000, .by = "console", .summary = "ok: 10.8.3.1/24, 2 peers, ports 4567 and 4568" }, back;
	char text[ABOUT_TEXT_LEN];

	for (about.state = 0; about.state < ABOUT_STATES; about.state++) {
		CHECK_INT(about_read(text, about_write(&about, text), &back), 0);
		CHECK_INT(back.state, about.state);
		CHECK_INT(back.when_s, about.when_s);
		CHECK_STR(back.by, about.by);
		CHECK_STR(back.summary, about.summary);
	}
}

TEST(about_of_anyone_steers_no_terminal)
{
	static const char *const bad[] = { "by \x1b[2J\n", "summary a\x7f\n", "state confirme\n", "when -1\n", "when 99999999999999999999\n",
					   "by 0123456789012345678901234567890123456789\n", "by\n" };
	static const char later[] = "when 1\nby boot\ncolour blue\n\n";
	struct about about;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(about_read(bad[i], strlen(bad[i]), &about) < 0);
	CHECK_INT(about_read(later, strlen(later), &about), 0); /* the control */
	CHECK_STR(about.by, "boot");
}

static void put(int dir_fd, enum conf_file file, const char *bytes)
{
	CHECK_INT(file_replace(dir_fd, conf_file_name(file), bytes, strlen(bytes), 0600), 0);
}

static void note(int dir_fd, enum conf_file file, char *bytes)
{
	const struct conf_text text = { .present = true, .len = strlen(bytes), .bytes = bytes };
	const struct conf_text *replaced[CONF_FILES] = { NULL };

	replaced[file] = &text;
	CHECK_INT(edited_note(dir_fd, replaced), 0);
}

static struct plan_text plan;

/* What is cut so far, once a service's plan says that of it. */
static void check_cuts(const char *path, const char *words, const char *expected)
{
	char cuts[PLAN_CUTS_LEN];

	CHECK_INT(plan_text_begin(&plan), 0);
	CHECK_INT(write(plan.err_fd, words, strlen(words)), strlen(words));
	plan_text_end(&plan, path, true);
	CHECK_STR(plan_text_cuts(&plan, cuts), expected);
}

TEST(sessions_that_are_cut_are_each_paths_and_peers_are_of_both)
{
	plan_text_init(&plan, "undo");
	check_cuts(NAME_MANAGEMENT, "peer\t1 peer\npath\t2 sessions\n", "1 peer and 2 sessions of management");
	check_cuts(NULL, "nics\tthe last NIC address\n", "1 peer, 2 sessions of management and the last NIC address");
	check_cuts(NAME_DATAPLANE, "peer\t1 peer\npath\t2 sessions\n",
		   "1 peer, 2 sessions of management, the last NIC address and 2 sessions of the dataplane");
	plan_text_close(&plan);

	plan_text_init(&plan, "undo");
	check_cuts(NAME_DATAPLANE, "peer\t2 of 5 peers\n", "2 of 5 peers of the dataplane");
	plan_text_close(&plan);
}

TEST(kind_of_what_is_cut_is_what_the_service_says_and_no_word_of_it)
{
	plan_text_init(&plan, "undo");
	check_cuts(NAME_MANAGEMENT, "peer\t1 peer of 2 sessions\n", "1 peer of 2 sessions");
	check_cuts(NAME_DATAPLANE, "peer\t1 peer of 2 sessions\n", "1 peer of 2 sessions");
	plan_text_close(&plan);
}

TEST(line_of_a_plan_has_a_kind_or_is_words_alone)
{
	static const struct {
		const char *line;
		enum plan_kind kind;
		const char *words;
	} lines[] = {
		{ "nics\t  eth0  192.0.2.1/24   added", PLAN_NICS, "  eth0  192.0.2.1/24   added" },
		{ "peer\t", PLAN_PEER, "" },
		{ "env\t  MITIGATOR_SYSLOG\tnone", PLAN_ENV, "  MITIGATOR_SYSLOG\tnone" },
		{ "path\t2 sessions", PLAN_PATH, "2 sessions" },
		{ "path", PLAN_KINDS, "path" },
		{ "peer ams1\tadded", PLAN_KINDS, "peer ams1\tadded" },
		{ "\tadded", PLAN_KINDS, "\tadded" },
		{ "", PLAN_KINDS, "" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct slice words;

		CHECK_INT(plan_line_read(slice_of(lines[i].line), &words), lines[i].kind);
		CHECK(slice_equal(words, lines[i].words));
	}
}

TEST(console_edit_is_known_whenever_the_power_goes)
{
	char dir[] = "/tmp/edited.XXXXXX", first[] = "first", second[] = "second";
	uint8_t before[KEY_LEN], after[KEY_LEN];
	int dir_fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	put(dir_fd, CONF_ENV, "as applied");
	note(dir_fd, CONF_ENV, first); /* no generations: no appliance */
	put(dir_fd, CONF_ENV, first);
	CHECK(!edited_are(dir_fd));
	CHECK_INT(mkdirat(dir_fd, GENERATIONS_DIR, 0700), 0);

	put(dir_fd, CONF_ENV, "as applied");
	note(dir_fd, CONF_ENV, first);
	CHECK(!edited_are(dir_fd)); /* noted, and the power went */
	put(dir_fd, CONF_ENV, first);
	CHECK(edited_are(dir_fd));
	note(dir_fd, CONF_NETWORK, second);
	CHECK(edited_are(dir_fd)); /* the first is there still */
	put(dir_fd, CONF_NETWORK, second);
	CHECK(edited_are(dir_fd));
	put(dir_fd, CONF_PUBLIC, "elsewhere");
	CHECK(!edited_are(dir_fd));
	CHECK_INT(set_sum_of(dir_fd, before), 0);
	note(dir_fd, CONF_ENV, second);
	CHECK(!edited_are(dir_fd)); /* what was changed elsewhere is not the console's before it is written there */
	put(dir_fd, CONF_ENV, second);
	CHECK(edited_are(dir_fd));
	edited_commit(dir_fd, before);
	CHECK(edited_are(dir_fd)); /* it was written while that waited for a word */
	CHECK_INT(set_sum_of(dir_fd, after), 0);
	edited_commit(dir_fd, after);
	CHECK(!edited_are(dir_fd));

	for (enum conf_file file = 0; file < CONF_FILES; file++)
		unlinkat(dir_fd, conf_file_name(file), 0);
	CHECK_INT(unlinkat(dir_fd, GENERATIONS_DIR, AT_REMOVEDIR), 0);
	close(dir_fd);
	CHECK_INT(rmdir(dir), 0);
}
