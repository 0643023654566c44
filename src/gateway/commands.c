#include "gateway/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/wrap.h"
#include "gateway/check.h"
#include "gateway/edit.h"
#include "gateway/key.h"
#include "gateway/peer.h"
#include "gateway/set.h"
#include "gateway/setup.h"
#include "gateway/transfer.h"
#include "gateway/verbs.h"
#include "gateway/view.h"
#include "gateway/write.h"

#define SERVED "to the running service, with --run DIR when that is not " CONTROL_DIR

static const struct gateway_command commands[] = {
	{ "run", "[--conf DIR] [--state DIR|none] [--netns NAME|none] [--run DIR] [--backend auto|kernel|lwip] [--ready-fd N] [--pulse-fd N]",
	  "carry the path, in the foreground", NULL },
	{ "check", "[--conf DIR] [--strict] [--no-names] [--no-host] [--screen]",
	  "look through the files and list every finding; status 0: clean or warnings, 1: errors", check_main },
	{ "wg", "genkey | genpsk | pubkey < FILE", "make keys, as wg(8) does", NULL },
	{ "setup", "[--conf DIR]", "ask what a new instance needs, write its files, make its key", setup_main },
	{ "write", "FILE [--force] [--conf DIR]", "replace a file by standard input; at a terminal told, then asked", write_main },
	{ "edit", "FILE [--conf DIR]", "change a file line by line; a bad line is told at once", edit_main },
	{ "view", "FILE [LINE] [--conf DIR]", "a file with line numbers, without its keys, and what `check` says of it", view_main },
	{ "set", "[NIC] KEY VALUE [--conf DIR]", "change one key of a file; prints what changed, applies nothing", set_main },
	{ "unset", "[NIC] KEY [VALUE] [--conf DIR]", "remove one key of a file; with VALUE where it stands more than once", set_main },
	{ "peer", "add | remove NAME | set NAME KEY VALUE | unset NAME KEY [--conf DIR]",
	  "change one [Peer] of vpn-public.conf; `add` takes one from standard input", peer_main },
	{ "key", "show | new [--force] [--conf DIR]",
	  "the [Peer] that the others need of this instance; a new private key, never shown", key_main },
	{ "export", "[--with-keys] [--conf DIR]", "all files as one text", export_main },
	{ "import", "[--conf DIR] < FILE", "replace all files by such a text, checked first; status 1: nothing was replaced", import_main },
	{ "overview", "[NAME | watch [SECONDS]] [--conf DIR] [--run DIR]", "both paths on one screen; one peer; rates", NULL },
	{ "probe", "NAME [--run DIR]", "does what is as long as it may be pass to a peer and back, on both paths", NULL },
	{ "remove", "[--run DIR]", "the interface and namespace that a service left which was killed", NULL },
	{ "help", "conf [--markdown] | commands [--markdown] | rotate | port",
	  "what the files may hold; this; how a key or a port of a cluster is changed", NULL },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]), WORDS_LEN = 256, BELOW = 4 };

const struct gateway_command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].run ? &commands[i] : NULL;
	return NULL;
}

/* "run [--conf DIR]" */
static const char *typed_words(const char *name, const char *words, char dst[static WORDS_LEN])
{
	text_format(dst, WORDS_LEN, "%s%s%s", name, *words ? " " : "", words);
	return dst;
}

static void usage_row(const char *before, const char *program, const char *name, const char *words, void (*line)(void *arg, const char *text),
		      void *arg)
{
	char typed[WORDS_LEN], row[WORDS_LEN + 64];

	text_format(row, sizeof(row), "%-6s %s %s", before, program, typed_words(name, words, typed));
	wrap_text(row, (unsigned)(strlen("usage:  ") + strlen(program) + 1 + strlen(name)), line, arg);
}

void commands_usage(const char *program, void (*line)(void *arg, const char *text), void *arg)
{
	for (size_t i = 0; i < COMMANDS; i++)
		usage_row(i ? "" : "usage:", program, commands[i].name, commands[i].words, line, arg);
	line(arg, SERVED ":");
	for (const struct worker_verb *verb = path_verbs; verb->name; verb++)
		usage_row("", program, verb->name, verb->words, line, arg);
}

static void usage_about(const char *about, void (*line)(void *arg, const char *text), void *arg)
{
	enum { INDENT = sizeof("usage:") };
	char row[WORDS_LEN];

	text_format(row, sizeof(row), "%*s%s", INDENT, "", about);
	wrap_text(row, INDENT, line, arg);
}

bool command_usage(const char *program, const char *name, void (*line)(void *arg, const char *text), void *arg)
{
	bool found = false;

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		usage_row("usage:", program, name, commands[i].words, line, arg);
		usage_about(commands[i].about, line, arg);
		found = true;
	}
	for (const struct worker_verb *verb = path_verbs; verb->name; verb++) {
		if (strcmp(verb->name, name) != 0)
			continue;
		usage_row(found ? "" : "usage:", program, name, verb->words, line, arg);
		usage_about(verb->about, line, arg);
		found = true;
	}
	return found;
}

/* A cell ends at a bar. */
static void add_cell(struct text *text, const char *words)
{
	for (; *words; words++)
		text_add(text, "%s%c", *words == '|' ? "\\" : "", *words);
}

static void print_one(bool markdown, const char *name, const char *words, const char *about, void (*line)(void *arg, const char *text), void *arg)
{
	char typed[WORDS_LEN], row[2 * WORDS_LEN];
	struct text text;

	typed_words(name, words, typed);
	if (!markdown) {
		wrap_text(typed, BELOW, line, arg);
		text_format(row, sizeof(row), "%*s%s", BELOW, "", about);
		wrap_text(row, BELOW, line, arg);
		return;
	}
	text_init(&text, row, sizeof(row));
	text_add(&text, "| `");
	add_cell(&text, typed);
	text_add(&text, "` | %s |", about);
	line(arg, row);
}

void commands_print(bool markdown, void (*line)(void *arg, const char *text), void *arg)
{
	if (markdown) {
		line(arg, "| Command | Meaning |");
		line(arg, "|---|---|");
	}
	for (size_t i = 0; i < COMMANDS; i++)
		print_one(markdown, commands[i].name, commands[i].words, commands[i].about, line, arg);
	line(arg, markdown ? "| | *" SERVED ":* |" : SERVED ":");
	for (const struct worker_verb *verb = path_verbs; verb->name; verb++)
		print_one(markdown, verb->name, verb->words, verb->about, line, arg);
}
