#include "engine/main.h"

#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "engine/background.h"
#include "engine/confined.h"
#include "engine/ends.h"
#include "engine/lwip.h"
#include "engine/more.h"
#include "engine/opened.h"
#include "engine/opener.h"
#include "engine/options.h"
#include "netlink/link.h"
#include "tunnel/opener_greet.h"
#include "tunnel/uapi_program.h"

enum { EXIT_USAGE = 2, MTU_AT_START = 1420 /* as the kernel's */, OPENER_START_MS = UAPI_PROGRAM_WAIT_MS - 500 /* whoever started it waits that long */ };

static struct {
	struct engine_options options;
	struct loop loop;
	struct nl host; /* where it was started: encrypted packets leave from there */
	struct tunnel tunnel;
	struct tunnel_nic nics[TUNNEL_NICS_MAX];
	struct more more;
} engine;

/* ---- what the second socket asks for ---- */

static void about(struct more_host *host, struct more_about *told)
{
	(void)host;
	*told = (struct more_about){ .index = engine.tunnel.index,
				     .opener = opened_is_there(),
				     .trouble = engine.tunnel.trouble };
}

static int set_nics(struct more_host *host, const struct tunnel_nic *nics, size_t count)
{
	(void)host;
	memcpy(engine.nics, nics, count * sizeof(nics[0]));
	lwip_set_nics(&engine.tunnel, engine.nics, count);
	return 0;
}

/* Packets go on with what is open. */
static void opener_changed(void)
{
	more_changed(&engine.more);
	if (more_is_watched(&engine.more))
		return;
	if (opened_is_there())
		log_info("the process that opens NICs for it answers again");
	else
		log_err("the process that opens NICs for it is gone, or does not answer: NICs that come from now on are not used");
}

/* What failed for want of one is tried at once. */
static int set_opener(struct more_host *host, int fd)
{
	int err = opened_by(&engine.loop, fd, opener_changed);

	(void)host;
	if (!err)
		lwip_set_nics(&engine.tunnel, engine.tunnel.nics, engine.tunnel.nic_count);
	more_changed(&engine.more);
	return err;
}

/* Whoever watches tells of it. */
static void troubled(struct tunnel *tunnel)
{
	more_changed(&engine.more);
	if (more_is_watched(&engine.more))
		return;
	if (tunnel->trouble[0])
		log_err("%s", tunnel->trouble);
	else
		log_info("what was wrong is over");
}

/* ---- the program ---- */

static int fail(int err, const char *what)
{
	char words[TUNNEL_ERROR_LEN];

	text_format(words, sizeof(words), "%s: %s", what, strerror(-err));
	log_err("%s", words);
	background_fail(words);
	return err;
}

static int open_tunnel(void)
{
	const struct tunnel_place place = { .device = engine.options.device,
					    .alias = engine.options.alias,
					    .uapi_name = engine.options.uapi_name,
					    .sockets_dir = engine.options.sockets_dir,
					    .netns_fd = engine.options.netns_fd,
					    .host = &engine.host,
					    .loop = &engine.loop,
					    .troubled = troubled };
	int err;

	lwip_use(&opened_rights);
	err = tunnel_open(&engine.tunnel, &tunnel_lwip, &place);
	if (!err)
		err = link_set_mtu(&engine.tunnel.inner, engine.tunnel.index, MTU_AT_START);
	if (err < 0 && engine.tunnel.error[0])
		log_err("%s", engine.tunnel.error);
	else if (err < 0)
		fail(err, "cannot make the interface");
	return err;
}

static int open_all(void)
{
	struct more_host host = { .about = about, .set_nics = set_nics, .set_opener = set_opener };
	int err = loop_open(&engine.loop);

	if (!err)
		err = nl_open(&engine.host, NETLINK_ROUTE);
	if (err < 0)
		return fail(err, "cannot begin");
	err = open_tunnel();
	if (err < 0)
		return err;
	host.device = lwip_device();
	err = more_open(&engine.more, &engine.loop, engine.options.sockets_dir, engine.options.uapi_name, &host);
	if (err < 0)
		return fail(err, "cannot serve the second socket");
	err = ends_follow(&engine.loop, engine.options.sockets_dir, engine.options.uapi_name);
	return err < 0 ? fail(err, "cannot follow what would end it") : 0;
}

/* From here on it has packets, and nothing else: what takes a right is its opener's. */
static int divide(void)
{
	int fd = opener_start(engine.options.alias), err = fd < 0 ? fd : opener_greet(fd, OPENER_START_MS);

	(void)signal(SIGCHLD, SIG_IGN);
	if (!err)
		err = opened_by(&engine.loop, fd, opener_changed);
	if (err < 0)
		return fail(err, "cannot start the process that opens NICs for it");
	err = engine_confine();
	return err < 0 ? fail(err, "cannot give up its rights") : 0;
}

int engine_main(int argc, char **argv)
{
	static char who[sizeof(ENGINE_APPLET) + IFNAMSIZ];
	int err;

	if (!engine_options_read(&engine.options, argc, argv))
		return EXIT_USAGE;
	if (engine.options.help) {
		engine_usage(stdout);
		return 0;
	}
	background_clean(argv, ENGINE_APPLET, (const int[]){ engine.options.netns_fd, engine.options.log_fd }, 2);
	text_format(who, sizeof(who), ENGINE_APPLET " %s", engine.options.device);
	log_open(who);
	err = engine.options.front ? 0 : background_begin();
	if (!err)
		err = open_all();
	if (!err && !engine.options.front) {
		background_leave(engine.options.log_fd);
		log_open(who);
	}
	if (!err)
		err = divide();
	if (!err) {
		err = background_ready();
		if (err < 0)
			log_err("ends: whoever started it waits no longer: %s", strerror(-err));
	}
	if (!err && !engine.options.alias[0])
		log_info("%s is there: wg(8) sets its keys, port and peers", engine.options.device);
	if (!err) {
		err = loop_run(&engine.loop);
		/* All that it has goes with it; the names of its sockets are left, since to remove them takes a right: wg(8) does, and who
		 * starts it again. */
		_exit(err < 0);
	}
	more_close(&engine.more);
	tunnel_close(&engine.tunnel, true);
	/* A sanitized build would trace itself for leaks, and may not. */
	_exit(err < 0);
}
