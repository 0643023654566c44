/* `show`, for people. */
#include "report/view.h"

#include <inttypes.h>
#include <string.h>

#include "report/words.h"

enum { WORDS_LEN = 96 };

static void put_line(struct report_out *out, const char *label, const char *value)
{
	report_print(out, "  %-16s ", label);
	report_put_all(out, value, "\n", NULL);
}

static void put_peer_label(struct report_out *out, const char *label)
{
	report_print(out, "    %-14s ", label);
}

/* The members of dropped that are not zero, in the words beside them. False: there is nothing to tell. */
static bool put_drops(struct report_out *out, const struct report_tree *tree, const struct report_node *above,
		      const char *indent)
{
	const struct report_node *drop = report_first(tree, report_find(tree, above, "dropped"));
	const struct report_node *words = report_first(tree, report_find(tree, above, ".dropped_words"));
	const char *separator = indent;

	for (; drop && words; drop = report_next(tree, drop), words = report_next(tree, words)) {
		if (!drop->number)
			continue;
		report_print(out, "%s%" PRId64 " ", separator, drop->number);
		report_put(out, report_text_of(tree, words));
		separator = ", ";
	}
	if (separator == indent)
		return false;
	report_print(out, "\n");
	return true;
}

static void put_link(struct report_out *out, const struct report_tree *tree, const struct report_node *root)
{
	const struct report_node *counter = report_first(tree, report_find(tree, root, "interface_counters"));
	const struct report_node *packets = report_find(tree, root, "interface_packets");
	const char *separator = "  interface lost   ";

	if (report_first(tree, packets))
		report_print(out, "  packets          %" PRId64 " received, %" PRId64 " sent\n", report_number(tree, packets, "rx"),
			     report_number(tree, packets, "tx"));
	for (; counter; counter = report_next(tree, counter)) {
		if (!counter->number)
			continue;
		report_put_all(out, separator, counter->name, " ", NULL);
		report_print(out, "%" PRId64, counter->number);
		separator = ", ";
	}
	if (separator[0] == ',')
		report_print(out, "\n");
}

static void put_stranger(struct report_out *out, const struct report_tree *tree, const struct report_node *root,
			 const char *name, const char *label)
{
	const struct report_node *stranger = report_find(tree, root, name);
	const char *key = report_text(tree, stranger, "public_key");
	char ago[WORDS_LEN];

	if (!stranger)
		return;
	report_print(out, "  %-16s ", label);
	report_put_all(out, key, *key ? " from " : "from ", report_text(tree, stranger, "from"), ", ",
		       words_ago(report_number(tree, stranger, "age_s"), ago, sizeof(ago)), "\n", NULL);
}

/* Where a setting comes from a container's environment, all that are not at their defaults. */
static void put_settings(struct report_out *out, const struct report_tree *tree, const struct report_node *root)
{
	static const char environment[] = "environment", file[] = ".env";
	const struct report_node *first = report_first(tree, report_find(tree, root, "settings"));
	const char *const sources[] = { environment, file };
	bool handed = false;

	for (const struct report_node *setting = first; setting; setting = report_next(tree, setting))
		handed = handed || !strcmp(report_text_of(tree, setting), environment);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && handed; i++)
		for (const struct report_node *setting = first; setting; setting = report_next(tree, setting))
			if (!strcmp(report_text_of(tree, setting), sources[i]))
				report_put_all(out, "  setting          ", setting->name, ": ", sources[i], "\n", NULL);
}

static void put_device(struct report_out *out, const struct report_tree *tree, const struct report_node *root)
{
	const char *reason = report_text(tree, root, "backend_reason"), *trouble = report_text(tree, root, "trouble");

	report_put_all(out, "  backend          ", report_text(tree, root, "backend"), *reason ? " (auto: " : "", reason,
		       *reason ? ")" : "", report_number(tree, root, ".backend_asked_for") ? " (--backend)\n" : "\n", NULL);
	if (*trouble)
		put_line(out, "trouble", trouble);
	put_line(out, "isolation", report_text(tree, root, "isolation"));
	report_put_all(out, "  interface        ", report_text(tree, root, "interface"), ", MTU ", NULL);
	report_print(out, "%" PRId64 "\n", report_number(tree, root, "mtu_bytes"));
	put_line(out, "address", report_text(tree, root, "address"));
	report_print(out, "  port             %" PRId64 "\n", report_number(tree, root, "port"));
	put_line(out, "public key", report_text(tree, root, "public_key"));
	if (report_number(tree, root, "under_load"))
		put_line(out, "under load", "handshakes are served to those alone who return a cookie");
	(void)put_drops(out, tree, root, "  dropped          ");
	put_stranger(out, tree, root, "unknown_peer", "unknown peer");
	put_stranger(out, tree, root, "not_for_our_key", "not for our key");
	put_link(out, tree, root);
}

static void text_head(struct report *report)
{
	const struct report_tree *tree = &report->path;
	const struct report_node *root = report_root(tree);
	struct report_out *out = &report->out;
	const char *reason = report_text(tree, root, "reason");
	char ago[WORDS_LEN];

	report_put_all(out, report_text(tree, root, "path"), " (", report_text(tree, root, ".title"), "): ",
		       report_text(tree, root, "state"), *reason ? ": " : "", reason, "\n", NULL);
	if (report_number(tree, root, ".configured"))
		report_put_all(out, "  configuration    ", report_text(tree, root, "configuration"), ", ",
			       words_ago(report->now_s - report_number(tree, root, "applied_at"), ago, sizeof(ago)), "\n", NULL);
	put_settings(out, tree, root);
	if (report_find(tree, root, "backend"))
		put_device(out, tree, root);
}

static void put_failure(struct report_out *out, const struct report_tree *tree, const struct report_node *peer)
{
	char ago[WORDS_LEN];

	if (!*report_text(tree, peer, "last_failure"))
		return;
	put_peer_label(out, "failed");
	report_put(out, report_text(tree, peer, ".failure_words"));
	report_print(out, ", %s (%s%" PRId64 " in all)\n",
		     words_ago(report_number(tree, peer, "last_failure_age_s"), ago, sizeof(ago)),
		     report_number(tree, peer, "failing") ? "" : "over; ", report_number(tree, peer, "failures"));
}

/* All but its name and its key. */
static void put_detail(struct report *report, const struct report_node *peer)
{
	const struct report_tree *tree = &report->peers;
	struct report_out *out = &report->out;
	const char *endpoint = report_text(tree, peer, "endpoint");
	const char *host = report_text(tree, peer, ".host"), *separator = "";
	int64_t handshake_s = report_number(tree, peer, "latest_handshake");
	char ago[WORDS_LEN] = "none yet", received[32], sent[32];

	put_peer_label(out, "endpoint");
	report_put_all(out, *endpoint ? endpoint : *host ? host : "none: it must call us",
		       !*endpoint && *host ? " does not resolve (yet)\n" : "\n", NULL);
	put_peer_label(out, "allowed IPs");
	for (const struct report_node *prefix = report_first(tree, report_find(tree, peer, "allowed_ips")); prefix;
	     prefix = report_next(tree, prefix)) {
		report_put_all(out, separator, report_text_of(tree, prefix), NULL);
		separator = ", ";
	}
	if (handshake_s)
		words_ago(report->now_s - handshake_s, ago, sizeof(ago));
	report_print(out, "\n    handshake      %s\n", ago);
	put_failure(out, tree, peer);
	report_print(out, "    transfer       %s received, %s sent\n",
		     words_bytes((uint64_t)report_number(tree, peer, "received_bytes"), received, sizeof(received)),
		     words_bytes((uint64_t)report_number(tree, peer, "sent_bytes"), sent, sizeof(sent)));
	(void)put_drops(out, tree, peer, "    dropped        ");
	if (report_number(tree, peer, "keepalive_s"))
		report_print(out, "    keepalive      every %" PRId64 " s\n", report_number(tree, peer, "keepalive_s"));
}

static void text_peer(struct report *report, const struct report_node *peer)
{
	const struct report_tree *tree = &report->peers;
	const char *name = report_text(tree, peer, "name");

	report_put_all(&report->out, "  peer ", name, *name ? " " : "", report_text(tree, peer, "public_key"), "\n", NULL);
	put_detail(report, peer);
}

static void no_head(struct report *report)
{
	(void)report;
}

static void alone_peer(struct report *report, const struct report_node *peer)
{
	const struct report_tree *tree = &report->peers;
	const char *name = report_text(tree, peer, "name"), *verdict = report_text(tree, peer, "verdict");
	const struct report_node *failing = report_find(tree, peer, "failing");
	char age[WORDS_LEN];

	put_peer_label(&report->out, "state");
	report_put_all(&report->out, verdict, " ", words_age(report_number(tree, peer, "verdict_age_s"), age, sizeof(age)), "\n", NULL);
	put_peer_label(&report->out, "peer");
	report_put_all(&report->out, name, *name ? " " : "", report_text(tree, peer, "public_key"), "\n", NULL);
	put_detail(report, peer);
	if (failing && failing->kind == REPORT_UNKNOWN && verdict[0] == 'D') {
		put_peer_label(&report->out, "failed");
		report_put(&report->out, "the kernel tells no reason: see `show` at the other side\n");
	}
}

static void text_tail(struct report *report)
{
	(void)report;
}

const struct report_view report_as_text = { "text", false, text_head, text_peer, text_tail };
const struct report_view report_as_peer = { "peer", false, no_head, alone_peer, text_tail };
