#include "worker/change.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/denied.h"
#include "base/exit.h"
#include "base/log.h"
#include "conf/applied.h"

/* Whoever asked waits so long for the files, then for the rest and the disk; those go on. */
enum { PENDING_S = 5, EXIT_USAGE = 2 };

static const char *name_of(const struct change *change)
{
	return change->worker->name;
}

static void print_finding(void *arg, const char *text)
{
	control_print(arg, CONTROL_ERR, "%s\n", text);
}

/* ---- what runs, in memory and on the disk ---- */

static int open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void change_ran(struct change *change)
{
	int dir_fd = open_dir(change->worker->options->run_dir);
	int err = dir_fd < 0 ? dir_fd : applied_save(dir_fd, name_of(change), change->ops->running(change), change->ops->files, false);

	if (err < 0)
		log_err("after a crash the files are read again: what runs cannot be written to %s: %s",
			change->worker->options->run_dir, strerror(-err));
	if (err < 0 && dir_fd >= 0)
		applied_remove(dir_fd, name_of(change));
	if (dir_fd >= 0)
		close(dir_fd);
}

void change_forget(struct change *change)
{
	int dir_fd = open_dir(change->worker->options->run_dir);

	if (dir_fd < 0)
		return;
	applied_remove(dir_fd, name_of(change));
	close(dir_fd);
}

static void kept(struct keeper *keeper, int err)
{
	struct change *change = container_of(keeper, struct change, keeper);

	change->keeping = false;
	change->keep_err = err;
	if (err < 0 && !(err == -EROFS && change->told_read_only))
		log_err("cannot keep the configuration as a fallback in %s: %s%s", change->worker->options->state_dir, strerror(-err),
			err == -EROFS ? change->worker->options->state_hint : "");
	change->told_read_only = err == -EROFS && *change->worker->options->state_hint;
	change_progress(change);
}

void change_keep(struct change *change)
{
	const struct conf_set *set = change->ops->running(change);

	if (!set || !change->worker->options->state_dir)
		return;
	change->keeping = true;
	keeper_start(&change->keeper, &change->worker->loop, change->worker->options->state_dir, name_of(change), set,
		     change->ops->files);
}

/* ---- the answer ---- */

static void tell_kept(struct change *change, struct control_call *call)
{
	if (change->keeping)
		control_print(call, CONTROL_ERR, "%s: warning: this configuration runs, but is not kept as the fallback yet: the disk "
			      "is slow\n", name_of(change));
	else if (change->keep_err < 0)
		control_print(call, CONTROL_ERR, "%s: warning: this configuration runs, but cannot be kept as the fallback: %s%s\n",
			      name_of(change), strerror(-change->keep_err),
			      change->keep_err == -EROFS ? change->worker->options->state_hint : "");
}

static void end_pending(struct change *change)
{
	struct change_asked asked = change->pending;

	change->pending = (struct change_asked){ 0 };
	loop_timer_clear(&change->worker->loop, &change->over);
	if (change->ops->tell_rest && !asked.told)
		change->ops->tell_rest(change, asked.call);
	if (asked.keep)
		tell_kept(change, asked.call);
	control_end(asked.call, 0);
}

static bool may_end(struct change *change)
{
	bool settled = change->pending.told || !change->ops->settled || change->ops->settled(change);

	return settled && !(change->pending.keep && change->keeping);
}

bool change_waits(const struct change *change)
{
	return change->pending.call;
}

void change_progress(struct change *change)
{
	if (change_waits(change) && may_end(change))
		end_pending(change);
}

static void pending_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	end_pending(container_of(timer, struct change, over));
}

static void pending_cancelled(struct control_call *call)
{
	struct change *change = call->job;

	change->pending = (struct change_asked){ 0 };
	loop_timer_clear(&change->worker->loop, &change->over);
}

/* Answers once there is nothing more to tell, or time is over. */
static void end_later(struct change *change, const struct change_asked *asked)
{
	change->pending = *asked;
	if (may_end(change)) {
		end_pending(change);
		return;
	}
	asked->call->job = change;
	asked->call->cancelled = pending_cancelled;
	control_flush(asked->call);
	loop_timer_set(&change->worker->loop, &change->over, clock_now_ns() + PENDING_S * NS_PER_S, pending_over);
}

/* ---- plan and apply ---- */

static void refuse(struct change *change, struct control_call *call, int status)
{
	change->ops->refused(change, call);
	control_end(call, status);
}

/* What was replaced is not needed any more. */
static void let_go_of_replaced(struct change *change)
{
	if (change->ops->undo_once_kept)
		return;
	change->undoable = false;
	conf_set_wipe(change->candidate);
}

static void keep_asked(struct change *change)
{
	let_go_of_replaced(change);
	change_keep(change);
}

static void apply_candidate(struct change *change, const struct change_asked *asked)
{
	/* It is the set that is about to be replaced, perhaps. */
	bool waited = keeper_forget(&change->keeper);
	int status;

	change->as_before = false;
	status = change->ops->apply(change, asked->call, !asked->keep);

	if (status) {
		if (waited)
			change_keep(change);
		control_end(asked->call, status);
		return;
	}
	if (asked->keep)
		keep_asked(change);
	end_later(change, asked);
}

static enum change_say how_much(const struct change_asked *asked)
{
	if (asked->lines)
		return CHANGE_SAY_LINES;
	if (asked->dry && !asked->keep && !asked->quiet)
		return CHANGE_SAY_ALL;
	/* A quiet `apply` is that of a commit, which was planned. */
	return asked->dry || asked->keep || !asked->quiet ? CHANGE_SAY_LOSS : CHANGE_SAY_NOTHING;
}

static void candidate_ready(struct change *change, const struct change_asked *asked, bool good)
{
	struct control_call *call = asked->call;
	int status = 0;

	if (!good || !asked->quiet)
		diag_print(&change->diag, print_finding, call);
	if (good)
		status = change->ops->plan(change, call, asked->force, how_much(asked));
	if (asked->dry && status == EXIT_ASKED) {
		control_end(call, status);
	} else if (!good || status) {
		refuse(change, call, status == EXIT_ASKED ? status : asked->dry ? EXIT_REFUSED : 1);
	} else if (!asked->dry) {
		apply_candidate(change, asked);
	} else {
		if (!asked->quiet)
			control_print(call, CONTROL_OUT, "%s: would be applied\n", name_of(change));
		control_end(call, 0);
	}
}

/* ---- the files ---- */

/* Whoever waits for the files waits no more. */
static struct change_asked take_asked(struct change *change)
{
	struct change_asked asked = change->asked;

	change->asked = (struct change_asked){ 0 };
	loop_timer_clear(&change->worker->loop, &change->over);
	if (asked.call)
		asked.call->cancelled = NULL;
	return asked;
}

static void asked_cancelled(struct control_call *call)
{
	(void)take_asked(call->job);
}

static void refuse_unread(struct change *change, const struct change_asked *asked, const char *why)
{
	control_print(asked->call, CONTROL_ERR, "%s: %s: %s\n", name_of(change), change->worker->options->conf_dir, why);
	refuse(change, asked->call, asked->dry ? EXIT_REFUSED : 1);
}

static void files_read(struct reader *reader, int err, const struct conf_set *set, const struct diag *diag)
{
	struct change *change = container_of(reader, struct change, reader);
	struct change_asked asked = take_asked(change);

	/* Whoever asked has gone, or was told that the disk does not answer. */
	if (!asked.call)
		return;
	if (err < 0) {
		control_print(asked.call, CONTROL_ERR, "cannot open %s: %s%s\n", change->worker->options->conf_dir, strerror(-err),
			      denied_hint(-err));
		refuse(change, asked.call, asked.dry ? EXIT_REFUSED : 1);
		return;
	}
	conf_set_copy(change->candidate, set);
	diag_copy(&change->diag, diag);
	conf_set_parse(change->candidate, &change->diag);
	change->ops->check(change);
	candidate_ready(change, &asked, change->diag.error_count == 0);
}

static void files_late(struct loop_timer *timer, uint64_t now_ns)
{
	struct change *change = container_of(timer, struct change, over);
	struct change_asked asked = take_asked(change);

	(void)now_ns;
	refuse_unread(change, &asked, "the disk does not answer");
}

/* ---- the verbs ---- */

/* The words behind a verb, false for others. */
static bool read_words(int argc, char **argv, struct change_asked *asked, bool *dry)
{
	const struct {
		const char *word;
		bool *set;
	} options[] = { { "--force", &asked->force }, { "--quiet", &asked->quiet }, { "--dry-run", dry },
			{ "--lines", asked->dry ? &asked->lines : NULL } };

	for (int i = 1; i < argc; i++) {
		size_t o = 0;

		while (o < sizeof(options) / sizeof(options[0]) && (!options[o].set || strcmp(argv[i], options[o].word) != 0))
			o++;
		if (o == sizeof(options) / sizeof(options[0]))
			return false;
		*options[o].set = true;
	}
	return true;
}

static bool is_busy(struct change *change, struct control_call *call, bool dry)
{
	if (!change->pending.call && !change->asked.call)
		return false;
	control_print(call, CONTROL_ERR, "%s: another reconfigure is under way\n", name_of(change));
	control_end(call, dry ? EXIT_REFUSED : 1);
	return true;
}

static void begin(struct change *change, const struct change_asked *asked, uint64_t now_ns)
{
	struct control_call *call = asked->call;
	int err;

	if (is_busy(change, call, asked->dry))
		return;
	change->undoable = false;
	change->as_before = true;
	/* What was handed over is none of a disk that still holds the last child. */
	if (call->passed_fd >= 0)
		reader_stop(&change->reader);
	err = reader_start(&change->reader, &change->worker->loop, call->passed_fd);
	if (err < 0) {
		refuse_unread(change, asked,
			      err == -EALREADY ? "the disk still does not answer to the last reconfigure" : strerror(-err));
		return;
	}
	change->asked = *asked;
	call->job = change;
	call->cancelled = asked_cancelled;
	loop_timer_set(&change->worker->loop, &change->over, now_ns + PENDING_S * NS_PER_S, files_late);
}

static void usage(struct control_call *call, const char *text)
{
	control_print(call, CONTROL_ERR, "usage: %s\n", text);
	control_end(call, EXIT_USAGE);
}

void change_verb_reconfigure(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct change_asked asked = { .call = call, .keep = true };

	if (read_words(argc, argv, &asked, &asked.dry))
		begin(worker->change, &asked, now_ns);
	else
		usage(call, "reconfigure [--force] [--quiet] [--dry-run]");
}

void change_verb_plan(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct change_asked asked = { .call = call, .dry = true };

	if (read_words(argc, argv, &asked, NULL)) {
		asked.quiet = asked.quiet || asked.lines;
		begin(worker->change, &asked, now_ns);
	} else {
		usage(call, "plan [--force] [--quiet] [--lines]");
	}
}

void change_verb_apply(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct change_asked asked = { .call = call };

	if (read_words(argc, argv, &asked, NULL))
		begin(worker->change, &asked, now_ns);
	else
		usage(call, "apply [--force] [--quiet]");
}

void change_verb_undo(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct change *change = worker->change;
	const struct change_asked asked = { .call = call, .keep = true, .quiet = argc > 1 && !strcmp(argv[1], "--quiet") };
	int status;

	(void)now_ns;
	if (is_busy(change, call, false))
		return;
	if (!change->undoable) {
		bool well = asked.quiet && change->as_before;

		if (!well)
			control_print(call, CONTROL_ERR, "%s: there is nothing to put back\n", name_of(change));
		control_end(call, !well);
		return;
	}
	(void)keeper_forget(&change->keeper);
	status = change->ops->undo(change, call);
	change->undoable = false;
	change->as_before = !status;
	conf_set_wipe(change->candidate);
	if (status) {
		control_end(call, status);
		return;
	}
	/* It is the fallback still, unless what replaced it was kept. */
	change_keep(change);
	end_later(change, &asked);
}

void change_verb_keep(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct change *change = worker->change;
	const struct change_asked asked = { .call = call, .keep = true, .told = true };

	(void)argc;
	(void)argv;
	(void)now_ns;
	if (is_busy(change, call, false))
		return;
	keep_asked(change);
	end_later(change, &asked);
}

/* ---- the process ---- */

void change_init(struct change *change, struct conf_set *set)
{
	/* Helpers have to do with texts alone. */
	helper_spare(&set->vpn, sizeof(set->vpn));
	helper_spare(&change->candidate->vpn, sizeof(change->candidate->vpn));
	change->reader.dir = change->worker->options->conf_dir;
	change->reader.done = files_read;
	change->keeper.done = kept;
}

void change_stop(struct change *change)
{
	reader_stop(&change->reader);
	change_forget(change);
}

void change_end(struct change *change)
{
	keeper_stop(&change->keeper);
}
