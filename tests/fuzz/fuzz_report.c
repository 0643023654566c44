/* The report's printers on any tree: names, kinds and texts from the bytes, in any shape. No view reads beyond it or steers a
 * terminal; JSON parses, what wg(8) prints for machines keeps its lines and columns, and all of it is UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "report/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that a view printed. */
static struct {
	char *bytes;
	size_t len, cap;
} printed;

static void collect(void *arg, const char *bytes, size_t len)
{
	(void)arg;
	if (len > REPORT_OUT_LEN)
		abort();
	if (printed.len + len > printed.cap) {
		printed.cap = 2 * (printed.len + len);
		printed.bytes = realloc(printed.bytes, printed.cap);
		if (!printed.bytes)
			abort();
	}
	memcpy(printed.bytes + printed.len, bytes, len);
	printed.len += len;
}

/* UTF-8 without a control character but line ends, and tabs where columns are. */
static bool is_clean(bool tabs)
{
	const unsigned char *at = (const unsigned char *)printed.bytes, *end = at + printed.len;

	while (at < end) {
		size_t more = *at < 0x80 ? 0 : *at < 0xc2 ? 4 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : *at < 0xf5 ? 3 : 4;

		if (more == 4 || (size_t)(end - at) <= more)
			return false;
		if ((*at < ' ' && *at != '\n' && !(tabs && *at == '\t')) || *at == 0x7f)
			return false;
		if (more && ((at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
			     (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)))
			return false;
		for (size_t i = 1; i <= more; i++)
			if ((at[i] & 0xc0) != 0x80)
				return false;
		at += more + 1;
	}
	return true;
}

/* first: of the first line, when it is about the interface; each: of those of peers. 0: there is no such line. */
static bool has_columns(unsigned first, unsigned each, size_t peers)
{
	size_t lines = 0;
	unsigned columns = 1;

	for (size_t i = 0; i < printed.len; i++) {
		if (printed.bytes[i] == '\t')
			columns++;
		if (printed.bytes[i] != '\n')
			continue;
		if (columns != (first && !lines ? first : each))
			return false;
		lines++;
		columns = 1;
	}
	return columns == 1 && lines == (first ? 1 : 0) + (each ? peers : 0);
}

static const char *const names[] = {
	"path", ".title", "state", "reason", "configuration", ".configured", "applied_at", "backend", "backend_reason",
	".backend_asked_for", "trouble", "isolation", "interface", "address", "public_key", ".private_key", "port", ".fwmark",
	"mtu_bytes", "under_load", "dropped", ".dropped_words", "unknown_peer", "not_for_our_key", "interface_counters",
	"interface_packets", "rx", "tx", "from", "age_s", ".preshared_key", "name", ".host", "endpoint", "allowed_ips",
	"latest_handshake", "received_bytes", "sent_bytes", "keepalive_s", "failing", "last_failure", ".failure_words",
	"last_failure_age_s", "failures",
};

enum { CONTAINERS_MAX = 16 };

/* A node is kind, name, parent and, for a text, its length and bytes. */
static void grow(struct report_tree *tree, const uint8_t **data, size_t *size)
{
	struct {
		uint32_t node;
		bool is_list;
	} containers[CONTAINERS_MAX] = { { 0, false } };
	uint32_t count = 1;

	while (*size >= 4) {
		const uint8_t *at = *data;
		enum report_kind kind = at[0] % (REPORT_UNKNOWN + 1);
		uint32_t parent = at[2] % count, node;
		const char *name = containers[parent].is_list ? NULL : names[at[1] % (sizeof(names) / sizeof(names[0]))];
		size_t len = at[3] < *size - 4 ? at[3] : *size - 4;
		char text[256] = "";

		*data += 4;
		*size -= 4;
		if (at[0] == 0xff)
			return;
		if (kind == REPORT_TEXT) {
			memcpy(text, *data, len);
			*data += len;
			*size -= len;
			node = report_add_text(tree, containers[parent].node, name, text);
		} else if (kind == REPORT_NUMBER) {
			node = report_add_number(tree, containers[parent].node, name, (int64_t)((uint64_t)at[3] << at[3] % 57));
		} else {
			node = report_add(tree, containers[parent].node, name, kind);
		}
		if (node && kind <= REPORT_LIST && count < CONTAINERS_MAX) {
			containers[count].node = node;
			containers[count++].is_list = kind == REPORT_LIST;
		}
	}
}

static void print(struct report *report, const struct report_view *view)
{
	report->printed = printed.len = 0;
	view->head(report);
	report_view_peers(report, view);
	view->tail(report);
	report_flush(&report->out);
}

static void look_at_columns(struct report *report)
{
	static const struct {
		const char *field;
		unsigned first, each;
	} lines[] = {
		{ "dump", 4, 8 },       { "public-key", 1, 0 },        { "private-key", 1, 0 },    { "listen-port", 1, 0 },
		{ "fwmark", 1, 0 },     { "peers", 0, 1 },             { "preshared-keys", 0, 2 }, { "endpoints", 0, 2 },
		{ "allowed-ips", 0, 2 }, { "latest-handshakes", 0, 2 }, { "transfer", 0, 3 },       { "persistent-keepalive", 0, 2 },
	};

	for (size_t i = 0; i < 2 * sizeof(lines) / sizeof(lines[0]); i++) {
		unsigned first = lines[i / 2].first, each = lines[i / 2].each;

		report->of_all = i % 2;
		print(report, report_wg_field(lines[i / 2].field));
		if (!is_clean(true) || !has_columns(first + (first && i % 2), each + (each && i % 2), report->printed))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct report_view *const views[] = { &report_as_text, &report_as_wg, &report_as_wg_conf };
	struct report report = { .out = { .write = collect }, .now_s = 1000 };

	grow(&report.path, &data, &size);
	/* A path without one has no tunnel, and so no peers. */
	if (report_find(&report.path, report_root(&report.path), "backend"))
		grow(&report.peers, &data, &size);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		print(&report, views[i]);
		if (!is_clean(false))
			abort();
	}
	print(&report, &report_as_json);
	if (!is_clean(false) || !json_line(printed.bytes, printed.len))
		abort();
	look_at_columns(&report);
	report_free(&report.path);
	report_free(&report.peers);
	return 0;
}
