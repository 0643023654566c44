/* console/fits: which words fit where, and the console's own tables by it. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "console/console.h"
#include "console/fits.h"

static struct fits fits;

static const struct fit *find(const char *word)
{
	for (size_t i = 0; i < fits.count; i++)
		if (!strcmp(fits.list[i].word, word))
			return &fits.list[i];
	return NULL;
}

/* The command, whatever may stand before this word, a blank. */
static void lead_to(const struct word *word, char *line, size_t cap)
{
	int len = snprintf(line, cap, "%s ", word->command);
	unsigned before = word->place ? word->place - 1 : word->after ? 1 : 0;

	if (strchr(word->command, ' ') && word->place)
		before--; /* its first word stands there */

	for (unsigned i = 1; i <= before; i++)
		len += snprintf(line + len, cap - (size_t)len, "%s ", i == before && word->after ? word->after : "x");
}

TEST(each_word_of_each_command_is_told_at_its_place)
{
	const struct fits_tables *tables = console_tables();

	for (size_t i = 0; i < tables->word_count; i++) {
		const struct word *word = &tables->words[i];
		const struct fit *found;
		char line[256];

		if (!word->help)
			continue;
		lead_to(word, line, sizeof(line));
		fits_find(&fits, tables, line, strlen(line));
		found = find(word->word);
		CHECK_STR(found ? found->help : line, word->help);
	}
}

TEST(what_is_told_at_each_place_of_peer_and_set)
{
	static const struct {
		const char *typed, *told;
	} lines[] = {
		{ "peer ", "add remove set unset " },
		{ "peer add ", "" },
		{ "peer add --conf ", "DIR " },
		{ "peer remove ", "NAME " },
		{ "peer remove ams1 ", "" },
		{ "peer set ", "NAME " },
		{ "peer set ams1 ", "Endpoint AllowedIPs PublicKey PersistentKeepalive KEY " },
		{ "peer set ams1 P", "PublicKey PersistentKeepalive " },
		{ "peer set ams1 Endpoint ", "VALUE " },
		{ "peer set ams1 AllowedIPs 10.8.3.2/32, ", "" },
		{ "peer unset ", "NAME " },
		{ "peer unset ams1 ", "Endpoint AllowedIPs PublicKey PersistentKeepalive KEY " },
		{ "set ", "KEY " },
		{ "set eth0 ", "VALUE " },
		{ "set eth0 Address ", "VALUE " },
		{ "unset eth0 Address ", "VALUE " },
		{ "key ", "show new " },
		{ "key new ", "--force " },
		{ "write ", "network.conf vpn-private.conf vpn-public.conf .env " },
		{ "write .env ", "--force " },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char told[256] = "";
		size_t len = 0;

		fits_find(&fits, console_tables(), lines[i].typed, strlen(lines[i].typed));
		for (size_t j = 0; j < fits.count; j++)
			len += (size_t)snprintf(told + len, sizeof(told) - len, "%s ", fits.list[j].word);
		CHECK_STR(told, lines[i].told);
	}
}

TEST(each_command_is_told_on_an_empty_line_and_has_its_words)
{
	const struct fits_tables *tables = console_tables();

	fits_find(&fits, tables, "", 0);
	CHECK_INT(fits.count, tables->command_count);
	for (size_t i = 0; i < tables->command_count; i++) {
		const struct command *command = &tables->commands[i];
		char line[64];

		CHECK_STR(fits.list[i].help, command->help);
		(void)snprintf(line, sizeof(line), "%s ", command->name);
		fits_find(&fits, tables, line, strlen(line));
		/* Usage and table agree on whether there are any. */
		if (*command->words && !fits.count)
			CHECK_STR(command->name, "a command with words");
		if (!*command->words && fits.count)
			CHECK_STR(command->name, "a command without words");
		fits_find(&fits, tables, "", 0);
	}
}

/* ---- by tables of their own ---- */

static const struct command commands[] = {
	{ "show", "[NAME]", "what runs", NULL },
	{ "reboot", "", "start again", NULL },
	{ "reconfigure", "", "apply", NULL },
	{ "clock", "[set DATE]", "the time", NULL },
	{ "log", "[WORD]", "what happened", NULL },
	{ "other", "ONE", "no table knows it", NULL },
};

static const struct word rows[] = {
	{ "show", "NAME", WORD_PEER, 1, NULL, "a peer" },
	{ "show", "--json", WORD_FIXED, WORD_ANYWHERE, NULL, "for programs" },
	{ "reboot", NULL, WORD_WHOLE, 1, NULL, NULL },
	{ "reconfigure", "--force", WORD_FIXED, WORD_ANYWHERE, NULL, "without a question" },
	{ "reconfigure", "--quiet", WORD_FIXED, WORD_ANYWHERE, NULL, NULL },
	{ "clock", "set", WORD_FIXED, 1, NULL, "set it" },
	{ "clock", "DATE", WORD_TYPED, 2, "set", "the date" },
	{ "log", "WORD", WORD_TYPED, 1, NULL, "lines that hold it" },
};

static const char *name(void *arg, enum word_kind kind, size_t number)
{
	static const char *const names[] = { "ams1", "ams2", "lon1" };

	(void)arg;
	return kind == WORD_PEER && number < 3 ? names[number] : NULL;
}

static const struct fits_tables own = {
	commands, sizeof(commands) / sizeof(commands[0]), rows, sizeof(rows) / sizeof(rows[0]), name, NULL,
};

TEST(words_that_begin_only_one_are_made_whole)
{
	static const struct {
		const char *typed, *whole;
	} lines[] = {
		{ "sh lon", "show lon1" }, { " sh  ams2 ", " show  ams2 " }, { "sh fra1 --j", "show fra1 --json" },
		{ "rec --f", "reconfigure --force" }, { "reconfigure --quiet", "reconfigure --quiet" },
		{ "cl s 2026", "clock set 2026" }, { "l sh", "log sh" }, { "oth x y", "other x y" }, { "", "" },
		{ "reboot", "reboot" }, { "c", "clock" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64];
		const char *why = NULL;

		(void)snprintf(line, sizeof(line), "%s", lines[i].typed);
		CHECK_INT(fits_expand(&own, line, sizeof(line), &why), -1);
		CHECK_STR(line, lines[i].whole);
	}
}

TEST(word_that_does_not_fit_is_told_with_its_place)
{
	static const struct {
		const char *typed;
		long at;
		const char *why;
	} lines[] = {
		{ "shwo ams1", 0, "unknown command" },
		{ "re", 0, "several words begin with" },
		{ "reb", 0, "to be written out in full, not as" },
		{ "clock sett 1", 6, "no word that fits here begins with" },
		{ "reboot now", 7, "no word that fits here begins with" },
		{ "reconfigure --quie", 12, "no word that fits here begins with" },
		{ "reconfigure --force --force", 20, "no word that fits here begins with" },
		{ "log a b", 6, "no word that fits here begins with" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64];
		const char *why = NULL;

		(void)snprintf(line, sizeof(line), "%s", lines[i].typed);
		CHECK_INT(fits_expand(&own, line, sizeof(line), &why), lines[i].at);
		CHECK_STR(why, lines[i].why);
	}
}

TEST(word_that_may_have_been_meant_is_told)
{
	static const struct {
		const char *typed;
		size_t wrong;
		const char *near; /* "": none */
	} lines[] = {
		{ "shwo ams1", 0, "show" }, { "pign 10.8.3.2", 0, "ping" }, { "recnfigure", 0, "reconfigure" }, { "[Peer]", 0, "peer" },
		{ "xyzzy", 0, "" }, { "PrivateKey", 0, "" }, { "write vpn-pirvate.conf", 6, "vpn-private.conf" }, { "write x", 6, "" },
		{ "peer remov ams1", 5, "remove" }, { "reboo", 0, "reboot" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *near = fits_near(console_tables(), lines[i].typed, lines[i].wrong);

		CHECK_STR(near ? near : "", lines[i].near);
	}
}

TEST(tab_writes_what_all_words_have_in_common)
{
	static const struct {
		const char *typed, *rest;
	} lines[] = {
		{ "s", "how " }, { "re", "" }, { "rec", "onfigure " }, { "show ", "" }, { "show a", "ms" }, { "show ams", "" },
		{ "show l", "on1 " }, { "show ams1", " " }, { "show x", "" }, { "clock set ", "" }, { "reboot ", "" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char rest[64];

		fits_find(&fits, &own, lines[i].typed, strlen(lines[i].typed));
		fits_common(&fits, rest, sizeof(rest));
		CHECK_STR(rest, lines[i].rest);
	}
}

TEST(line_that_would_grow_too_long_is_refused)
{
	char line[8] = "sh lon";
	const char *why = NULL;

	CHECK_INT(fits_expand(&own, line, sizeof(line), &why), 0);
	CHECK_STR(line, "sh lon");
}
