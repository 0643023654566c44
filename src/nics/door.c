#include "nics/door.h"

#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"

#define OPEN_TO_ALL "everything comes in to this host"

enum { SENTENCE_LEN = 256 };

static void say(struct nics_report *report, bool error, const char *what, const char *why)
{
	char text[SENTENCE_LEN];

	text_format(text, sizeof(text), "%s%s%s", what, why[0] ? ": " : "", why);
	if (error)
		report->errors++;
	else
		report->changes++;
	if (report->say)
		report->say(report->arg, error, text);
}

static void door_try(struct door *door)
{
	door->dhcp_err = -EAGAIN; /* what a process before this one let in is not known */
	door->err = nl_open(&door->nl, NETLINK_NETFILTER);
	if (!door->err)
		door->err = filter_prepare(&door->nl);
}

void door_begin(struct door *door, const char *run_dir)
{
	door->run_dir = run_dir;
	door_try(door);
}

static const char *off_path(const struct door *door)
{
	static char path[PATH_MAX];

	text_format(path, sizeof(path), "%s/" FILTER_OFF_FILE, door->run_dir);
	return path;
}

enum env_filter door_now(const struct door *door)
{
	return access(off_path(door), F_OK) == 0 ? ENV_FILTER_OFF : ENV_FILTER_ON;
}

/* Each event of the host comes by here. One that cannot be written costs a door that is closed after a crash. */
static void door_note(const struct door *door, enum env_filter wanted)
{
	int err = 0;

	if (door_now(door) == wanted)
		return;
	if (wanted == ENV_FILTER_OFF)
		err = file_put(off_path(door), "", 0);
	else if (unlink(off_path(door)) < 0)
		err = -errno;
	if (err < 0)
		log_err("%s: %s", off_path(door), strerror(-err));
}

/* The module may have come meanwhile. */
static void door_retry(struct door *door)
{
	nl_close(&door->nl);
	door_try(door);
}

static int door_close(struct door *door, struct nics_report *report)
{
	int stands = filter_stands(&door->nl), err = stands;

	if (stands > 0 && door->ours)
		return 0;
	/* Rules that stand are those of a process before this one, and may be an older release's. */
	if (stands >= 0)
		err = filter_put(&door->nl);
	if (err < 0)
		say(report, true, OPEN_TO_ALL ": the filter cannot be put up", filter_why(err, &door->nl));
	else if (door->ours)
		say(report, true, "someone removed the filter of this host: put up anew", "");
	else if (!stands)
		say(report, false, "filter on: what comes in is the VPN's, or an answer", "");
	door->ours = err >= 0;
	door->dhcp_err = -EAGAIN; /* its sets may be new */
	return err < 0 ? err : 0;
}

static int door_open(struct door *door, struct nics_report *report)
{
	int stands = filter_stands(&door->nl), err = stands > 0 ? filter_remove(&door->nl) : stands;

	door->ours = false;
	if (err < 0)
		say(report, true, "the filter of this host cannot be taken off", filter_why(err, &door->nl));
	else if (stands)
		say(report, false, "filter off, as " ENV_FILE " says: " OPEN_TO_ALL, "");
	return err;
}

int door_fit(struct door *door, enum env_filter wanted, struct nics_report *report)
{
	door_note(door, wanted);
	if (door->err)
		door_retry(door);
	if (door->err) {
		if (wanted == ENV_FILTER_ON)
			say(report, true, OPEN_TO_ALL, filter_why(door->err, &door->nl));
		return 0;
	}
	return wanted == ENV_FILTER_ON ? door_close(door, report) : door_open(door, report);
}

void door_dhcp(struct door *door, const struct filter_nic *nics, size_t count)
{
	int err;

	if (door->err || (!door->dhcp_err && count == door->dhcp_count && !memcmp(nics, door->dhcp, count * sizeof(nics[0]))))
		return;
	memcpy(door->dhcp, nics, count * sizeof(nics[0]));
	door->dhcp_count = count;
	err = filter_dhcp(&door->nl, nics, count);
	if (err < 0 && err != door->dhcp_err)
		log_err("the filter of this host lets no DHCP server's answer in: %s", filter_why(err, &door->nl));
	door->dhcp_err = err;
}

void door_plan(enum env_filter now, enum env_filter wanted, void (*line)(void *arg, const char *text), void *arg)
{
	if (now == wanted)
		return;
	line(arg, wanted == ENV_FILTER_ON ? "  filter  on: what comes in is the VPN's, or an answer" :
					    "  filter  off: " OPEN_TO_ALL);
}

void door_tell_open(struct door *door, struct control_call *call)
{
	int stands = door->err ? door->err : filter_stands(&door->nl);

	if (stands <= 0)
		control_print(call, CONTROL_OUT, OPEN_TO_ALL ": %s\n", stands < 0 ? filter_why(stands, &door->nl) : "MITIGATOR_FILTER=off");
}

static void print_rule(const struct nft_rule *rule, void *arg)
{
	control_print(arg, CONTROL_OUT, FILTER_ROW, (unsigned long long)rule->packets, (unsigned long long)rule->bytes,
		      rule->comment);
}

void door_show(struct door *door, struct control_call *call)
{
	int stands = door->err ? door->err : filter_stands(&door->nl), err = stands;

	if (stands > 0) {
		control_print(call, CONTROL_OUT, "filter on: table inet mitigator\n%12s %15s\n", "packets", "bytes");
		err = filter_each(&door->nl, print_rule, call);
	} else if (!stands) {
		control_print(call, CONTROL_OUT, "filter off: " OPEN_TO_ALL "\n");
	}
	if (err < 0)
		control_print(call, CONTROL_ERR, OPEN_TO_ALL ", or the filter cannot be read: %s\n", filter_why(err, &door->nl));
	control_end(call, err < 0);
}
