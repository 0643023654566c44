#include "gateway/service.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/here.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/pulse.h"
#include "base/text.h"
#include "conf/set_pool.h"
#include "gateway/names.h"
#include "gateway/roamed.h"
#include "network/facts.h"
#include "worker/load.h"

/* A path that could not come up is tried again, less and less often. */
enum { RETRY_MIN_S = 10, RETRY_MAX_S = 60 };

enum { UNRESOLVED_MAX = 20 }; /* names in a listing */

static void retry_fires(struct loop_timer *timer, uint64_t now_ns);

static void arm_retry(struct service *service)
{
	uint64_t wait_s = service->retry_s ? service->retry_s : RETRY_MIN_S;

	loop_timer_set(&service->worker.loop, &service->retry, clock_now_ns() + wait_s * NS_PER_S, retry_fires);
	service->retry_s = wait_s * 2 < RETRY_MAX_S ? wait_s * 2 : RETRY_MAX_S;
}

/* A set that came up is what goes on after a crash, and the fallback for the next boot; one that did not, never. */
static void came_up(struct service *service)
{
	if (service->came_up)
		return;
	service->came_up = true;
	attend_follow(&service->attend);
	change_ran(&service->change);
	if (service->source == SERVICE_FILES || (service->source == SERVICE_RESUMED && !change_pending(&service->change)))
		change_keep(&service->change);
}

/* ---- apply ---- */

static int apply_set(struct service *service, struct conf_set *set, struct tunnel_report *report)
{
	const struct conf_facts *facts = set == service->set ? service->facts : service->candidate_facts;
	struct path *path = &service->path;

	if (set->clustered)
		return path_apply(path, set, facts, &service->resolver, report);
	if (inner_dump(&path->inner) == 0)
		report->count[TUNNEL_REMOVED] = path->inner.running.peer_count;
	path_down(path);
	return 0;
}

/* The candidate and what it was checked against take the place of what ran. */
static void swap_sets(struct service *service)
{
	struct conf_set *set = service->set;
	struct conf_facts *facts = service->facts;

	service->set = service->change.candidate;
	service->facts = service->candidate_facts;
	service->change.candidate = set;
	service->candidate_facts = facts;
}

static void apply_again(struct service *service, const char *why)
{
	struct tunnel_report report = { 0 };
	char before[PATH_REASON_LEN];
	int err;

	if (service->source == SERVICE_NOTHING)
		return;
	text_format(before, sizeof(before), "%s", service->path.down_reason);
	err = apply_set(service, service->set, &report);
	if (err < 0) {
		if (strcmp(before, service->path.down_reason) != 0)
			log_err("%s: %s", why, service->path.down_reason);
		arm_retry(service);
		return;
	}
	service->retry_s = 0;
	loop_timer_clear(&service->worker.loop, &service->retry);
	came_up(service);
	if (before[0] || report.count[TUNNEL_ADDED] || report.count[TUNNEL_UPDATED] || report.count[TUNNEL_REMOVED] || report.device_changed)
		log_info("%s: %zu peer%s added, %zu updated, %zu removed, %zu kept", why, report.count[TUNNEL_ADDED],
			 text_plural(report.count[TUNNEL_ADDED]), report.count[TUNNEL_UPDATED], report.count[TUNNEL_REMOVED], report.count[TUNNEL_KEPT]);
}

static void retry_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	apply_again(container_of(timer, struct service, retry), "tried again");
}

static const char *peer_name(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	const struct service *service = arg;
	const struct vpn_peer *peer = vpn_find_peer(&service->set->vpn, public_key);

	return peer ? peer->name : "";
}

static void log_line(void *arg, const char *line)
{
	(void)arg;
	log_info("%s", line);
}

static void looked(struct path *path, uint64_t now_ns)
{
	struct service *service = container_of(path, struct service, path);
	const struct tell_host host = { .arg = service, .name = peer_name, .line = log_line };

	tell_look(&service->tell, &path->inner.running, now_ns, &host);
	verdicts_look(&service->verdicts, &path->silent.watch, &path->inner.running, now_ns, time(NULL), &host);
}

static void disturbed(struct path *path)
{
	apply_again(container_of(path, struct service, path), "mended");
}

/* service->set is what the service stands for from now on. */
static void adopted(struct service *service, enum service_source source)
{
	service->source = source;
	service->applied_s = time(NULL);
	service->came_up = false;
	service->retry_s = 0;
	loop_timer_clear(&service->worker.loop, &service->retry);
	service->answered = false;
	attend_follow(&service->attend);
	service->resolving = resolver_follow(&service->resolver, &service->set->vpn,
					     &service->set->env.vpn_address);
	if (!strcmp(service->path.profile->name, NAME_MANAGEMENT))
		names_write(service->set, source == SERVICE_HELD || source == SERVICE_FALLBACK,
			    service->options->worker.run_dir);
}

int service_adopt(struct service *service, struct tunnel_report *report, char why[static PATH_REASON_LEN],
		  bool *put_back)
{
	struct tunnel_report back = { 0 };
	int err;

	service->replaced.source = service->source;
	service->replaced.applied_s = service->applied_s;
	text_format(service->replaced.reason, sizeof(service->replaced.reason), "%s", service->path.down_reason);
	err = apply_set(service, service->change.candidate, report);
	*put_back = true;
	if (!err) {
		swap_sets(service);
		adopted(service, SERVICE_FILES);
		service->change.undoable = service->came_up = true;
		change_ran(&service->change);
		return 0;
	}
	text_format(why, PATH_REASON_LEN, "%s", service->path.down_reason);
	if (service->source == SERVICE_NOTHING) {
		path_down(&service->path);
		text_format(service->path.down_reason, sizeof(service->path.down_reason), "%s", why);
	} else if (apply_set(service, service->set, &back) < 0) {
		log_err("what ran before could not be put back: %s", service->path.down_reason);
		*put_back = false;
		arm_retry(service);
	} else {
		attend_follow(&service->attend);
	}
	return err;
}

int service_undo(struct service *service, struct tunnel_report *report)
{
	int err = 0;

	swap_sets(service);
	adopted(service, service->replaced.source);
	service->applied_s = service->replaced.applied_s;
	if (service->source == SERVICE_NOTHING) {
		change_forget(&service->change);
		if (inner_dump(&service->path.inner) == 0)
			report->count[TUNNEL_REMOVED] = service->path.inner.running.peer_count;
		path_down(&service->path);
		text_format(service->path.down_reason, sizeof(service->path.down_reason), "%s", service->replaced.reason);
	} else {
		err = apply_set(service, service->set, report);
	}
	if (err < 0) {
		log_err("what ran before could not be put back: %s", service->path.down_reason);
		arm_retry(service);
	} else if (service->source != SERVICE_NOTHING) {
		service->came_up = true;
		attend_follow(&service->attend);
		change_ran(&service->change);
	}
	return err;
}

const struct conf_set *service_running(struct change *change)
{
	const struct service *service = container_of(change, struct service, change);

	return service->source == SERVICE_NOTHING ? NULL : service->set;
}

/* ---- the files ---- */

void service_check(struct change *change)
{
	struct service *service = container_of(change, struct service, change);
	struct conf_facts *facts = service->candidate_facts;

	facts_collect(facts);
	facts->former = service_running(change);
	conf_set_check(change->candidate, facts, false, &change->diag);
	if (service->falls_back)
		return;
	service->findings.errors = change->diag.error_count;
	service->findings.warnings = change->diag.warning_count;
}

static void names_found(struct resolver *resolver)
{
	apply_again(container_of(resolver, struct service, resolver), "names resolved");
}

void service_each_unresolved(const struct service *service, void (*each)(void *arg, const char *text), void *arg)
{
	const struct vpn_conf *vpn = &service->set->vpn;
	char text[VPN_HOST_LEN + 128];
	size_t count = 0;

	for (size_t i = 0; i < vpn->peer_count; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];

		if (!peer->host[0] || peer->addr.family || (int)i == vpn->own ||
		    resolver_find(&service->resolver, peer->host))
			continue;
		if (count++ >= UNRESOLVED_MAX)
			continue;
		text_format(text, sizeof(text), VPN_PUBLIC_FILE ":%u: warning: Endpoint %s %s: tried again in the background",
			    peer->endpoint_line, peer->host, resolver_words(&service->resolver, peer->host));
		each(arg, text);
	}
	if (count > UNRESOLVED_MAX) {
		text_format(text, sizeof(text), "and %zu more that do not resolve: `%scheck` lists them", count - UNRESOLVED_MAX, here_program());
		each(arg, text);
	}
}

/* Told once of each set: by the reconfigure that waits for it, or here. */
static void names_done(struct resolver *resolver)
{
	struct service *service = container_of(resolver, struct service, resolver);

	if (service->resolving && !change_waits(&service->change) && !service->answered)
		service_each_unresolved(service, log_err_line, NULL);
	service->resolving = false;
	change_progress(&service->change);
}

/* ---- start ---- */

static int start_from(struct service *service, enum service_source source)
{
	struct tunnel_report report = { 0 };
	int err = apply_set(service, service->change.candidate, &report);

	if (err < 0)
		log_err("%s", service->path.down_reason);
	if (err < 0 && (service->path.lacks || !worker_stays(&service->options->worker)))
		return err;
	/* Also when it failed: it is what should run, tried again until it does. */
	swap_sets(service);
	adopted(service, source);
	if (err < 0)
		arm_retry(service);
	else
		came_up(service);
	if (!service->set->clustered)
		log_info("not clustered: no VPN");
	return 0;
}

/* Where the files cannot be had, or have errors; down_reason says which, until something comes up. */
static int start_from_fallback(struct service *service, int state_fd, int err)
{
	bool good;

	service->falls_back = true;
	good = change_load_applied(&service->change, state_fd);
	service->falls_back = false;
	if (good)
		diag_print(&service->change.diag, log_err_line, NULL);
	log_err("%s: mend the files, then `%sreconfigure`", good ? "the last applied configuration runs instead" :
		"there is no last applied configuration to fall back to", here_service(service->path.profile->name));
	return good ? start_from(service, SERVICE_FALLBACK) : worker_stays(&service->options->worker) ? 0 : err;
}

/* At boot the files hold. */
static int start_from_dir(struct service *service, int dir_fd, int state_fd)
{
	struct change *change = &service->change;
	char summary[64];

	if (change_load_applied(change, state_fd) && change->candidate->clustered)
		path_recall(&service->path, change->candidate, &service->resolver);
	(void)unlink(service->path.roamed_file); /* of another life of the machine */
	if (change_load_held(change))
		return start_from(service, SERVICE_HELD);
	if (change_load(change, dir_fd, false)) {
		diag_print(&change->diag, log_err_line, NULL);
		return start_from(service, SERVICE_FILES);
	}
	diag_print(&change->diag, log_err_line, NULL);
	log_err("%s in %s: nothing of it is applied", diag_summary(&change->diag, summary, sizeof(summary)), service->options->worker.conf_dir);
	text_format(service->path.down_reason, sizeof(service->path.down_reason), "the files have errors, see `%scheck`", here_program());
	return start_from_fallback(service, state_fd, -EINVAL);
}

/* After a crash what ran goes on, since the files may be half edited by then: they are for reconfigure to apply. */
static int start_again(struct service *service)
{
	if (service->change.candidate->clustered)
		path_recall(&service->path, service->change.candidate, &service->resolver);
	log_info("started again: what ran goes on");
	path_recall_endpoints(&service->path);
	return start_from(service, SERVICE_RESUMED);
}

static int start(struct service *service)
{
	const char *dir = service->options->worker.conf_dir, *state = service->options->worker.state_dir;
	int dir_fd, state_fd, err;

	if (change_load_running(&service->change))
		return start_again(service);
	dir_fd = conf_dir_open(dir, service->path.down_reason, sizeof(service->path.down_reason));
	if (dir_fd < 0)
		log_err("%s", service->path.down_reason);
	state_fd = state ? open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (state && state_fd < 0)
		log_err("cannot open %s: %s: no configuration is kept as a fallback", state, strerror(errno));
	err = dir_fd < 0 ? start_from_fallback(service, state_fd, dir_fd) : start_from_dir(service, dir_fd, state_fd);
	if (state_fd >= 0)
		close(state_fd);
	if (dir_fd >= 0)
		close(dir_fd);
	return err;
}

/* ---- the process ---- */

static int service_open(struct worker *worker)
{
	struct service *service = service_of(worker);
	int err = path_open(&service->path, &worker->loop);

	inner_spare(&service->path.inner);
	resolver_init(&service->resolver, &worker->loop, names_found, names_done);
	attend_open(&service->attend, &worker->loop, worker->options->run_dir, &service->path, &service->set);
	return err;
}

static int service_start(struct worker *worker)
{
	struct service *service = service_of(worker);
	int err = start(service);

	if (!err)
		worker_tell_ready(worker, !service->path.down_reason[0]);
	return err;
}

static void service_close(struct worker *worker)
{
	struct service *service = service_of(worker);

	change_stop(&service->change);
	(void)unlink(service->path.roamed_file);
	resolver_stop(&service->resolver);
	attend_close(&service->attend);
	path_close(&service->path);
}

static bool service_lost(struct worker *worker)
{
	const struct tunnel *tunnel = &service_of(worker)->path.inner.tunnel;

	return tunnel->ops && tunnel->stuck_ns && clock_now_ns() - tunnel->stuck_ns >= PULSE_LOST_S * NS_PER_S;
}

struct service *service_of(struct worker *worker)
{
	return container_of(worker, struct service, worker);
}

int service_run(const struct profile *profile, const struct service_options *options, const struct worker_verb *verbs,
		const struct change_ops *changes)
{
	static struct conf_facts facts[2];
	static struct service service;
	static char alias[LINK_ALIAS_LEN], roamed_file[CONTROL_PATH_LEN], place_file[CONTROL_PATH_LEN];
	const struct worker_ops ops = { .verbs = verbs, .open = service_open, .start = service_start, .close = service_close,
				      .lost = service_lost };
	int status;

	text_format(alias, sizeof(alias), LINK_ALIAS_OURS "%s %s", profile->name, options->worker.run_dir);
	service.path.alias = alias;
	text_format(roamed_file, sizeof(roamed_file), "%s/%s" ROAMED_END, options->worker.run_dir, profile->name);
	service.path.roamed_file = roamed_file;
	text_format(place_file, sizeof(place_file), "%s/%s" PLACE_END, options->worker.run_dir, profile->name);
	service.path.place_file = place_file;
	service.path.sockets_dir = options->worker.run_dir;
	service.path.profile = profile;
	service.path.netns_option = !options->netns && options->contained ? PLACE_HERE : options->netns;
	service.path.contained = options->contained;
	service.path.backend_option = options->backend;
	service.path.disturbed = disturbed;
	service.path.looked = looked;
	service.options = options;
	service.set = set_pool_take();
	service.facts = &facts[0];
	service.candidate_facts = &facts[1];
	service.worker.name = profile->name;
	service.worker.options = &options->worker;
	service.worker.ops = &ops;
	service.worker.change = &service.change;
	service.change.worker = &service.worker;
	service.change.ops = changes;
	service.change.candidate = set_pool_take();
	change_init(&service.change, service.set);
	status = worker_run(&service.worker);
	change_end(&service.change);
	set_pool_give_back(service.set);
	set_pool_give_back(service.change.candidate);
	return status;
}
