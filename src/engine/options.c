#include "engine/options.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/help.h"
#include "base/paths.h"
#include "base/text.h"
#include "engine/uapi.h"
#include "netlink/link.h"

void engine_usage(FILE *to)
{
	(void)fprintf(to,
		      "usage: " ENGINE_APPLET " [-f] [--netns FD] [--uapi NAME] [--sockets DIR] [--alias TEXT] [--log FD] INTERFACE\n"
		      "\n"
		      "Makes INTERFACE, carried by WireGuard in user space; wg(8) and ip(8) configure it, and `ip link del` ends it.\n"
		      "  -f, --foreground  does not go to the background\n"
		      "  -h, --help        says this\n"
		      "  --netns FD        the interface is in that network namespace; encrypted packets leave from this one\n"
		      "  --uapi NAME       wg(8) finds it by NAME (INTERFACE)\n"
		      "  --sockets DIR     the directory of its sockets (" UAPI_DIR ")\n"
		      "  --alias TEXT      the alias of the interface (none)\n"
		      "  --log FD          where it logs in the background (the kernel's log)\n");
}

static bool usage(const char *wrong, const char *what)
{
	if (what)
		(void)fprintf(stderr, ENGINE_APPLET ": %s: %s\n", what, wrong);
	engine_usage(stderr);
	return false;
}

/* As the kernel and a directory take it. */
static bool is_name(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strpbrk(name, "/: \t\n%");
}

/* One that this process was started with. */
static bool read_fd(const char *text, int *fd)
{
	uint64_t number;

	if (!text)
		return true;
	if (text_uint(slice_of(text), INT16_MAX, &number) < 0 || number <= STDERR_FILENO || fcntl((int)number, F_GETFD) < 0)
		return false;
	*fd = (int)number;
	return true;
}

bool engine_options_read(struct engine_options *options, int argc, char **argv)
{
	const char *netns = NULL, *log = NULL;
	const struct {
		const char *name;
		const char **value;
	} table[] = {
		{ "--netns", &netns },
		{ "--uapi", &options->uapi_name },
		{ "--sockets", &options->sockets_dir },
		{ "--alias", &options->alias },
		{ "--log", &log },
	};

	*options = (struct engine_options){ .sockets_dir = UAPI_DIR, .alias = "", .netns_fd = -1, .log_fd = -1 };
	for (int i = 1; i < argc; i++) {
		size_t j = 0;

		if (!strcmp(argv[i], "-f") || !strcmp(argv[i], "--foreground")) {
			options->front = true;
			continue;
		}
		if (help_option(argv[i])) {
			options->help = true;
			return true;
		}
		if (argv[i][0] != '-') {
			if (options->device)
				return usage("one interface a process", argv[i]);
			options->device = argv[i];
			continue;
		}
		while (j < sizeof(table) / sizeof(table[0]) && strcmp(table[j].name, argv[i]) != 0)
			j++;
		if (j == sizeof(table) / sizeof(table[0]))
			return usage("no such option", argv[i]);
		if (i + 1 == argc)
			return usage("what?", argv[i]);
		*table[j].value = argv[++i];
	}
	if (!options->device)
		return usage(NULL, NULL);
	if (!options->uapi_name)
		options->uapi_name = options->device;
	if (!is_name(options->device))
		return usage("no name for an interface (1 to 15 characters)", options->device);
	if (!is_name(options->uapi_name))
		return usage("no name for its sockets (1 to 15 characters)", options->uapi_name);
	if (options->sockets_dir[0] != '/')
		return usage("no absolute path", options->sockets_dir);
	if (strlen(options->alias) >= LINK_ALIAS_LEN)
		return usage("too long for an alias", options->alias);
	if (!read_fd(netns, &options->netns_fd))
		return usage("no descriptor above 2 that it was started with", netns);
	if (!read_fd(log, &options->log_fd))
		return usage("no descriptor above 2 that it was started with", log);
	return true;
}
