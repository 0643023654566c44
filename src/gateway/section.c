#include "gateway/section.h"

#include <string.h>

#include "crypto/key.h"

enum { PORT_DEFAULT = 4567 };

/* As the section that is there has it, or by the first address of network.conf. */
static void add_endpoint(struct text *out, const struct amend *change, const struct vpn_peer *own)
{
	const struct network_conf *network = &change->now.network;
	const struct vpn_conf *vpn = &change->now.vpn;
	unsigned port = vpn->port_line && vpn->listen_port ? vpn->listen_port : PORT_DEFAULT;
	char addr[INET_ADDR_STRLEN];
	const char *host = NULL;

	for (size_t i = 0; i < network->nic_count && !host; i++)
		if (network->nics[i].address_count)
			host = inet_addr_text(&network->nics[i].addresses[0].addr, addr);
	if (own && own->host[0]) {
		host = own->host;
		port = own->port;
	}
	if (host)
		text_add(out, strchr(host, ':') ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n", host, port);
	else
		text_add(out, "# Endpoint = the address that the others reach, :%u\n", port);
}

void section_write(const struct amend *change, const uint8_t public_key[static VPN_KEY_LEN], const char *name,
		   char dst[static SECTION_LEN])
{
	const struct vpn_peer *own = amend_own_peer(change);
	const struct env_conf *env = &change->now.env;
	char key[KEY_BASE64_LEN], addr[INET_ADDR_STRLEN];
	struct text out;

	if (own && !*name)
		name = own->name;
	key_to_base64(public_key, key);
	text_init(&out, dst, SECTION_LEN);
	text_add(&out, "[Peer]%s%s\nPublicKey = %s\n", *name ? " # " : "", name, key);
	if (env->address_line)
		text_add(&out, "AllowedIPs = %s/%u\n", inet_addr_text(&env->vpn_address.addr, addr),
			 inet_bits(env->vpn_address.addr.family));
	else
		text_add(&out, "# AllowedIPs = the VPN address of this instance\n");
	add_endpoint(&out, change, own);
}
