#include "conf/hostname.h"

#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void hostname_of(const struct conf_set *set, char dst[static ENV_HOSTNAME_LEN])
{
	const struct vpn_conf *vpn = &set->vpn;
	const char *name = set->clustered && vpn->own >= 0 ? vpn->peers[vpn->own].name : "";
	size_t len = 0;

	if (set->env.hostname[0]) {
		memmove(dst, set->env.hostname, ENV_HOSTNAME_LEN);
		return;
	}
	for (; *name && len < ENV_HOSTNAME_LEN - 1; name++)
		if (is_letter(*name) || (len && dst[len - 1] != '-'))
			dst[len++] = (char)(is_letter(*name) ? *name : '-');
	while (len && dst[len - 1] == '-')
		len--;
	dst[len] = '\0';
}
