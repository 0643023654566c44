#include "engine/main.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "engine/background.h"
#include "engine/ends.h"
#include "engine/more.h"
#include "engine/options.h"
#include "netlink/link.h"
#include "tunnel/lwip.h"

enum { EXIT_USAGE = 2, MTU_AT_START = 1420 }; /* as the kernel's */

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
	*told = (struct more_about){ .index = engine.tunnel.index, .pid = getpid(), .trouble = engine.tunnel.trouble };
}

static int set_nics(struct more_host *host, const struct tunnel_nic *nics, size_t count)
{
	(void)host;
	memcpy(engine.nics, nics, count * sizeof(nics[0]));
	lwip_set_nics(&engine.tunnel, engine.nics, count);
	return 0;
}

static int set_opener(struct more_host *host, int fd)
{
	(void)host;
	close(fd);
	return -EOPNOTSUPP;
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
	log_err("%s: %s", what, strerror(-err));
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
	int err = tunnel_open(&engine.tunnel, &tunnel_lwip, &place);

	if (!err && !lwip_is_served())
		err = -EADDRINUSE;
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
	err = ends_follow(&engine.loop, engine.options.netns_fd, engine.options.sockets_dir);
	return err < 0 ? fail(err, "cannot follow what would end it") : 0;
}

int engine_main(int argc, char **argv)
{
	static char who[sizeof(ENGINE_APPLET) + IFNAMSIZ];
	int err;

	if (!engine_options_read(&engine.options, argc, argv))
		return EXIT_USAGE;
	background_clean(argv, ENGINE_APPLET, (const int[]){ engine.options.netns_fd, engine.options.log_fd }, 2);
	text_format(who, sizeof(who), ENGINE_APPLET " %s", engine.options.device);
	log_open(who);
	err = engine.options.front ? 0 : background_begin();
	if (!err)
		err = open_all();
	if (!err && !engine.options.front) {
		background_ready(engine.options.log_fd);
		log_open(who);
	}
	if (!err && !engine.options.alias[0])
		log_info("%s is there: wg(8) sets its keys, port and peers", engine.options.device);
	if (!err)
		err = loop_run(&engine.loop);
	more_close(&engine.more);
	tunnel_close(&engine.tunnel, true);
	return err < 0;
}
