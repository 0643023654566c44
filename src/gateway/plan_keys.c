#include "gateway/plan_keys.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/here.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wrap.h"
#include "gateway/removal.h"
#include "gateway/target.h"
#include "worker/plan_lines.h"

enum { LINE_LEN = 2 * ENV_TEXT_LEN + 128, BELOW = 7 };
enum { MANAGEMENT = 1u << ENV_MANAGEMENT, DATAPLANE = 1u << ENV_DATAPLANE, BOTH = MANAGEMENT | DATAPLANE };

/* All of them are applied while the path runs. */
static const struct {
	unsigned paths;    /* that it is about; none: the service of the NICs tells of it (nics/door.h, nics/ntp.h) */
	unsigned parts;    /* of enum target_part, that hang on it */
	const char *words; /* what it does to a path that runs, "" when the value says all */
} rows[] = {
	[ENV_KEY_ADDRESS] = { BOTH, 0, "" },
	[ENV_KEY_DEVICE] = { DATAPLANE, TARGET_DEVICE, "" },
	[ENV_KEY_PORT] = { DATAPLANE, 0, ": what peers send to the old one is lost until they have it too" },
	[ENV_KEY_ISOLATION] = { DATAPLANE, TARGET_NETNS, "" },
	[ENV_KEY_BACKEND] = { MANAGEMENT, TARGET_BACKEND, "" },
	[ENV_KEY_DATAPLANE_BACKEND] = { DATAPLANE, TARGET_BACKEND, "" },
	[ENV_KEY_MTU] = { MANAGEMENT, 0, "" },
	[ENV_KEY_DATAPLANE_MTU] = { DATAPLANE, 0, "" },
	[ENV_KEY_FILTER] = { 0, 0, "" },
	[ENV_KEY_OPEN] = { MANAGEMENT, 0, "" },
	[ENV_KEY_METRICS] = { MANAGEMENT, 0, "" },
	[ENV_KEY_CLUSTER_PORT] = { BOTH, 0, "" },
	[ENV_KEY_NTP] = { 0, 0, "" },
	[ENV_KEY_SYSLOG] = { BOTH, 0, "" },
	[ENV_KEY_HOSTNAME] = { BOTH, 0, "" },
};

static_assert(sizeof(rows) / sizeof(rows[0]) == ENV_KEYS, "a row for each of enum env_key");

struct planning {
	const struct path *path;
	struct env_conf before, after;
	unsigned differs; /* parts of the tunnel that runs, of enum target_part */
	unsigned alive;   /* sessions of it */
	bool runs;        /* and goes on, or is made anew */
};

/* What the service was started with stands above the file. */
static const char *option_above(const struct path *path, unsigned part)
{
	if (part == TARGET_NETNS && path->contained)
		return ": nothing of it, in a container";
	if (part == TARGET_NETNS && path->netns_option)
		return ": nothing of it, as --netns counts";
	return part == TARGET_BACKEND && path->backend_option ? ": nothing of it, as --backend counts" : "";
}

static void add_words(const struct planning *planning, enum env_key key, struct text *text)
{
	const char *above = option_above(planning->path, rows[key].parts);

	if (*above)
		text_add(text, "%s", above);
	else if (!(rows[key].parts & planning->differs))
		text_add(text, "%s", planning->runs ? rows[key].words : "");
	else if (planning->alive)
		text_add(text, ": its sessions begin anew (%u %s up)", planning->alive, planning->alive == 1 ? "is" : "are");
	else
		text_add(text, ": its sessions begin anew (none is up)");
}

/* False where it changes nothing. What hangs on the host as well may have the tunnel made anew while the key stays. */
static bool describe(const struct planning *planning, enum env_key key, struct text *text)
{
	char was[ENV_TEXT_LEN], is[ENV_TEXT_LEN];
	bool same = !strcmp(env_text(&planning->before, key, was), env_text(&planning->after, key, is));

	if (same && !(rows[key].parts & planning->differs))
		return false;
	text_add(text, "%s %s%s%s", env_key_name(key), was, same ? "" : " -> ", same ? "" : is);
	add_words(planning, key, text);
	return true;
}

static void look(struct planning *planning, struct service *service)
{
	struct path *path = &service->path;
	const struct conf_set *candidate = service->change.candidate;
	const struct target target =
		target_of(path->profile, path->backend_option, path->netns_option, &candidate->env, service->candidate_facts);
	struct carrier carrier = path->carrier; /* its reason is shown of what runs */
	bool appliance = log_is_kernels();

	*planning = (struct planning){ .path = path, .before = service->set->env, .after = candidate->env };
	if (service->source == SERVICE_NOTHING)
		env_conf_init(&planning->before);
	/* The default is another one elsewhere. */
	if (!env_answers_peers(&planning->before, appliance))
		planning->before.cluster_port = 0;
	if (!env_answers_peers(&planning->after, appliance))
		planning->after.cluster_port = 0;
	planning->runs = path->inner.tunnel.ops && candidate->clustered;
	if (!planning->runs)
		return;
	planning->differs = target_differs(&target, &path->inner.tunnel, &path->place, &carrier, &path->host);
	if (planning->differs && !path->inner.tunnel.silent && inner_dump(&path->inner) == 0)
		planning->alive = removal_alive(&path->inner.running, time(NULL));
}

unsigned plan_keys(struct service *service, struct control_call *call, enum change_say say)
{
	static struct planning planning;
	const unsigned own = 1u << service->path.profile->env;
	struct plan_lines lines = { .call = call, .by_kind = say == CHANGE_SAY_LINES };
	char bytes[LINE_LEN];
	bool all = say >= CHANGE_SAY_ALL;
	struct text text;

	look(&planning, service);
	for (enum env_key key = 0; key < ENV_KEYS; key++) {
		text_init(&text, bytes, sizeof(bytes));
		lines.kind = rows[key].paths == own ? PLAN_PATH : PLAN_ENV;
		if (all)
			text_add(&text, "  ");
		else
			text_add(&text, "%s: ", service->path.profile->name);
		if (!(rows[key].paths & own) || (!all && !(rows[key].parts & planning.differs)) || !describe(&planning, key, &text))
			continue;
		if (all)
			wrap_text(bytes, BELOW, plan_lines_put, &lines);
		else
			plan_lines_put(&lines, bytes);
	}
	return planning.differs ? planning.alive : 0;
}

void plan_keys_ask(const struct service *service, struct control_call *call, enum change_say say, unsigned anew)
{
	if (say == CHANGE_SAY_LINES)
		control_print(call, CONTROL_ERR, "%s\t%u session%s\n", plan_kind_word(PLAN_PATH), anew, text_plural(anew));
	else
		control_print(call, CONTROL_ERR, "%s: %u session%s anew: `%sreconfigure --force` if it is meant\n",
			      service->path.profile->name, anew, anew == 1 ? " that is up begins" : "s that are up begin",
			      here_service(service->path.profile->name));
}
