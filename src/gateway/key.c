#include "gateway/key.h"

#include <stdio.h>
#include <string.h>

#include "base/here.h"
#include "base/terminal.h"
#include "conf/edit.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "gateway/amend.h"
#include "gateway/operands.h"
#include "gateway/section.h"

enum { EXIT_USAGE = 2, PORT_DEFAULT = 4567, LINES_LEN = 256 };

static int usage(void)
{
	(void)fprintf(stderr, "usage: key show | key new [--force]\n");
	return EXIT_USAGE;
}

/* What every instance needs in its vpn-public.conf, this one too. */
static void print_section(const uint8_t public_key[static KEY_LEN])
{
	char section[SECTION_LEN];

	section_write(&the_change, public_key, "", section);
	(void)fputs(section, stdout);
}

static int show_key(void)
{
	if (!amend_has_key(&the_change)) {
		(void)fprintf(stderr, "key: there is none in " VPN_PRIVATE_FILE "; `%skey new` makes one\n", here_program());
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
	char lines[LINES_LEN];
	ssize_t len;

	if (section)
		return edit_set(before, section, "PrivateKey", slice_of(text), the_change.bytes, sizeof(the_change.bytes));
	text_format(lines, sizeof(lines), "[Interface]\nListenPort = %d\nPrivateKey = %s\n", PORT_DEFAULT, text);
	len = edit_add(before, 0, slice_of(lines), the_change.bytes, sizeof(the_change.bytes));
	wipe(lines, sizeof(lines));
	return len;
}

/* The line of our own section, 0: there is none. One that has only the key that was ours, and another address than ours, is of the machine
 * that this one is a copy of. */
static unsigned own_line(const uint8_t was[static KEY_LEN])
{
	const struct vpn_peer *own = amend_own_peer(&the_change);
	const struct env_conf *env = &the_change.now.env;

	if (env->address_line)
		return own && amend_has_address(&the_change, own, &env->vpn_address.addr) ? own->line : 0;
	if (!own && !key_is_zero(was))
		own = vpn_find_peer(&the_change.now.vpn, was);
	return own ? own->line : 0;
}

/* Our own section gets the key too, wherever it stands by now. Other instances need it as well. */
static int put_public(const char *dir, const uint8_t public_key[static KEY_LEN])
{
	uint8_t was[KEY_LEN];
	char text[KEY_BASE64_LEN];
	unsigned line;

	memcpy(was, the_change.now.vpn.public_key, sizeof(was));
	if (!amend_open(&the_change, "key", dir))
		return 1;
	line = own_line(was);
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
	if (amend_has_key(&the_change) && !force) {
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
