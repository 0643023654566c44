#include "gateway/peer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/here.h"
#include "base/terminal.h"
#include "conf/edit.h"
#include "conf/keys.h"
#include "crypto/key.h"
#include "gateway/amend.h"
#include "gateway/operands.h"
#include "gateway/typed.h"

enum { EXIT_USAGE = 2, SECTION_LEN = 1 << 16, NAMES_SHOWN = 12, VALUE_LEN = 2048 };

static int usage(void)
{
	(void)fprintf(stderr, "usage: peer add | peer remove NAME | peer set NAME KEY VALUE | peer unset NAME KEY\n");
	return EXIT_USAGE;
}

/* Which peer is called so, or has that VPN address; NULL after it told that none is, or several. */
static const struct vpn_peer *find_peer(const char *name)
{
	const struct vpn_conf *vpn = &the_change.now.vpn;
	const struct vpn_peer *found = NULL;
	struct inet_addr addr;
	bool is_addr = !inet_addr_parse(slice_of(name), &addr);
	size_t count = 0, shown = 0;

	for (int i = 0; i < vpn->peer_count; i++)
		if (is_addr ? amend_has_address(&the_change, &vpn->peers[i], &addr) : !strcasecmp(vpn->peers[i].name, name)) {
			found = &vpn->peers[i];
			count++;
		}
	if (count == 1)
		return found;
	(void)fprintf(stderr, "peer: %s is called %s;", count ? "more than one" : "none", name);
	for (int i = 0; i < vpn->peer_count && shown < NAMES_SHOWN; i++)
		if (count ? !strcasecmp(vpn->peers[i].name, name) : vpn->peers[i].name[0] != '\0') {
			const struct vpn_peer *peer = &vpn->peers[i];
			char text[INET_ADDR_STRLEN] = "one without AllowedIPs";

			if (count && peer->allowed_count)
				inet_addr_text(&vpn->allowed[peer->allowed_first].prefix.addr, text);
			(void)fprintf(stderr, "%s %s", shown++ ? "," : " expected", count ? text : peer->name);
		}
	(void)fprintf(stderr, "%s\n", shown ? "" : " no [Peer] has a name: by its VPN address");
	return NULL;
}

static const struct conf_key *find_key(const char *name)
{
	for (size_t i = 0; i < vpn_public_format.key_count; i++)
		if (slice_equal_nocase(slice_of(name), vpn_public_format.keys[i].name))
			return &vpn_public_format.keys[i];
	(void)fprintf(stderr, "peer: no key of a peer is called %s; expected", name);
	for (size_t i = 0; i < vpn_public_format.key_count; i++)
		(void)fprintf(stderr, "%s %s", i ? "," : "", vpn_public_format.keys[i].name);
	(void)fprintf(stderr, "\n");
	return NULL;
}

/* Others may see a public key; not the private one of this instance in its place. */
static bool is_public(const struct conf_key *key, const char *value)
{
	const struct vpn_conf *vpn = &the_change.now.vpn;
	uint8_t bytes[KEY_LEN];
	bool fine = !strcmp(key->name, "PublicKey") &&
		    (key_from_base64(value, strlen(value), bytes) < 0 || !vpn->private_key_line || !ct_equal(bytes, vpn->private_key, KEY_LEN));

	wipe(bytes, sizeof(bytes));
	return fine;
}

static int set_key(int argc, char **argv, bool unset)
{
	const struct vpn_peer *peer = find_peer(argv[2]);
	const struct conf_key *key = peer ? find_key(argv[3]) : NULL;
	struct slice text = amend_text(&the_change, CONF_PUBLIC);
	char value[VALUE_LEN] = "";
	struct text joined;
	ssize_t len;

	if (!key)
		return 1;
	if (key->flags & KEY_SECRET && (!unset || argc > 4) && !is_public(key, argc > 4 ? argv[4] : "")) {
		(void)fprintf(stderr, "peer: a key is no word of a command, which others see; expected it in `%swrite " VPN_PUBLIC_FILE "`\n",
			      here_program());
		return 1;
	}
	text_init(&joined, value, sizeof(value));
	for (int i = 4; i < argc; i++)
		text_add(&joined, "%s%s", joined.len ? " " : "", argv[i]);
	if (joined.truncated)
		return usage();
	len = unset ? edit_unset(text, peer->line, key->name, slice_of(value), the_change.bytes, sizeof(the_change.bytes))
		    : edit_set(text, peer->line, key->name, slice_of(value), the_change.bytes, sizeof(the_change.bytes));
	return amend_keep(&the_change, CONF_PUBLIC, len, key->name);
}

static int remove_peer(const char *name)
{
	const struct vpn_peer *peer = find_peer(name);

	if (!peer)
		return 1;
	if (amend_own_peer(&the_change) == peer)
		printf("this is the section of this instance itself: without it a file names\n"
		       "no one that peers may take; `%skey show` prints it again\n", here_program());
	return amend_keep(&the_change, CONF_PUBLIC,
			   edit_remove(amend_text(&the_change, CONF_PUBLIC), peer->line, the_change.bytes, sizeof(the_change.bytes)), name);
}

/* [Peer] and its keys, comments before it, and no other section. */
static bool is_one_section(struct slice text)
{
	struct slice line;
	size_t count = 0;

	if (!edit_section(text, "Peer", 0, NULL))
		return false;
	while (slice_cut(&text, '\n', &line)) {
		line = slice_trim(line);
		count += slice_starts(line, "[");
		if (!count && line.len && line.ptr[0] != '#')
			return false;
	}
	return count == 1;
}

static int add_peer(void)
{
	static char bytes[SECTION_LEN];
	struct slice lines = { bytes, 0 };
	int status = 1;

	terminal_open();
	if (isatty(STDIN_FILENO))
		printf("paste one [Peer] section, then a line with a single . (Ctrl-C: all stays)\n");
	(void)fflush(stdout);
	if (!isatty(STDIN_FILENO))
		lines.len = fread(bytes, 1, sizeof(bytes) - 1, stdin);
	else if (typed_lines(bytes, sizeof(bytes) - 1, &lines.len) < 0)
		lines.len = 0;
	terminal_restore();
	if (lines.len && bytes[lines.len - 1] != '\n')
		bytes[lines.len++] = '\n';
	if (!is_one_section(lines))
		(void)fprintf(stderr, "peer: that is no [Peer] section, or not one alone; nothing is changed\n");
	else
		status = amend_keep(&the_change, CONF_PUBLIC,
				     edit_add(amend_text(&the_change, CONF_PUBLIC), 0, lines, the_change.bytes, sizeof(the_change.bytes)),
				     "the section");
	wipe(bytes, sizeof(bytes));
	return status;
}

int peer_main(int argc, char **argv)
{
	const char *dir = operand_dir(&argc, argv), *verb = argc > 1 ? argv[1] : "";
	bool add = argc == 2 && !strcmp(verb, "add"), drop = argc == 3 && !strcmp(verb, "remove");
	bool set = argc >= 5 && !strcmp(verb, "set"), unset = argc >= 4 && !strcmp(verb, "unset");
	int status;

	if (!add && !drop && !set && !unset)
		return usage();
	if (!amend_open(&the_change, "peer", dir))
		return 1;
	if (add)
		status = add_peer();
	else if (drop)
		status = remove_peer(argv[2]);
	else
		status = set_key(argc, argv, unset);
	amend_close(&the_change);
	return status;
}
