#include "gateway/show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/text.h"
#include "crypto/key.h"
#include "gateway/names.h"
#include "gateway/tree.h"

enum { PEERS_A_PIECE = 16, SHOW_NAME_LEN = 128 };

/* One answer under way: what runs as it was when it was asked for, and how far it is printed. */
struct showing {
	struct service *service;
	struct control_call *call;
	const struct report_view *view;
	struct loop_timer more;
	struct report report;
	struct tunnel_config running;
	bool has_running;
	char only[SHOW_NAME_LEN]; /* the one peer that is asked for, "" for all */
	uint64_t now_ns;
	size_t next; /* peer */
	int status;
};

void show_status(struct service *service, struct control_call *call)
{
	enum path_state state = tree_state(service);
	const char *reason = tree_reason(service);
	bool is_tried = state == PATH_DOWN && !tree_is_silent(service);
	time_t applied = service->applied_s;
	char when[64] = "";
	struct tm tm;

	control_print(call, CONTROL_OUT, "%s: %s%s%s", service->path.profile->name, tree_state_words(state),
		      reason[0] ? ": " : "", reason);
	if (service->source == SERVICE_NOTHING) {
		control_print(call, CONTROL_OUT, "; no configuration runs\n");
		return;
	}
	if (gmtime_r(&applied, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	control_print(call, CONTROL_OUT, "; the configuration of %s %s (%s)\n", when,
		      is_tried ? "is tried again until it runs" : "keeps running", tree_source_words(service->source));
}

static void call_write(void *arg, const char *bytes, size_t len)
{
	control_print(arg, CONTROL_OUT, "%.*s", (int)len, bytes);
}

static void showing_free(struct showing *showing)
{
	loop_timer_clear(&showing->service->worker.loop, &showing->more);
	report_free(&showing->report.path);
	report_free(&showing->report.peers);
	explicit_bzero(&showing->report.out, sizeof(showing->report.out));
	tunnel_config_clear(&showing->running);
	free(showing);
}

static void showing_cancelled(struct control_call *call)
{
	showing_free(call->job);
}

static bool is_wanted(const struct showing *showing, const struct tunnel_peer *peer)
{
	const struct vpn_peer *section = vpn_find_peer(&showing->service->set->vpn, peer->public_key);
	char key[KEY_BASE64_LEN], address[INET_ADDR_STRLEN] = "";

	if (!showing->only[0])
		return true;
	key_to_base64(peer->public_key, key);
	if (peer->allowed_count)
		inet_addr_text(&showing->running.allowed[peer->allowed_first].addr, address);
	return !strcmp(showing->only, key) || !strcmp(showing->only, address) || (section && names_fits(section->name, showing->only));
}

/* The first peer comes once more. */
static bool next_pass(struct showing *showing)
{
	if (showing->report.pass + 1 >= report_passes(showing->view))
		return false;
	showing->report.pass++;
	showing->next = 0;
	showing->view->head(&showing->report);
	return true;
}

/* A few peers; true while there are more. */
static bool print_piece(struct showing *showing)
{
	struct report *report = &showing->report;
	size_t end = showing->next + PEERS_A_PIECE;

	report_clear(&report->peers);
	for (; showing->next < showing->running.peer_count && showing->next < end; showing->next++) {
		const struct tunnel_peer *peer = &showing->running.peers[showing->next];

		if (is_wanted(showing, peer))
			tree_add_peer(&report->peers, showing->service, &showing->running, peer, report->now_s, showing->now_ns);
	}
	report_view_peers(report, showing->view);
	return showing->next < showing->running.peer_count || next_pass(showing);
}

static void finish(struct showing *showing)
{
	struct control_call *call = showing->call;
	int status = showing->status;

	showing->view->tail(&showing->report);
	report_flush(&showing->report.out);
	if (showing->report.path.failed || showing->report.peers.failed) {
		control_print(call, CONTROL_ERR, "out of memory: not all is shown\n");
		status = 1;
	}
	call->cancelled = NULL;
	showing_free(showing);
	control_end(call, status);
}

static void more_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct showing *showing = container_of(timer, struct showing, more);

	(void)now_ns;
	if (!print_piece(showing)) {
		finish(showing);
		return;
	}
	/* The loop looks at its descriptors before the next. */
	loop_timer_set(&showing->service->worker.loop, timer, clock_now_ns(), more_fires);
}

static int by_last_handshake(const void *a, const void *b)
{
	const struct tunnel_peer *x = a, *y = b;

	if (x->handshake_s != y->handshake_s)
		return x->handshake_s > y->handshake_s ? -1 : 1;
	return x->handshake_ns == y->handshake_ns ? 0 : x->handshake_ns > y->handshake_ns ? -1 : 1;
}

static void showing_start(struct showing *showing)
{
	struct service *service = showing->service;

	if (showing->has_running && showing->view->by_handshake)
		qsort(showing->running.peers, showing->running.peer_count, sizeof(showing->running.peers[0]), by_last_handshake);
	tree_fill_path(&showing->report.path, service, showing->has_running ? &showing->running : NULL);
	showing->view->head(&showing->report);
	if (!print_piece(showing)) {
		finish(showing);
		return;
	}
	showing->call->job = showing;
	showing->call->cancelled = showing_cancelled;
	loop_timer_set(&service->worker.loop, &showing->more, clock_now_ns(), more_fires);
}

/* NULL when there is no memory: then the call is answered. */
static struct showing *showing_new(struct service *service, struct control_call *call, const struct report_view *view)
{
	struct showing *showing = calloc(1, sizeof(*showing)); /* showing_free frees it */

	if (!showing) {
		control_print(call, CONTROL_ERR, "out of memory\n");
		control_end(call, 1);
		return NULL;
	}
	showing->service = service;
	showing->call = call;
	showing->view = view;
	showing->report.out.write = call_write;
	showing->report.out.arg = call;
	showing->report.now_s = time(NULL);
	showing->now_ns = clock_now_ns();
	showing->has_running = !service->path.inner.tunnel.silent && inner_dump(&service->path.inner) == 0;
	if (showing->has_running)
		tunnel_config_copy(&showing->running, &service->path.inner.running);
	return showing;
}

void show(struct service *service, struct control_call *call, const struct report_view *view, const char *only)
{
	struct showing *showing = showing_new(service, call, view);

	if (!showing)
		return;
	text_format(showing->only, sizeof(showing->only), "%s", only);
	showing->status = view != &report_as_metrics && tree_state(service) >= PATH_DEGRADED;
	showing_start(showing);
}

/* The view that these words ask for, NULL for others; *all: of all interfaces. */
static const struct report_view *wg_view(const char *device, int argc, char **argv, bool *all)
{
	bool conf = argc > 1 && !strcmp(argv[1], report_as_wg_conf.name);
	int next = 2;

	*all = !conf && argc > next && !strcmp(argv[next], "all");
	if (argc > next && (*all || !strcmp(argv[next], device)))
		next++;
	if (argc > next + 1 || (argc > 1 && !conf && strcmp(argv[1], "show") != 0))
		return NULL;
	if (argc == next + 1)
		return conf ? NULL : report_wg_field(argv[next]);
	return conf ? &report_as_wg_conf : &report_as_wg;
}

void show_wg(struct service *service, struct control_call *call, int argc, char **argv)
{
	const char *device = service->path.inner.tunnel.device;
	const struct report_view *view;
	struct showing *showing;
	bool all;

	if (!service->path.inner.tunnel.ops) {
		control_print(call, CONTROL_ERR, "Unable to access interface: the path is down%s%s\n",
			      service->path.down_reason[0] ? ": " : "", service->path.down_reason);
		control_end(call, 1);
		return;
	}
	if (argc == 3 && !strcmp(argv[1], "show") && !strcmp(argv[2], "interfaces")) {
		control_print(call, CONTROL_OUT, "%s\n", device);
		control_end(call, 0);
		return;
	}
	view = wg_view(device, argc, argv, &all);
	if (!view) {
		control_print(call, CONTROL_ERR,
			      "usage: wg genkey | wg genpsk | wg pubkey | wg show [%s | all] [dump | FIELD] | wg showconf [%s]\n",
			      device, device);
		control_end(call, 1);
		return;
	}
	showing = showing_new(service, call, view);
	if (!showing)
		return;
	showing->report.of_all = all;
	if (showing->has_running) {
		showing_start(showing);
		return;
	}
	control_print(call, CONTROL_ERR, "Unable to access interface: %s\n", service->path.inner.tunnel.error);
	showing_free(showing);
	control_end(call, 1);
}
