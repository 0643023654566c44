/* The table of .env: its names, and what becomes of their values. */
#include "conf/env.h"

#include <assert.h>

#include "conf/endpoint.h"
#include "conf/keys.h"
#include "conf/value.h"

static void parse_address(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	struct inet_prefix p;
	const char *reserved;
	unsigned len_max;
	bool has_len;

	conf->address_line = at->line;
	if (!value_prefix(at, value, &p, &has_len) || !value_usable(at, value, &p.addr, false))
		return;
	if (!has_len)
		p.len = p.addr.family == AF_INET ? ENV_VPN_LEN4_DEFAULT : ENV_VPN_LEN6_DEFAULT;
	len_max = inet_bits(p.addr.family) - 2u;
	reserved = value_reserved(&p, &p.addr);
	if (!p.len || p.len > len_max)
		value_error(at, value, "/%u holds no cluster; expected the length of the whole VPN network, /1../%u",
			    p.len, len_max);
	else if (reserved)
		value_error(at, value, "the %s of its own network, /%u; expected the address of an instance", reserved,
			    p.len);
	else
		conf->vpn_address = p;
}

static void parse_device(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;

	if (!value_device(value))
		value_error(at, value, "not the name of an interface; expected %s", at->key->syntax);
	else if (slice_equal(value, "lo"))
		value_error(at, value, "the loopback interface is not to be had; expected another name");
	else if (slice_equal(value, "all") || slice_equal(value, "default"))
		value_error_unless_ran(at, value, "means every interface in /proc/sys/net, so none can be called so; expected "
				       "another name");
	else if (!slice_copy(value, conf->dataplane_device, sizeof(conf->dataplane_device)))
		conf->device_line = at->line;
}

static void parse_port(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;

	conf->port_line = at->line;
	value_port(at, value, &conf->dataplane_port);
}

/* The place of value among words, -1 and an error when it is none of them. */
static int one_of(const struct conf_place *at, struct slice value, const char *const words[], size_t count)
{
	size_t found = slice_among(value, words, count);

	if (found < count)
		return (int)found;
	value_error(at, value, "expected %s", at->key->syntax);
	return -1;
}

const char *const env_isolation_words[ENV_ISOLATIONS] = {
	[ENV_ISOLATION_AUTO] = "auto",
	[ENV_ISOLATION_ON] = "on",
	[ENV_ISOLATION_OFF] = "off",
};

static void parse_isolation(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	int found = one_of(at, value, env_isolation_words, ENV_ISOLATIONS);

	if (found >= 0)
		conf->isolation = (enum env_isolation)found;
}

const char *const env_filter_words[ENV_FILTERS] = { [ENV_FILTER_ON] = "on", [ENV_FILTER_OFF] = "off" };

static void parse_filter(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	int found = one_of(at, value, env_filter_words, ENV_FILTERS);

	if (found >= 0)
		conf->filter = (enum env_filter)found;
}

static void parse_open(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	struct slice rest = value, word;
	uint16_t port;

	conf->open_limited = true;
	conf->open_line = at->line;
	if (slice_equal(value, "none") || !value_blanks(at, value))
		return;
	while (slice_word(&rest, &word)) {
		if (!value_port(at, word, &port))
			return;
		if (conf->open_count == ENV_OPEN_MAX) {
			value_error(at, value, "more than %d ports", ENV_OPEN_MAX);
			return;
		}
		conf->open_ports[conf->open_count++] = port;
	}
}

const char *const env_backend_words[ENV_BACKENDS] = {
	[ENV_BACKEND_AUTO] = "auto",
	[ENV_BACKEND_KERNEL] = "kernel",
	[ENV_BACKEND_LWIP] = "lwip",
};

static void parse_backend(const struct conf_place *at, struct slice value, enum env_path path)
{
	struct env_conf *conf = at->model;
	int found = one_of(at, value, env_backend_words, ENV_BACKENDS);

	if (found >= 0)
		conf->backend[path] = (enum env_backend)found;
}

static void parse_management_backend(const struct conf_place *at, struct slice value)
{
	parse_backend(at, value, ENV_MANAGEMENT);
}

static void parse_dataplane_backend(const struct conf_place *at, struct slice value)
{
	parse_backend(at, value, ENV_DATAPLANE);
}

static void parse_mtu(const struct conf_place *at, struct slice value, enum env_path path)
{
	struct env_conf *conf = at->model;
	uint64_t mtu;

	conf->mtu_line[path] = at->line;
	if (value_number(at, value, ENV_VPN_MTU_MIN, ENV_VPN_MTU_MAX, &mtu))
		conf->mtu_bytes[path] = (uint32_t)mtu;
}

static void parse_management_mtu(const struct conf_place *at, struct slice value)
{
	parse_mtu(at, value, ENV_MANAGEMENT);
}

static void parse_dataplane_mtu(const struct conf_place *at, struct slice value)
{
	parse_mtu(at, value, ENV_DATAPLANE);
}

static void parse_metrics(const struct conf_place *at, struct slice value)
{
	static const char *const words[] = { "off", "on" };
	struct env_conf *conf = at->model;

	conf->metrics = one_of(at, value, words, sizeof(words) / sizeof(words[0])) > 0;
}

static void parse_cluster_port(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	uint64_t port = 0;

	if (!slice_equal(value, "off") && (text_uint(value, UINT16_MAX, &port) < 0 || !port))
		value_error(at, value, "expected %s", at->key->syntax);
	else
		conf->cluster_port = (uint16_t)port;
}

const char *const env_ntp_words[ENV_NTPS] = { [ENV_NTP_ON] = "on", [ENV_NTP_PEERS] = "peers", [ENV_NTP_OFF] = "off" };

static void parse_ntp(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	int found = one_of(at, value, env_ntp_words, ENV_NTPS);

	if (found >= 0)
		conf->ntp = (enum env_ntp)found;
}

static void parse_syslog(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	struct vpn_peer server = { .port = 0 };

	endpoint_parse(at, value, &server);
	conf->syslog_port = server.port;
	if (server.port)
		text_format(conf->syslog_host, sizeof(conf->syslog_host), "%s", server.host);
}

/* RFC 1123: labels of letters, digits and hyphens, which stand at neither end. */
static bool is_hostname(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		bool edge = !i || i + 1 == value.len || value.ptr[i - 1] == '.' || value.ptr[i + 1] == '.';
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && (edge || (c != '-' && c != '.')))
			return false;
	}
	return true;
}

static void parse_hostname(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;

	if (!is_hostname(value))
		value_error(at, value, "not the name of a host; expected %s", at->key->syntax);
	else if (slice_copy(value, conf->hostname, sizeof(conf->hostname)) < 0)
		value_error(at, value, "too long; expected %s", at->key->syntax);
}

#define MTU_SYNTAX "576..16384"
#define BACKEND_SYNTAX "auto, kernel or lwip"

static const struct conf_key keys[] = {
	[ENV_KEY_ADDRESS] = { "", "MITIGATOR_VPN_ADDRESS", 0, "ADDRESS or ADDRESS/LENGTH", "none: not clustered",
	  "Address of this instance inside the VPN, as its AllowedIPs in vpn-public.conf have it. LENGTH is that of "
	  "the VPN network, 24 (IPv6: 64) when not given.",
	  parse_address },
	[ENV_KEY_DEVICE] = { "", "DATA_PLANE_VPN_DEVICE", 0, "1..15 characters: letters, digits and _ = + . -", "wg0",
	  "Name of the dataplane's VPN interface.", parse_device },
	[ENV_KEY_PORT] = { "", "DATA_PLANE_VPN_PORT", 0, "1..65535", "4568",
	  "UDP port of the dataplane path, the same on all instances; must be open for them.", parse_port },
	[ENV_KEY_ISOLATION] = { "", "DATA_PLANE_ISOLATION", 0, "auto, on or off", "auto",
	  "Whether the dataplane's VPN has a network namespace of its own; auto: unless there is a Mellanox NIC.",
	  parse_isolation },
	[ENV_KEY_BACKEND] = { "", "MITIGATOR_VPN_BACKEND", 0, BACKEND_SYNTAX, "auto",
	  "What carries the management path: the kernel's WireGuard or our own on lwIP; auto: the kernel's where it has "
	  "one.",
	  parse_management_backend },
	[ENV_KEY_DATAPLANE_BACKEND] = { "", "DATA_PLANE_VPN_BACKEND", 0, BACKEND_SYNTAX, "auto", "The same for the dataplane path.",
	  parse_dataplane_backend },
	[ENV_KEY_MTU] = { "", "MITIGATOR_VPN_MTU", 0, MTU_SYNTAX, "what the underlay allows",
	  "Largest packet inside the management path, in bytes, where less than the NICs and routes allow passes between the "
	  "instances. With an IPv6 VPN address at least 1280.",
	  parse_management_mtu },
	[ENV_KEY_DATAPLANE_MTU] = { "", "DATA_PLANE_VPN_MTU", 0, MTU_SYNTAX, "what the underlay allows", "The same for the dataplane path.",
	  parse_dataplane_mtu },
	[ENV_KEY_FILTER] = { "", "MITIGATOR_FILTER", 0, "on or off", "on",
	  "on: what comes to the host is dropped but for the VPN's ports, answers to what the host asked, a bounded part of ICMP, "
	  "and DHCP by NICs that ask for it; off: everything comes in, or something else keeps a filter here.",
	  parse_filter },
	[ENV_KEY_OPEN] = { "", "MITIGATOR_VPN_OPEN", 0, "none, or 1..65535, blanks between", "whatever listens there",
	  "TCP ports that peers reach at this instance's VPN address on the management path, and nothing else there, where "
	  "MITIGATOR_FILTER is on.",
	  parse_open },
	[ENV_KEY_METRICS] = { "", "MITIGATOR_METRICS", 0, "on or off", "off",
	  "on: Prometheus finds the metrics of both paths at http://MITIGATOR_VPN_ADDRESS:9586/metrics, inside the VPN.",
	  parse_metrics },
	[ENV_KEY_CLUSTER_PORT] = { "", "MITIGATOR_CLUSTER_PORT", 0, "1..65535 or off", "4569 on an appliance, off elsewhere",
	  "TCP port inside the VPN where instances answer each other (`update from NAME`), the same on all of them.",
	  parse_cluster_port },
	[ENV_KEY_NTP] = { "", "MITIGATOR_NTP", 0, "on, peers or off", "on",
	  "on: the clock follows the time servers of network.conf and DHCP and the other instances, which it serves over the management "
	  "path; peers: nothing outside of the VPN is asked; off: no one is asked, and no one served.",
	  parse_ntp },
	[ENV_KEY_SYSLOG] = { "", "MITIGATOR_SYSLOG", 0, "HOST:PORT", "none",
	  "A syslog server that gets the log too (RFC 5424 over UDP), outside of the VPN.", parse_syslog },
	[ENV_KEY_HOSTNAME] = { "", "MITIGATOR_HOSTNAME", 0, "1..63 characters: letters, digits, - and .", "the name behind our own [Peer]",
	  "What this host is called: at the prompt, in the log that a syslog server gets, to DHCP servers, to switches (LLDP).",
	  parse_hostname },
};

static_assert(sizeof(keys) / sizeof(keys[0]) == ENV_KEYS, "a row for each of enum env_key");

const struct conf_format env_format = { .file = ENV_FILE, .keys = keys, .key_count = ENV_KEYS };
