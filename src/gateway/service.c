#include "gateway/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/applied.h"
#include "network/facts.h"

/* A path that could not come up is tried again, less and less often. */
enum { RETRY_MIN_S = 10, RETRY_MAX_S = 60 };

enum { UNRESOLVED_MAX = 20 }; /* names in a listing */

#define SERVICE_OF(member_ptr, member) ((struct service *)((char *)(member_ptr)-offsetof(struct service, member)))

static void retry_fires(struct loop_timer *timer, uint64_t now_ns);

static void arm_retry(struct service *service)
{
	uint64_t wait_s = service->retry_s ? service->retry_s : RETRY_MIN_S;

	loop_timer_set(&service->worker.loop, &service->retry, clock_now_ns() + wait_s * NS_PER_S, retry_fires);
	service->retry_s = wait_s * 2 < RETRY_MAX_S ? wait_s * 2 : RETRY_MAX_S;
}

/* ---- what is kept of a set ---- */

/* There while what runs was applied in this life of the machine: a process that finds it was started after a crash. */
static void running_path(const struct service *service, char *dst, size_t cap)
{
	text_format(dst, cap, "%s/%s.running", service->options->worker.run_dir, service->path.profile->name);
}

static bool was_running(const struct service *service)
{
	char path[CONTROL_PATH_LEN];

	running_path(service, path, sizeof(path));
	return access(path, F_OK) == 0;
}

static void mark_running(const struct service *service)
{
	char path[CONTROL_PATH_LEN];
	int fd;

	running_path(service, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

static void unmark_running(const struct service *service)
{
	char path[CONTROL_PATH_LEN];

	running_path(service, path, sizeof(path));
	(void)unlink(path);
}

static void kept(struct keeper *keeper, int err)
{
	struct service *service = SERVICE_OF(keeper, keeper);

	service->keeping = false;
	service->keep_err = err;
	if (err < 0)
		log_err("cannot keep the configuration as a fallback: %s", strerror(-err));
	else
		mark_running(service);
	service->answers->progress(service);
}

/* A set that came up is the fallback for the next start; one that did not, never. Until it is written, a process that is
 * started after a crash has nothing better than the files. */
static void keep(struct service *service)
{
	if (service->kept)
		return;
	service->kept = true;
	if (service->source != SERVICE_FILES) {
		mark_running(service);
		return;
	}
	unmark_running(service);
	service->keeping = true;
	keeper_start(&service->keeper, &service->worker.loop, service->options->worker.conf_dir, service->path.profile->name, service->set);
}

/* ---- apply ---- */

static int apply_set(struct service *service, struct conf_set *set, struct tunnel_report *report)
{
	const struct conf_facts *facts = set == service->spare ? service->spare_facts : service->facts;
	struct path *path = &service->path;

	if (set->clustered)
		return path_apply(path, set, facts, &service->resolver, report);
	if (path_dump(path) == 0)
		report->count[TUNNEL_REMOVED] = path->running.peer_count;
	path_down(path);
	return 0;
}

/* The candidate and what it was checked against take the place of what ran. */
static void swap_sets(struct service *service)
{
	struct conf_set *set = service->set;
	struct conf_facts *facts = service->facts;

	service->set = service->spare;
	service->facts = service->spare_facts;
	service->spare = set;
	service->spare_facts = facts;
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
	keep(service);
	if (before[0] || report.count[TUNNEL_ADDED] || report.count[TUNNEL_UPDATED] || report.count[TUNNEL_REMOVED] ||
	    report.device_changed)
		log_info("%s: %zu peers added, %zu updated, %zu removed, %zu kept", why, report.count[TUNNEL_ADDED],
			 report.count[TUNNEL_UPDATED], report.count[TUNNEL_REMOVED], report.count[TUNNEL_KEPT]);
}

static void retry_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	apply_again(SERVICE_OF(timer, retry), "tried again");
}

static void disturbed(struct path *path)
{
	apply_again(SERVICE_OF(path, path), "mended");
}

/* service->set is what the service stands for from now on. */
static void adopted(struct service *service, enum service_source source)
{
	service->source = source;
	service->applied_s = time(NULL);
	service->kept = false;
	service->retry_s = 0;
	loop_timer_clear(&service->worker.loop, &service->retry);
	service->answered = false;
	service->resolving = resolver_follow(&service->resolver, &service->set->vpn,
					     &service->set->env.vpn_address);
}

int service_adopt(struct service *service, struct tunnel_report *report, char why[static PATH_REASON_LEN],
		  bool *put_back)
{
	struct tunnel_report back = { 0 };
	int err = apply_set(service, service->spare, report);

	*put_back = true;
	if (!err) {
		swap_sets(service);
		conf_set_wipe(service->spare);
		adopted(service, SERVICE_FILES);
		keep(service);
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
	}
	return err;
}

/* ---- the files ---- */

static bool check(struct service *service)
{
	facts_collect(service->spare_facts);
	service->spare_facts->former_key =
		service->source != SERVICE_NOTHING && service->set->clustered ? service->set->vpn.public_key : NULL;
	conf_set_check(service->spare, service->spare_facts, false, &service->diag);
	return service->diag.error_count == 0;
}

/* At start alone, when nothing is carried yet: the disk may take its time. */
static bool load(struct service *service, int dir_fd, bool ran_before)
{
	diag_clear(&service->diag, ran_before);
	conf_set_load(service->spare, dir_fd, &service->diag);
	return check(service);
}

static void files_read(struct reader *reader, int err, const struct conf_set *set, const struct diag *diag)
{
	struct service *service = SERVICE_OF(reader, reader);

	/* Whoever asked has gone, or was told that the disk does not answer. */
	if (!service->asked.call)
		return;
	if (!err) {
		conf_set_copy(service->spare, set);
		service->diag = *diag;
		err = check(service) ? 0 : -EINVAL;
	}
	service->answers->files_read(service, err);
}

int service_read(struct service *service)
{
	return reader_start(&service->reader, &service->worker.loop);
}

static void names_found(struct resolver *resolver)
{
	apply_again(SERVICE_OF(resolver, resolver), "names resolved");
}

static void log_finding(void *arg, const char *text)
{
	(void)arg;
	log_err("%s", text);
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
		text_format(text, sizeof(text), "and %zu more that do not resolve: `check` lists them", count - UNRESOLVED_MAX);
		each(arg, text);
	}
}

/* Told once of each set: by the reconfigure that waits for it, or here. */
static void names_done(struct resolver *resolver)
{
	struct service *service = SERVICE_OF(resolver, resolver);

	if (service->resolving && !service->pending && !service->answered)
		service_each_unresolved(service, log_finding, NULL);
	service->resolving = false;
	service->answers->progress(service);
}

/* ---- start ---- */

/* What was applied last into service->spare: true when there is such a set and it is good. */
static bool load_applied(struct service *service, int dir_fd)
{
	int fd = applied_open(dir_fd, service->path.profile->name);
	bool good = fd >= 0 && load(service, fd, true);

	if (fd >= 0)
		close(fd);
	return good;
}

static int start_from(struct service *service, enum service_source source)
{
	struct tunnel_report report = { 0 };
	int err = apply_set(service, service->spare, &report);

	if (err < 0)
		log_err("%s", service->path.down_reason);
	if (err < 0 && service->options->worker.ready_fd < 0)
		return err;
	/* Also when it failed: it is what should run, tried again until it does. */
	swap_sets(service);
	adopted(service, source);
	if (err < 0)
		arm_retry(service);
	else
		keep(service);
	if (!service->set->clustered)
		log_info("not clustered: no VPN");
	return 0;
}

static int start_from_fallback(struct service *service, int dir_fd, int err)
{
	char summary[64];

	log_err("%s in %s: nothing of it is applied", diag_summary(&service->diag, summary, sizeof(summary)),
		service->options->worker.conf_dir);
	if (load_applied(service, dir_fd)) {
		diag_print(&service->diag, log_finding, NULL);
		log_err("the last applied configuration runs instead: mend the files, then `reconfigure`");
		return start_from(service, SERVICE_FALLBACK);
	}
	log_err("there is no last applied configuration to fall back to: mend the files, then `reconfigure`");
	text_format(service->path.down_reason, sizeof(service->path.down_reason), "the files have errors, see `check`");
	return service->options->worker.ready_fd < 0 ? err : 0;
}

/* At boot the files hold. After a crash what ran goes on, since the files may be half edited by then: that is for
 * reconfigure to apply. */
static int start_from_dir(struct service *service, int dir_fd)
{
	if (load_applied(service, dir_fd)) {
		if (service->spare->clustered)
			path_recall(&service->path, service->spare, &service->resolver);
		if (was_running(service)) {
			log_info("started again: what ran goes on");
			path_recall_endpoints(&service->path);
			return start_from(service, SERVICE_RESUMED);
		}
	}
	(void)unlink(service->path.roamed_file); /* of another life of the machine */
	if (load(service, dir_fd, false)) {
		diag_print(&service->diag, log_finding, NULL);
		return start_from(service, SERVICE_FILES);
	}
	diag_print(&service->diag, log_finding, NULL);
	return start_from_fallback(service, dir_fd, -EINVAL);
}

static int start(struct service *service)
{
	int dir_fd = open(service->options->worker.conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = dir_fd < 0 ? -errno : 0;

	if (err < 0) {
		text_format(service->path.down_reason, sizeof(service->path.down_reason), "cannot open %s: %s",
			    service->options->worker.conf_dir, strerror(-err));
		log_err("%s", service->path.down_reason);
		return service->options->worker.ready_fd < 0 ? err : 0;
	}
	err = start_from_dir(service, dir_fd);
	close(dir_fd);
	return err;
}

/* ---- the process ---- */

static int service_open(struct worker *worker)
{
	struct service *service = service_of(worker);
	int err = path_open(&service->path, &worker->loop);

	resolver_init(&service->resolver, &worker->loop, names_found, names_done);
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

	unmark_running(service);
	(void)unlink(service->path.roamed_file);
	resolver_stop(&service->resolver);
	reader_stop(&service->reader);
	path_close(&service->path);
}

struct service *service_of(struct worker *worker)
{
	return SERVICE_OF(worker, worker);
}

int service_run(const struct profile *profile, const struct service_options *options, const struct worker_verb *verbs,
		const struct service_answers *answers)
{
	static struct conf_set sets[2];
	static struct conf_facts facts[2];
	static struct service service;
	static char alias[LINK_ALIAS_LEN], roamed_file[CONTROL_PATH_LEN];
	const struct worker_ops ops = { .verbs = verbs, .open = service_open, .start = service_start, .close = service_close };
	int status;

	text_format(alias, sizeof(alias), LINK_ALIAS_OURS "%s %s", profile->name, options->worker.run_dir);
	service.path.alias = alias;
	text_format(roamed_file, sizeof(roamed_file), "%s/%s.endpoints", options->worker.run_dir, profile->name);
	service.path.roamed_file = roamed_file;

	service.path.profile = profile;
	service.path.netns_option = options->netns;
	service.path.backend_option = options->backend;
	service.path.disturbed = disturbed;
	service.options = options;
	service.answers = answers;
	service.set = &sets[0];
	service.spare = &sets[1];
	service.facts = &facts[0];
	service.spare_facts = &facts[1];
	service.keeper.done = kept;
	service.reader.dir = options->worker.conf_dir;
	service.reader.done = files_read;
	service.worker.name = profile->name;
	service.worker.options = &options->worker;
	service.worker.ops = &ops;
	status = worker_run(&service.worker);
	keeper_stop(&service.keeper);
	conf_set_wipe(&sets[0]);
	conf_set_wipe(&sets[1]);
	return status;
}
