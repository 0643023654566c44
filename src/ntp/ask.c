#include "ntp/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "ntp/directives.h"

enum { ASKED_MAX = 4 * NTP_SOURCES_MAX, ANSWER_MS = 1000, RIGHT_NS = 1000 * 1000 * 1000 };

struct asking {
	int fd;
	uint32_t sequence;
	struct sockaddr_un ours;
};

void ntp_dir(char dst[static NTP_PATH_LEN], const char *run_dir)
{
	text_format(dst, NTP_PATH_LEN, "%s.time", run_dir);
}

static void asking_end(struct asking *asking)
{
	(void)unlink(asking->ours.sun_path);
	close(asking->fd);
}

/* It answers to a name alone, in its own directory: it may write to no other. */
static int asking_begin(struct asking *asking, const char *run_dir)
{
	struct sockaddr_un its = { .sun_family = AF_UNIX };
	char dir[NTP_PATH_LEN];
	mode_t before;
	int err;

	ntp_dir(dir, run_dir);
	*asking = (struct asking){ .fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), .ours = { .sun_family = AF_UNIX } };
	if (asking->fd < 0)
		return -errno;
	text_format(its.sun_path, sizeof(its.sun_path), "%s/socket", dir);
	text_format(asking->ours.sun_path, sizeof(asking->ours.sun_path), "%s/asks.%d", dir, (int)getpid());
	(void)unlink(asking->ours.sun_path);
	/* It may write there from the beginning: to change the mode of a name in a directory of another user's would be to obey that user. */
	before = umask(0);
	err = bind(asking->fd, (const struct sockaddr *)&asking->ours, sizeof(asking->ours)) < 0 ? -errno : 0;
	(void)umask(before);
	if (!err && connect(asking->fd, (const struct sockaddr *)&its, sizeof(its)) < 0)
		err = -errno;
	if (err < 0)
		asking_end(asking);
	return err;
}

/* The length of the answer, or -errno. */
static ssize_t exchange(struct asking *asking, uint8_t bytes[static NTP_REPORT_MAX], size_t len)
{
	struct pollfd ready = { .fd = asking->fd, .events = POLLIN };
	ssize_t n;

	if (send(asking->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	if (poll(&ready, 1, ANSWER_MS) <= 0)
		return -ETIMEDOUT;
	n = recv(asking->fd, bytes, NTP_REPORT_MAX, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static int ask_all(struct asking *asking, struct ntp_state *state)
{
	uint8_t bytes[NTP_REPORT_MAX];
	uint32_t count;
	ssize_t n = exchange(asking, bytes, ntp_ask_tracking(bytes, ++asking->sequence));

	if (n < 0)
		return (int)n;
	if (!ntp_read_tracking(bytes, (size_t)n, asking->sequence, &state->tracking))
		return -EPROTO;
	n = exchange(asking, bytes, ntp_ask_source_count(bytes, ++asking->sequence));
	if (n < 0)
		return (int)n;
	if (!ntp_read_source_count(bytes, (size_t)n, asking->sequence, &count))
		return -EPROTO;
	for (uint32_t i = 0; i < count && i < ASKED_MAX && state->source_count < NTP_SOURCES_MAX; i++) {
		n = exchange(asking, bytes, ntp_ask_source(bytes, ++asking->sequence, i));
		if (n < 0)
			return (int)n;
		/* One that is gone meanwhile is left out. */
		if (ntp_read_source(bytes, (size_t)n, asking->sequence, &state->sources[state->source_count]))
			state->source_count++;
	}
	return 0;
}

int ntp_ask(struct ntp_state *state, const char *run_dir)
{
	struct asking asking;
	int err = asking_begin(&asking, run_dir);

	*state = (struct ntp_state){ .source_count = 0 };
	if (err < 0)
		return err;
	err = ask_all(&asking, state);
	asking_end(&asking);
	return err;
}

bool ntp_is_right(const struct ntp_tracking *tracking)
{
	return tracking->synchronised && tracking->source.family && tracking->stratum && tracking->stratum <= NTP_ORPHAN_STRATUM &&
	       tracking->correction_ns < RIGHT_NS && tracking->correction_ns > -RIGHT_NS;
}

bool ntp_follows(const char *run_dir)
{
	static struct ntp_wanted wanted;

	ntp_wanted_read(&wanted, run_dir);
	return ntp_asks(&wanted) || ntp_serves(&wanted);
}

/* ---- for people ---- */

static const char *const state_words[NTP_SOURCE_STATES] = {
	[NTP_SELECTED] = "in use",
	[NTP_UNREACHABLE] = "not in use",
	[NTP_FALSETICKER] = "WRONG, the others say",
	[NTP_JITTERY] = "not in use: its time varies",
	[NTP_COMBINED] = "in use with it",
	[NTP_SELECTABLE] = "not in use, others are better",
};

/* "0.000123 s" */
static const char *seconds_text(int64_t ns, char dst[static 32])
{
	text_format(dst, 32, "%lld.%06lld s", (long long)(ns / (int64_t)NS_PER_S), (long long)(ns % (int64_t)NS_PER_S / 1000));
	return dst;
}

static const char *offset_text(int64_t ns, char dst[static 48])
{
	char s[32];

	text_format(dst, 48, "%s %s", seconds_text(ns < 0 ? -ns : ns, s), ns < 0 ? "behind" : "ahead");
	return dst;
}

/* The one that is followed, also while the root distance is over 1 s and chronyd's `local` calls the clock its own source; NULL: none is. */
static const struct ntp_source *selected_source(const struct ntp_state *state)
{
	for (size_t i = 0; i < state->source_count; i++)
		if (state->sources[i].state == NTP_SELECTED && state->sources[i].addr.family)
			return &state->sources[i];
	return NULL;
}

static void print_tracking(const struct ntp_state *state, void (*line)(void *arg, const char *text), void *arg)
{
	const struct ntp_tracking *tracking = &state->tracking;
	const struct ntp_source *selected = selected_source(state);
	char text[128], addr[INET_ADDR_STRLEN], offset[48], s[32];

	if (!tracking->synchronised) {
		line(arg, "source       none yet: no one has told the time");
		return;
	}
	if (tracking->source.family)
		text_format(text, sizeof(text), "source       %s, stratum %u", inet_addr_text(&tracking->source, addr), tracking->stratum);
	else if (selected)
		text_format(text, sizeof(text), "source       %s, stratum %u until we are near it", inet_addr_text(&selected->addr, addr),
			    tracking->stratum);
	else
		text_format(text, sizeof(text), "source       this machine itself, stratum %u: no one else tells the time", tracking->stratum);
	line(arg, text);
	if (!tracking->source.family && !selected)
		return;
	text_format(text, sizeof(text), "offset       %s of it, slewed", offset_text(-tracking->correction_ns, offset));
	line(arg, text);
	if (tracking->source.family)
		text_format(text, sizeof(text), "root distance %s: it cannot be off by more", seconds_text(tracking->root_distance_ns, s));
	else
		text_format(text, sizeof(text), "root distance more than 1 s");
	line(arg, text);
}

static void print_source(const struct ntp_source *source, void (*line)(void *arg, const char *text), void *arg)
{
	char text[160], addr[INET_ADDR_STRLEN], offset[48];

	if (!source->addr.family)
		text_format(text, sizeof(text), "  a server whose name is not resolved");
	else if (!source->answers || source->ago_s == UINT32_MAX)
		text_format(text, sizeof(text), "  %-15s %s, does not answer", inet_addr_text(&source->addr, addr), source->is_peer ? "peer" : "server");
	else
		text_format(text, sizeof(text), "  %-15s %s, %s, stratum %u; %u s ago we were %s", inet_addr_text(&source->addr, addr),
			    source->is_peer ? "peer" : "server", state_words[source->state], source->stratum, source->ago_s,
			    offset_text(source->offset_ns, offset));
	line(arg, text);
}

void ntp_state_print(const struct ntp_state *state, void (*line)(void *arg, const char *text), void *arg)
{
	print_tracking(state, line, arg);
	for (size_t i = 0; i < state->source_count; i++)
		print_source(&state->sources[i], line, arg);
}

void ntp_print(const struct ntp_wanted *wanted, const char *run_dir, void (*line)(void *arg, const char *text), void *arg)
{
	struct ntp_state state;
	char text[128];
	int err;

	if (wanted->mode == NTP_OFF) {
		line(arg, "source       none: MITIGATOR_NTP=off");
		return;
	}
	if (!ntp_asks(wanted) && !ntp_serves(wanted)) {
		line(arg, "source       none: no NTP= in network.conf, and no path to other instances");
		return;
	}
	err = ntp_ask(&state, run_dir);
	if (err < 0) {
		text_format(text, sizeof(text), "source       not known: chronyd does not answer: %s", strerror(-err));
		line(arg, text);
		return;
	}
	ntp_state_print(&state, line, arg);
}
