#include "conf/files.h"

#include "conf/env.h"
#include "conf/limits.h"
#include "conf/network.h"
#include "conf/vpn.h"

const struct conf_file_kind conf_files[CONF_FILES] = {
	[CONF_PRIVATE] = { VPN_PRIVATE_FILE, CONF_OTHER_MAX, true },
	[CONF_PUBLIC] = { VPN_PUBLIC_FILE, CONF_PUBLIC_MAX, false },
	[CONF_ENV] = { ENV_FILE, CONF_ENV_MAX, false },
	[CONF_NETWORK] = { NETWORK_FILE, CONF_OTHER_MAX, false },
};

const char *conf_file_name(enum conf_file file)
{
	return conf_files[file].name;
}
