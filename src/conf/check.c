/* What needs more than one line or file to see: files against each other and the host, peers against each other. */
#include <string.h>

#include "base/text.h"
#include "conf/nics.h"
#include "conf/overlap.h"
#include "conf/reach.h"
#include "conf/set.h"
#include "conf/value.h"
#include "crypto/x25519.h"

#define PUBLISHED "where docker-compose.yml publishes that port, `ports` there is to change too, then `docker-compose up -d`"

struct check {
	const struct conf_set *set;
	const struct conf_facts *facts;
	struct inet_prefix network; /* family 0 when MITIGATOR_VPN_ADDRESS is missing or wrong */
	bool strict;
	struct diag *diag;
};

bool conf_isolated(const struct env_conf *env, const struct conf_facts *facts)
{
	return !facts->contained && (env->isolation == ENV_ISOLATION_ON || (env->isolation == ENV_ISOLATION_AUTO && !facts->mellanox));
}

static void check_inputs(const struct check *check)
{
	const struct {
		const char *file, *missing;
		bool present;
	} rows[] = {
		{ VPN_PRIVATE_FILE, "the file is missing", check->set->texts[CONF_PRIVATE].present },
		{ VPN_PUBLIC_FILE, "the file is missing", check->set->texts[CONF_PUBLIC].present },
		{ ENV_FILE, "MITIGATOR_VPN_ADDRESS is missing",
		  check->set->env.address_line || check->set->env.unread },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].present)
			diag_error(check->diag, rows[i].file, 1,
				   "%s, a half-configured cluster; expected all of " VPN_PRIVATE_FILE
				   ", " VPN_PUBLIC_FILE " and MITIGATOR_VPN_ADDRESS in " ENV_FILE ", or none",
				   rows[i].missing);
}

/* Where MITIGATOR_VPN_ADDRESS is from. */
static const char *address_file(const struct check *check)
{
	return env_file_of(&check->set->env, ENV_KEY_ADDRESS);
}

static void check_ports(const struct check *check)
{
	const struct env_conf *env = &check->set->env;
	const struct vpn_conf *vpn = &check->set->vpn;
	struct text where;
	char buf[64];

	if (!vpn->listen_port || vpn->listen_port != env->dataplane_port)
		return;
	text_init(&where, buf, sizeof(buf));
	if (env->port_line)
		text_add(&where, "%s:%u", env_file_of(env, ENV_KEY_PORT), env->port_line);
	else
		text_add(&where, "the default, as " ENV_FILE " sets none");
	diag_error(check->diag, VPN_PRIVATE_FILE, vpn->port_line,
		   "ListenPort %u is DATA_PLANE_VPN_PORT too (%s): each path needs a port of its own", vpn->listen_port,
		   buf);
}

/* Which ports compose publishes no one in the container can see. */
static void check_published(const struct check *check)
{
	const struct conf_set *former = check->facts->former, *set = check->set;
	const char *env_file = env_file_of(&set->env, ENV_KEY_PORT);

	if (!check->facts->contained || !former || !former->clustered)
		return;
	if (set->vpn.listen_port && set->vpn.listen_port != former->vpn.listen_port)
		diag_warning(check->diag, VPN_PRIVATE_FILE, set->vpn.port_line, "ListenPort was %u: " PUBLISHED, former->vpn.listen_port);
	if (set->env.dataplane_port != former->env.dataplane_port)
		diag_warning(check->diag, env_file, set->env.port_line ? set->env.port_line : 1, "DATA_PLANE_VPN_PORT was %u: " PUBLISHED,
			     former->env.dataplane_port);
}

/* In whichever of its forms: ours is clamped. */
static bool is_private_key(const struct vpn_conf *vpn, const uint8_t key[static VPN_KEY_LEN])
{
	uint8_t clamped[VPN_KEY_LEN];
	bool same;

	memcpy(clamped, key, sizeof(clamped));
	x25519_clamp(clamped);
	same = ct_equal(clamped, vpn->private_key, VPN_KEY_LEN);
	wipe(clamped, sizeof(clamped));
	return same;
}

/* A private key that someone took for a public one. */
static void check_private_key_unshared(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;

	if (key_is_zero(vpn->private_key))
		return;
	for (size_t i = 0; i < vpn->peer_count; i++)
		if (is_private_key(vpn, vpn->peers[i].public_key) || is_private_key(vpn, vpn->peers[i].preshared_key))
			diag_error(check->diag, VPN_PUBLIC_FILE, vpn->peers[i].line,
				   "the private key of this instance in the file that all share: replace this key, "
				   "others have seen it (new one by wg genkey, into " VPN_PRIVATE_FILE
				   "; its public key here)");
}

static void check_in_network(const struct check *check, const struct vpn_allowed *allowed)
{
	const struct inet_prefix *prefix = &allowed->prefix, *network = &check->network;
	char text[INET_PREFIX_STRLEN], net[INET_PREFIX_STRLEN];
	const char *reserved = value_reserved(network, &prefix->addr);

	inet_prefix_text(prefix, text);
	inet_prefix_text(network, net);
	if (prefix->len < network->len || !inet_contains(network, &prefix->addr))
		diag_error(check->diag, VPN_PUBLIC_FILE, allowed->line,
			   "AllowedIPs %s are outside the VPN network %s of MITIGATOR_VPN_ADDRESS (%s:%u)", text, net,
			   address_file(check), check->set->env.address_line);
	else if (prefix->len == inet_bits(prefix->addr.family) && reserved)
		diag_error(check->diag, VPN_PUBLIC_FILE, allowed->line,
			   "AllowedIPs %s are the %s of the VPN network %s (%s:%u); expected another address", text, reserved, net,
			   address_file(check), check->set->env.address_line);
}

static int find_own(const struct vpn_conf *vpn)
{
	if (key_is_zero(vpn->public_key))
		return -1;
	for (int i = 0; i < vpn->peer_count; i++)
		if (!memcmp(vpn->peers[i].public_key, vpn->public_key, VPN_KEY_LEN))
			return i;
	return -1;
}

/* Every section has a key, so that none of them can be meant to be ours. */
static bool all_have_keys(const struct vpn_conf *vpn)
{
	for (size_t i = 0; i < vpn->peer_count; i++)
		if (key_is_zero(vpn->peers[i].public_key))
			return false;
	return vpn->peer_count != 0;
}

/* What says that another section is this instance: its address among the AllowedIPs. NULL: none does. */
static const struct vpn_allowed *find_own_address(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;
	const struct inet_addr *addr = &check->set->env.vpn_address.addr;

	for (int i = 0; i < vpn->peer_count && addr->family; i++)
		for (size_t j = 0; i != vpn->own && j < vpn->peers[i].allowed_count; j++)
			if (inet_contains(&vpn->allowed[vpn->peers[i].allowed_first + j].prefix, addr))
				return &vpn->allowed[vpn->peers[i].allowed_first + j];
	return NULL;
}

static void check_own_elsewhere(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;
	const struct vpn_allowed *found = find_own_address(check);
	char key[KEY_BASE64_LEN], text[INET_PREFIX_STRLEN];

	if (!found || key_is_zero(vpn->public_key))
		return;
	key_to_base64(vpn->public_key, key);
	diag_error_unless_ran(check->diag, VPN_PUBLIC_FILE, found->line,
			      "AllowedIPs %s: this is this instance's address; is it your own section with the old key? The key "
			      "of now is %s", inet_prefix_text(&found->prefix, text), key);
}

/* A section that was left behind when this instance got another key: it would run as a peer. */
static void check_former_key(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;
	const uint8_t *former = check->facts->former && check->facts->former->clustered ? check->facts->former->vpn.public_key : NULL;
	const struct vpn_peer *peer = former ? vpn_find_peer(vpn, former) : NULL;
	char key[KEY_BASE64_LEN];

	if (!peer || key_is_zero(vpn->public_key) || !memcmp(former, vpn->public_key, VPN_KEY_LEN))
		return;
	key_to_base64(vpn->public_key, key);
	diag_error(check->diag, VPN_PUBLIC_FILE, peer->key_line,
		   "this is the key that this instance had until now; is it your own section with the old key? The key of now is "
		   "%s", key);
}

static void check_own_present(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;
	char key[KEY_BASE64_LEN];

	if (vpn->own >= 0 || key_is_zero(vpn->public_key) || !all_have_keys(vpn) || find_own_address(check))
		return;
	key_to_base64(vpn->public_key, key);
	(check->strict ? diag_error : diag_warning)(check->diag, VPN_PUBLIC_FILE, 1,
						    "this instance is in no [Peer]; expected one with PublicKey = %s",
						    key);
}

/* Our own section has our address. */
static bool holds_own_address(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;
	const struct vpn_peer *own = &vpn->peers[vpn->own];

	for (size_t i = 0; i < own->allowed_count; i++)
		if (inet_contains(&vpn->allowed[own->allowed_first + i].prefix, &check->set->env.vpn_address.addr))
			return true;
	return false;
}

static void check_own_address(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;
	const struct env_conf *env = &check->set->env;
	const struct vpn_peer *own = &vpn->peers[vpn->own];
	char addr[INET_ADDR_STRLEN], prefix[INET_PREFIX_STRLEN];

	if (!env->vpn_address.addr.family || !own->allowed_count || holds_own_address(check))
		return;
	diag_error(check->diag, address_file(check), env->address_line,
		   "MITIGATOR_VPN_ADDRESS is %s, but this instance has AllowedIPs %s in " VPN_PUBLIC_FILE
		   ":%u; expected the same address in both",
		   inet_addr_text(&env->vpn_address.addr, addr),
		   inet_prefix_text(&vpn->allowed[own->allowed_first].prefix, prefix),
		   vpn->allowed[own->allowed_first].line);
}

static void check_own_port(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;
	const struct vpn_peer *own = &vpn->peers[vpn->own];

	if (own->port && vpn->listen_port && own->port != vpn->listen_port)
		diag_warning(check->diag, VPN_PUBLIC_FILE, own->endpoint_line,
			     "Endpoint of this instance has port %u, its ListenPort is %u (" VPN_PRIVATE_FILE
			     ":%u): right only when a NAT between changes it",
			     own->port, vpn->listen_port, vpn->port_line);
}

static void check_endpoints(const struct check *check)
{
	const struct vpn_conf *vpn = &check->set->vpn;

	char net[INET_PREFIX_STRLEN];

	inet_prefix_text(&check->network, net);
	for (int i = 0; i < vpn->peer_count; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];

		if (i != vpn->own && !peer->endpoint_line)
			diag_warning(check->diag, VPN_PUBLIC_FILE, peer->line,
				     "[Peer] has no Endpoint: this instance waits until that one calls");
		if (peer->addr.family && check->network.addr.family && inet_contains(&check->network, &peer->addr))
			diag_error_unless_ran(check->diag, VPN_PUBLIC_FILE, peer->endpoint_line,
					      "Endpoint %s is inside the VPN network %s (%s:%u); expected the address that the instance has "
					      "outside", peer->host, net, address_file(check), check->set->env.address_line);
	}
}

static void check_preshared_keys(const struct check *check)
{
	unsigned line = check->set->vpn.preshared_line;

	if (line && check->set->texts[CONF_PUBLIC].shared)
		diag_warning(check->diag, VPN_PUBLIC_FILE, line,
			     "PresharedKey in a file that others can read: the file is shared, so it is no secret of a pair");
}

/* Where the VPN network overlaps one that the host uses: what, and why it matters or not. */
static void report_overlap(const struct check *check, const char *file, unsigned line, const char *what)
{
	const struct env_conf *env = &check->set->env;
	const struct conf_facts *facts = check->facts;
	bool off = env->isolation == ENV_ISOLATION_OFF;

	if (conf_isolated(env, facts))
		diag_warning(check->diag, file, line, "%s: harmless while the dataplane is isolated", what);
	else if (facts->contained)
		diag_error_unless_ran(check->diag, file, line,
				      "%s, and a container's tunnel is in the same network; expected one that the host does not use", what);
	else
		diag_error_unless_ran(
			check->diag, file, line,
			"%s, and the dataplane is not isolated (%s%s); expected a network that the host does not use",
			what, off ? "DATA_PLANE_ISOLATION=off" : "Mellanox NIC ", off ? "" : facts->mellanox_where);
}

/* What network.conf is about to make, or made. */
static void check_own_routes(const struct check *check)
{
	const struct network_conf *network = &check->set->network;
	char net[INET_PREFIX_STRLEN], other[INET_PREFIX_STRLEN], what[192];

	inet_prefix_text(&check->network, net);
	for (size_t i = 0; i < network->nic_count; i++) {
		const struct network_nic *nic = &network->nics[i];

		if (nic->unmanaged)
			continue;
		for (size_t j = 0; j < nic->address_count; j++) {
			if (!inet_overlap(&check->network, &nic->addresses[j]))
				continue;
			text_format(what, sizeof(what), "Address %s is in a network that overlaps the VPN network %s (%s:%u)",
				    inet_prefix_text(&nic->addresses[j], other), net, address_file(check), check->set->env.address_line);
			report_overlap(check, NETWORK_FILE, nic->line, what);
		}
		for (size_t j = 0; j < nic->route_count; j++) {
			const struct network_route *route = &nic->routes[j];

			if (!route->destination.len || !inet_overlap(&check->network, &route->destination))
				continue;
			text_format(what, sizeof(what), "Destination %s overlaps the VPN network %s (%s:%u)",
				    inet_prefix_text(&route->destination, other), net, address_file(check),
				    check->set->env.address_line);
			report_overlap(check, NETWORK_FILE, route->line, what);
		}
	}
}

static bool is_of_network_conf(const struct network_conf *network, const struct inet_prefix *destination)
{
	for (size_t i = 0; i < network->nic_count; i++) {
		const struct network_nic *nic = &network->nics[i];

		if (nic->unmanaged)
			continue;
		for (size_t j = 0; j < nic->address_count; j++) {
			const struct inet_prefix on_link = { inet_prefix_first(&nic->addresses[j]), nic->addresses[j].len };

			if (inet_prefix_equal(&on_link, destination))
				return true;
		}
		for (size_t j = 0; j < nic->route_count; j++)
			if (inet_prefix_equal(&nic->routes[j].destination, destination))
				return true;
	}
	return false;
}

static bool is_of_dhcp(const struct check *check, const struct conf_route *route)
{
	const struct network_nic *nic = NULL;

	for (size_t i = 0; i < check->facts->link_count && !nic; i++) {
		const struct conf_link *link = &check->facts->links[i];

		if (!strcmp(link->name, route->device))
			nic = network_match(&check->set->network, link->name, link->mac, link->path);
	}
	return nic && nic->dhcp;
}

static void check_host_routes(const struct check *check)
{
	const struct env_conf *env = &check->set->env;
	char net[INET_PREFIX_STRLEN], to[INET_PREFIX_STRLEN], what[192];

	inet_prefix_text(&check->network, net);
	for (size_t i = 0; i < check->facts->route_count; i++) {
		const struct conf_route *route = &check->facts->routes[i];

		if (!route->destination.len || route->ours || !strcmp(route->device, env->dataplane_device) ||
		    !inet_overlap(&check->network, &route->destination) ||
		    is_of_network_conf(&check->set->network, &route->destination))
			continue;
		text_format(what, sizeof(what), "the VPN network %s overlaps the host's route %s on %s", net,
			    inet_prefix_text(&route->destination, to), route->device);
		/* A server is not to decide whether the files can run; nothing of a lease goes before a tunnel's own route. */
		if (is_of_dhcp(check, route))
			diag_warning(check->diag, address_file(check), env->address_line, "%s, which gets it by DHCP", what);
		else
			report_overlap(check, address_file(check), env->address_line, what);
	}
}

static void check_open(const struct check *check)
{
	const struct env_conf *env = &check->set->env;

	if (env->open_limited && env->filter == ENV_FILTER_OFF)
		diag_warning(check->diag, env_file_of(env, ENV_KEY_OPEN), env->open_line,
			     "MITIGATOR_VPN_OPEN does nothing while MITIGATOR_FILTER is off: peers reach all that listens here");
}

static void check_unmanaged(const struct check *check)
{
	const struct network_conf *network = &check->set->network;
	enum env_backend backend = check->set->env.backend[ENV_DATAPLANE];

	for (size_t i = 0; i < network->nic_count && backend != ENV_BACKEND_LWIP; i++)
		if (network->nics[i].unmanaged)
			diag_warning(check->diag, NETWORK_FILE, network->nics[i].line,
				     "Unmanaged=yes, but DATA_PLANE_VPN_BACKEND is %s (" ENV_FILE
				     "): when the kernel carries the dataplane, no one speaks for this NIC; expected lwip",
				     env_backend_words[backend]);
}

void conf_set_check(struct conf_set *set, const struct conf_facts *facts, bool strict, struct diag *diag)
{
	struct check check = { .set = set, .facts = facts, .strict = strict, .diag = diag };
	const struct vpn_conf *vpn = &set->vpn;

	reach_nics(&set->network, facts, diag);
	nics_check(&set->network, facts, diag);
	env_check_gone(&set->env, facts->former ? &facts->former->env : NULL, diag);
	if (!set->clustered)
		return;
	set->vpn.own = find_own(vpn);
	if (set->env.vpn_address.addr.family)
		check.network =
			(struct inet_prefix){ inet_prefix_first(&set->env.vpn_address), set->env.vpn_address.len };
	check_inputs(&check);
	check_ports(&check);
	check_published(&check);
	overlap_keys(vpn, diag);
	overlap_addresses(vpn, diag);
	for (size_t i = 0; i < vpn->allowed_count && check.network.addr.family; i++)
		check_in_network(&check, &vpn->allowed[i]);
	check_own_present(&check);
	if (vpn->own >= 0) {
		check_own_address(&check);
		check_own_port(&check);
	}
	if (vpn->own < 0 || !holds_own_address(&check))
		check_own_elsewhere(&check);
	check_former_key(&check);
	check_endpoints(&check);
	check_preshared_keys(&check);
	reach_endpoints(set, facts, diag);
	reach_device(set, facts, diag);
	check_private_key_unshared(&check);
	if (check.network.addr.family) {
		check_own_routes(&check);
		check_host_routes(&check);
	}
	check_open(&check);
	check_unmanaged(&check);
}
