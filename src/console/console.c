#include "console/console.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/row.h"
#include "base/text.h"
#include "base/wrap.h"
#include "console/log.h"
#include "console/names.h"
#include "console/partition.h"
#include "console/print.h"
#include "console/recovery.h"
#include "console/run.h"
#include "console/session.h"
#include "console/shell.h"
#include "console/support.h"
#include "console/words.h"

#define CONFIRM_MINUTES "5"

static const char *const paths[] = { NAME_MANAGEMENT, NAME_DATAPLANE };

enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

/* What does not fit a line of `boot`, whose columns are init/steps_tell.c's, goes on there: behind where the step's name begins. */
enum { BELOW_A_STEP = 25 };

/* PROGRAM and the words from argv[first] on, but for the one at skip (-1: all). */
static int run_with(const char *program, int argc, char **argv, int first, int skip)
{
	const char *words[RUN_WORDS_MAX + 1] = { program };
	size_t count = 1;

	for (int i = first; i < argc; i++)
		if (i != skip)
			words[count++] = argv[i];
	return run_words(words);
}

/* Where a path is named among the words behind the command, 0 when none is. */
static int find_path(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (size_t j = 0; j < PATHS; j++)
			if (!strcmp(argv[i], paths[j]))
				return i;
	return 0;
}

/* The boot step that runs, if the services are not started yet; then how an image on trial fares, and what a hand-over waits for. */
static void print_under_way(void)
{
	char text[512];

	if (file_read(AT_FDCWD, RUN_DIR "/" BOOT_NOW_FILE, text, sizeof(text)) > 0)
		printf("still starting: %s", text);
	if (file_read(AT_FDCWD, RUN_DIR "/" TRIAL_FILE, text, sizeof(text)) > 0 && strcmp(text, TRIAL_NONE) != 0)
		wrap_text(text, 2, row_print, NULL);
	if (file_read(AT_FDCWD, RUN_DIR "/" HANDOVER_FILE, text, sizeof(text)) > 0)
		wrap_text(text, 2, row_print, NULL);
}

/* All that both services say, for people or for programs. */
static int show_whole(int argc, char **argv, int at, int skip)
{
	int status = 0;

	if (at)
		return run_with(argv[at], argc, argv, 0, at);
	for (size_t i = 0; i < PATHS; i++)
		status |= run_with(paths[i], argc, argv, 0, skip);
	return status;
}

static int command_boot(int argc, char **argv);

static int command_show(int argc, char **argv)
{
	static const char *const filter[] = { NAME_NETWORK, "filter", NULL }, *const inside[] = { NAME_MANAGEMENT, "filter", NULL };
	static const char *const slots[] = { "slots", NULL };

	const char *words[RUN_WORDS_MAX + 1] = { NAME_MANAGEMENT, "overview" };
	int at = find_path(argc, argv), all = argc > 1 && !strcmp(argv[1], "all") ? 1 : -1, status;

	if (argc == 2 && !strcmp(argv[1], filter[1]))
		return run_words(filter) | run_words(inside);
	if (argc == 2 && !strcmp(argv[1], "boot")) {
		status = run_words(slots);
		return command_boot(argc, argv) | status;
	}
	if (argc > 1 && !strcmp(argv[argc - 1], "--json"))
		return show_whole(argc, argv, at, all);
	(void)recovery_print();
	print_under_way();
	if (at || all > 0)
		return show_whole(argc, argv, at, all);
	for (int i = 1; i < argc && i + 1 < RUN_WORDS_MAX; i++)
		words[i + 1] = argv[i];
	status = run_words(words);
	if (argc == 1)
		partition_print();
	return status;
}

/* What the binary does without a service: check, view, write, set, peer, key, export, import, and wg. */
static int command_gateway(int argc, char **argv)
{
	return run_with(NAME_MANAGEMENT, argc, argv, 0, -1);
}

static int command_check(int argc, char **argv)
{
	const char *words[RUN_WORDS_MAX + 1] = { NAME_MANAGEMENT, argv[0], "--screen" };

	for (int i = 1; i < argc && i + 2 < RUN_WORDS_MAX; i++)
		words[i + 2] = argv[i];
	return run_words(words);
}

/* What changes a part of what runs, behind the back of who owns the whole. */
static bool is_partial(const char *verb)
{
	static const char *const verbs[] = { "reconfigure", "plan", "apply", "keep", "undo", "revert" };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verb, verbs[i]))
			return true;
	return false;
}

static int refuse_partial(void)
{
	printf("The NICs and both paths change together, or not at all: `plan` tells how,\n"
	       "`reconfigure` applies the files, `undo` puts back what was in force before.\n"
	       "Nothing was changed.\n");
	return 2;
}

static int reconfigure_usage(void)
{
	printf("usage: reconfigure [at HH:MM[:SS]] [confirm [MINUTES]] [--force]\n");
	return 2;
}

static int command_reconfigure(int argc, char **argv)
{
	bool force = argc > 1 && !strcmp(argv[argc - 1], "--force"), at = argc > 2 && !strcmp(argv[1], "at"), confirm;
	const char *commit[RUN_WORDS_MAX + 1] = { NAME_CONFIG, "commit", "--ask" };
	size_t count = 3;

	if (find_path(argc, argv))
		return refuse_partial();
	argc -= force;
	if (at) {
		commit[count++] = "--at";
		commit[count++] = argv[2];
		argc -= 2;
		argv += 2;
	}
	confirm = argc > 1 && !strcmp(argv[1], "confirm");
	if (argc > (confirm ? 3 : 1))
		return reconfigure_usage();
	if (confirm) {
		commit[count++] = "--confirm";
		commit[count++] = argc > 2 ? argv[2] : CONFIRM_MINUTES;
	}
	if (force)
		commit[count++] = "--force";
	return run_words(commit);
}

static int command_setup(int argc, char **argv)
{
	int status = run_with(NAME_MANAGEMENT, argc, argv, 0, -1);
	char *words[] = { (char[]){ "reconfigure" }, NULL };

	return status ? status : command_reconfigure(1, words);
}

/* plan, history, diff, confirm; and what may ask. */
static int command_look(int argc, char **argv)
{
	return run_with(NAME_CONFIG, argc, argv, 0, -1);
}

static int command_put_back(int argc, char **argv)
{
	const char *words[RUN_WORDS_MAX + 1] = { NAME_CONFIG, argv[0], "--ask" };

	if (!strcmp(argv[0], "rollback") && argc < 2) {
		printf("usage: rollback N [--force], N as `history` has it\n");
		return 2;
	}
	for (int i = 1; i < argc && i + 2 < RUN_WORDS_MAX; i++)
		words[i + 2] = argv[i];
	return run_words(words);
}

static int command_ping(int argc, char **argv)
{
	int at = find_path(argc, argv);

	return run_with(at ? argv[at] : paths[0], argc, argv, 0, at ? at : -1);
}

static int command_path(int argc, char **argv)
{
	if (argc > 1 && is_partial(argv[1]))
		return refuse_partial();
	return run_with(argv[0], argc, argv, 1, -1);
}

static int command_network(int argc, char **argv)
{
	static const char *const show[] = { NAME_NETWORK, "show", NULL };

	if (argc > 1 && is_partial(argv[1]))
		return refuse_partial();
	return argc > 1 ? run_with(NAME_NETWORK, argc, argv, 1, -1) : run_words(show);
}

static int command_log(int argc, char **argv)
{
	return log_print(argc, argv);
}

static int command_support(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return support_print();
}

static int command_boot(int argc, char **argv)
{
	char text[8192], row[512];
	ssize_t n = file_read_begin(AT_FDCWD, RUN_DIR "/" BOOT_FILE, text, sizeof(text));
	struct slice rest = { text, n < 0 ? 0 : (size_t)n }, line;

	(void)argc;
	(void)argv;
	printf("   since      took    step\n");
	while (rest.len && slice_cut(&rest, '\n', &line)) {
		text_format(row, sizeof(row), "%.*s", SLICE_ARG(line));
		wrap_text(row, BELOW_A_STEP, row_print, NULL);
	}
	print_under_way();
	return n < 0;
}

static int command_hardening(int argc, char **argv)
{
	return run_with(argv[0], argc, argv, 1, -1);
}

static int command_install(int argc, char **argv)
{
	return run_with("install", argc, argv, 1, -1);
}

static int command_update(int argc, char **argv)
{
	return run_with("update", argc, argv, 1, -1);
}

static int command_reset(int argc, char **argv)
{
	return run_with(argv[0], argc, argv, 1, -1);
}

static int command_clock(int argc, char **argv)
{
	return run_with("clock", argc, argv, 1, -1);
}

static int command_password(int argc, char **argv)
{
	static const char *const reset[] = { "reset", "password", NULL };
	int status;

	if (argc == 2 && !strcmp(argv[1], "reset"))
		return run_words(reset);
	status = run_with("password", argc, argv, 1, -1);
	if (!status)
		session_renew();
	return status;
}

static int command_logout(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return session_end();
}

static int command_version(int argc, char **argv)
{
	return run_with(NAME_MANAGEMENT, argc, argv, 0, -1);
}

/* PID 1 takes these as sysvinit and busybox do. A further word is a mistake, and this no place for one. */
static int tell_init(int argc, char **argv, int sig)
{
	if (argc == 1)
		return kill(1, sig);
	printf("%s takes no words\n", argv[0]);
	return 2;
}

static int command_reboot(int argc, char **argv)
{
	return tell_init(argc, argv, SIGTERM);
}

static int command_poweroff(int argc, char **argv)
{
	return tell_init(argc, argv, SIGUSR2);
}

static int command_help(int argc, char **argv);

static const struct command commands[] = {
	{ "help", "[conf | rotate | port | COMMAND]", "this list; what the files may hold; how a key or a port of a cluster is changed",
	  command_help },
	{ "show", "[NAME | watch [SECONDS] | all | boot | PATH | filter] [--json]",
	  "what is wrong, and each peer in a line; one of them; rates; all; which image runs", command_show },
	{ "check", "[--strict] [--no-names] [--no-host]", "look through the files, and at the way to the peers; apply nothing",
	  command_check },
	{ "view", "FILE [LINE]", "a file with line numbers, without its keys, and what `check` says of it",
	  command_gateway },
	{ "setup", "", "ask what a new instance needs, write its files, make its key, and run it", command_setup },
	{ "edit", "FILE", "change a file line by line; a bad line is told at once", command_gateway },
	{ "write", "FILE [--force]", "replace a file by what is pasted, up to a line with a single .; told, then asked",
	  command_gateway },
	{ "set", "[NIC] KEY VALUE", "change one key of a file; prints what changed, applies nothing", command_gateway },
	{ "unset", "[NIC] KEY [VALUE]", "remove one key of a file; with VALUE where it stands more than once", command_gateway },
	{ "peer", "add | remove NAME | set NAME KEY VALUE | unset NAME KEY",
	  "change one [Peer] of vpn-public.conf; `add` takes one that is pasted", command_gateway },
	{ "key", "show | new", "the [Peer] that the others need of this instance; a new private key, never shown",
	  command_gateway },
	{ "export", "[--with-keys]", "all files as one text, for `import` on another machine", command_gateway },
	{ "import", "", "replace all files by such a text, checked first", command_gateway },
	{ "reconfigure", "[at HH:MM[:SS]] [confirm [MINUTES]] [--force]",
	  "apply changed files; at: then, UTC; confirm: undone in 5 minutes unless you `confirm`",
	  command_reconfigure },
	{ "plan", "", "what `reconfigure` would change, and whether it would ask; applies nothing", command_look },
	{ "confirm", "", "keep what `reconfigure confirm` applied", command_look },
	{ "history", "", "the sets of files that were applied: when, by what, which is in force", command_look },
	{ "diff", "[N [M]]", "the files against what runs; a generation of `history` against that, or another", command_look },
	{ "rollback", "N [--force]", "put a generation back: its files, and it runs", command_put_back },
	{ "undo", "[--force]", "put back what was in force before the last change; cancel what waits for its time", command_put_back },
	{ "ping", "[out] ADDRESS [PATH] [-c COUNT] [-i SECONDS] [-s BYTES] [-D] [-q]",
	  "echo requests from inside a path; out: outside of the tunnel", command_ping },
	{ "probe", "NAME", "does what is as long as it may be pass to a peer and back, on both paths", command_gateway },
	{ NAME_NETWORK, "[identify] [NIC]", "the NICs: switch, addresses, routes, losses; one in full; blink its light", command_network },
	{ "log", "[TIME | boot] [peer NAME] [WORD]", "the last lines of the log: of 2h or 30m, of a peer, those that hold WORD", command_log },
	{ "support", "", "one text for who helps from afar: no key, marks around it, a checksum", command_support },
	{ "boot", "", "the boot steps and the time each took", command_boot },
	{ "hardening", "", "what holds against an intruder", command_hardening },
	{ NAME_MANAGEMENT, "VERB...", "a verb of the management path: wg show, wg show dump, wg genkey, ...", command_path },
	{ NAME_DATAPLANE, "VERB...", "the same for the path between packet processors", command_path },
	{ "wg", "VERB...", "the same as gateway wg VERB...", command_gateway },
	{ "clock", "[set YYYY-MM-DD HH:MM:SS]", "the time (UTC), and what it is known by; set it", command_clock },
	{ "password", "[none | reset]", "set what every console asks for; none: nothing; reset: of a lost one, in recovery",
	  command_password },
	{ "logout", "", "until the password is typed again", command_logout },
	{ "install", "[DISK]", "the disks and what is on them; put this system on one, which asks for its serial", command_install },
	{ "update", "FILE | usb | from NAME [downgrade] | confirm", "another version of this system, on trial from the next boot on; it is good",
	  command_update },
	{ "reset", "config | all", "remove the configuration and keep the key; or overwrite all, to give the box away", command_reset },
	{ "format", "data", "make the persistent partition anew", command_reset },
	{ "version", "", "of the program and the kernel", command_version },
	{ "reboot", "", "stop everything, start again", command_reboot },
	{ "poweroff", "", "stop everything, switch off", command_poweroff },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int command_help(int argc, char **argv)
{
	static const char *const update[] = { "update", "help", NULL };
	bool found = false;

	if (argc == 2 && (!strcmp(argv[1], "conf") || !strcmp(argv[1], "rotate") || !strcmp(argv[1], "port")))
		return run_with(NAME_MANAGEMENT, argc, argv, 0, -1);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (argc > 1 && strcmp(argv[1], commands[i].name) != 0)
			continue;
		found = true;
		print_command(&commands[i]);
	}
	if (argc == 2 && !strcmp(argv[1], "update"))
		return run_words(update);
	if (!found)
		printf("no command is called %s\n", argv[1]);
	else
		printf("PATH is gateway or gateway-dataplane. Ctrl-C ends a command, ? tells what fits.\n");
	return !found;
}

const struct fits_tables *console_tables(void)
{
	static struct fits_tables tables = { commands, COMMANDS, command_words, 0, names_get, NULL };

	tables.word_count = command_word_count;
	return &tables;
}

int console_main(void)
{
	return shell_run(console_tables());
}
