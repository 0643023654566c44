/* What changed between two texts, and lines as a screen may have them. */
#include "conf/diff.h"

#include <stdio.h>
#include <string.h>

#include "conf/shown.h"
#include "test.h"

#define SECRET "yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw="

static char out[1 << 16];

static void keep_line(void *arg, const char *text)
{
	size_t len = strlen(out);

	(void)arg;
	(void)snprintf(out + len, sizeof(out) - len, "%s\n", text);
}

static const char *diff_of(enum conf_file file, const char *before, const char *after)
{
	out[0] = '\0';
	diff_print(file, slice_of(before), slice_of(after), keep_line, NULL);
	return out;
}

static const char *shown(enum conf_file file, const char *line)
{
	static char text[SHOWN_LEN];

	shown_line(file, slice_of(line), text);
	return text;
}

TEST(diff_names_section_and_lines)
{
	CHECK_STR(diff_of(CONF_PUBLIC, "[Peer] # a\nAllowedIPs = 10.0.0.1/32\n", "[Peer] # a\nAllowedIPs = 10.0.0.2/32\n"),
		  "vpn-public.conf\n"
		  "         [Peer] # a\n"
		  "  -    2  AllowedIPs = 10.0.0.1/32\n"
		  "  +    2  AllowedIPs = 10.0.0.2/32\n");
	CHECK_STR(diff_of(CONF_PUBLIC, "[Peer] # a\nx\n", "[Peer] # a\nx\n"), "");
	CHECK_STR(diff_of(CONF_NETWORK, "", "[Match]\nName = eth0\n"),
		  "network.conf\n  +    1  [Match]\n  +    2  Name = eth0\n");
}

TEST(diff_finds_a_section_between_others_again)
{
	CHECK_STR(diff_of(CONF_PUBLIC, "[Peer] # a\nA = 1\n\n[Peer] # b\nA = 2\n\n[Peer] # c\nA = 3\n",
			  "[Peer] # a\nA = 1\n\n[Peer] # c\nA = 3\n"),
		  "vpn-public.conf\n"
		  "  -    4  [Peer] # b\n"
		  "  -    5  A = 2\n"
		  "  -    6  \n");
}

TEST(diff_and_line_show_no_secret)
{
	CHECK_STR(diff_of(CONF_PRIVATE, "[Interface]\nPrivateKey = " SECRET "\n", "[Interface]\nPrivateKey = x" SECRET "\n"),
		  "vpn-private.conf\n"
		  "         [Interface]\n"
		  "  -    2  PrivateKey = (hidden)\n"
		  "  +    2  PrivateKey = (hidden)\n");
	CHECK_STR(shown(CONF_PRIVATE, "  ListenPort = 4567\r"), "  ListenPort = 4567");
	CHECK_STR(shown(CONF_PRIVATE, SECRET), "(hidden)");
	CHECK_STR(shown(CONF_PRIVATE, "# my old key: " SECRET), "(hidden)");
	CHECK_STR(shown(CONF_PUBLIC, "PresharedKey=" SECRET), "PresharedKey = (hidden)");
	CHECK_STR(shown(CONF_PUBLIC, "PublicKey = " SECRET), "PublicKey = " SECRET);
	CHECK_STR(shown(CONF_NETWORK, "[Match] # " SECRET), "(hidden)");
	CHECK_STR(shown(CONF_ENV, "DB_PASSWORD=hunter2"), "DB_PASSWORD=(hidden)");
	CHECK_STR(shown(CONF_ENV, "# DB_PASSWORD=hunter2"), "# DB_PASSWORD=(hidden)");
	CHECK_STR(shown(CONF_ENV, "more of it\""), "(hidden)");
	CHECK_STR(shown(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1"), "MITIGATOR_VPN_ADDRESS=10.8.3.1");
	CHECK_STR(shown(CONF_ENV, "# of the appliance"), "# of the appliance");
}

TEST(shown_lines_are_printable_and_fit_the_screen)
{
	static char wide[2 * SHOWN_LEN];

	CHECK_STR(shown(CONF_NETWORK, "\x1b[2J\tx\xc3\xa4"), "\\x1b[2J x\\xc3\\xa4");
	memset(wide, '.', sizeof(wide) - 1);
	CHECK_INT(strlen(shown(CONF_NETWORK, wide)), SHOWN_LEN - 1);
	out[0] = '\0';
	shown_rows("  > 1  ", shown(CONF_NETWORK, wide), keep_line, NULL);
	for (const char *at = out; *at; at += strcspn(at, "\n") + 1)
		CHECK(strcspn(at, "\n") <= SHOWN_COLUMNS);
}

static char built_before[1 << 16], built_after[1 << 16];

static void build(void *arg, char sign, unsigned number, struct slice text)
{
	(void)arg;
	(void)number;
	if (sign != '+')
		strncat(built_before, text.ptr, text.len);
	if (sign != '-')
		strncat(built_after, text.ptr, text.len);
}

TEST(diff_holds_all_lines_of_both_texts)
{
	static char before[1 << 14], after[1 << 14];
	unsigned state = 1;

	for (int round = 0; round < 300; round++) {
		before[0] = after[0] = built_before[0] = built_after[0] = '\0';
		for (int i = 0; i < (round % 10 ? 30 : 700); i++) {
			char line[32];

			state = state * 1103515245 + 12345;
			(void)snprintf(line, sizeof(line), "%u%s", state >> 16 & 7, i == 29 && round & 1 ? "" : "\n");
			if (state >> 24 & 3)
				strcat(before, line);
			if (state >> 26 & 3)
				strcat(after, line);
		}
		diff_lines(slice_of(before), slice_of(after), build, NULL);
		CHECK_STR(built_before, before);
		CHECK_STR(built_after, after);
	}
}
