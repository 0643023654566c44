/* The report's printers on any tree: names, kinds and texts from the bytes, in any shape. No view reads beyond it or steers a
 * terminal, and what JSON prints is balanced. */
#include <stdlib.h>
#include <string.h>

#include "report/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct json {
	size_t depth;
	bool in_string, escaped;
};

static void look(void *arg, const char *bytes, size_t len)
{
	struct json *json = arg;

	if (len > REPORT_OUT_LEN)
		abort();
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if ((byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f)
			abort();
		if (!json)
			continue;
		if (json->in_string) {
			if (!json->escaped && byte == '"')
				json->in_string = false;
			json->escaped = !json->escaped && byte == '\\';
		} else if (byte == '"') {
			json->in_string = true;
		} else if (byte == '{' || byte == '[') {
			json->depth++;
		} else if (byte == '}' || byte == ']') {
			if (!json->depth--)
				abort();
		}
	}
}

static const char *const names[] = {
	"path", ".title", "state", "reason", "configuration", ".configured", "applied_at", "backend", "backend_reason",
	".backend_asked_for", "trouble", "isolation", "interface", "address", "public_key", ".private_key", "port", ".fwmark",
	"mtu_bytes", "under_load", "dropped", ".dropped_words", "unknown_peer", "not_for_our_key", "interface_counters", "from", "age_s",
	".preshared_key", "name", ".host", "endpoint", "allowed_ips", "latest_handshake", "received_bytes", "sent_bytes",
	"keepalive_s", "failing", "last_failure", ".failure_words", "last_failure_age_s", "failures",
};

/* A node is kind, name, parent and, for a text, its length and bytes. */
static void grow(struct report_tree *tree, const uint8_t **data, size_t *size)
{
	uint32_t containers[16] = { 0 }, count = 1;

	while (*size >= 4) {
		const uint8_t *at = *data;
		enum report_kind kind = at[0] % (REPORT_UNKNOWN + 1);
		const char *name = at[1] % 7 ? names[at[1] % (sizeof(names) / sizeof(names[0]))] : NULL;
		uint32_t parent = containers[at[2] % count], node;
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
			node = report_add_text(tree, parent, name, text);
		} else if (kind == REPORT_NUMBER) {
			node = report_add_number(tree, parent, name, (int64_t)at[3] << at[3] % 56);
		} else {
			node = report_add(tree, parent, name, kind);
		}
		if (node && kind <= REPORT_LIST && count < 16)
			containers[count++] = node;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const fields[] = { "dump", "public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys",
					      "endpoints", "allowed-ips", "latest-handshakes", "transfer",
					      "persistent-keepalive" };
	const struct report_view *views[4 + sizeof(fields) / sizeof(fields[0])] = { &report_as_text, &report_as_json, &report_as_wg,
										   &report_as_wg_conf };
	struct report report = { .out = { .write = look }, .now_s = 1000 };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		views[4 + i] = report_wg_field(fields[i]);
	grow(&report.path, &data, &size);
	grow(&report.peers, &data, &size);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		struct json json = { 0 };

		report.out.arg = views[i] == &report_as_json ? &json : NULL;
		report.of_all = i % 2;
		report.printed = 0;
		views[i]->head(&report);
		report_view_peers(&report, views[i]);
		views[i]->tail(&report);
		report_flush(&report.out);
		if (json.depth || json.in_string)
			abort();
	}
	report_free(&report.path);
	report_free(&report.peers);
	return 0;
}
