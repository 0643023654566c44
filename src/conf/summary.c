#include "conf/summary.h"

#include "base/text.h"

const char *conf_set_summary(const struct conf_set *set, const struct diag *diag, char dst[static CONF_SUMMARY_LEN])
{
	char addr[INET_PREFIX_STRLEN], counts[48];
	struct text text;
	unsigned peers = set->vpn.peer_count - (set->vpn.own >= 0 ? 1u : 0u);

	(void)diag_summary(diag, counts, sizeof(counts));
	text_init(&text, dst, CONF_SUMMARY_LEN);
	if (diag->error_count)
		text_add(&text, "%s: nothing was applied, what runs keeps running", counts);
	else if (!set->clustered)
		text_add(&text, "not clustered: no VPN");
	else
		text_add(&text, "ok: %s, %u peer%s, ports %u and %u", inet_prefix_text(&set->env.vpn_address, addr), peers,
			 text_plural(peers), set->vpn.listen_port, set->env.dataplane_port);
	if (!diag->error_count && diag->warning_count)
		text_add(&text, " (%s)", counts);
	return dst;
}
