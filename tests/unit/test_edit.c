/* Parts of a file changed, all else as it was. */
#include "conf/edit.h"

#include <errno.h>
#include <string.h>

#include "test.h"

static char out[1 << 14];

static const char *set(const char *text, unsigned section, const char *key, const char *value)
{
	ssize_t len = edit_set(slice_of(text), section, key, slice_of(value), out, sizeof(out));

	return len < 0 ? strerror((int)-len) : out;
}

static const char *unset(const char *text, unsigned section, const char *key, const char *value)
{
	ssize_t len = edit_unset(slice_of(text), section, key, slice_of(value), out, sizeof(out));

	return len < 0 ? strerror((int)-len) : out;
}

static const char *add(const char *text, unsigned section, const char *lines)
{
	return edit_add(slice_of(text), section, slice_of(lines), out, sizeof(out)) < 0 ? "none" : out;
}

static const char *without(const char *text, unsigned section)
{
	return edit_remove(slice_of(text), section, out, sizeof(out)) < 0 ? "none" : out;
}

TEST(section_is_put_in_front_of_another)
{
	CHECK_INT(edit_insert(slice_of("# all\n[A]\nK = 1\n"), 2, slice_of("[B]\n"), out, sizeof(out)), 21);
	CHECK_STR(out, "# all\n[B]\n\n[A]\nK = 1\n");
	CHECK_INT(edit_insert(slice_of("# all\n[A]\n"), 1, slice_of("[B]\n"), out, sizeof(out)), -ENOENT);
	CHECK_INT(edit_insert(slice_of("[A]\n"), 1, slice_of("[B]\n"), out, 9), -EFBIG);
}

TEST(set_replaces_the_value_and_nothing_else)
{
	CHECK_STR(set("\xef\xbb\xbf[Interface]\r\n  listenport=1 \t# why\r\nX = 2", 1, "ListenPort", "5567"),
		  "\xef\xbb\xbf[Interface]\r\n  listenport=5567 \t# why\r\nX = 2");
	CHECK_STR(set("[A]\nK = 1\n[A]\nK = 1\n", 3, "K", "2"), "[A]\nK = 1\n[A]\nK = 2\n");
	CHECK_STR(set("[A]\nK =\n", 1, "K", "2"), "[A]\nK =2\n");
	CHECK_STR(set("# K=0\nexport K=\"a b\" # c\nKK=3\n", 0, "K", "7"), "# K=0\nexport K=7 # c\nKK=3\n");
	CHECK_STR(set("K=#x\n", 0, "K", "3"), "K=3 #x\n");
	CHECK_STR(set("K='a'b\n", 0, "K", "3"), strerror(EINVAL));
	CHECK_STR(set("K=1\nK=2\n", 0, "K", "3"), "K=1\nK=3\n");
	CHECK_STR(set("K=\"1\n2\"\n", 0, "K", "3"), strerror(EINVAL));
	CHECK_STR(set("[A]\nK = 1\nK = 2\n", 1, "K", "3"), strerror(E2BIG));
	CHECK_STR(set("[A]\nK = 1\n", 2, "K", "3"), strerror(ENOENT));
	CHECK_STR(set("[A]\n", 1, "K", "3 # x"), strerror(EINVAL));
	CHECK_STR(set("[A]\n", 1, "K", "3\nL = 4"), strerror(EINVAL));
}

TEST(set_adds_a_line_behind_the_last_of_its_section)
{
	CHECK_STR(set("[A]\nB = 1\n\n# of the next\n[A]\n", 1, "K", "2"), "[A]\nB = 1\nK = 2\n\n# of the next\n[A]\n");
	CHECK_STR(set("[A]\r\nB = 1", 1, "K", "2"), "[A]\r\nB = 1\r\nK = 2\r\n");
	CHECK_STR(set("A=1", 0, "K", "2"), "A=1\nK=2\n");
	CHECK_STR(set("", 0, "K", "2"), "K=2\n");
}

TEST(unset_removes_one_line)
{
	CHECK_STR(unset("[A]\n# c\nK = 1 # d\nL = 2\n", 1, "K", ""), "[A]\n# c\nL = 2\n");
	CHECK_STR(unset("[A]\nK = 1\nK = 2\n", 1, "K", "2"), "[A]\nK = 1\n");
	CHECK_STR(unset("[A]\nK = 1\nK = 2\n", 1, "K", ""), strerror(E2BIG));
	CHECK_STR(unset("[A]\nK = 1\n", 1, "L", ""), strerror(ENOENT));
}

TEST(section_is_added_and_removed_between_others)
{
	const char *three = "# top\n[P] # a\nK = 1\n\n# of b\n[P] # b\nK = 2\n\n# of c\n[P] # c\nK = 3\n";

	CHECK_STR(add("[P]\nK = 1", 0, "[P]\nK = 2\n"), "[P]\nK = 1\n\n[P]\nK = 2\n");
	CHECK_STR(add("", 0, "[P]\n"), "[P]\n");
	CHECK_STR(add("[M]\nN = 1\n\n[M]\nN = 2\n", 1, "[N]\nA = 1\n"), "[M]\nN = 1\n\n[N]\nA = 1\n\n[M]\nN = 2\n");
	CHECK_STR(without(three, 6), "# top\n[P] # a\nK = 1\n\n# of b\n# of c\n[P] # c\nK = 3\n");
	CHECK_STR(without(three, 10), "# top\n[P] # a\nK = 1\n\n# of b\n[P] # b\nK = 2\n\n# of c\n");
	CHECK_STR(without(three, 7), "none");
}

TEST(section_is_found_by_its_name_up_to_another)
{
	struct slice text = slice_of("[M]\n[N] # x\n [ m ]\nN = 1\n");

	CHECK_INT(edit_section(text, "N", 0, NULL), 2);
	CHECK_INT(edit_section(text, "M", 1, NULL), 3);
	CHECK_INT(edit_section(text, "N", 2, "M"), 0);
	CHECK_INT(edit_section(text, "O", 0, NULL), 0);
}
