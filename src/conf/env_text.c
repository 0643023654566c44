/* What .env sets, back in the words that set it: a row for each of its names. */
#include "conf/env.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "conf/keys.h"

/* Adds nothing where the key's default has no value of its own: the table of keys has the words for that. */
typedef void env_text_fn(const struct env_conf *conf, struct text *text);

static void add_address(const struct env_conf *conf, struct text *text)
{
	char address[INET_PREFIX_STRLEN];

	if (conf->vpn_address.addr.family)
		text_add(text, "%s", inet_prefix_text(&conf->vpn_address, address));
}

static void add_device(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", conf->dataplane_device);
}

static void add_port(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%u", conf->dataplane_port);
}

static void add_isolation(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", env_isolation_words[conf->isolation]);
}

static void add_management_backend(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", env_backend_words[conf->backend[ENV_MANAGEMENT]]);
}

static void add_dataplane_backend(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", env_backend_words[conf->backend[ENV_DATAPLANE]]);
}

static void add_mtu(uint32_t mtu_bytes, struct text *text)
{
	if (mtu_bytes)
		text_add(text, "%u", mtu_bytes);
}

static void add_management_mtu(const struct env_conf *conf, struct text *text)
{
	add_mtu(conf->mtu_bytes[ENV_MANAGEMENT], text);
}

static void add_dataplane_mtu(const struct env_conf *conf, struct text *text)
{
	add_mtu(conf->mtu_bytes[ENV_DATAPLANE], text);
}

static void add_filter(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", env_filter_words[conf->filter]);
}

/* The lowest above that one, 0: there is none. */
static unsigned next_open(const struct env_conf *conf, unsigned above)
{
	unsigned next = 0;

	for (size_t i = 0; i < conf->open_count; i++)
		if (conf->open_ports[i] > above && (!next || conf->open_ports[i] < next))
			next = conf->open_ports[i];
	return next;
}

/* In whichever order they stand, and how often. */
static void add_open(const struct env_conf *conf, struct text *text)
{
	if (conf->open_limited && !conf->open_count)
		text_add(text, "none");
	for (unsigned port = next_open(conf, 0); port; port = next_open(conf, port))
		text_add(text, "%s%u", text->len ? " " : "", port);
}

static void add_metrics(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", conf->metrics ? "on" : "off");
}

static void add_cluster_port(const struct env_conf *conf, struct text *text)
{
	if (conf->cluster_port)
		text_add(text, "%u", conf->cluster_port);
	else
		text_add(text, "off");
}

static void add_ntp(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", env_ntp_words[conf->ntp]);
}

static void add_syslog(const struct env_conf *conf, struct text *text)
{
	bool v6 = strchr(conf->syslog_host, ':');

	if (conf->syslog_host[0])
		text_add(text, "%s%s%s:%u", v6 ? "[" : "", conf->syslog_host, v6 ? "]" : "", conf->syslog_port);
}

static void add_hostname(const struct env_conf *conf, struct text *text)
{
	text_add(text, "%s", conf->hostname);
}

static env_text_fn *const texts[] = {
	[ENV_KEY_ADDRESS] = add_address,
	[ENV_KEY_DEVICE] = add_device,
	[ENV_KEY_PORT] = add_port,
	[ENV_KEY_ISOLATION] = add_isolation,
	[ENV_KEY_BACKEND] = add_management_backend,
	[ENV_KEY_DATAPLANE_BACKEND] = add_dataplane_backend,
	[ENV_KEY_MTU] = add_management_mtu,
	[ENV_KEY_DATAPLANE_MTU] = add_dataplane_mtu,
	[ENV_KEY_FILTER] = add_filter,
	[ENV_KEY_OPEN] = add_open,
	[ENV_KEY_METRICS] = add_metrics,
	[ENV_KEY_CLUSTER_PORT] = add_cluster_port,
	[ENV_KEY_NTP] = add_ntp,
	[ENV_KEY_SYSLOG] = add_syslog,
	[ENV_KEY_HOSTNAME] = add_hostname,
};

static_assert(sizeof(texts) / sizeof(texts[0]) == ENV_KEYS, "a row for each of enum env_key");

const char *env_text(const struct env_conf *conf, enum env_key key, char dst[static ENV_TEXT_LEN])
{
	struct text text;

	text_init(&text, dst, ENV_TEXT_LEN);
	texts[key](conf, &text);
	if (!text.len)
		text_add(&text, "%s", env_format.keys[key].initial);
	return dst;
}
