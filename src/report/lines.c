/* One line for the path, one for each peer, for report/overview. */
#include "report/view.h"

#include <inttypes.h>

/* A text that ends at cut ('\0': at its end). No text of a tree has a tab or a line end. */
static void put_field(struct report_out *out, const char *text, char cut)
{
	for (; *text && *text != cut; text++)
		report_put(out, (const char[]){ *text, '\0' });
	report_put(out, "\t");
}

static void lines_head(struct report *report)
{
	static const char *const names[] = { "state", "reason", "trouble", ".own_name" };
	const struct report_tree *tree = &report->path;
	const struct report_node *root = report_root(tree);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_field(&report->out, report_text(tree, root, names[i]), '\0');
	put_field(&report->out, report_text(tree, root, "address"), '/');
	report_print(&report->out, "%" PRId64 "\n", report_number(tree, root, "mtu_bytes"));
}

static void lines_peer(struct report *report, const struct report_node *peer)
{
	const struct report_tree *tree = &report->peers;
	struct report_out *out = &report->out;
	const struct report_node *prefix = report_first(tree, report_find(tree, peer, "allowed_ips"));

	put_field(out, report_text(tree, peer, "public_key"), '\0');
	put_field(out, report_text(tree, peer, "name"), '\0');
	put_field(out, prefix ? report_text_of(tree, prefix) : "", '/');
	put_field(out, report_text(tree, peer, "verdict"), '\0');
	report_print(out, "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", report_number(tree, peer, "verdict_age_s"),
		     report_number(tree, peer, "received_bytes"), report_number(tree, peer, "sent_bytes"));
}

static void lines_tail(struct report *report)
{
	(void)report;
}

const struct report_view report_as_lines = { "lines", false, lines_head, lines_peer, lines_tail };
