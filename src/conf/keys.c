#include "conf/keys.h"

#include <string.h>

const struct conf_format *const conf_formats[CONF_FORMATS] = {
	&vpn_private_format,
	&vpn_public_format,
	&env_format,
	&network_format,
};

bool conf_near(struct slice name, const char *known)
{
	size_t distance = text_distance(name, known, 2);

	return distance != SIZE_MAX && distance * 2 < strlen(known);
}
