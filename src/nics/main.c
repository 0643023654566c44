#include "nics/main.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/help.h"
#include "base/paths.h"
#include "base/text.h"
#include "control/client.h"
#include "nics/dhcp.h"
#include "nics/service.h"

enum { EXIT_USAGE = 2 };

static const char *dhcp_client = DHCP_CLIENT;

static void print_usage(void *arg, const char *text)
{
	(void)fprintf(arg, "       " NAME_NETWORK " [--run DIR] %s\n", text);
}

static int usage(bool asked)
{
	FILE *to = asked ? stdout : stderr;

	(void)fprintf(to, "usage: " NAME_NETWORK " run [--conf DIR] [--run DIR] [--dhcp-client FILE] [--ready-fd N] [--pulse-fd N]\n");
	worker_usage(nics_verbs, print_usage, to);
	return asked ? 0 : EXIT_USAGE;
}

/* Takes NAME VALUE pairs off the front of argv: how many words, -1 for what is no option of these. */
static int read_options(struct worker_options *options, int argc, char **argv)
{
	int i;

	for (i = 0; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "--conf"))
			options->conf_dir = options->state_dir = argv[i + 1];
		else if (!strcmp(argv[i], "--run"))
			options->run_dir = argv[i + 1];
		else if (!strcmp(argv[i], "--dhcp-client"))
			dhcp_client = argv[i + 1];
		else if (strcmp(argv[i], "--ready-fd") == 0 ? !worker_read_fd(argv[i + 1], &options->ready_fd) :
			 strcmp(argv[i], "--pulse-fd") != 0 || !worker_read_fd(argv[i + 1], &options->pulse_fd))
			return -1;
	}
	return i;
}

static bool is_verb(const char *word)
{
	for (const struct worker_verb *verb = nics_verbs; verb->name; verb++)
		if (!strcmp(verb->name, word))
			return true;
	return false;
}

int nics_main(int argc, char **argv)
{
	static struct worker_options options = { .conf_dir = DATA_DIR, .state_dir = DATA_DIR, .state_hint = "", .run_dir = CONTROL_DIR,
						 .ready_fd = -1, .pulse_fd = -1 };
	static char show[] = "show";
	char *shown[] = { show, NULL, NULL };
	char path[CONTROL_PATH_LEN], why[CONTROL_WHY_LEN];
	int status, taken;

	if (help_asked(argc, argv) || (argc == 3 && help_option(argv[2]) && (is_verb(argv[1]) || !strcmp(argv[1], "run"))))
		return usage(true);
	if (argc > 1 && !strcmp(argv[1], "run"))
		return read_options(&options, argc - 2, argv + 2) == argc - 2 ? nics_run(&options, dhcp_client) : usage(false);
	taken = read_options(&options, argc - 1, argv + 1);
	if (taken < 0 || taken == argc - 1)
		return usage(false);
	status = control_path(path, options.run_dir, NAME_NETWORK);
	/* `network eth0` */
	shown[1] = argv[1 + taken];
	if (!status && argc - 2 == taken && !is_verb(shown[1]))
		status = control_request(path, 2, shown, STDOUT_FILENO, STDERR_FILENO);
	else if (!status)
		status = control_request(path, argc - 1 - taken, argv + 1 + taken, STDOUT_FILENO, STDERR_FILENO);
	if (status < 0)
		(void)fprintf(stderr, NAME_NETWORK ": %s (%s)\n", control_why(status, options.run_dir, NAME_NETWORK, why), path);
	return status < 0 ? 1 : status;
}
