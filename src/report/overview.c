#include "report/overview.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wrap.h"
#include "report/words.h"

enum { LINE_LEN = 512, NAME_MIN = 8, ADDRESS_MIN = 12, STATE_WIDTH = 16, STATE_LEN = 32, LAST_STATE_WIDTH = 12, RATE_WIDTH = 6,
       LABEL_WIDTH = 19 /* of the detail of a peer */ };

const char *const overview_verdicts[OVERVIEW_VERDICTS] = {
	[OVERVIEW_UP] = "up",
	[OVERVIEW_IDLE] = "idle",
	[OVERVIEW_NEW] = "new",
	[OVERVIEW_NO_ENDPOINT] = "no endpoint",
	[OVERVIEW_DOWN] = "DOWN",
};

static const char *const path_titles[OVERVIEW_PATHS] = { "management", "dataplane" };

/* ---- in ---- */

static struct overview_peer *peer_of(struct overview *overview, struct slice key)
{
	struct overview_peer *peer;

	for (size_t i = 0; i < overview->peer_count; i++)
		if (slice_equal(key, overview->peers[i].key))
			return &overview->peers[i];
	if (overview->peer_count == OVERVIEW_PEERS_MAX || !key.len)
		return NULL;
	peer = &overview->peers[overview->peer_count];
	*peer = (struct overview_peer){ .key = "" };
	if (slice_copy(key, peer->key, sizeof(peer->key)) < 0)
		return NULL;
	overview->peer_count++;
	return peer;
}

static bool take_text(struct slice *line, char *dst, size_t cap)
{
	struct slice field;

	return slice_cut(line, '\t', &field) && slice_copy(field, dst, cap) == 0;
}

static bool take_number(struct slice *line, uint64_t *number)
{
	struct slice field;

	return slice_cut(line, '\t', &field) && text_uint(field, INT64_MAX, number) == 0;
}

static bool read_peer(struct overview *overview, unsigned path, struct slice line)
{
	struct slice key, verdict;
	struct overview_peer *peer = slice_cut(&line, '\t', &key) ? peer_of(overview, key) : NULL;
	struct overview_on *on = peer ? &peer->on[path] : NULL;
	uint64_t age_s;
	size_t at;

	if (!peer || !take_text(&line, peer->name, sizeof(peer->name)) || !take_text(&line, peer->address, sizeof(peer->address)) ||
	    !slice_cut(&line, '\t', &verdict) || !take_number(&line, &age_s) || !take_number(&line, &on->received_bytes) ||
	    !take_number(&line, &on->sent_bytes))
		return false;
	on->age_s = (int64_t)age_s;
	at = slice_among(verdict, overview_verdicts, OVERVIEW_VERDICTS);
	on->verdict = at < OVERVIEW_VERDICTS ? (uint8_t)at : OVERVIEW_NEW;
	on->there = true;
	return true;
}

bool overview_read(struct overview *overview, unsigned path, struct slice text)
{
	struct overview_path *of = &overview->paths[path];
	char name[sizeof(overview->name)], address[sizeof(overview->address)];
	struct slice line;

	if (!slice_cut(&text, '\n', &line) || !take_text(&line, of->state, sizeof(of->state)) ||
	    !take_text(&line, of->reason, sizeof(of->reason)) || !take_text(&line, of->trouble, sizeof(of->trouble)) ||
	    !take_text(&line, name, sizeof(name)) || !take_text(&line, address, sizeof(address)))
		return false;
	(void)take_number(&line, &of->mtu_bytes);
	if (*name)
		memcpy(overview->name, name, sizeof(name));
	if (*address)
		memcpy(overview->address, address, sizeof(address));
	of->answered = true;
	while (slice_cut(&text, '\n', &line) && line.len)
		if (!read_peer(overview, path, line))
			return false;
	return true;
}

/* ---- out ---- */

void overview_wrap(const char *text, overview_line_fn *line, void *arg)
{
	wrap_text(text, text[0] == ' ' ? LABEL_WIDTH : 2, line, arg);
}

void overview_print_paths(const struct overview *overview, overview_line_fn *line, void *arg)
{
	char row[LINE_LEN * 2];

	for (unsigned i = 0; i < OVERVIEW_PATHS; i++) {
		const struct overview_path *path = &overview->paths[i];

		if (path->answered && !strcmp(path->state, "up"))
			continue;
		text_format(row, sizeof(row), "%s: %s%s%s%s%s", path_titles[i], path->answered ? path->state : "",
			    path->answered && path->reason[0] ? ": " : "", path->reason, path->trouble[0] ? ": " : "", path->trouble);
		overview_wrap(row, line, arg);
	}
}

/* The worse of its two. Where a path has none of it, something is under way. */
static unsigned rank_of(const struct overview_peer *peer)
{
	unsigned worst = OVERVIEW_UP;

	for (unsigned i = 0; i < OVERVIEW_PATHS; i++)
		if (peer->on[i].there && peer->on[i].verdict > worst)
			worst = peer->on[i].verdict;
	return worst;
}

static int by_rank(const void *a, const void *b)
{
	const struct overview_peer *one = *(struct overview_peer *const *)a, *other = *(struct overview_peer *const *)b;
	unsigned rank = rank_of(one), other_rank = rank_of(other);

	if (rank != other_rank)
		return rank > other_rank ? -1 : 1;
	return one < other ? -1 : one > other;
}

static void sort(struct overview *overview)
{
	for (size_t i = 0; i < overview->peer_count; i++)
		overview->sorted[i] = &overview->peers[i];
	qsort(overview->sorted, overview->peer_count, sizeof(overview->sorted[0]), by_rank); /* NOLINT(bugprone-sizeof-expression): pointers */
}

static const char *state_text(const struct overview *overview, const struct overview_peer *peer, unsigned path, char text[static STATE_LEN])
{
	const struct overview_on *on = &peer->on[path];
	char age[STATE_LEN];

	if (!on->there)
		text_format(text, STATE_LEN, overview->paths[path].answered ? "-" : "?");
	else if (on->verdict == OVERVIEW_NEW || on->verdict == OVERVIEW_NO_ENDPOINT)
		text_format(text, STATE_LEN, "%s", overview_verdicts[on->verdict]);
	else
		text_format(text, STATE_LEN, "%s %s", overview_verdicts[on->verdict], words_age(on->age_s, age, sizeof(age)));
	return text;
}

struct widths {
	size_t name, address;
};

/* What the first rows need, as far as there is room beside the rest; those of the address where that is shown. */
static struct widths widths_of(const struct overview *overview, size_t rows, size_t rest)
{
	struct widths widths = { NAME_MIN, ADDRESS_MIN };
	size_t name_max;

	for (size_t i = 0; i < overview->peer_count && i < rows; i++) {
		size_t name = wrap_columns(overview->sorted[i]->name), address = strlen(overview->sorted[i]->address);

		widths.name = name > widths.name ? name : widths.name;
		widths.address = address > widths.address ? address : widths.address;
	}
	name_max = OVERVIEW_WIDTH > rest + widths.address ? OVERVIEW_WIDTH - rest - widths.address : 0;
	name_max = name_max > NAME_MIN ? name_max : NAME_MIN;
	widths.name = widths.name < name_max ? widths.name : name_max;
	return widths;
}

static void add_name(struct text *row, const char *name, const struct widths *widths)
{
	size_t columns = wrap_columns(name);

	columns = columns < widths->name ? columns : widths->name;
	text_add(row, "%.*s%*s  ", (int)wrap_bytes(name, columns), name, (int)(widths->name - columns), "");
}

static void print_sum(const struct overview *overview, size_t rows, overview_line_fn *line, void *arg)
{
	size_t hidden[OVERVIEW_VERDICTS] = { 0 }, down = 0;
	const char *separator = "";
	char bytes[LINE_LEN];
	struct text row;

	text_init(&row, bytes, sizeof(bytes));
	for (size_t i = 0; i < overview->peer_count; i++) {
		unsigned rank = rank_of(overview->sorted[i]);

		down += rank == OVERVIEW_DOWN;
		hidden[rank] += i >= rows;
	}
	for (unsigned i = 0; i < OVERVIEW_VERDICTS; i++) {
		if (!hidden[i])
			continue;
		text_add(&row, *separator ? ", %zu %s" : "%zu more %s", hidden[i], overview_verdicts[i]);
		separator = ", ";
	}
	if (!*separator)
		text_add(&row, "%zu peer%s", overview->peer_count, text_plural(overview->peer_count));
	if (down)
		text_add(&row, ".  %zu DOWN", down);
	else
		text_add(&row, ".  none DOWN");
	line(arg, bytes);
}

void overview_print_peers(struct overview *overview, size_t rows, overview_line_fn *line, void *arg)
{
	char bytes[LINE_LEN], state[OVERVIEW_PATHS][STATE_LEN];
	struct widths widths;
	struct text row;

	if (!overview->peer_count)
		return;
	sort(overview);
	widths = widths_of(overview, rows, 2 + 2 + STATE_WIDTH + 2 + LAST_STATE_WIDTH);
	text_init(&row, bytes, sizeof(bytes));
	add_name(&row, "PEER", &widths);
	text_add(&row, "%-*s  %-*s  %s", (int)widths.address, "VPN ADDRESS", STATE_WIDTH, "MANAGEMENT", "DATAPLANE");
	line(arg, bytes);
	for (size_t i = 0; i < overview->peer_count && i < rows; i++) {
		const struct overview_peer *peer = overview->sorted[i];

		text_init(&row, bytes, sizeof(bytes));
		add_name(&row, *peer->name ? peer->name : peer->key, &widths);
		text_add(&row, "%-*s  %-*s  %s", (int)widths.address, peer->address, STATE_WIDTH, state_text(overview, peer, 0, state[0]),
			 state_text(overview, peer, 1, state[1]));
		line(arg, bytes);
	}
	print_sum(overview, rows, line, arg);
}

/* "0", "999", "1.2k", "34M": bytes a second. */
static void add_rate(struct text *row, uint64_t bytes, uint64_t before, uint64_t passed_ms)
{
	static const char units[] = { 'k', 'M', 'G', 'T' };
	double rate = bytes > before && passed_ms ? (double)(bytes - before) * 1000 / (double)passed_ms : 0;
	char text[STATE_LEN];
	size_t unit = 0;

	if (rate < 1000) {
		text_format(text, sizeof(text), "%.0f", rate);
	} else {
		for (rate /= 1000; rate >= 1000 && unit < sizeof(units) - 1; unit++)
			rate /= 1000;
		text_format(text, sizeof(text), "%.*f%c", rate < 10, rate, units[unit]);
	}
	text_add(row, "%*s", RATE_WIDTH, text);
}

static const struct overview_on *before_of(const struct overview *before, const struct overview_peer *peer, unsigned path)
{
	for (size_t i = 0; i < before->peer_count; i++)
		if (!strcmp(before->peers[i].key, peer->key) && before->peers[i].on[path].there)
			return &before->peers[i].on[path];
	return &peer->on[path];
}

void overview_print_rates(struct overview *overview, const struct overview *before, uint64_t passed_ms, size_t rows,
			  overview_line_fn *line, void *arg)
{
	char bytes[LINE_LEN], state[STATE_LEN];
	struct widths widths;
	struct text row;

	sort(overview);
	widths = widths_of(overview, rows, 2 + OVERVIEW_PATHS * (LAST_STATE_WIDTH + 2 * RATE_WIDTH));
	text_init(&row, bytes, sizeof(bytes));
	add_name(&row, "PEER", &widths);
	text_add(&row, "%-*s%*s%*s%-*s%*s%*s", LAST_STATE_WIDTH, "MANAGEMENT", RATE_WIDTH, "in/s",
		 RATE_WIDTH + 1, "out/s ", LAST_STATE_WIDTH - 1, "DATAPLANE", RATE_WIDTH, "in/s", RATE_WIDTH, "out/s");
	line(arg, bytes);
	for (size_t i = 0; i < overview->peer_count && i < rows; i++) {
		const struct overview_peer *peer = overview->sorted[i];

		text_init(&row, bytes, sizeof(bytes));
		add_name(&row, *peer->name ? peer->name : peer->address, &widths);
		for (unsigned path = 0; path < OVERVIEW_PATHS; path++) {
			const struct overview_on *on = &peer->on[path], *was = before_of(before, peer, path);

			text_add(&row, "%-*s", LAST_STATE_WIDTH - (int)path, state_text(overview, peer, path, state));
			add_rate(&row, on->received_bytes, was->received_bytes, passed_ms);
			add_rate(&row, on->sent_bytes, was->sent_bytes, passed_ms);
			if (!path)
				text_add(&row, " ");
		}
		line(arg, bytes);
	}
	print_sum(overview, rows, line, arg);
}

bool overview_is_fine(const struct overview *overview)
{
	for (unsigned i = 0; i < OVERVIEW_PATHS; i++)
		if (!overview->paths[i].answered || strncmp(overview->paths[i].state, "down", 4) == 0 || overview->paths[i].trouble[0])
			return false;
	return true;
}
