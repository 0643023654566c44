/* What wg(8) prints: show, show INTERFACE dump, show INTERFACE FIELD, showconf. */
#include "report/view.h"

#include <inttypes.h>
#include <string.h>

#include "report/words.h"

static const char *or_none(const char *text)
{
	return *text ? text : "(none)";
}

static const struct report_node *path_of(const struct report *report)
{
	return report_root(&report->path);
}

static const char *path_text(const struct report *report, const char *name)
{
	return report_text(&report->path, path_of(report), name);
}

static int64_t path_number(const struct report *report, const char *name)
{
	return report_number(&report->path, path_of(report), name);
}

static const char *peer_text(const struct report *report, const struct report_node *peer, const char *name)
{
	return report_text(&report->peers, peer, name);
}

static void put_allowed(struct report *report, const struct report_node *peer, const char *separator)
{
	const struct report_node *prefix = report_first(&report->peers, report_find(&report->peers, peer, "allowed_ips"));
	const char *between = "";

	if (!prefix)
		report_print(&report->out, "(none)");
	for (; prefix; prefix = report_next(&report->peers, prefix)) {
		report_put_all(&report->out, between, report_text_of(&report->peers, prefix), NULL);
		between = separator;
	}
}

static void nothing(struct report *report)
{
	(void)report;
}

static void no_peer(struct report *report, const struct report_node *peer)
{
	(void)report;
	(void)peer;
}

/* ---- for people ---- */

static void pretty_head(struct report *report)
{
	report_put_all(&report->out, "interface: ", path_text(report, "interface"), "\n", NULL);
	if (*path_text(report, ".private_key"))
		report_put_all(&report->out, "  public key: ", path_text(report, "public_key"), "\n  private key: (hidden)\n", NULL);
	if (path_number(report, "port"))
		report_print(&report->out, "  listening port: %" PRId64 "\n", path_number(report, "port"));
	if (path_number(report, ".fwmark"))
		report_print(&report->out, "  fwmark: 0x%" PRIx64 "\n", (uint64_t)path_number(report, ".fwmark"));
}

static void pretty_peer(struct report *report, const struct report_node *peer)
{
	const struct report_tree *tree = &report->peers;
	uint64_t received = (uint64_t)report_number(tree, peer, "received_bytes");
	uint64_t sent = (uint64_t)report_number(tree, peer, "sent_bytes");
	int64_t handshake_s = report_number(tree, peer, "latest_handshake");
	struct report_out *out = &report->out;
	char text[96], more[32];

	report_put_all(out, "\npeer: ", peer_text(report, peer, "public_key"), "\n", NULL);
	if (*peer_text(report, peer, ".preshared_key"))
		report_print(out, "  preshared key: (hidden)\n");
	if (*peer_text(report, peer, "endpoint"))
		report_put_all(out, "  endpoint: ", peer_text(report, peer, "endpoint"), "\n", NULL);
	report_print(out, "  allowed ips: ");
	put_allowed(report, peer, ", ");
	report_print(out, "\n");
	if (handshake_s)
		report_put_all(out, "  latest handshake: ", words_ago(report->now_s - handshake_s, text, sizeof(text)), "\n", NULL);
	if (received || sent)
		report_print(out, "  transfer: %s received, %s sent\n", words_bytes(received, text, sizeof(text)),
			     words_bytes(sent, more, sizeof(more)));
	if (report_number(tree, peer, "keepalive_s"))
		report_print(out, "  persistent keepalive: every %s\n",
			     words_duration(report_number(tree, peer, "keepalive_s"), text, sizeof(text)));
}

const struct report_view report_as_wg = { "", true, pretty_head, pretty_peer, nothing };

/* ---- showconf ---- */

static void conf_head(struct report *report)
{
	report_print(&report->out, "[Interface]\n");
	if (path_number(report, "port"))
		report_print(&report->out, "ListenPort = %" PRId64 "\n", path_number(report, "port"));
	if (path_number(report, ".fwmark"))
		report_print(&report->out, "FwMark = 0x%" PRIx64 "\n", (uint64_t)path_number(report, ".fwmark"));
	if (*path_text(report, ".private_key"))
		report_put_all(&report->out, "PrivateKey = ", path_text(report, ".private_key"), "\n", NULL);
}

static void conf_peer(struct report *report, const struct report_node *peer)
{
	int64_t keepalive_s = report_number(&report->peers, peer, "keepalive_s");
	const char *preshared_key = peer_text(report, peer, ".preshared_key"), *endpoint = peer_text(report, peer, "endpoint");
	struct report_out *out = &report->out;

	report_put_all(out, "\n[Peer]\nPublicKey = ", peer_text(report, peer, "public_key"), "\n", NULL);
	if (*preshared_key)
		report_put_all(out, "PresharedKey = ", preshared_key, "\n", NULL);
	if (report_first(&report->peers, report_find(&report->peers, peer, "allowed_ips"))) {
		report_print(out, "AllowedIPs = ");
		put_allowed(report, peer, ", ");
		report_print(out, "\n");
	}
	if (*endpoint)
		report_put_all(out, "Endpoint = ", endpoint, "\n", NULL);
	if (keepalive_s)
		report_print(out, "PersistentKeepalive = %" PRId64 "\n", keepalive_s);
}

static void conf_tail(struct report *report)
{
	/* wg(8) closes the [Interface] section with an empty line, also when no peer follows. */
	if (!report->printed)
		report_print(&report->out, "\n");
}

const struct report_view report_as_wg_conf = { "showconf", false, conf_head, conf_peer, conf_tail };

/* ---- for machines: one line each, fields between tabs ---- */

static void put_interface(struct report *report)
{
	if (report->of_all)
		report_put_all(&report->out, path_text(report, "interface"), "\t", NULL);
}

static void put_peer(struct report *report, const struct report_node *peer)
{
	put_interface(report);
	report_put_all(&report->out, peer_text(report, peer, "public_key"), "\t", NULL);
}

static void put_keepalive(struct report *report, const struct report_node *peer)
{
	int64_t keepalive_s = report_number(&report->peers, peer, "keepalive_s");

	if (keepalive_s)
		report_print(&report->out, "%" PRId64 "\n", keepalive_s);
	else
		report_print(&report->out, "off\n");
}

static void put_fwmark(struct report *report)
{
	if (path_number(report, ".fwmark"))
		report_print(&report->out, "0x%" PRIx64 "\n", (uint64_t)path_number(report, ".fwmark"));
	else
		report_print(&report->out, "off\n");
}

static int64_t peer_number(const struct report *report, const struct report_node *peer, const char *name)
{
	return report_number(&report->peers, peer, name);
}

static void dump_head(struct report *report)
{
	bool has_key = *path_text(report, ".private_key");

	put_interface(report);
	report_put_all(&report->out, or_none(path_text(report, ".private_key")), "\t",
		       has_key ? path_text(report, "public_key") : "(none)", "\t", NULL);
	report_print(&report->out, "%" PRId64 "\t", path_number(report, "port"));
	put_fwmark(report);
}

static void dump_peer(struct report *report, const struct report_node *peer)
{
	put_peer(report, peer);
	report_put_all(&report->out, or_none(peer_text(report, peer, ".preshared_key")), "\t",
		       or_none(peer_text(report, peer, "endpoint")), "\t", NULL);
	put_allowed(report, peer, ",");
	report_print(&report->out, "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t", peer_number(report, peer, "latest_handshake"),
		     peer_number(report, peer, "received_bytes"), peer_number(report, peer, "sent_bytes"));
	put_keepalive(report, peer);
}

static const struct report_view as_dump = { "dump", false, dump_head, dump_peer, nothing };

static void field_public_key(struct report *report)
{
	put_interface(report);
	report_put_all(&report->out, *path_text(report, ".private_key") ? path_text(report, "public_key") : "(none)", "\n", NULL);
}

static void field_private_key(struct report *report)
{
	put_interface(report);
	report_put_all(&report->out, or_none(path_text(report, ".private_key")), "\n", NULL);
}

static void field_port(struct report *report)
{
	put_interface(report);
	report_print(&report->out, "%" PRId64 "\n", path_number(report, "port"));
}

static void field_fwmark(struct report *report)
{
	put_interface(report);
	put_fwmark(report);
}

static void field_peer(struct report *report, const struct report_node *peer)
{
	put_interface(report);
	report_put_all(&report->out, peer_text(report, peer, "public_key"), "\n", NULL);
}

static void field_preshared_key(struct report *report, const struct report_node *peer)
{
	put_peer(report, peer);
	report_put_all(&report->out, or_none(peer_text(report, peer, ".preshared_key")), "\n", NULL);
}

static void field_endpoint(struct report *report, const struct report_node *peer)
{
	put_peer(report, peer);
	report_put_all(&report->out, or_none(peer_text(report, peer, "endpoint")), "\n", NULL);
}

static void field_allowed(struct report *report, const struct report_node *peer)
{
	put_peer(report, peer);
	put_allowed(report, peer, " ");
	report_print(&report->out, "\n");
}

static void field_handshake(struct report *report, const struct report_node *peer)
{
	put_peer(report, peer);
	report_print(&report->out, "%" PRId64 "\n", peer_number(report, peer, "latest_handshake"));
}

static void field_transfer(struct report *report, const struct report_node *peer)
{
	put_peer(report, peer);
	report_print(&report->out, "%" PRId64 "\t%" PRId64 "\n", peer_number(report, peer, "received_bytes"),
		     peer_number(report, peer, "sent_bytes"));
}

static void field_keepalive(struct report *report, const struct report_node *peer)
{
	put_peer(report, peer);
	put_keepalive(report, peer);
}

static const struct report_view fields[] = {
	{ "public-key", false, field_public_key, no_peer, nothing },
	{ "private-key", false, field_private_key, no_peer, nothing },
	{ "listen-port", false, field_port, no_peer, nothing },
	{ "fwmark", false, field_fwmark, no_peer, nothing },
	{ "peers", false, nothing, field_peer, nothing },
	{ "preshared-keys", false, nothing, field_preshared_key, nothing },
	{ "endpoints", false, nothing, field_endpoint, nothing },
	{ "allowed-ips", false, nothing, field_allowed, nothing },
	{ "latest-handshakes", false, nothing, field_handshake, nothing },
	{ "transfer", false, nothing, field_transfer, nothing },
	{ "persistent-keepalive", false, nothing, field_keepalive, nothing },
};

const struct report_view *report_wg_field(const char *name)
{
	if (!strcmp(name, as_dump.name))
		return &as_dump;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcmp(name, fields[i].name))
			return &fields[i];
	return NULL;
}
