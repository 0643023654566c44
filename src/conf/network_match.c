/* [Match] of network.conf: which NIC is meant. */
#include <string.h>

#include "conf/network_read.h"
#include "conf/value.h"

bool network_match_open(const struct conf_place *at, struct slice comment)
{
	struct network_read *reader = at->model;
	struct network_conf *conf = reader->conf;

	(void)comment;
	reader->nic = NULL;
	reader->in_device = false;
	if (conf->nic_count == NETWORK_NICS_MAX) {
		diag_error(at->diag, at->format->file, at->line, "more than %d [Match] sections: this one was not read",
			   NETWORK_NICS_MAX);
		return false;
	}
	reader->nic = &conf->nics[conf->nic_count++];
	*reader->nic = (struct network_nic){ .line = at->line };
	return true;
}

void network_match_close(const struct conf_place *at)
{
	const struct network_conf *conf = ((struct network_read *)at->model)->conf;
	const struct network_nic *nic = network_nic_of(at);

	if (!at->key_lines[ROW_NAME] && !at->key_lines[ROW_MAC_ADDRESS] && !at->key_lines[ROW_PATH]) {
		diag_error(at->diag, at->format->file, at->line,
			   "[Match] has no Name, MACAddress or Path; expected at least one of them");
		return;
	}
	if (!nic->pattern[0] && !nic->has_mac && !nic->paths[0])
		return; /* what it has was told already, and says nothing of which NIC */
	for (const struct network_nic *other = conf->nics; other < nic; other++)
		if (!strcmp(other->pattern, nic->pattern) && other->has_mac == nic->has_mac &&
		    !memcmp(other->mac, nic->mac, sizeof(nic->mac)) && !strcmp(other->paths, nic->paths))
			diag_error(at->diag, at->format->file, at->line,
				   "[Match] fits the same NIC as the one in line %u: put both together", other->line);
}

void network_match_name(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);

	if (memchr(value.ptr, ' ', value.len) || memchr(value.ptr, '\t', value.len) || value.ptr[0] == '!')
		value_error(at, value, "more than one name; expected %s, and a [Match] of its own for each NIC",
			    at->key->syntax);
	else if (slice_copy(value, nic->pattern, sizeof(nic->pattern)) < 0)
		value_error(at, value, "too long; expected %s", at->key->syntax);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool mac_from_text(struct slice value, uint8_t mac[static NETWORK_MAC_LEN])
{
	if (value.len != NETWORK_MAC_LEN * 3 - 1)
		return false;
	for (size_t i = 0; i < NETWORK_MAC_LEN; i++) {
		int high = hex_digit(value.ptr[3 * i]), low = hex_digit(value.ptr[3 * i + 1]);

		if (high < 0 || low < 0 || (i && value.ptr[3 * i - 1] != ':' && value.ptr[3 * i - 1] != '-'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void network_match_mac(const struct conf_place *at, struct slice value)
{
	static const uint8_t zero[NETWORK_MAC_LEN];
	struct network_nic *nic = network_nic_of(at);

	if (!mac_from_text(value, nic->mac) || nic->mac[0] & 1 || !memcmp(nic->mac, zero, sizeof(zero)))
		value_error(at, value, "not the MAC address of a NIC; expected %s", at->key->syntax);
	nic->has_mac = true;
}

/* Paths here are those of PCI, in small letters: another can fit no NIC, however its pattern ends. */
static bool may_be_path(struct slice word)
{
	static const char start[] = "pci-";

	for (size_t i = 0; i < word.len && i < sizeof(start) - 1 && !strchr("*?[\\", word.ptr[i]); i++)
		if (word.ptr[i] != start[i])
			return false;
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] >= 'A' && word.ptr[i] <= 'Z')
			return false;
	return true;
}

void network_match_path(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);
	size_t len = strlen(nic->paths);

	if (value.ptr[0] == '!')
		value_error(at, value, "a list of what is not meant; expected the paths that are");
	else if (!may_be_path(value))
		value_error(at, value, "no path that a NIC has here; expected it as `network` shows it, pci-0000:02:00.0");
	else if (len + 1 + value.len >= sizeof(nic->paths))
		value_error(at, value, "more than %d characters in all; expected fewer, or a pattern", NETWORK_PATHS_LEN - 1);
	else
		text_format(nic->paths + len, sizeof(nic->paths) - len, "%s%.*s", len ? " " : "", SLICE_ARG(value));
}
