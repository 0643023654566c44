#include "gateway/verbs.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/text.h"
#include "base/version.h"
#include "crypto/key.h"
#include "gateway/removal.h"
#include "gateway/show.h"
#include "gateway/wgshow.h"

/* A reconfigure waits so long for names and the disk before it answers; both go on. */
enum { PENDING_S = 5 };

enum { NAMED_MAX = 8 }; /* peers in a line */

static void print_finding(void *arg, const char *text)
{
	control_print(arg, CONTROL_ERR, "%s\n", text);
}

static void verb_show(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	bool json = argc == 2 && !strcmp(argv[1], "--json");

	(void)now_ns;
	if (argc > 1 && !json) {
		control_print(call, CONTROL_ERR, "usage: show [--json]\n");
		control_end(call, 2);
		return;
	}
	control_end(call, json ? show_json(service, call) : show_text(service, call));
}

/* ---- reconfigure ---- */

/* What an operator is to know after a refusal: nothing happened, and what goes on. */
static void refuse(struct service *service, struct control_call *call, int status)
{
	control_print(call, CONTROL_ERR, "%s: nothing was applied\n", service->path.profile->name);
	show_status(service, call);
	control_end(call, status);
}

/* The peer's name in the model that knows it; the one being applied first. */
static const char *name_of(const struct service *service, const uint8_t *public_key)
{
	const struct vpn_peer *peer = vpn_find_peer(&service->spare->vpn, public_key);

	if (!peer)
		peer = vpn_find_peer(&service->set->vpn, public_key);
	return peer ? peer->name : "";
}

static const char *const field_words[] = { "endpoint", "keepalive", "preshared key", "allowed IPs" };

struct change_printer {
	struct service *service;
	struct control_call *call;
};

static void print_change(void *arg, enum tunnel_change change, const uint8_t public_key[static TUNNEL_KEY_LEN],
			 unsigned fields)
{
	static const char *const words[TUNNEL_CHANGES] = { "added", "updated", "removed", NULL };
	const struct change_printer *printer = arg;
	const char *name = name_of(printer->service, public_key);
	char key[KEY_BASE64_LEN];
	const char *separator = ": ";

	if (!words[change])
		return;
	key_to_base64(public_key, key);
	control_print(printer->call, CONTROL_OUT, "%s: %s peer %s%s%s", printer->service->path.profile->name,
		      words[change], name, *name ? " " : "", key);
	for (size_t i = 0; change == TUNNEL_UPDATED && i < sizeof(field_words) / sizeof(field_words[0]); i++) {
		if (!(fields & 1u << i))
			continue;
		control_print(printer->call, CONTROL_OUT, "%s%s", separator, field_words[i]);
		separator = ", ";
	}
	control_print(printer->call, CONTROL_OUT, "\n");
}

/* The first few of what goes, by name or key. */
static void print_removed(const struct service *service, struct control_call *call, const struct removal *removal)
{
	const struct tunnel_config *running = &service->path.running;
	char buf[512], key[KEY_BASE64_LEN];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	for (size_t i = 0; i < removal->count && i < NAMED_MAX; i++) {
		const uint8_t *public_key = running->peers[removal->peers[i]].public_key;
		const char *name = name_of(service, public_key);

		key_to_base64(public_key, key);
		text_add(&text, "%s%s", i ? ", " : "", *name ? name : key);
	}
	if (removal->count > NAMED_MAX)
		text_add(&text, " and %d more", removal->count - NAMED_MAX);
	control_print(call, CONTROL_OUT, "%s: removes %u of %u peers", service->path.profile->name, removal->count,
		      running->peer_count);
	if (removal->alive)
		control_print(call, CONTROL_OUT, ", %u of them alive", removal->alive);
	control_print(call, CONTROL_OUT, ": %s\n", buf);
}

/* Says what the candidate takes away from what runs; what that needs. */
static enum removal_verdict look_at_removal(struct service *service, struct control_call *call, bool say)
{
	static struct removal removal;
	const char *path = service->path.profile->name;
	enum removal_verdict verdict;

	if (path_dump(&service->path) < 0)
		return REMOVAL_FINE;
	verdict = removal_look(&removal, &service->path.running, &service->set->vpn,
			       service->spare->clustered ? &service->spare->vpn : NULL, time(NULL));
	if (say && removal.rotated)
		control_print(call, CONTROL_OUT, "%s: %u peer%s another key: a rotation\n", path, removal.rotated,
			      removal.rotated == 1 ? " gets" : "s get");
	if (say && removal.count)
		print_removed(service, call, &removal);
	return verdict;
}

/* What a person must mean, and a script say by --force: its exit status, 0 when there is nothing. */
static int refuse_removal(struct service *service, struct control_call *call, enum removal_verdict verdict)
{
	const char *path = service->path.profile->name;

	if (verdict == REMOVAL_FINE)
		return 0;
	if (verdict == REMOVAL_ASKED)
		control_print(call, CONTROL_ERR, "%s: a file that lost its end looks like that: `reconfigure --force` if it is "
			      "meant\n", path);
	else
		control_print(call, CONTROL_ERR,
			      "%s: none of the %u peers that run is in the files: `reconfigure --force` if that is meant\n", path,
			      service->path.running.peer_count);
	return verdict == REMOVAL_ASKED ? EXIT_ASKED : EXIT_REFUSED;
}

static void end_reconfigure(struct service *service, struct control_call *call)
{
	const char *path = service->path.profile->name;

	service->answered = true;
	service_each_unresolved(service, print_finding, call);
	if (service->keeping)
		control_print(call, CONTROL_ERR, "%s: warning: this configuration runs, but is not kept as the fallback "
			      "yet: the disk is slow\n", path);
	else if (service->keep_err < 0)
		control_print(call, CONTROL_ERR,
			      "%s: warning: this configuration runs, but cannot be kept as the fallback: %s\n", path,
			      strerror(-service->keep_err));
	control_end(call, 0);
}

static void end_pending(struct service *service)
{
	struct control_call *call = service->pending;

	service->pending = NULL;
	loop_timer_clear(&service->worker.loop, &service->pending_over);
	end_reconfigure(service, call);
}

static void answer_progress(struct service *service)
{
	if (service->pending && !service->resolving && !service->keeping)
		end_pending(service);
}

static void pending_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	end_pending((struct service *)((char *)timer - offsetof(struct service, pending_over)));
}

static void pending_cancelled(struct control_call *call)
{
	struct service *service = call->job;

	service->pending = NULL;
	loop_timer_clear(&service->worker.loop, &service->pending_over);
}

static void apply_candidate(struct service *service, struct control_call *call)
{
	struct change_printer printer = { service, call };
	struct tunnel_report report = { .peer = print_change, .arg = &printer };
	const char *path = service->path.profile->name;
	char why[PATH_REASON_LEN], address[INET_PREFIX_STRLEN];
	bool put_back;

	if (service_adopt(service, &report, why, &put_back) < 0) {
		control_print(call, CONTROL_ERR, "%s: %s: %s\n", path, why,
			      put_back ? "what was changed is put back" : "what was there before does not come up either");
		show_status(service, call);
		control_end(call, 1);
		return;
	}
	if (!service->set->clustered)
		control_print(call, CONTROL_OUT, "%s: not clustered: no VPN\n", path);
	else if (service->path.did.moved)
		control_print(call, CONTROL_OUT, "%s: moved to %s on the %s backend: its sessions begin anew\n", path,
			      service->path.tunnel.device, service->path.tunnel.ops->name);
	else if (report.device_changed)
		control_print(call, CONTROL_OUT, "%s: private key or port set\n", path);
	if (service->set->clustered && service->path.did.address_set)
		control_print(call, CONTROL_OUT, "%s: address %s set\n", path,
			      inet_prefix_text(&service->set->env.vpn_address, address));
	control_print(call, CONTROL_OUT, "%s: %zu added, %zu updated, %zu removed, %zu kept\n", path,
		      report.count[TUNNEL_ADDED], report.count[TUNNEL_UPDATED], report.count[TUNNEL_REMOVED],
		      report.count[TUNNEL_KEPT]);
	if (!service->resolving && !service->keeping) {
		end_reconfigure(service, call);
		return;
	}
	service->pending = call;
	call->job = service;
	call->cancelled = pending_cancelled;
	control_flush(call);
	loop_timer_set(&service->worker.loop, &service->pending_over, clock_now_ns() + PENDING_S * NS_PER_S, pending_over);
}

/* The words of reconfigure, false for others. */
static bool read_options(int argc, char **argv, bool *force, bool *quiet, bool *dry)
{
	const struct {
		const char *word;
		bool *set;
	} options[] = { { "--force", force }, { "--quiet", quiet }, { "--dry-run", dry } };

	for (int i = 1; i < argc; i++) {
		size_t o = 0;

		while (o < sizeof(options) / sizeof(options[0]) && strcmp(argv[i], options[o].word) != 0)
			o++;
		if (o == sizeof(options) / sizeof(options[0]))
			return false;
		*options[o].set = true;
	}
	return true;
}

/* Whoever waits for the files waits no more. */
static struct reconfigure take_asked(struct service *service)
{
	struct reconfigure asked = service->asked;

	service->asked = (struct reconfigure){ 0 };
	loop_timer_clear(&service->worker.loop, &service->pending_over);
	if (asked.call)
		asked.call->cancelled = NULL;
	return asked;
}

static void asked_cancelled(struct control_call *call)
{
	take_asked(call->job);
}

static void answer_files_read(struct service *service, int err)
{
	struct reconfigure asked = take_asked(service);
	struct control_call *call = asked.call;
	int status = 0;

	if (err < 0 && err != -EINVAL)
		control_print(call, CONTROL_ERR, "cannot open %s: %s\n", service->options->worker.conf_dir, strerror(-err));
	else if (err < 0 || !asked.quiet)
		diag_print(&service->diag, print_finding, call);
	if (!err) {
		enum removal_verdict verdict = look_at_removal(service, call, asked.dry || !asked.quiet);

		status = asked.force ? 0 : refuse_removal(service, call, verdict);
	}
	if (asked.dry && status == EXIT_ASKED) {
		control_end(call, status);
	} else if (err < 0 || status) {
		refuse(service, call, status == EXIT_ASKED ? status : asked.dry ? EXIT_REFUSED : 1);
	} else if (!asked.dry) {
		apply_candidate(service, call);
	} else {
		if (!asked.quiet)
			control_print(call, CONTROL_OUT, "%s: would be applied\n", service->path.profile->name);
		control_end(call, 0);
	}
}

static void refuse_unread(struct service *service, struct control_call *call, bool dry, const char *why)
{
	control_print(call, CONTROL_ERR, "%s: %s: %s\n", service->path.profile->name, service->options->worker.conf_dir, why);
	refuse(service, call, dry ? EXIT_REFUSED : 1);
}

static void files_late(struct loop_timer *timer, uint64_t now_ns)
{
	struct service *service = (struct service *)((char *)timer - offsetof(struct service, pending_over));
	struct reconfigure asked = take_asked(service);

	(void)now_ns;
	refuse_unread(service, asked.call, asked.dry, "the disk does not answer");
}

static void verb_reconfigure(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	struct reconfigure asked = { .call = call };
	int err;

	if (!read_options(argc, argv, &asked.force, &asked.quiet, &asked.dry)) {
		control_print(call, CONTROL_ERR, "usage: reconfigure [--force] [--quiet] [--dry-run]\n");
		control_end(call, 2);
		return;
	}
	if (service->pending || service->asked.call) {
		control_print(call, CONTROL_ERR, "%s: another reconfigure is under way\n", service->path.profile->name);
		control_end(call, asked.dry ? EXIT_REFUSED : 1);
		return;
	}
	err = service_read(service);
	if (err < 0) {
		refuse_unread(service, call, asked.dry,
			      err == -EALREADY ? "the disk still does not answer to the last reconfigure" : strerror(-err));
		return;
	}
	service->asked = asked;
	call->job = service;
	call->cancelled = asked_cancelled;
	loop_timer_set(&service->worker.loop, &service->pending_over, now_ns + PENDING_S * NS_PER_S, files_late);
}

static void verb_ping(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	if (service->path.tunnel.ops) {
		pinger_start(&service->path.pinger, call, argc, argv, now_ns);
		return;
	}
	control_print(call, CONTROL_ERR, "%s: the path is down%s%s\n", service->path.profile->name,
		      service->path.down_reason[0] ? ": " : "", service->path.down_reason);
	control_end(call, 1);
}

static void verb_version(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	char text[VERSION_TEXT_LEN];

	(void)worker;
	(void)argc;
	(void)argv;
	(void)now_ns;
	control_print(call, CONTROL_OUT, "%s\n", version_text(text));
	control_end(call, 0);
}

static void verb_wg(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	(void)now_ns;
	control_end(call, wgshow(service, call, argc, argv));
}

static void verb_status(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	(void)argc;
	(void)argv;
	(void)now_ns;
	show_status(service, call);
	control_end(call, 0);
}

const struct worker_verb path_verbs[] = {
	{ "show", "[--json]", verb_show },
	{ "status", "", verb_status },
	{ "reconfigure", "[--force] [--quiet] [--dry-run]", verb_reconfigure },
	{ "ping", "ADDRESS [-c COUNT] [-i SECONDS] [-q]", verb_ping },
	{ "version", "", verb_version },
	{ "wg", "show [dump] | showconf", verb_wg },
	{ 0 },
};

const struct service_answers path_answers = { .files_read = answer_files_read, .progress = answer_progress };
