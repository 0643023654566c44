/* [NetDev], [VLAN] and [Bond] of network.conf: devices that are made. */
#include <errno.h>

#include "conf/network_read.h"
#include "conf/value.h"

enum { MII_MIN_MS = 10, MII_MAX_MS = 10000, MII_DEFAULT_MS = 100, MS_PER_S = 1000 };

static const char *const kinds[] = { [NETWORK_NO_KIND] = "", [NETWORK_VLAN] = "vlan", [NETWORK_BOND] = "bond" };
static const char *const modes[] = {
	[NETWORK_BOND_NO_MODE] = "", [NETWORK_BOND_ACTIVE_BACKUP] = "active-backup", [NETWORK_BOND_8023AD] = "802.3ad",
};
static const char *const rates[] = { "slow", "fast" };
static const char *const hashes[] = {
	[NETWORK_HASH_LAYER2] = "layer2",      [NETWORK_HASH_LAYER34] = "layer3+4",  [NETWORK_HASH_LAYER23] = "layer2+3",
	[NETWORK_HASH_ENCAP23] = "encap2+3", [NETWORK_HASH_ENCAP34] = "encap3+4",
};

#define COUNT(words) (sizeof(words) / sizeof((words)[0]))

const char *network_kind_name(enum network_kind kind)
{
	return kinds[kind];
}

const char *network_bond_mode_name(enum network_bond_mode mode)
{
	return modes[mode];
}

const char *network_bond_hash_name(enum network_bond_hash hash)
{
	return hashes[hash];
}

/* One of words, all of them in at->key->syntax: false after it reported that it is none. */
static bool one_of(const struct conf_place *at, struct slice value, const char *const words[], size_t count, size_t *which)
{
	*which = value.len ? slice_among(value, words, count) : count;
	if (*which == count)
		value_error(at, value, "not available here; expected %s", at->key->syntax);
	return *which < count;
}

/* ---- [NetDev] ---- */

bool network_device_open(const struct conf_place *at, struct slice comment)
{
	struct network_read *reader = at->model;
	struct network_conf *conf = reader->conf;

	(void)comment;
	reader->device = NULL;
	reader->in_device = true;
	if (conf->device_count == NETWORK_DEVICES_MAX) {
		diag_error(at->diag, at->format->file, at->line, "more than %d [NetDev] sections: this one was not read",
			   NETWORK_DEVICES_MAX);
		return false;
	}
	reader->device = &conf->devices[conf->device_count++];
	*reader->device = (struct network_device){ .line = at->line, .bond = { .mii_ms = MII_DEFAULT_MS } };
	return true;
}

/* What a NIC is called, the host's own link, and files that stand beside those of links in /proc and /sys. */
static bool is_taken(struct slice name)
{
	static const char *const others[] = { "lo", "all", "default", "bonding_masters" };
	uint64_t number;

	return slice_among(name, others, COUNT(others)) < COUNT(others) ||
	       (slice_starts(name, "eth") && text_uint((struct slice){ name.ptr + 3, name.len - 3 }, UINT64_MAX, &number) != -EINVAL);
}

void network_device_name(const struct conf_place *at, struct slice value)
{
	const struct network_read *reader = at->model;

	if (!value_device(value)) {
		value_error(at, value, "no name of a device; expected 1..15 characters: letters, digits and _ = + . -");
		return;
	}
	if (is_taken(value)) {
		value_error(at, value, "a name that the system gives to others; expected another, as in bond0 or vlan10");
		return;
	}
	for (const struct network_device *other = reader->conf->devices; other < reader->device; other++)
		if (slice_equal(value, other->name)) {
			value_error(at, value, "given already, to the [NetDev] in line %u", other->line);
			return;
		}
	(void)slice_copy(value, reader->device->name, sizeof(reader->device->name));
}

void network_device_kind(const struct conf_place *at, struct slice value)
{
	size_t kind;

	if (one_of(at, value, kinds, COUNT(kinds), &kind))
		((struct network_read *)at->model)->device->kind = (enum network_kind)kind;
}

/* [VLAN] or [Bond]: below a [NetDev] of that kind, once. */
static bool open_options(const struct conf_place *at, enum network_kind kind)
{
	const struct network_read *reader = at->model;
	struct network_device *device = reader->device;

	if (!reader->in_device) {
		diag_error(at->diag, at->format->file, at->line, "no [NetDev] right above this section; expected one with Kind=%s",
			   kinds[kind]);
		return false;
	}
	if (!device)
		return false;
	if (device->options_line)
		diag_error(at->diag, at->format->file, at->line,
			   "a second section for the [NetDev] in line %u: there is one in line %u; write its keys there",
			   device->line, device->options_line);
	else if (device->kind != NETWORK_NO_KIND && device->kind != kind)
		diag_error(at->diag, at->format->file, at->line, "the [NetDev] above, in line %u, is of Kind=%s; expected %s",
			   device->line, kinds[device->kind], device->kind == NETWORK_VLAN ? "[VLAN]" : "[Bond]");
	else {
		device->options_line = at->line;
		return true;
	}
	device->options_line = at->line;
	return false;
}

/* ---- [VLAN] ---- */

bool network_vlan_open(const struct conf_place *at, struct slice comment)
{
	(void)comment;
	return open_options(at, NETWORK_VLAN);
}

void network_vlan_id(const struct conf_place *at, struct slice value)
{
	uint64_t id;

	if (value_number(at, value, 1, NETWORK_VLAN_ID_MAX, &id))
		((struct network_read *)at->model)->device->vlan_id = (uint16_t)id;
}

/* ---- [Bond] ---- */

static struct network_bond *bond_of(const struct conf_place *at)
{
	return &((struct network_read *)at->model)->device->bond;
}

bool network_bond_open(const struct conf_place *at, struct slice comment)
{
	(void)comment;
	return open_options(at, NETWORK_BOND);
}

void network_bond_close(const struct conf_place *at)
{
	static const enum network_row of_lacp[] = { ROW_LACP_RATE, ROW_HASH_POLICY };

	for (size_t i = 0; i < COUNT(of_lacp) && bond_of(at)->mode == NETWORK_BOND_ACTIVE_BACKUP; i++)
		if (at->key_lines[of_lacp[i]])
			diag_error(at->diag, at->format->file, at->key_lines[of_lacp[i]],
				   "%s is for Mode=802.3ad; active-backup has no use of it", at->format->keys[of_lacp[i]].name);
}

void network_bond_mode(const struct conf_place *at, struct slice value)
{
	size_t mode;

	if (one_of(at, value, modes, COUNT(modes), &mode))
		bond_of(at)->mode = (enum network_bond_mode)mode;
}

/* systemd.time(7) as far as it makes sense here: "100ms", "1s", "0.5", with a blank before the unit or none. */
static bool parse_ms(struct slice value, uint64_t *ms)
{
	struct slice whole = value, part;
	uint64_t unit = MS_PER_S, number, fraction = 0;

	if (value.len && value.ptr[value.len - 1] == 's')
		value.len--;
	if (value.len && value.len < whole.len && value.ptr[value.len - 1] == 'm') {
		value.len--;
		unit = 1;
	}
	value = slice_trim(value);
	slice_cut(&value, '.', &part);
	if (text_uint(part, MII_MAX_MS, &number) < 0)
		return false;
	/* Three digits are a millisecond; half of one is nothing. */
	for (size_t i = 0; i < 3 && value.ptr; i++) {
		if (i < value.len && (value.ptr[i] < '0' || value.ptr[i] > '9'))
			return false;
		fraction = fraction * 10 + (i < value.len ? (uint64_t)(value.ptr[i] - '0') : 0);
	}
	if (value.ptr && (!value.len || value.len > 3 || unit == 1))
		return false;
	*ms = number * unit + fraction;
	return true;
}

void network_bond_mii(const struct conf_place *at, struct slice value)
{
	uint64_t ms, number;

	/* The kernel's miimon is in milliseconds, and so were most files before this one. */
	if (!text_uint(value, MII_MAX_MS, &number) && number * MS_PER_S > MII_MAX_MS)
		value_error(at, value, "a number alone is seconds: did you mean %s=%llums?", at->key->name, (unsigned long long)number);
	else if (!parse_ms(value, &ms))
		value_error(at, value, "not a time; expected %s", at->key->syntax);
	else if (!ms)
		value_error(at, value, "a bond that does not look at its ports never leaves a dead one; expected %s",
			    at->key->syntax);
	else if (ms < MII_MIN_MS || ms > MII_MAX_MS)
		value_error(at, value, "out of range; expected %s", at->key->syntax);
	else
		bond_of(at)->mii_ms = (uint32_t)ms;
}

void network_bond_rate(const struct conf_place *at, struct slice value)
{
	size_t rate;

	if (one_of(at, value, rates, COUNT(rates), &rate))
		bond_of(at)->lacp_fast = rate;
}

void network_bond_hash(const struct conf_place *at, struct slice value)
{
	size_t hash;

	if (one_of(at, value, hashes, COUNT(hashes), &hash))
		bond_of(at)->hash = (enum network_bond_hash)hash;
}
