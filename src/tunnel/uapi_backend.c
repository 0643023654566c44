/* WireGuard in user space as a program of its own, driven through WireGuard's cross-platform UAPI: ours is started where none runs, and
 * outlives this process. Whatever program serves an interface of ours is taken up; what has no second socket tells of no drops.
 * There is one per process. */
#include "tunnel/tunnel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "crypto/key.h"
#include "tunnel/uapi_key.h"
#include "tunnel/uapi_opener.h"
#include "tunnel/uapi_patience.h"
#include "tunnel/uapi_place.h"
#include "tunnel/uapi_process.h"
#include "tunnel/uapi_program.h"

#define KIND "tun"
enum { ADOPT_TRIES_MAX = 2 };

static struct {
	struct tunnel *tunnel; /* NULL: closed */
	struct uapi_patience patience;
	struct uapi_place place;
	struct uapi_asker device, more;
	struct uapi_asker watched; /* a connection to the second socket that stays, and tells of changes and of its end */
	struct loop_source watch;
	int process; /* who serves there, held; negative: not known */
	bool has_more;
	struct uapi_opener opener;
	struct uapi_program program;
	struct uapi_lines lines;
	struct uapi_key_pair keys;
} uapi;

/* ---- requests ---- */

static int fail(struct tunnel *tunnel, int err, const char *what, const char *words)
{
	text_format(tunnel->error, sizeof(tunnel->error), "%s: %s", what, *words ? words : strerror(-err));
	return err;
}

/* The patience of this turn is used up: who timed out was waited for less than one who is silent is. */
static bool is_slow(void)
{
	return uapi_patience_left_ms(&uapi.patience) <= UAPI_PROCESS_END_MS;
}

/* A program that answers by -ETIMEDOUT or -EPIPE is neither silent nor gone: who opens sockets for it is. */
static int fail_asked(struct tunnel *tunnel, int err, const char *what, const struct uapi_answer *answer)
{
	char silent[TUNNEL_ERROR_LEN];

	text_format(silent, sizeof(silent), "the program behind %s %s", uapi.device.path, is_slow() ? "answers too slowly" : "does not answer");
	if (answer->error[0])
		return fail(tunnel, err, what, answer->error);
	if (answer->ended && err == -ETIMEDOUT)
		return fail(tunnel, err, what, "who opens sockets for it does not answer");
	if (answer->ended && err == -EPIPE)
		return fail(tunnel, err, what, "who opens sockets for it is gone");
	return fail(tunnel, err, what, err == -ETIMEDOUT ? silent : "");
}

/* Of uapi.lines, which are empty then. */
static int ask(struct uapi_asker *asker, struct uapi_answer *answer)
{
	return uapi_patience_ask(&uapi.patience, asker, &uapi.lines, answer, uapi.tunnel);
}

static int ask_more(struct tunnel_config *running)
{
	struct uapi_program program = { .index = 0 };
	struct uapi_answer answer = { .running = running, .program = &program };
	int err;

	uapi_text_get(&uapi.lines);
	err = ask(&uapi.more, &answer);
	if (!err)
		uapi.program = program;
	return err;
}

/* The same, when the counts that come along are of no use. */
static int ask_program(void)
{
	static struct tunnel_config unused;

	tunnel_config_clear(&unused);
	return ask_more(&unused);
}

/* Packets go on meanwhile. */
static void mend_opener(struct tunnel *tunnel)
{
	uint64_t now_ns = clock_now_ns();

	if (!uapi.program.lacks_opener || uapi_patience_left_ms(&uapi.patience) < UAPI_OPENER_MEND_MS)
		return;
	uapi.program.lacks_opener = !uapi_opener_mend(&uapi.opener, &uapi.more, tunnel, now_ns);
	uapi_patience_waited(&uapi.patience, now_ns);
}

/* ---- the end of it, and what is wrong ---- */

static void set_trouble(struct tunnel *tunnel, const char *trouble)
{
	if (!strcmp(tunnel->trouble, trouble))
		return;
	text_format(tunnel->trouble, sizeof(tunnel->trouble), "%s", trouble);
	if (tunnel->troubled)
		tunnel->troubled(tunnel);
}

static void watch_close(struct tunnel *tunnel)
{
	if (uapi.watch.fd >= 0)
		loop_remove(tunnel->loop, &uapi.watch);
	uapi.watch.fd = -1;
	uapi_asker_close(&uapi.watched);
}

static void watch_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct tunnel *tunnel = uapi.tunnel;
	char lines[256];
	ssize_t n = read(source->fd, lines, sizeof(lines));

	(void)events;
	if (n > 0) {
		if (ask_program() < 0)
			return;
		set_trouble(tunnel, uapi.program.trouble);
		mend_opener(tunnel);
		return;
	}
	watch_close(tunnel);
	now_ns = clock_now_ns();
	(void)uapi_process_ends(uapi.process, uapi_patience_until_end(&uapi.patience));
	uapi_patience_waited(&uapi.patience, now_ns);
	if (tunnel->ended)
		tunnel->ended(tunnel);
}

static void process_hold(int process)
{
	if (uapi.process >= 0)
		close(uapi.process);
	uapi.process = process;
}

/* What has no second socket is followed by its interface alone. */
static int watch_open(struct tunnel *tunnel)
{
	struct uapi_answer answer = { .stays = true };
	bool is_full;
	int err;

	uapi_text_watch(&uapi.lines);
	err = ask(&uapi.watched, &answer);
	process_hold(uapi_process_hold(uapi.watched.fd >= 0 ? uapi.watched.fd : uapi.device.fd));
	uapi.has_more = false;
	if (err == -ENOENT || err == -ECONNREFUSED)
		return 0;
	/* As many as may watch it do: it is followed by its interface too. */
	is_full = answer.ended && err == -EBUSY;
	uapi.has_more = !err || is_full;
	if (uapi.has_more)
		err = ask_program();
	if (!err && !is_full)
		err = loop_add(tunnel->loop, &uapi.watch, uapi.watched.fd, EPOLLIN, watch_ready);
	if (err < 0 || is_full) {
		uapi.watch.fd = -1;
		uapi_asker_close(&uapi.watched);
	}
	return err;
}

/* ---- open and close ---- */

static int name_sockets(const struct tunnel *tunnel, const char *dir)
{
	int err;

	uapi_asker_close(&uapi.device);
	uapi_asker_close(&uapi.more);
	uapi_asker_close(&uapi.watched);
	err = uapi_asker_init(&uapi.device, dir, tunnel->uapi_name, UAPI_SOCKET_END);
	if (!err)
		err = uapi_asker_init(&uapi.more, dir, tunnel->uapi_name, UAPI_MORE_END);
	return err < 0 ? err : uapi_asker_init(&uapi.watched, dir, tunnel->uapi_name, UAPI_MORE_END);
}

static int adopt_fail(struct tunnel *tunnel, int err)
{
	watch_close(tunnel);
	process_hold(-1);
	uapi_asker_close(&uapi.device);
	uapi_asker_close(&uapi.more);
	return err;
}

/* The program whose sockets are in dir is that of our interface: what it says goes on from here. -ENOENT: no one serves there, or another's,
 * which may be called so too: it must not come by our key. An index alone is no proof, since each namespace counts its own, from 1. */
static int adopt_in(struct tunnel *tunnel, const char *dir, uint32_t index)
{
	static struct tunnel_config running;
	struct uapi_answer answer = { .running = &running };
	uint64_t began_ns = clock_now_ns();
	int err;

	err = name_sockets(tunnel, dir);
	if (!err)
		err = uapi_asker_connect(&uapi.device, uapi_patience_until(&uapi.patience, UAPI_PATIENCE_MS));
	uapi_patience_waited(&uapi.patience, began_ns);
	if (err < 0)
		return err == -ECONNREFUSED ? -ENOENT : err;
	if (uapi_process_whose(uapi.device.fd, tunnel->alias, tunnel->device) == UAPI_PROCESS_OTHERS)
		return adopt_fail(tunnel, -ENOENT);
	tunnel_config_clear(&running);
	uapi_text_get(&uapi.lines);
	err = ask(&uapi.device, &answer);
	if (!err)
		err = watch_open(tunnel);
	tunnel_config_clear(&running);
	if (!err && uapi.has_more && uapi.program.index && uapi.program.index != index)
		err = -ENOENT;
	return err < 0 ? adopt_fail(tunnel, err) : 0;
}

static int adopt(struct tunnel *tunnel, uint32_t index)
{
	const char *const dirs[] = { uapi.place.own_dir, UAPI_DIR, UAPI_DIR_MOVED };
	int err = -ENOENT;

	for (size_t i = 0; err == -ENOENT && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (dirs[i][0])
			err = adopt_in(tunnel, dirs[i], index);
	return err;
}

/* A want of ours, which says nothing of who was asked. */
static bool is_own_want(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ENOBUFS;
}

static int start(struct tunnel *tunnel)
{
	char words[TUNNEL_ERROR_LEN], warning[TUNNEL_ERROR_LEN] = "";
	const char *dir = uapi_place_choose(&uapi.place, tunnel->uapi_name, tunnel->device, warning, sizeof(warning));
	const struct uapi_program_options options = { .device = tunnel->device,
						      .alias = tunnel->alias,
						      .netns_fd = tunnel->netns_fd,
						      .sockets = dir,
						      .name = tunnel->uapi_name };
	struct link link;
	uint64_t began_ns = clock_now_ns();
	int err = name_sockets(tunnel, dir);

	if (err < 0)
		return fail(tunnel, err, "cannot name its sockets", "");
	if (uapi_patience_left_ms(&uapi.patience) < UAPI_PROGRAM_LEAST_MS + UAPI_PROCESS_END_MS)
		return fail(tunnel, -ETIMEDOUT, "cannot start WireGuard in user space yet", "what carried it took too long to answer, or to end");
	err = uapi_program_start(&options, uapi_patience_until(&uapi.patience, UAPI_PROGRAM_WAIT_MS), words, sizeof(words));
	uapi_patience_waited(&uapi.patience, began_ns);
	if (err == -ETIMEDOUT)
		text_format(words, sizeof(words), "it takes too long");
	if (err < 0)
		return fail(tunnel, err, "cannot start WireGuard in user space", uapi.place.own_dir[0] || !warning[0] ? words : warning);
	err = link_get(&tunnel->inner, tunnel->device, &link);
	if (!err)
		err = watch_open(tunnel);
	if (err < 0)
		return fail(tunnel, err, "cannot speak to WireGuard in user space", "");
	tunnel->index = link.index;
	if (warning[0])
		text_format(tunnel->error, sizeof(tunnel->error), "%s", warning);
	return 0;
}

static void forget(void)
{
	watch_close(uapi.tunnel);
	process_hold(-1);
	uapi_asker_close(&uapi.device);
	uapi_asker_close(&uapi.more);
	uapi_lines_free(&uapi.lines);
	wipe(&uapi.keys, sizeof(uapi.keys));
	uapi.program = (struct uapi_program){ .index = 0 };
	uapi.opener = (struct uapi_opener){ .wait_s = 0 };
	uapi.has_more = false;
	uapi.patience.silences = 0;
	uapi.tunnel = NULL;
}

static int uapi_open(struct tunnel *tunnel)
{
	struct link link;
	uint64_t began_ns;
	int err;

	if (uapi.tunnel)
		return fail(tunnel, -EBUSY, "WireGuard in user space carries another path of this process", "");
	uapi.patience.loop = tunnel->loop;
	uapi.process = uapi.watch.fd = uapi.device.fd = uapi.more.fd = uapi.watched.fd = -1;
	uapi_place_find(&uapi.place, tunnel->sockets_dir, tunnel->uapi_name);
	err = link_get(&tunnel->inner, tunnel->device, &link);
	if (!err && strcmp(link.alias, tunnel->alias) != 0) {
		text_format(tunnel->error, sizeof(tunnel->error), TUNNEL_NOT_OURS, tunnel->device);
		return -EEXIST;
	}
	if (err < 0 && err != -ENODEV)
		return fail(tunnel, err, "cannot look for the interface", "");
	if (!err && !strcmp(link.kind, KIND)) {
		int adopted = adopt(tunnel, link.index);

		if (!adopted) {
			uapi.patience.silences = 0;
			uapi.tunnel = tunnel;
			tunnel->index = link.index;
			return 0;
		}
		/* What carries packets is not given up for one question that failed, nor since it answers slowly: whoever opens tries again. */
		if (adopted != -ENOENT && (is_own_want(adopted) || is_slow() || ++uapi.patience.silences < ADOPT_TRIES_MAX))
			return fail_asked(tunnel, adopted, "cannot take up what runs", &(struct uapi_answer){ .running = NULL });
	}
	uapi.patience.silences = 0;
	began_ns = clock_now_ns();
	/* The kernel backend's, when the path moves over, or that of a program which no one can speak to any more. */
	uapi_program_end(tunnel, err ? 0 : link.index, uapi_patience_until_end(&uapi.patience));
	uapi_patience_waited(&uapi.patience, began_ns);
	err = start(tunnel);
	uapi.tunnel = tunnel;
	if (err < 0)
		forget();
	return err;
}

static void uapi_close(struct tunnel *tunnel, bool remove)
{
	struct link link;
	bool ends = remove || link_get_index(&tunnel->inner, tunnel->index, &link) == -ENODEV;
	struct uapi_asker *last = uapi.watched.fd >= 0 ? &uapi.watched : &uapi.device;
	uint64_t began_ns = clock_now_ns(), deadline_ns = uapi_patience_until_end(&uapi.patience);

	if (ends && last->fd < 0)
		(void)uapi_asker_connect(last, deadline_ns);
	if (remove)
		link_delete(&tunnel->inner, tunnel->index);
	if (ends) {
		uapi_process_finish(uapi.process, last->fd, tunnel->alias, deadline_ns);
		uapi_asker_remove(&uapi.device);
		uapi_asker_remove(&uapi.more);
	}
	uapi_patience_waited(&uapi.patience, began_ns);
	forget();
}

/* ---- the other four operations ---- */

static int uapi_set_device(struct tunnel *tunnel, const struct tunnel_config *config)
{
	struct uapi_answer nics = { .running = NULL }, answer = { .running = NULL };
	int err = 0;

	/* Before the port: it listens there too. */
	if (uapi.has_more) {
		uapi_text_nics(&uapi.lines, tunnel->nics, tunnel->nic_count);
		err = ask(&uapi.more, &nics);
	}
	if (err < 0)
		return fail_asked(tunnel, err, "cannot set the NICs of the dataplane alone", &nics);
	uapi_text_device(&uapi.lines, config);
	err = ask(&uapi.device, &answer);
	if (err == -EADDRINUSE) {
		text_format(tunnel->error, sizeof(tunnel->error), "UDP port %u is in use by another program", config->listen_port);
		return err;
	}
	return err < 0 ? fail_asked(tunnel, err, "cannot set key and port", &answer) : 0;
}

static int uapi_set_peer(struct tunnel *tunnel, const struct tunnel_config *config, const struct tunnel_peer *peer, unsigned fields)
{
	struct uapi_answer answer = { .running = NULL };
	int err;

	uapi_text_peer(&uapi.lines, config, peer, fields);
	err = ask(&uapi.device, &answer);
	return err < 0 ? fail_asked(tunnel, err, "cannot set a peer", &answer) : 0;
}

static int uapi_remove_peer(struct tunnel *tunnel, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	struct uapi_answer answer = { .running = NULL };
	int err;

	uapi_text_remove(&uapi.lines, public_key);
	err = ask(&uapi.device, &answer);
	return err < 0 ? fail_asked(tunnel, err, "cannot remove a peer", &answer) : 0;
}

static int uapi_dump(struct tunnel *tunnel, struct tunnel_config *running)
{
	struct uapi_answer answer = { .running = running };
	int err;

	tunnel_config_clear(running);
	uapi_text_get(&uapi.lines);
	err = ask(&uapi.device, &answer);
	if (!err && uapi.has_more) {
		answer.ended = false; /* that of the other socket counts */
		err = ask_more(running);
	}
	if (err < 0) {
		tunnel_config_clear(running);
		return fail_asked(tunnel, err, "cannot read the interface", &answer);
	}
	running->counts.known = uapi.has_more;
	for (size_t i = 0; i < running->peer_count; i++)
		running->peers[i].counts.known = uapi.has_more;
	uapi_key_find(&uapi.keys, running);
	set_trouble(tunnel, uapi.program.trouble);
	if (uapi.has_more)
		mend_opener(tunnel);
	tunnel_count_link(tunnel, running);
	return 0;
}

const struct tunnel_ops tunnel_uapi = {
	.takes_nics = true,
	.name = "lwip",
	.kind = KIND,
	.open = uapi_open,
	.close = uapi_close,
	.set_device = uapi_set_device,
	.set_peer = uapi_set_peer,
	.remove_peer = uapi_remove_peer,
	.dump = uapi_dump,
};
