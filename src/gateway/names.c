#include "gateway/names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/hostname.h"

#define UNNAMED "(none)" /* what the kernel calls a host that no one has named */

enum { LINE_LEN = VPN_NAME_LEN + INET_ADDR_STRLEN + 4 };

/* As one word. */
static void add_word(struct text *to, const char *name)
{
	char word[VPN_NAME_LEN];
	size_t len = 0;

	for (; len < sizeof(word) - 1 && name[len]; len++)
		word[len] = (char)(name[len] > ' ' && name[len] < 0x7f ? name[len] : '_');
	text_add(to, "%.*s", (int)len, word);
}

bool names_fits(const char *name, const char *word)
{
	char bytes[VPN_NAME_LEN];
	struct text as_word;

	text_init(&as_word, bytes, sizeof(bytes));
	add_word(&as_word, name);
	return *name && (!strcmp(name, word) || !strcmp(bytes, word));
}

/* The appliance itself; the host of a container, or a plain one, has a name of its own. */
static void name_host(const struct conf_set *set)
{
	char name[ENV_HOSTNAME_LEN], is[ENV_HOSTNAME_LEN + 1] = "";

	hostname_of(set, name);
	if (!name[0])
		text_format(name, sizeof(name), UNNAMED);
	if (gethostname(is, sizeof(is) - 1) == 0 && !strcmp(is, name))
		return;
	if (sethostname(name, strlen(name)) < 0)
		log_err("this host cannot be called %s: %s", name, strerror(errno));
}

void names_write(const struct conf_set *set, bool instead, const char *run_dir)
{
	static char bytes[(VPN_PEERS_MAX + 1) * LINE_LEN];
	const struct vpn_conf *vpn = &set->vpn;
	char path[256], address[INET_ADDR_STRLEN];
	struct text to;
	int err;

	text_init(&to, bytes, sizeof(bytes));
	if (set->env.hostname[0])
		add_word(&to, set->env.hostname);
	else if (set->clustered && vpn->own >= 0)
		add_word(&to, vpn->peers[vpn->own].name);
	text_add(&to, "%s\n", set->clustered && instead ? "(fallback)" : "");
	for (int i = 0; set->clustered && i < vpn->peer_count; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];

		if (i == vpn->own)
			continue;
		text_add(&to, "%s ", peer->allowed_count
					     ? inet_addr_text(&vpn->allowed[peer->allowed_first].prefix.addr, address)
					     : "-");
		add_word(&to, peer->name);
		text_add(&to, "\n");
	}
	text_format(path, sizeof(path), "%s/" NAMES_FILE, run_dir);
	err = file_put(path, bytes, strlen(bytes));
	if (err < 0)
		log_err("cannot write %s: %s", path, strerror(-err));
	if (log_is_kernels())
		name_host(set);
}
