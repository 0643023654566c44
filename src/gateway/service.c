#include "gateway/service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/applied.h"
#include "gateway/verbs.h"
#include "network/facts.h"

enum { RETRY_S = 10 }; /* a path that could not come up is tried again */

#define SERVICE_OF(member_ptr, member) ((struct service *)((char *)(member_ptr)-offsetof(struct service, member)))

static void retry_fires(struct loop_timer *timer, uint64_t now_ns);

/* ---- apply ---- */

int service_apply(struct service *service, struct conf_set *set, struct tunnel_report *report)
{
	struct path *path = &service->path;
	int err = 0;

	loop_timer_clear(&service->loop, &service->retry);
	if (set->clustered) {
		err = path_apply(path, set, &service->facts, &service->resolver, report);
	} else {
		if (path_dump(path) == 0)
			report->count[TUNNEL_REMOVED] = path->running.peer_count;
		path_down(path);
	}
	if (err < 0) {
		loop_timer_set(&service->loop, &service->retry, clock_now_ns() + RETRY_S * NS_PER_S, retry_fires);
		return err;
	}
	if (set == service->spare) {
		service->spare = service->set;
		service->set = set;
		conf_set_wipe(service->spare);
	}
	return 0;
}

static void apply_again(struct service *service, const char *why)
{
	struct tunnel_report report = { 0 };
	int err;

	if (service->source == SERVICE_NOTHING)
		return;
	err = service_apply(service, service->set, &report);
	if (err < 0)
		log_err("%s: %s", why, service->path.down_reason);
	else if (report.count[TUNNEL_ADDED] || report.count[TUNNEL_UPDATED] || report.count[TUNNEL_REMOVED] ||
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

/* ---- the files ---- */

static int open_conf_dir(struct service *service)
{
	if (service->conf_dir_fd >= 0)
		close(service->conf_dir_fd);
	service->conf_dir_fd = open(service->options->conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return service->conf_dir_fd < 0 ? -errno : 0;
}

static bool load(struct service *service, int dir_fd)
{
	diag_clear(&service->diag);
	facts_collect(&service->facts);
	conf_set_load(service->spare, dir_fd, &service->diag);
	conf_set_check(service->spare, &service->facts, false, &service->diag);
	return service->diag.error_count == 0;
}

int service_load(struct service *service)
{
	int err = open_conf_dir(service);

	if (!err && !load(service, service->conf_dir_fd))
		err = -EINVAL;
	return err;
}

static void names_done(struct resolver *resolver, bool changed, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(resolver, resolver);

	(void)now_ns;
	if (changed)
		apply_again(service, "names resolved");
	verbs_names_done(service);
}

/* service->set is what the service stands for from now on; true when names of it are being looked up. */
static bool adopted(struct service *service, enum service_source source)
{
	int err = 0;

	service->source = source;
	service->applied_s = time(NULL);
	if (source == SERVICE_FILES)
		err = applied_save(service->conf_dir_fd, service->path.profile->name, service->set);
	if (err < 0)
		log_err("cannot keep the configuration as a fallback: %s", strerror(-err));
	return resolver_follow(&service->resolver, &service->set->vpn);
}

int service_adopt(struct service *service, struct tunnel_report *report, char why[static PATH_REASON_LEN])
{
	struct tunnel_report back = { 0 };
	int err = service_apply(service, service->spare, report);

	if (!err)
		return adopted(service, SERVICE_FILES);
	text_format(why, PATH_REASON_LEN, "%s", service->path.down_reason);
	if (service->source != SERVICE_NOTHING && service_apply(service, service->set, &back) < 0)
		log_err("what ran before could not be put back: %s", service->path.down_reason);
	return err;
}

static void log_finding(void *arg, const char *text)
{
	(void)arg;
	log_err("%s", text);
}

/* Brings what was applied before this process began, when there is any, to the path's mind. */
static void recall_applied(struct service *service)
{
	int fd = applied_open(service->conf_dir_fd, service->path.profile->name);

	if (fd < 0)
		return;
	if (load(service, fd) && service->spare->clustered)
		path_recall(&service->path, service->spare, &service->resolver);
	close(fd);
}

static bool load_fallback(struct service *service)
{
	int fd = applied_open(service->conf_dir_fd, service->path.profile->name);
	bool good;

	if (fd < 0) {
		log_err("there is no configuration applied before to fall back to");
		return false;
	}
	good = load(service, fd);
	close(fd);
	if (!good) {
		diag_print(&service->diag, log_finding, NULL);
		log_err("the last applied configuration is not usable either");
		return false;
	}
	log_err("the last applied configuration runs instead: mend the files, then `reconfigure`");
	return true;
}

static int start_from(struct service *service, enum service_source source)
{
	struct tunnel_report report = { 0 };
	struct conf_set *set = service->spare;
	int err = service_apply(service, set, &report);

	if (err < 0) {
		log_err("%s", service->path.down_reason);
		if (service->options->ready_fd < 0)
			return err;
		/* It is what should run: retried until it does, or until reconfigure brings another. */
		service->spare = service->set;
		service->set = set;
	}
	adopted(service, source);
	if (!set->clustered)
		log_info("not clustered: no VPN");
	return 0;
}

static int start(struct service *service)
{
	char summary[64];
	int err = open_conf_dir(service);

	if (err < 0) {
		text_format(service->path.down_reason, sizeof(service->path.down_reason), "cannot open %s: %s",
			 service->options->conf_dir, strerror(-err));
		log_err("%s", service->path.down_reason);
		return service->options->ready_fd < 0 ? err : 0;
	}
	recall_applied(service);
	err = service_load(service);
	diag_print(&service->diag, log_finding, NULL);
	if (!err)
		return start_from(service, SERVICE_FILES);
	log_err("%s in %s: nothing of it is applied",
		diag_summary(&service->diag, summary, sizeof(summary)), service->options->conf_dir);
	if (load_fallback(service))
		return start_from(service, SERVICE_FALLBACK);
	text_format(service->path.down_reason, sizeof(service->path.down_reason), "the files have errors, see `check`");
	return service->options->ready_fd < 0 ? err : 0;
}

/* ---- the process ---- */

static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(source, signals);
	struct signalfd_siginfo info;

	(void)events;
	(void)now_ns;
	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		log_info("stopping: signal %u", info.ssi_signo);
	loop_stop(&service->loop);
}

static int watch_signals(struct service *service)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	fd = loop_signal_fd(&set);
	return fd < 0 ? fd : loop_add(&service->loop, &service->signals, fd, EPOLLIN, signal_came);
}

static int open_all(struct service *service)
{
	int err = loop_open(&service->loop);

	if (!err)
		err = watch_signals(service);
	if (!err)
		err = path_open(&service->path, &service->loop);
	if (!err)
		err = control_serve(&service->control, &service->loop, service->options->run_dir,
				    service->path.profile->name, verbs_request, service);
	if (err == -EADDRINUSE)
		log_err("%s already runs with --run %s", service->path.profile->name, service->options->run_dir);
	else if (err < 0)
		log_err("cannot start: %s", strerror(-err));
	return err;
}

int service_run(const struct profile *profile, const struct service_options *options)
{
	static struct conf_set sets[2];
	static struct service service;
	int err;

	service.path.profile = profile;
	service.path.netns_option = options->netns;
	service.path.backend_option = options->backend;
	service.path.disturbed = disturbed;
	service.options = options;
	service.set = &sets[0];
	service.spare = &sets[1];
	service.conf_dir_fd = -1;
	log_open(profile->name);
	if (open_all(&service) < 0)
		return 1;
	resolver_init(&service.resolver, &service.loop, names_done);
	err = start(&service);
	if (!err && options->ready_fd >= 0) {
		if (write(options->ready_fd, "\n", 1) < 0)
			log_err("cannot tell the supervisor that it is ready: %s", strerror(errno));
		close(options->ready_fd);
	}
	if (!err)
		err = loop_run(&service.loop);
	resolver_stop(&service.resolver);
	path_close(&service.path);
	control_close(&service.control);
	conf_set_wipe(&sets[0]);
	conf_set_wipe(&sets[1]);
	return err < 0 ? 1 : 0;
}
