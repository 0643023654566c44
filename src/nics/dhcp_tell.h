/* What DHCP servers have to say of a NIC, as lines of the log. */
#ifndef NICS_DHCP_TELL_H
#define NICS_DHCP_TELL_H

#include "network/leases.h"

/* was: what the NIC had, in this boot or before; NULL: nothing. */
void dhcp_tell_given(const char *nic, enum lease_family family, const struct lease *was, const struct lease *lease);
void dhcp_tell_answers(const char *nic, enum lease_family family); /* again */
void dhcp_tell_tunnels(const char *nic, enum lease_family family, const struct lease *lease); /* something of it is the VPN's */
void dhcp_tell_refused(const char *nic, enum lease_family family);
/* lease: what is in use all the same, NULL: nothing. kept: from before this boot. other: it asks by the other family as well. */
void dhcp_tell_silence(const char *nic, enum lease_family family, const struct lease *lease, bool kept, bool other);
void dhcp_tell_trouble(struct text *to, const char *nic, enum lease_family family, const struct lease *lease, bool kept); /* a line, the same for `show` */

#endif
