#include "config/alive_text.h"

#include <string.h>

#include "base/bytes.h"
#include "base/paths.h"
#include "crypto/key.h"
#include "crypto/sha256.h"

#define NIC "nic"

enum { SUM_DIGITS = 16 };

const char *const alive_path_names[ALIVE_PATHS] = { NAME_MANAGEMENT, NAME_DATAPLANE };

uint64_t alive_sum(const struct vpn_conf *vpn, const struct vpn_peer *peer)
{
	struct {
		uint8_t sum[SHA256_LEN];
		char words[VPN_HOST_LEN + 64];
	} chain;
	uint64_t sum;

	memset(&chain, 0, sizeof(chain));
	if (peer->has_preshared_key)
		sha256(chain.sum, peer->preshared_key, sizeof(peer->preshared_key));
	text_format(chain.words, sizeof(chain.words), "%s %u %u", peer->host, peer->port, peer->keepalive_s);
	sha256(chain.sum, &chain, sizeof(chain));
	for (size_t i = 0; i < peer->allowed_count; i++) {
		memset(chain.words, 0, sizeof(chain.words));
		(void)inet_prefix_text(&vpn->allowed[peer->allowed_first + i].prefix, chain.words);
		sha256(chain.sum, &chain, sizeof(chain));
	}
	sum = load_le64(chain.sum);
	wipe(&chain, sizeof(chain));
	return sum;
}

const struct alive_peer *alive_find(const struct alive_path *path, const uint8_t public_key[static VPN_KEY_LEN])
{
	for (size_t i = 0; i < path->count; i++)
		if (!memcmp(path->peers[i].public_key, public_key, VPN_KEY_LEN))
			return &path->peers[i];
	return NULL;
}

void alive_add_peer(struct alive_path *path, const uint8_t public_key[static VPN_KEY_LEN], uint64_t sum)
{
	if (path->count == VPN_PEERS_MAX || alive_find(path, public_key))
		return;
	memcpy(path->peers[path->count].public_key, public_key, VPN_KEY_LEN);
	path->peers[path->count++].sum = sum;
}

void alive_add_nic(struct alive *alive, const char *place, uint32_t port)
{
	struct alive_nic *nic = &alive->nics[alive->nic_count];

	for (size_t i = 0; i < alive->nic_count; i++)
		if (alive->nics[i].port == port && !strcmp(alive->nics[i].place, place))
			return;
	if (alive->nic_count == ALIVE_NICS_MAX || !*place)
		return;
	text_format(nic->place, sizeof(nic->place), "%s", place);
	nic->port = port;
	alive->nic_count++;
}

static bool read_sum(struct slice word, uint64_t *sum)
{
	static const char digits[] = "0123456789abcdef";

	*sum = 0;
	for (size_t i = 0; i < word.len; i++) {
		const char *digit = memchr(digits, word.ptr[i], sizeof(digits) - 1);

		if (!digit)
			return false;
		*sum = *sum << 4 | (uint64_t)(digit - digits);
	}
	return word.len == SUM_DIGITS;
}

static void read_nic(struct alive *alive, struct slice line)
{
	struct slice place, port;
	char name[ALIVE_PLACE_LEN];
	uint64_t number;

	if (slice_word(&line, &place) && slice_word(&line, &port) && slice_copy(place, name, sizeof(name)) == 0 &&
	    text_uint(port, UINT16_MAX, &number) == 0)
		alive_add_nic(alive, name, (uint32_t)number);
}

static void read_peer(struct alive_path *path, struct slice line)
{
	struct slice key, sum;
	uint8_t public_key[VPN_KEY_LEN];
	uint64_t number;

	if (slice_word(&line, &key) && slice_word(&line, &sum) && key_from_base64(key.ptr, key.len, public_key) == 0 &&
	    read_sum(sum, &number))
		alive_add_peer(path, public_key, number);
}

void alive_read(struct alive *alive, struct slice text)
{
	struct slice line, word;

	memset(alive, 0, sizeof(*alive));
	while (slice_cut(&text, '\n', &line)) {
		size_t path;

		/* The last line has no end: it is torn, or it is nothing. */
		if (!text.ptr || !slice_word(&line, &word))
			continue;
		path = slice_among(word, alive_path_names, ALIVE_PATHS);
		if (path < ALIVE_PATHS)
			read_peer(&alive->paths[path], line);
		else if (slice_equal(word, NIC))
			read_nic(alive, line);
	}
}

void alive_write(const struct alive *alive, struct text *text)
{
	char key[KEY_BASE64_LEN];

	for (size_t i = 0; i < alive->nic_count; i++)
		text_add(text, NIC " %s %u\n", alive->nics[i].place, alive->nics[i].port);
	for (size_t path = 0; path < ALIVE_PATHS; path++)
		for (size_t i = 0; i < alive->paths[path].count; i++) {
			const struct alive_peer *peer = &alive->paths[path].peers[i];

			key_to_base64(peer->public_key, key);
			text_add(text, "%s %s %016llx\n", alive_path_names[path], key, (unsigned long long)peer->sum);
		}
}
