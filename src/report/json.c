/* JSON (RFC 8259). */
#include "report/view.h"

#include <inttypes.h>

static void put_string(struct report_out *out, const char *text)
{
	report_put(out, "\"");
	for (; *text; text++)
		report_put_all(out, *text == '"' || *text == '\\' ? "\\" : "", (const char[]){ *text, '\0' }, NULL);
	report_put(out, "\"");
}

/* A tree is as deep as the code that fills it makes it. NOLINTBEGIN(misc-no-recursion) */
static void put_members(struct report_out *out, const struct report_tree *tree, const struct report_node *node);

static void put_value(struct report_out *out, const struct report_tree *tree, const struct report_node *node)
{
	switch (node->kind) {
	case REPORT_OBJECT:
	case REPORT_LIST:
		report_put(out, node->kind == REPORT_LIST ? "[" : "{");
		put_members(out, tree, node);
		report_put(out, node->kind == REPORT_LIST ? "]" : "}");
		break;
	case REPORT_TEXT:
		put_string(out, report_text_of(tree, node));
		break;
	case REPORT_NUMBER:
		report_print(out, "%" PRId64, node->number);
		break;
	case REPORT_BOOL:
		report_put(out, node->number ? "true" : "false");
		break;
	case REPORT_UNKNOWN:
		report_put(out, "null");
		break;
	}
}

static void put_members(struct report_out *out, const struct report_tree *tree, const struct report_node *node)
{
	const char *separator = "";

	for (const struct report_node *member = report_first(tree, node); member; member = report_next(tree, member)) {
		if (member->name && member->name[0] == '.')
			continue;
		report_put(out, separator);
		separator = ",";
		if (member->name) {
			put_string(out, member->name);
			report_put(out, ":");
		}
		put_value(out, tree, member);
	}
}
/* NOLINTEND(misc-no-recursion) */

static bool has_peers(const struct report *report)
{
	return report_find(&report->path, report_root(&report->path), "backend");
}

static void json_head(struct report *report)
{
	report_put(&report->out, "{");
	put_members(&report->out, &report->path, report_root(&report->path));
	if (has_peers(report))
		report_put(&report->out, ",\"peers\":[");
}

static void json_peer(struct report *report, const struct report_node *peer)
{
	if (report->printed)
		report_put(&report->out, ",");
	put_value(&report->out, &report->peers, peer);
}

static void json_tail(struct report *report)
{
	report_print(&report->out, "%s}\n", has_peers(report) ? "]" : "");
}

const struct report_view report_as_json = { "json", false, json_head, json_peer, json_tail };
