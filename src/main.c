/* The applets of the one binary, by the name it is called by. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cluster/server.h"
#include "config/config.h"
#include "console/console.h"
#include "console/password.h"
#include "console/recorder.h"
#include "console/syslog.h"
#include "engine/main.h"
#include "engine/opener.h"
#include "gateway/exporter.h"
#include "gateway/gateway.h"
#include "gateway/lookup.h"
#include "gateway/named.h"
#include "init/clock.h"
#include "init/hardening.h"
#include "init/init.h"
#include "init/install.h"
#include "init/offer.h"
#include "init/reset.h"
#include "init/slots_show.h"
#include "init/uevent.h"
#include "init/update.h"
#include "init/watchdog.h"
#include "nics/dhcp_become.h"
#include "nics/lldp_agent.h"
#include "nics/main.h"
#include "ntp/service.h"

static int applet_console(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return console_main();
}

static int applet_recorder(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return recorder_main();
}

static int applet_devices(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return uevent_main();
}

static int applet_resolver(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return lookup_main();
}

static int applet_lldp(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return lldp_agent_main();
}

static int applet_hardening(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return hardening_main();
}

static int applet_slots(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return slots_show_main();
}

static int applet_offer(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return offer_main();
}

static int applet_dhcp_hook(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return dhcp_hook_main();
}

static int applet_opener(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return opener_main();
}

/* Directories as paths that hold from anywhere: processes that are started for them are elsewhere, and others know them by their names. */
static void make_dirs_absolute(int argc, char **argv)
{
	static const char *const options[] = { "--conf", "--run", "--state" };
	static char paths[sizeof(options) / sizeof(options[0])][PATH_MAX];
	char here[PATH_MAX];

	for (int i = 1; i + 1 < argc; i++) {
		size_t which = slice_among(slice_of(argv[i]), options, sizeof(options) / sizeof(options[0]));
		struct text path;

		if (which == sizeof(options) / sizeof(options[0]) || !argv[i + 1][0] || argv[i + 1][0] == '/' || !strcmp(argv[i + 1], "none") ||
		    !getcwd(here, sizeof(here)))
			continue;
		text_init(&path, paths[which], sizeof(paths[which]));
		text_add(&path, "%s/%s", here, argv[i + 1]);
		if (!path.truncated)
			argv[i + 1] = paths[which];
	}
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} applets[] = {
	{ NAME_MANAGEMENT, gateway_main },
	{ NAME_DATAPLANE, gateway_main },
	{ NAME_NETWORK, nics_main },
	{ NAME_CONFIG, config_main },
	{ "console", applet_console },
	{ "recorder", applet_recorder },
	{ "devices", applet_devices },
	{ "password", password_main },
	{ "clock", clock_main },
	{ "hardening", applet_hardening },
	{ "install", install_main },
	{ "slots", applet_slots },
	{ "update", update_main },
	{ OFFER_APPLET, applet_offer },
	{ "reset", reset_main },
	{ WATCHDOG_APPLET, watchdog_main },
	{ "format", format_main },
	{ LOOKUP_APPLET, applet_resolver },
	{ EXPORTER_APPLET, exporter_main },
	{ CLUSTER_APPLET, cluster_main },
	{ DHCP_HOOK_APPLET, applet_dhcp_hook },
	{ SYSLOG_APPLET, syslog_main },
	{ LLDP_APPLET, applet_lldp },
	{ OPENER_APPLET, applet_opener },
	{ NAME_TIME, ntp_main },
	{ ENGINE_APPLET, engine_main },
	{ ENGINE_PROCESS, engine_main },
	/* In a container: what its operator types is `docker-compose exec gateway reconfigure`. */
	{ "reconfigure", named_main },
	{ "check", named_main },
	{ "show", named_main },
	{ "health", named_main },
	{ "metrics", named_main },
	{ "wg", named_main },
};

int main(int argc, char **argv)
{
	char *name = argc ? strrchr(argv[0], '/') : NULL;

	/* Most applets hold keys at some time, and none has anything for a core file or a debugger. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (name)
		argv[0] = name + 1;
	make_dirs_absolute(argc, argv);
	/* Into a pipe, too, line by line: who reads there may be waiting for the next one. */
	if (!isatty(STDOUT_FILENO))
		(void)setvbuf(stdout, NULL, _IOLBF, 0);
	/* By both, since `gateway run` may well be the first process of a container. */
	if (getpid() == 1 && argc && !strcmp(argv[0], "init"))
		init_main();
	for (size_t i = 0; i < sizeof(applets) / sizeof(applets[0]) && argc; i++)
		if (!strcmp(applets[i].name, argv[0])) {
			int status = applets[i].run(argc, argv);

			return terminal_idled() ? EXIT_IDLE : status;
		}
	(void)fprintf(stderr, "this is the MITIGATOR gateway; call it gateway or gateway-dataplane\n");
	return 2;
}
