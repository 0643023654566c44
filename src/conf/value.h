/* What values have in common: how they are shown, numbers, keys, addresses no one can use. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "base/text.h"
#include "conf/keys.h"
#include "crypto/key.h"

/* Reports "Key "seen": words"; seen is left out where it may hold a secret. */
void value_error(const struct conf_place *at, struct slice seen, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void value_error_unless_ran(const struct conf_place *at, struct slice seen, const char *fmt, ...) /* see diag.h */
	__attribute__((format(printf, 3, 4)));

/* What the kernel takes as an interface's name, and wg-quick does. */
bool value_device(struct slice value);

/* Each says false after it reported why. */
bool value_number(const struct conf_place *at, struct slice value, uint64_t min, uint64_t max, uint64_t *number);
bool value_port(const struct conf_place *at, struct slice value, uint16_t *port);
bool value_yes(const struct conf_place *at, struct slice value); /* systemd.syntax(7)'s booleans; false for what is none, too */
bool value_key(const struct conf_place *at, struct slice value, uint8_t key[static KEY_LEN]);
bool value_blanks(const struct conf_place *at, struct slice value); /* blanks are between its words, and no commas; true for what ran */
bool value_prefix(const struct conf_place *at, struct slice value, struct inet_prefix *prefix, bool *has_len);
/* Why no other host has such an address: unspecified, loopback, multicast, mapped; link-local, unless those are taken. NULL: it
 * may. */
const char *value_unusable(const struct inet_addr *addr, bool link_local);
bool value_usable(const struct conf_place *at, struct slice value, const struct inet_addr *addr, bool link_local);

/* The network's own address, or its broadcast address: its name, or NULL for any other. */
const char *value_reserved(const struct inet_prefix *network, const struct inet_addr *addr);

/* The name of an unknown key or section may be shown: it cannot be a key in the wrong place. */
bool value_name_shown(const struct conf_format *format, struct slice name);

#endif
