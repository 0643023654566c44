/* The names of .env that are ours; the file belongs to docker-compose and may hold many others. */
#ifndef CONF_ENV_H
#define CONF_ENV_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include "conf/diag.h"

#define ENV_FILE ".env"

enum { ENV_DATAPLANE_PORT_DEFAULT = 4568, ENV_CLUSTER_PORT_DEFAULT = 4569, ENV_VPN_LEN4_DEFAULT = 24, ENV_VPN_LEN6_DEFAULT = 64 };

/* What RFC 791 has every host take, RFC 8200 every link carry, and both backends can. */
enum { ENV_VPN_MTU_MIN = 576, ENV_VPN_MTU_MIN6 = 1280, ENV_VPN_MTU_MAX = 16384 };

enum env_backend { ENV_BACKEND_AUTO, ENV_BACKEND_KERNEL, ENV_BACKEND_LWIP, ENV_BACKENDS };
enum env_path { ENV_MANAGEMENT, ENV_DATAPLANE, ENV_PATHS };

/* Whose time is taken: time servers' and the other instances', theirs alone, no one's. */
enum env_ntp { ENV_NTP_ON, ENV_NTP_PEERS, ENV_NTP_OFF, ENV_NTPS };

enum { ENV_OPEN_MAX = 16 };

enum env_filter { ENV_FILTER_ON, ENV_FILTER_OFF, ENV_FILTERS };

/* Its names, in the order of its table. */
enum env_key {
	ENV_KEY_ADDRESS,
	ENV_KEY_DEVICE,
	ENV_KEY_PORT,
	ENV_KEY_ISOLATION,
	ENV_KEY_BACKEND,
	ENV_KEY_DATAPLANE_BACKEND,
	ENV_KEY_MTU,
	ENV_KEY_DATAPLANE_MTU,
	ENV_KEY_FILTER,
	ENV_KEY_OPEN,
	ENV_KEY_METRICS,
	ENV_KEY_CLUSTER_PORT,
	ENV_KEY_NTP,
	ENV_KEY_SYSLOG,
	ENV_KEY_HOSTNAME,
	ENV_KEYS,
};

/* Where a value is from. ENV_SOURCE_ENVIRONMENT: see conf/environment.h; its line is 1. */
enum env_source { ENV_SOURCE_DEFAULT, ENV_SOURCE_FILE, ENV_SOURCE_ENVIRONMENT, ENV_SOURCES };

enum { ENV_HOST_LEN = 256, ENV_HOSTNAME_LEN = 64, ENV_TEXT_LEN = ENV_HOST_LEN + 16 };

enum env_isolation { ENV_ISOLATION_AUTO, ENV_ISOLATION_ON, ENV_ISOLATION_OFF, ENV_ISOLATIONS };

struct env_conf {
	bool has_file;
	bool unread;                    /* it could not be read: what it sets is not known */
	unsigned address_line;          /* 0 when MITIGATOR_VPN_ADDRESS is missing */
	struct inet_prefix vpn_address; /* with /24 (IPv6: /64) unless it carries its own */
	unsigned device_line, port_line; /* 0 when the default holds */
	char dataplane_device[IFNAMSIZ];
	uint16_t dataplane_port;
	enum env_isolation isolation;
	enum env_filter filter; /* of what comes to the host */
	bool open_limited; /* peers reach these ports alone, TCP, on the management path's VPN address; else all that listens there */
	unsigned open_line;
	uint16_t open_ports[ENV_OPEN_MAX];
	size_t open_count;
	enum env_backend backend[ENV_PATHS];
	unsigned mtu_line[ENV_PATHS];
	uint32_t mtu_bytes[ENV_PATHS]; /* at most that much; 0: as the underlay allows */
	bool metrics;                   /* served over HTTP */
	uint16_t cluster_port;          /* TCP, where instances answer each other; 0: off */
	enum env_ntp ntp;
	char syslog_host[ENV_HOST_LEN]; /* an address or a name, "": the log goes to no server */
	uint16_t syslog_port;
	char hostname[ENV_HOSTNAME_LEN]; /* "": conf/hostname.h says */
	enum env_source source[ENV_KEYS];
	bool in_file[ENV_KEYS]; /* a line of the file names it, whichever value counts */
};

extern const char *const env_backend_words[ENV_BACKENDS];
extern const char *const env_filter_words[ENV_FILTERS];
extern const char *const env_isolation_words[ENV_ISOLATIONS];
extern const char *const env_ntp_words[ENV_NTPS];

void env_conf_init(struct env_conf *conf); /* the defaults */
/* Whether the cluster's port is served: by default where there is an update to give. */
bool env_answers_peers(const struct env_conf *conf, bool appliance);
/* text is NULL where there is no file: then what was handed over in the environment counts all the same. */
void env_parse(struct env_conf *conf, const char *text, size_t len, struct diag *diag);

/* What the file no longer says, and a container was made with: former is what it ran by until now, NULL where that is not known. */
void env_check_gone(const struct env_conf *conf, const struct env_conf *former, struct diag *diag);

/* What it is set to, as .env would have it; where nothing is said what holds then, in words. What is the same has the same text. */
const char *env_text(const struct env_conf *conf, enum env_key key, char dst[static ENV_TEXT_LEN]);

const char *env_key_name(enum env_key key);
/* What a finding about its value names as the file. */
const char *env_file_of(const struct env_conf *conf, enum env_key key);

#endif
