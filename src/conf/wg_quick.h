/* What wg-quick(8) and wg(8) files hold beyond ours, and where that is set here. */
#ifndef CONF_WG_QUICK_H
#define CONF_WG_QUICK_H

/* Rows of struct conf_hint. */
#define WG_QUICK_HINTS \
	{ "Address", "a wg-quick key; here it is MITIGATOR_VPN_ADDRESS in .env", false }, \
	{ "DNS", "a wg-quick key; here it is DNS in [Network] of network.conf", false }, \
	{ "MTU", "a wg-quick key; here it follows from the route to the peers, and MITIGATOR_VPN_MTU in .env sets a smaller one: remove it", false }, \
	{ "Table", "a wg-quick key; here the VPN has one route, that of its network: remove it", false }, \
	{ "PreUp", "a wg-quick key; no commands are run here: remove it", false }, \
	{ "PostUp", "a wg-quick key; no commands are run here: remove it", false }, \
	{ "PreDown", "a wg-quick key; no commands are run here: remove it", false }, \
	{ "PostDown", "a wg-quick key; no commands are run here: remove it", false }, \
	{ "SaveConfig", "a wg-quick key; files are never written back here: remove it", false }, \
	{ "FwMark", "not used here: remove it", false }

#endif
