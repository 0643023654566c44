#include <string.h>

#include "conf/endpoint.h"
#include "conf/ini.h"
#include "conf/value.h"
#include "conf/vpn.h"
#include "conf/wg_quick.h"
#include "crypto/x25519.h"

enum { PUBLIC_KEY, ALLOWED_IPS, ENDPOINT, PERSISTENT_KEEPALIVE, PRESHARED_KEY };

struct reader {
	struct vpn_conf *conf;
	struct vpn_peer *peer; /* the section being read */
	bool prefixes_full;    /* reported once */
};

static void name_peer(struct vpn_peer *peer, struct slice comment)
{
	size_t len = comment.len;

	if (len >= sizeof(peer->name))
		for (len = sizeof(peer->name) - 1; len && (comment.ptr[len] & 0xc0) == 0x80; len--)
			; /* not in the middle of a UTF-8 character */
	memcpy(peer->name, comment.ptr, len);
	peer->name[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (peer->name[i] == '\t')
			peer->name[i] = ' ';
}

static bool open_peer(const struct conf_place *at, struct slice comment)
{
	struct reader *reader = at->model;
	struct vpn_conf *conf = reader->conf;

	if (conf->peer_count == VPN_PEERS_MAX) {
		if (reader->peer)
			diag_error(at->diag, at->format->file, at->line,
				   "more than %d [Peer] sections: nothing from here on was read", VPN_PEERS_MAX);
		reader->peer = NULL;
		return false;
	}
	reader->peer = &conf->peers[conf->peer_count++];
	*reader->peer = (struct vpn_peer){ .line = at->line, .allowed_first = conf->allowed_count };
	name_peer(reader->peer, comment);
	return true;
}

/* As tools beside wg(8) have it: # friendly_name = NAME, in a line of the section. */
static void read_comment(const struct conf_place *at, struct slice comment)
{
	struct vpn_peer *peer = ((struct reader *)at->model)->peer;
	struct slice name;

	slice_cut(&comment, '=', &name);
	if (comment.ptr && !peer->name[0] && slice_equal(slice_trim(name), "friendly_name"))
		name_peer(peer, slice_trim(comment));
}

static void close_peer(const struct conf_place *at)
{
	((struct reader *)at->model)->peer->endpoint_line = at->key_lines[ENDPOINT];
}

static void parse_public_key(const struct conf_place *at, struct slice value)
{
	struct vpn_peer *peer = ((struct reader *)at->model)->peer;

	peer->key_line = at->line;
	if (!value_key(at, value, peer->public_key))
		wipe(peer->public_key, sizeof(peer->public_key));
	else if (x25519_is_small_order(peer->public_key)) /* the kernel takes it, and never shakes hands */
		value_error_unless_ran(at, value, "the public key of no one: there is no handshake with it");
}

static void parse_preshared_key(const struct conf_place *at, struct slice value)
{
	struct reader *reader = at->model;
	struct vpn_peer *peer = reader->peer;

	if (!reader->conf->preshared_line)
		reader->conf->preshared_line = at->line;
	peer->has_preshared_key = value_key(at, value, peer->preshared_key);
}

static bool check_prefix(const struct conf_place *at, struct slice value, const struct inet_prefix *prefix)
{
	struct inet_prefix network = { inet_prefix_first(prefix), prefix->len };
	char text[INET_PREFIX_STRLEN];

	if (!prefix->len) {
		value_error(at, value, "would take every address; expected the VPN address of this peer, /%u",
			    inet_bits(prefix->addr.family));
		return false;
	}
	if (!inet_prefix_equal(prefix, &network)) {
		value_error(at, value, "an address with the length of a network; expected /%u for the address, or %s",
			    inet_bits(prefix->addr.family), inet_prefix_text(&network, text));
		return false;
	}
	return true;
}

static void parse_allowed_ips(const struct conf_place *at, struct slice value)
{
	struct reader *reader = at->model;
	struct vpn_conf *conf = reader->conf;
	struct inet_prefix prefix;
	bool has_len;

	if (!value_prefix(at, value, &prefix, &has_len) || !check_prefix(at, value, &prefix))
		return;
	if (conf->allowed_count == VPN_PREFIXES_MAX) {
		if (!reader->prefixes_full)
			diag_error(at->diag, at->format->file, at->line,
				   "more than %d AllowedIPs in all: those from here on were not read",
				   VPN_PREFIXES_MAX);
		reader->prefixes_full = true;
		return;
	}
	conf->allowed[conf->allowed_count++] = (struct vpn_allowed){ prefix, at->line };
	reader->peer->allowed_count++;
}

static void parse_endpoint(const struct conf_place *at, struct slice value)
{
	endpoint_parse(at, value, ((struct reader *)at->model)->peer);
}

static void parse_keepalive(const struct conf_place *at, struct slice value)
{
	struct vpn_peer *peer = ((struct reader *)at->model)->peer;
	uint64_t seconds;

	if (slice_equal_nocase(value, "off"))
		return;
	if (text_uint(value, UINT16_MAX, &seconds) < 0)
		value_error(at, value, "expected %s, without a unit", at->key->syntax);
	else
		peer->keepalive_s = (uint16_t)seconds;
}

static const struct conf_section sections[] = {
	{ "Peer", false, "no [Peer] in this file; expected one for each instance of the cluster, this one too",
	  open_peer, close_peer },
};

static const struct conf_key keys[] = {
	[PUBLIC_KEY] = { "Peer", "PublicKey", KEY_REQUIRED | KEY_SECRET, "KEY (44 characters of base64)", "",
			 "Public key of the instance. The section with our own is this instance, never a peer.",
			 parse_public_key },
	[ALLOWED_IPS] = { "Peer", "AllowedIPs", KEY_REQUIRED | KEY_LIST | KEY_REPEATABLE,
			  "ADDRESS/32 or NETWORK/LENGTH, commas between", "",
			  "Addresses of the instance inside the VPN; each belongs to one instance only.",
			  parse_allowed_ips },
	[ENDPOINT] = { "Peer", "Endpoint", 0, "HOST:PORT", "none: the instance can only call us",
		       "External address or name of the instance and its ListenPort; [ADDRESS]:PORT for IPv6. The "
		       "dataplane takes "
		       "the same host with DATA_PLANE_VPN_PORT.",
		       parse_endpoint },
	[PERSISTENT_KEEPALIVE] = { "Peer", "PersistentKeepalive", 0, "0..65535 seconds or off", "off",
				   "Sends an empty packet that often, for a NAT between.", parse_keepalive },
	[PRESHARED_KEY] = { "Peer", "PresharedKey", KEY_SECRET, "KEY (44 characters of base64)", "none",
			    "Further secret of this instance and the peer, as `wg genpsk` makes it.",
			    parse_preshared_key },
};

static const struct conf_hint hints[] = {
	{ "PrivateKey",
	  "a private key in the file that all instances share: replace this key, others have seen it "
	  "(new one by wg genkey, into " VPN_PRIVATE_FILE "; its public key here)",
	  true },
	WG_QUICK_HINTS,
	{ "Name", "write the name behind the section: [Peer] # NAME", false },
	{ "[Interface]", "stands in " VPN_PRIVATE_FILE ", which stays on its instance; here are only [Peer] sections",
	  false },
};

const struct conf_format vpn_public_format = {
	.file = VPN_PUBLIC_FILE,
	.comment = read_comment,
	.sections = sections,
	.section_count = sizeof(sections) / sizeof(sections[0]),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.hints = hints,
	.hint_count = sizeof(hints) / sizeof(hints[0]),
};

const struct vpn_peer *vpn_find_peer(const struct vpn_conf *conf, const uint8_t public_key[static VPN_KEY_LEN])
{
	size_t at = 0;

	return vpn_find_near(conf, public_key, &at);
}

const struct vpn_peer *vpn_find_near(const struct vpn_conf *conf, const uint8_t public_key[static VPN_KEY_LEN], size_t *at)
{
	for (size_t i = 0; i < conf->peer_count; i++) {
		size_t place = (*at + i) % conf->peer_count;

		if (memcmp(conf->peers[place].public_key, public_key, VPN_KEY_LEN) != 0)
			continue;
		*at = place;
		return &conf->peers[place];
	}
	return NULL;
}

void vpn_public_parse(struct vpn_conf *conf, const char *text, size_t len, struct diag *diag)
{
	struct reader reader = { .conf = conf };

	ini_parse(&vpn_public_format, &reader, text, len, diag);
}
