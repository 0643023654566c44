#include "gateway/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/contained.h"
#include "base/help.h"
#include "base/notify.h"
#include "base/paths.h"
#include "base/row.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/version.h"
#include "conf/environment.h"
#include "conf/reference.h"
#include "control/client.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "gateway/commands.h"
#include "gateway/guide.h"
#include "gateway/leftover.h"
#include "gateway/overview.h"
#include "gateway/probe.h"
#include "gateway/service.h"
#include "gateway/typed.h"
#include "gateway/verbs.h"
#include "tunnel/backend.h"
#include "worker/first.h"

enum { EXIT_USAGE = 2 };

static int usage(const char *name)
{
	commands_usage(name, row_print_error, NULL);
	return EXIT_USAGE;
}

/* Asked for; argc and argv as the program has them. False when they ask for none. */
static bool print_help(const char *name, int argc, char **argv)
{
	if (argc == 3 && help_option(argv[2]))
		return command_usage(name, argv[1], row_print, NULL);
	if (help_asked(argc, argv))
		commands_usage(name, row_print, NULL);
	return help_asked(argc, argv);
}

static int run(const struct profile *profile, const char *run_dir, int argc, char **argv)
{
	static struct service_options options = { .worker = { .conf_dir = DATA_DIR, .ready_fd = -1, .pulse_fd = -1 } };
	const char *ready = NULL, *pulse = NULL, *state = NULL;
	const struct {
		const char *name;
		const char **value;
	} table[] = {
		{ "--conf", &options.worker.conf_dir }, { "--netns", &options.netns },
		{ "--backend", &options.backend }, { "--ready-fd", &ready }, { "--pulse-fd", &pulse },
		{ "--state", &state },
	};

	options.worker.run_dir = run_dir;
	for (int i = 0; i < argc; i += 2) {
		size_t j = 0;

		while (j < sizeof(table) / sizeof(table[0]) && strcmp(table[j].name, argv[i]) != 0)
			j++;
		if (j == sizeof(table) / sizeof(table[0]) || i + 1 == argc)
			return usage(profile->name);
		*table[j].value = argv[i + 1];
	}
	if (!worker_read_fd(ready, &options.worker.ready_fd) || !worker_read_fd(pulse, &options.worker.pulse_fd))
		return usage(profile->name);
	if (options.backend && !backend_known(options.backend)) {
		(void)fprintf(stderr, "%s: --backend %s: this build has none of that name; expected %s\n", profile->name, options.backend,
			backend_names());
		return EXIT_USAGE;
	}
	if (options.netns && (strlen(options.netns) >= PLACE_NETNS_LEN || !options.netns[0] || strchr(options.netns, '/'))) {
		(void)fprintf(stderr, "%s: --netns takes a name of at most %d characters without /\n", profile->name,
			      PLACE_NETNS_LEN - 1);
		return EXIT_USAGE;
	}
	options.worker.state_dir = !state ? options.worker.conf_dir : strcmp(state, "none") != 0 ? state : NULL;
	options.worker.state_hint = ready ? "" : ": `--state DIR` names another place";
	options.contained = contained();
	options.worker.stays = options.contained || notify_wanted();
	first_process();
	return service_run(profile, &options, path_verbs, &path_changes);
}

/* As wg(8): a key on standard output; a preshared one is any 32 bytes. */
static int genkey(bool preshared)
{
	uint8_t key[KEY_LEN];
	char text[KEY_BASE64_LEN];
	int err = random_bytes(key, sizeof(key));

	if (err < 0) {
		(void)fprintf(stderr, "wg: no random bytes: %s\n", strerror(-err));
		return 1;
	}
	if (!preshared)
		x25519_clamp(key);
	key_to_base64(key, text);
	puts(text);
	wipe(key, sizeof(key));
	wipe(text, sizeof(text));
	return 0;
}

/* All of standard input; at a terminal a line will do. */
static void read_key(char *text, size_t cap)
{
	struct line line;

	if (!isatty(STDIN_FILENO)) {
		text[fread(text, 1, cap - 1, stdin)] = '\0';
		return;
	}
	terminal_open();
	line_init(&line, text, cap, typed_echo_secret, NULL);
	(void)terminal_read(&line);
	terminal_restore();
}

/* As wg(8): the private key on standard input, white space around it allowed. */
static int pubkey(void)
{
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];
	char text[256];
	size_t len, first;
	int err;

	read_key(text, sizeof(text));
	first = strspn(text, " \t\r\n");
	len = strcspn(text + first, " \t\r\n");
	err = text[first + len + strspn(text + first + len, " \t\r\n")] ? -EINVAL
									 : key_from_base64(text + first, len, private_key);
	wipe(text, sizeof(text));
	if (err < 0) {
		(void)fprintf(stderr, "wg: Key is not the correct length or format\n");
		return 1;
	}
	x25519_public(public_key, private_key);
	wipe(private_key, sizeof(private_key));
	key_to_base64(public_key, text);
	puts(text);
	return 0;
}

/* What a service says too: then it is the service's own, which may be older than this file. */
static int print_version(void)
{
	char text[VERSION_TEXT_LEN];

	puts(version_text(text));
	return 0;
}

static int ask(const struct profile *profile, const char *run_dir, int argc, char **argv)
{
	char path[CONTROL_PATH_LEN], why[CONTROL_WHY_LEN];
	int status = control_path(path, run_dir, profile->name);

	if (!status)
		status = control_request(path, argc, argv, STDOUT_FILENO, STDERR_FILENO);
	if (status >= 0)
		return status;
	if (!strcmp(argv[0], "version") && argc == 1)
		return print_version();
	(void)fprintf(stderr, "%s: %s (%s)\n", profile->name, control_why(status, run_dir, profile->name, why), path);
	return 1;
}

/* Takes --run DIR out of the words, wherever it stands. False when DIR is missing. */
static bool take_run_dir(int *argc, char **argv, const char **run_dir)
{
	int kept = 0;

	for (int i = 0; i < *argc; i++) {
		if (strcmp(argv[i], "--run") != 0)
			argv[kept++] = argv[i];
		else if (++i < *argc)
			*run_dir = argv[i];
		else
			return false;
	}
	*argc = kept;
	return true;
}

/* `help` and a word or two. */
static int main_help(const struct profile *profile, int argc, char **argv)
{
	bool markdown = argc == 3 && !strcmp(argv[2], "--markdown");

	if (argc == 2 && guide_print(argv[1]))
		return 0;
	if (argc == 3 && !markdown)
		return usage(profile->name);
	if (!strcmp(argv[1], "conf"))
		(markdown ? reference_markdown : reference_print)(row_print, NULL);
	else if (!strcmp(argv[1], "commands"))
		commands_print(markdown, row_print, NULL);
	else
		return usage(profile->name);
	return 0;
}

/* What needs no service. -1: none of it. */
static int main_alone(const struct profile *profile, int argc, char **argv)
{
	const char *verb = argc ? argv[0] : "";
	const struct gateway_command *command = command_find(verb);

	if (!strcmp(verb, "help") && argc >= 2 && argc <= 3)
		return main_help(profile, argc, argv);
	if (!argc || !strcmp(verb, "help") || verb[0] == '-')
		return usage(profile->name);
	if (command)
		return command->run(argc, argv);
	if (!strcmp(verb, "wg") && argc == 2 && (!strcmp(argv[1], "genkey") || !strcmp(argv[1], "genpsk")))
		return genkey(!strcmp(argv[1], "genpsk"));
	if (!strcmp(verb, "wg") && argc == 2 && !strcmp(argv[1], "pubkey"))
		return pubkey();
	return -1;
}

int gateway_main(int argc, char **argv)
{
	const struct profile *profile = profile_find(argv[0]);
	const char *run_dir = NULL;
	int status;

	if (print_help(profile->name, argc, argv))
		return 0;
	if (contained())
		environment_use(environ);
	argc--;
	argv++;
	if (!take_run_dir(&argc, argv, &run_dir))
		return usage(profile->name);
	if (argc && !strcmp(argv[0], "run"))
		return run(profile, run_dir ? run_dir : CONTROL_DIR, argc - 1, argv + 1);
	if (argc && !strcmp(argv[0], "overview"))
		return overview_main(run_dir ? run_dir : CONTROL_DIR, argc - 1, argv + 1);
	if (argc == 1 && !strcmp(argv[0], "remove"))
		return leftover_main(profile, run_dir ? run_dir : CONTROL_DIR);
	if (argc && !strcmp(argv[0], "probe"))
		return probe_main(run_dir ? run_dir : CONTROL_DIR, argc - 1, argv + 1);
	/* With a run directory it is a running service that is meant. */
	status = run_dir && argc ? -1 : main_alone(profile, argc, argv);
	return status < 0 ? ask(profile, run_dir ? run_dir : CONTROL_DIR, argc, argv) : status;
}
