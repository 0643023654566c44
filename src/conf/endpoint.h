/* Endpoint values: ADDRESS:PORT, [ADDRESS]:PORT or NAME:PORT; no name is resolved here. */
#ifndef CONF_ENDPOINT_H
#define CONF_ENDPOINT_H

#include "conf/keys.h"
#include "conf/vpn.h"

/* Fills host, addr and port; leaves them alone and says why when it cannot. */
void endpoint_parse(const struct conf_place *at, struct slice value, struct vpn_peer *peer);

/* RFC 1123 2.1: labels of letters, digits and inner hyphens, the last one not a number: that would be an address. */
bool endpoint_is_name(struct slice name);

#endif
