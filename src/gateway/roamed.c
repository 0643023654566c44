#include "gateway/roamed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/key.h"

enum { LINE_LEN = KEY_BASE64_LEN + INET_ADDR_STRLEN + 20, FILE_LEN = TUNNEL_PEERS_MAX * LINE_LEN };

static char text[FILE_LEN], written[FILE_LEN];

static void add_line(struct text *to, const struct tunnel_peer *peer)
{
	char key[KEY_BASE64_LEN], addr[INET_ADDR_STRLEN];

	key_to_base64(peer->public_key, key);
	text_add(to, "%s %s %u %u\n", key, inet_addr_text(&peer->endpoint.addr, addr), peer->endpoint.port,
		 peer->endpoint.scope_id);
}

int roamed_write(const char *path, const struct tunnel_config *running)
{
	struct text to;
	int err;

	text_init(&to, text, sizeof(text));
	for (size_t i = 0; i < running->peer_count; i++)
		if (running->peers[i].endpoint.addr.family)
			add_line(&to, &running->peers[i]);
	if (!strcmp(text, written))
		return 0;
	err = file_put(path, text, strlen(text));
	if (!err)
		memcpy(written, text, strlen(text) + 1);
	return err;
}

static int read_line(struct slice line, struct tunnel_peer *peer)
{
	struct slice key, addr, port;
	uint64_t port_value, scope;

	if (!slice_cut(&line, ' ', &key) || !slice_cut(&line, ' ', &addr) || !slice_cut(&line, ' ', &port) ||
	    key_from_base64(key.ptr, key.len, peer->public_key) < 0 ||
	    inet_addr_parse(addr, &peer->endpoint.addr) < 0 || text_uint(port, UINT16_MAX, &port_value) < 0 ||
	    text_uint(line, UINT32_MAX, &scope) < 0)
		return -EINVAL;
	peer->endpoint.port = (uint16_t)port_value;
	peer->endpoint.scope_id = (uint32_t)scope;
	return 0;
}

void roamed_read(const char *path, struct tunnel_config *config)
{
	struct slice rest, line;
	ssize_t len = file_read(AT_FDCWD, path, text, sizeof(text));

	tunnel_config_clear(config);
	if (len < 0)
		return;
	memcpy(written, text, (size_t)len + 1);
	rest = (struct slice){ text, (size_t)len };
	while (config->peer_count < TUNNEL_PEERS_MAX && rest.len && slice_cut(&rest, '\n', &line)) {
		struct tunnel_peer peer = { .keepalive_s = 0 };

		if (read_line(line, &peer) == 0)
			config->peers[config->peer_count++] = peer;
	}
}
