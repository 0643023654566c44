#include "gateway/key.h"

#include <stdio.h>
#include <string.h>

#include "base/terminal.h"
#include "conf/edit.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "gateway/amend.h"
#include "gateway/operands.h"

enum { EXIT_USAGE = 2, PORT_DEFAULT = 4567, SECTION_LEN = 256 };

static int usage(void)
{
	(void)fprintf(stderr, "usage: key show | key new [--force]\n");
	return EXIT_USAGE;
}

static bool has_key(void)
{
	return the_change.now.vpn.private_key_line && !key_is_zero(the_change.now.vpn.private_key);
}

static void print_endpoint(const struct vpn_peer *own, unsigned port)
{
	const struct network_conf *network = &the_change.now.network;
	char text[INET_ADDR_STRLEN];

	if (own && own->host[0]) {
		printf(strchr(own->host, ':') ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n", own->host, (unsigned)own->port);
		return;
	}
	for (size_t i = 0; i < network->nic_count; i++)
		if (network->nics[i].address_count) {
			const struct inet_addr *addr = &network->nics[i].addresses[0].addr;

			printf(addr->family == AF_INET6 ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n", inet_addr_text(addr, text), port);
			return;
		}
	printf("# Endpoint = the address that the others reach, :%u\n", port);
}

/* What every instance needs in its vpn-public.conf, this one too. */
static void print_section(const uint8_t public_key[static KEY_LEN])
{
	const struct vpn_conf *vpn = &the_change.now.vpn;
	const struct env_conf *env = &the_change.now.env;
	const struct vpn_peer *own = amend_own_peer(&the_change);
	char key[KEY_BASE64_LEN], text[INET_ADDR_STRLEN];

	key_to_base64(public_key, key);
	printf("[Peer]%s%s\nPublicKey = %s\n", own && own->name[0] ? " # " : "", own ? own->name : "", key);
	if (env->address_line)
		printf("AllowedIPs = %s/%u\n", inet_addr_text(&env->vpn_address.addr, text), inet_bits(env->vpn_address.addr.family));
	else
		printf("# AllowedIPs = the VPN address of this instance\n");
	print_endpoint(own, vpn->port_line && vpn->listen_port ? vpn->listen_port : PORT_DEFAULT);
}

static int show_key(void)
{
	if (!has_key()) {
		(void)fprintf(stderr, "key: there is none in " VPN_PRIVATE_FILE "; `key new` makes one\n");
		return 1;
	}
	print_section(the_change.now.vpn.public_key);
	return 0;
}

/* Of vpn-private.conf with that key: its length, in the_change.bytes. */
static ssize_t put_key(const char *text)
{
	struct slice before = amend_text(&the_change, CONF_PRIVATE);
	unsigned section = edit_section(before, "Interface", 0, NULL);
	char lines[SECTION_LEN];
	ssize_t len;

	if (section)
		return edit_set(before, section, "PrivateKey", slice_of(text), the_change.bytes, sizeof(the_change.bytes));
	text_format(lines, sizeof(lines), "[Interface]\nListenPort = %d\nPrivateKey = %s\n", PORT_DEFAULT, text);
	len = edit_add(before, 0, slice_of(lines), the_change.bytes, sizeof(the_change.bytes));
	wipe(lines, sizeof(lines));
	return len;
}

/* Our own section gets the key too, the four files being read anew. Other instances need it as well. */
static int put_public(const char *dir, const uint8_t public_key[static KEY_LEN])
{
	const struct vpn_peer *own = amend_own_peer(&the_change); /* by the key that was, or the address */
	unsigned line = own ? own->line : 0;
	char text[KEY_BASE64_LEN];

	amend_close(&the_change);
	if (!amend_open(&the_change, "key", dir))
		return 1;
	if (!line)
		return 0;
	key_to_base64(public_key, text);
	return amend_keep(&the_change, CONF_PUBLIC,
			  edit_set(amend_text(&the_change, CONF_PUBLIC), line, "PublicKey", slice_of(text), the_change.bytes,
				   sizeof(the_change.bytes)),
			  "PublicKey");
}

static int new_key(const char *dir, bool force)
{
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];
	char text[KEY_BASE64_LEN];
	bool go = true;
	int status;

	terminal_open();
	if (has_key() && !force) {
		printf("there is a key: with another one no peer takes this instance before it has the\nnew section\n");
		go = terminal_yes("replace it (yes/no)?");
	}
	terminal_restore();
	if (!go) {
		(void)fprintf(stderr, "key: it is as it was\n");
		return 1;
	}
	status = random_bytes(private_key, sizeof(private_key));
	if (status < 0) {
		(void)fprintf(stderr, "key: no random bytes: %s\n", strerror(-status));
		return 1;
	}
	x25519_clamp(private_key);
	x25519_public(public_key, private_key);
	key_to_base64(private_key, text);
	wipe(private_key, sizeof(private_key));
	status = amend_keep(&the_change, CONF_PRIVATE, put_key(text), "PrivateKey");
	wipe(text, sizeof(text));
	if (!status)
		status = put_public(dir, public_key);
	if (!status) {
		printf("for " VPN_PUBLIC_FILE " of every instance, this one too:\n\n");
		print_section(public_key);
	}
	return status;
}

int key_main(int argc, char **argv)
{
	const char *dir = operand_dir(&argc, argv), *verb = argc > 1 ? argv[1] : "";
	bool make = !strcmp(verb, "new"), force = argc == 3 && !strcmp(argv[2], "--force");
	int status;

	if ((argc != 2 && !(make && force)) || (!make && strcmp(verb, "show") != 0))
		return usage();
	if (!amend_open(&the_change, "key", dir))
		return 1;
	status = make ? new_key(dir, force) : show_key();
	amend_close(&the_change);
	return status;
}
