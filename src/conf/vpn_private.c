#include <string.h>

#include "conf/ini.h"
#include "conf/value.h"
#include "conf/vpn.h"
#include "conf/wg_quick.h"
#include "crypto/x25519.h"

static void parse_listen_port(const struct conf_place *at, struct slice value)
{
	struct vpn_conf *conf = at->model;

	conf->port_line = at->line;
	value_port(at, value, &conf->listen_port);
}

static void parse_private_key(const struct conf_place *at, struct slice value)
{
	struct vpn_conf *conf = at->model;

	conf->private_key_line = at->line;
	if (!value_key(at, value, conf->private_key)) {
		wipe(conf->private_key, sizeof(conf->private_key));
		return;
	}
	/* As the kernel keeps it: compared with another form of the same key it would seem to have changed. */
	x25519_clamp(conf->private_key);
	x25519_public(conf->public_key, conf->private_key);
}

static const struct conf_section sections[] = {
	{ "Interface", true, "no [Interface] in this file; expected [Interface] with ListenPort and PrivateKey", NULL,
	  NULL },
};

static const struct conf_key keys[] = {
	{ "Interface", "ListenPort", KEY_REQUIRED, "1..65535", "",
	  "UDP port of the management path; must be open for the other instances.", parse_listen_port },
	{ "Interface", "PrivateKey", KEY_REQUIRED | KEY_SECRET, "KEY (44 characters of base64)", "",
	  "Private key of this instance, as `wg genkey` makes it; stands in no other file.", parse_private_key },
};

static const struct conf_hint hints[] = {
	WG_QUICK_HINTS,
	{ "[Peer]", "instances stand in " VPN_PUBLIC_FILE ", this one too; here is only [Interface]", false },
};

const struct conf_format vpn_private_format = {
	.file = VPN_PRIVATE_FILE,
	.secret = true,
	.sections = sections,
	.section_count = sizeof(sections) / sizeof(sections[0]),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.hints = hints,
	.hint_count = sizeof(hints) / sizeof(hints[0]),
};

void vpn_conf_init(struct vpn_conf *conf)
{
	/* Only what was filled: most of the table is never touched and costs no memory. */
	wipe(conf->peers, conf->peer_count * sizeof(conf->peers[0]));
	wipe(conf->private_key, sizeof(conf->private_key));
	memset(conf->public_key, 0, sizeof(conf->public_key));
	conf->port_line = conf->private_key_line = conf->preshared_line = 0;
	conf->listen_port = conf->peer_count = conf->allowed_count = 0;
	conf->own = -1;
}

void vpn_private_parse(struct vpn_conf *conf, const char *text, size_t len, struct diag *diag)
{
	ini_parse(&vpn_private_format, conf, text, len, diag);
}
