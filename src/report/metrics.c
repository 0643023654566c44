/* Prometheus' text format, version 0.0.4: wireguard_* as the exporter that most dashboards are made for names them, and what that
 * has not. All series of a name stand together, so the peers come once for each. What a backend cannot tell is NaN. */
#include "report/view.h"

#include <inttypes.h>

struct family {
	const char *name, *type, *help;
	const char *value; /* of a peer */
};

static const struct family of_peers[] = {
	{ "wireguard_sent_bytes_total", "counter", "Bytes sent to the peer", "sent_bytes" },
	{ "wireguard_received_bytes_total", "counter", "Bytes received from the peer", "received_bytes" },
	{ "wireguard_latest_handshake_seconds", "gauge", "UNIX timestamp seconds of the last handshake", "latest_handshake" },
	{ "mitigator_gateway_handshake_failures_total", "counter", "Handshakes with the peer that failed, for whatever reason", "failures" },
};

enum { PASSES = sizeof(of_peers) / sizeof(of_peers[0]) };

static void put_header(struct report_out *out, const char *name, const char *type, const char *help)
{
	report_put_all(out, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n", NULL);
}

/* No text of a tree has a line end. */
static void put_label(struct report_out *out, const char *name, const char *value)
{
	report_put_all(out, name, "=\"", NULL);
	for (; *value; value++)
		report_put_all(out, *value == '"' || *value == '\\' ? "\\" : "", (const char[]){ *value, '\0' }, NULL);
	report_put(out, "\"");
}

static void put_value(struct report_out *out, const struct report_node *node)
{
	if (node && (node->kind == REPORT_NUMBER || node->kind == REPORT_BOOL))
		report_print(out, "} %" PRId64 "\n", node->number);
	else
		report_put(out, "} NaN\n");
}

static void begin_series(struct report *report, const char *name)
{
	report_put_all(&report->out, name, "{", NULL);
	put_label(&report->out, "path", report_text(&report->path, report_root(&report->path), "path"));
}

/* One series with a further label, or none. */
static void put_series(struct report *report, const char *name, const char *label, const char *value, const struct report_node *node)
{
	begin_series(report, name);
	if (label) {
		report_put(&report->out, ",");
		put_label(&report->out, label, value);
	}
	put_value(&report->out, node);
}

static void put_alone(struct report *report, const char *name, const char *type, const char *help, const char *member)
{
	put_header(&report->out, name, type, help);
	put_series(report, name, NULL, "", report_find(&report->path, report_root(&report->path), member));
}

static void put_path(struct report *report)
{
	static const char backend[] = "mitigator_gateway_backend_info", findings[] = "mitigator_gateway_findings",
			  drops[] = "mitigator_gateway_dropped_packets_total";
	static const struct report_node one = { .kind = REPORT_NUMBER, .number = 1 };
	const struct report_tree *tree = &report->path;
	const struct report_node *root = report_root(tree), *dropped = report_find(tree, root, "dropped");

	put_alone(report, "mitigator_gateway_configured", "gauge", "1: the instance is of a cluster, so the path is meant to be up", ".clustered");
	put_alone(report, "mitigator_gateway_up", "gauge", "1: the path is up", ".up");
	put_header(&report->out, backend, "gauge", "What carries the path, as a label; always 1");
	put_series(report, backend, "backend", report_text(tree, root, "backend"), &one);
	put_alone(report, "mitigator_gateway_generation", "gauge", "Number of the set of files that was confirmed last, on the appliance",
		  ".generation");
	put_alone(report, "mitigator_gateway_applied_time_seconds", "gauge", "UNIX timestamp seconds of when what runs was applied", "applied_at");
	put_header(&report->out, findings, "gauge", "What was wrong with the files when they were read last, at start or by a reconfigure");
	put_series(report, findings, "severity", "error", report_find(tree, root, ".errors"));
	put_series(report, findings, "severity", "warning", report_find(tree, root, ".warnings"));
	put_header(&report->out, drops, "counter", "Packets that were dropped, by cause");
	for (const struct report_node *cause = report_first(tree, report_find(tree, root, ".drop_causes")); cause;
	     cause = report_next(tree, cause))
		put_series(report, drops, "cause", report_text_of(tree, cause), report_find(tree, dropped, report_text_of(tree, cause)));
}

static void metrics_head(struct report *report)
{
	const struct family *family = &of_peers[report->pass];

	if (!report->pass)
		put_path(report);
	put_header(&report->out, family->name, family->type, family->help);
}

static void metrics_peer(struct report *report, const struct report_node *peer)
{
	const struct report_tree *tree = &report->peers;
	struct report_out *out = &report->out;
	const char *separator = "";

	begin_series(report, of_peers[report->pass].name);
	report_put(out, ",");
	put_label(out, "interface", report_text(&report->path, report_root(&report->path), "interface"));
	report_put(out, ",");
	put_label(out, "public_key", report_text(tree, peer, "public_key"));
	report_put(out, ",allowed_ips=\"");
	for (const struct report_node *prefix = report_first(tree, report_find(tree, peer, "allowed_ips")); prefix;
	     prefix = report_next(tree, prefix)) {
		report_put_all(out, separator, report_text_of(tree, prefix), NULL);
		separator = ",";
	}
	report_put(out, "\",");
	put_label(out, "friendly_name", report_text(tree, peer, "name"));
	put_value(out, report_find(tree, peer, of_peers[report->pass].value));
}

static void metrics_tail(struct report *report)
{
	(void)report;
}

const struct report_view report_as_metrics = { "metrics", false, metrics_head, metrics_peer, metrics_tail };

unsigned report_passes(const struct report_view *view)
{
	return view == &report_as_metrics ? PASSES : 1;
}
