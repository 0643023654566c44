#include "gateway/plan_set.h"

#include <errno.h>
#include <time.h>

#include "base/exit.h"
#include "base/here.h"
#include "base/text.h"
#include "crypto/key.h"
#include "gateway/needs.h"
#include "gateway/plan.h"
#include "gateway/plan_keys.h"
#include "gateway/removal.h"
#include "gateway/target.h"
#include "worker/plan_lines.h"

enum { NAMED_MAX = 8 /* peers in a line */ };

/* The first few of what goes, by name or key. */
static void print_removed(const struct service *service, struct control_call *call, const struct removal *removal)
{
	const struct tunnel_config *running = &service->path.inner.running;
	char buf[512], key[KEY_BASE64_LEN];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	for (size_t i = 0; i < removal->count && i < NAMED_MAX; i++) {
		const uint8_t *public_key = running->peers[removal->peers[i]].public_key;
		const struct vpn_peer *peer = vpn_find_peer(&service->set->vpn, public_key);

		key_to_base64(public_key, key);
		text_add(&text, "%s%s", i ? ", " : "", peer && *peer->name ? peer->name : key);
	}
	if (removal->count > NAMED_MAX)
		text_add(&text, " and %d more", removal->count - NAMED_MAX);
	control_print(call, CONTROL_OUT, "%s: removes %u of %u peer%s", service->path.profile->name, removal->count,
		      running->peer_count, text_plural(running->peer_count));
	if (removal->alive)
		control_print(call, CONTROL_OUT, ", %u of them alive", removal->alive);
	control_print(call, CONTROL_OUT, ": %s\n", buf);
}

/* Sessions count more than sections. */
static void print_cut(struct control_call *call, const struct removal *removal, unsigned of)
{
	if (removal->alive)
		control_print(call, CONTROL_ERR, "%s\t%u peer%s\n", plan_kind_word(PLAN_PEER), removal->alive, text_plural(removal->alive));
	else
		control_print(call, CONTROL_ERR, "%s\t%u of %u peer%s\n", plan_kind_word(PLAN_PEER), removal->count, of, text_plural(of));
}

/* Says what the candidate takes away from what runs; what that needs. */
static enum removal_verdict look_at_removal(struct service *service, struct control_call *call, bool force, enum change_say say)
{
	static struct removal removal;
	const struct vpn_conf *after = service->change.candidate->clustered ? &service->change.candidate->vpn : NULL;
	struct plan_lines lines = { .call = call, .by_kind = say == CHANGE_SAY_LINES, .kind = PLAN_PEER };
	const char *path = service->path.profile->name;
	enum removal_verdict verdict;
	int err = inner_dump(&service->path.inner);

	if (err < 0) {
		static struct tunnel_config nothing;

		if (say >= CHANGE_SAY_ALL && !service->set->clustered)
			plan_peers(&nothing, &service->set->vpn, after, time(NULL), plan_lines_put, &lines);
		return err == -ETIMEDOUT ? REMOVAL_UNKNOWN : REMOVAL_FINE;
	}
	verdict = removal_look(&removal, &service->path.inner.running, &service->set->vpn, after, time(NULL));
	if (say >= CHANGE_SAY_ALL)
		plan_peers(&service->path.inner.running, &service->set->vpn, after, time(NULL), plan_lines_put, &lines);
	if (say == CHANGE_SAY_LOSS && removal.rotated)
		control_print(call, CONTROL_OUT, "%s: %u peer%s another key: a rotation\n", path, removal.rotated,
			      removal.rotated == 1 ? " gets" : "s get");
	if (say == CHANGE_SAY_LOSS && removal.count)
		print_removed(service, call, &removal);
	if (lines.by_kind && !force && verdict == REMOVAL_ASKED)
		print_cut(call, &removal, service->path.inner.running.peer_count);
	return verdict;
}

static void refuse_unseen(const struct service *service, struct control_call *call, enum change_say say)
{
	const char *path = service->path.profile->name, *why = service->path.inner.tunnel.error;

	if (say == CHANGE_SAY_LINES)
		control_print(call, CONTROL_ERR, "%s\twhat is cut is not known (%s)\n", plan_kind_word(PLAN_PATH), why);
	else
		control_print(call, CONTROL_ERR, "%s: what is cut is not known (%s): `%sreconfigure --force` if that is meant\n", path, why,
			      here_service(path));
}

/* What a person must mean, and a script say by --force: its exit status, 0 when there is nothing. */
static int refuse_removal(struct service *service, struct control_call *call, enum removal_verdict verdict, enum change_say say)
{
	const char *path = service->path.profile->name;
	unsigned count = service->path.inner.running.peer_count;
	const char *run = count == 1 ? " that runs" : "s that run";

	if (verdict == REMOVAL_FINE)
		return 0;
	if (verdict == REMOVAL_UNKNOWN) {
		refuse_unseen(service, call, say);
		return EXIT_REFUSED;
	}
	if (verdict == REMOVAL_ASKED && say == CHANGE_SAY_LINES)
		return EXIT_ASKED;
	if (verdict == REMOVAL_ASKED)
		control_print(call, CONTROL_ERR, "%s: a file that lost its end looks like that: `%sreconfigure --force` if it is "
			      "meant\n", path, here_service(path));
	else if (say == CHANGE_SAY_LINES)
		control_print(call, CONTROL_ERR, "%s\tnone of the %u peer%s is in the files\n", plan_kind_word(PLAN_PEER), count, run);
	else
		control_print(call, CONTROL_ERR, "%s: none of the %u peer%s is in the files: `%sreconfigure --force` if that is meant\n", path,
			      count, run, here_service(path));
	return verdict == REMOVAL_ASKED ? EXIT_ASKED : EXIT_REFUSED;
}

/* Can what is to carry the path be had? Asked as the path asks when it is applied: 0, or -errno with words. */
static int look_at_carrier(struct service *service, char words[static PATH_REASON_LEN])
{
	struct path *path = &service->path;
	const struct conf_set *candidate = service->change.candidate;
	const struct target target =
		target_of(path->profile, path->backend_option, path->netns_option, &candidate->env, service->candidate_facts);
	struct carrier carrier = path->carrier; /* its reason is shown of what runs */
	struct backend_choice choice;
	int err = 0;

	if (candidate->clustered && path->contained)
		err = needs_look(target.backend, &path->host, words, PATH_REASON_LEN);
	if (err < 0 || !candidate->clustered || !target_differs(&target, &path->inner.tunnel, &path->place, &carrier, &path->host))
		return err;
	return backend_look(target.backend, &path->host, &choice, words, PATH_REASON_LEN);
}

int plan_set(struct change *change, struct control_call *call, bool force, enum change_say say)
{
	struct service *service = service_of(change->worker);
	char words[PATH_REASON_LEN];
	bool carried = look_at_carrier(service, words) == 0;
	/* Whoever wants nothing said has asked before. */
	unsigned anew = say == CHANGE_SAY_NOTHING ? 0 : plan_keys(service, call, say);
	enum removal_verdict verdict = look_at_removal(service, call, force || !carried, say);
	int status;

	if (!carried) {
		control_print(call, CONTROL_ERR, "%s: %s\n", change->worker->name, words);
		return EXIT_REFUSED;
	}
	status = force ? 0 : refuse_removal(service, call, verdict, say);
	if (force || status == EXIT_REFUSED || !anew)
		return status;
	plan_keys_ask(service, call, say, anew);
	return EXIT_ASKED;
}
