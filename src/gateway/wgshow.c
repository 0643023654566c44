#include "gateway/wgshow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/key.h"
#include "gateway/show.h"

static void print_key(struct control_call *call, const uint8_t key[static KEY_LEN], const char *end)
{
	char text[KEY_BASE64_LEN];

	key_to_base64(key, text);
	control_print(call, CONTROL_OUT, "%s%s", text, end);
	wipe(text, sizeof(text));
}

static void print_allowed(const struct service *service, struct control_call *call, const struct tunnel_peer *peer,
			  const char *separator)
{
	char text[INET_PREFIX_STRLEN];

	for (size_t i = 0; i < peer->allowed_count; i++)
		control_print(call, CONTROL_OUT, "%s%s", i ? separator : "",
			      inet_prefix_text(&service->path.running.allowed[peer->allowed_first + i], text));
}

static void print_endpoint(struct control_call *call, const struct tunnel_peer *peer, const char *end)
{
	char text[INET_ENDPOINT_STRLEN];

	control_print(call, CONTROL_OUT, "%s%s", inet_endpoint_text(&peer->endpoint, text), end);
}

static int by_last_handshake(const void *a, const void *b)
{
	const struct tunnel_peer *x = a, *y = b;

	if (x->handshake_s != y->handshake_s)
		return x->handshake_s > y->handshake_s ? -1 : 1;
	return x->handshake_ns == y->handshake_ns ? 0 : x->handshake_ns > y->handshake_ns ? -1 : 1;
}

static void pretty_peer(const struct service *service, struct control_call *call, const struct tunnel_peer *peer)
{
	char text[96], more[32];

	control_print(call, CONTROL_OUT, "peer: ");
	print_key(call, peer->public_key, "\n");
	if (!key_is_zero(peer->preshared_key))
		control_print(call, CONTROL_OUT, "  preshared key: (hidden)\n");
	if (peer->endpoint.addr.family) {
		control_print(call, CONTROL_OUT, "  endpoint: ");
		print_endpoint(call, peer, "\n");
	}
	control_print(call, CONTROL_OUT, "  allowed ips: %s", peer->allowed_count ? "" : "(none)");
	print_allowed(service, call, peer, ", ");
	control_print(call, CONTROL_OUT, "\n");
	if (peer->handshake_s)
		control_print(call, CONTROL_OUT, "  latest handshake: %s\n",
			      show_ago(time(NULL) - peer->handshake_s, text, sizeof(text)));
	if (peer->received_bytes || peer->sent_bytes)
		control_print(call, CONTROL_OUT, "  transfer: %s received, %s sent\n",
			      show_bytes(peer->received_bytes, text, sizeof(text)),
			      show_bytes(peer->sent_bytes, more, sizeof(more)));
	if (peer->keepalive_s)
		control_print(call, CONTROL_OUT, "  persistent keepalive: every %s\n",
			      show_duration(peer->keepalive_s, text, sizeof(text)));
}

static void pretty(struct service *service, struct control_call *call)
{
	struct tunnel_config *running = &service->path.running;

	control_print(call, CONTROL_OUT, "interface: %s\n", service->path.tunnel.device);
	if (running->has_private_key) {
		control_print(call, CONTROL_OUT, "  public key: ");
		print_key(call, running->public_key, "\n  private key: (hidden)\n");
	}
	if (running->listen_port)
		control_print(call, CONTROL_OUT, "  listening port: %u\n", running->listen_port);
	if (running->fwmark)
		control_print(call, CONTROL_OUT, "  fwmark: 0x%" PRIx32 "\n", running->fwmark);
	qsort(running->peers, running->peer_count, sizeof(running->peers[0]), by_last_handshake);
	for (size_t i = 0; i < running->peer_count; i++) {
		control_print(call, CONTROL_OUT, "\n");
		pretty_peer(service, call, &running->peers[i]);
	}
}

static void dump_peer(const struct service *service, struct control_call *call, const struct tunnel_peer *peer)
{
	print_key(call, peer->public_key, "\t");
	if (key_is_zero(peer->preshared_key))
		control_print(call, CONTROL_OUT, "(none)\t");
	else
		print_key(call, peer->preshared_key, "\t");
	print_endpoint(call, peer, "\t");
	control_print(call, CONTROL_OUT, "%s", peer->allowed_count ? "" : "(none)");
	print_allowed(service, call, peer, ",");
	control_print(call, CONTROL_OUT, "\t%" PRId64 "\t%" PRIu64 "\t%" PRIu64 "\t", peer->handshake_s,
		      peer->received_bytes, peer->sent_bytes);
	if (peer->keepalive_s)
		control_print(call, CONTROL_OUT, "%u\n", peer->keepalive_s);
	else
		control_print(call, CONTROL_OUT, "off\n");
}

static void dump(struct service *service, struct control_call *call)
{
	const struct tunnel_config *running = &service->path.running;

	if (running->has_private_key) {
		print_key(call, running->private_key, "\t");
		print_key(call, running->public_key, "\t");
	} else {
		control_print(call, CONTROL_OUT, "(none)\t(none)\t");
	}
	if (running->fwmark)
		control_print(call, CONTROL_OUT, "%u\t0x%" PRIx32 "\n", running->listen_port, running->fwmark);
	else
		control_print(call, CONTROL_OUT, "%u\toff\n", running->listen_port);
	for (size_t i = 0; i < running->peer_count; i++)
		dump_peer(service, call, &running->peers[i]);
}

static void conf_peer(const struct service *service, struct control_call *call, const struct tunnel_peer *peer)
{
	control_print(call, CONTROL_OUT, "\n[Peer]\nPublicKey = ");
	print_key(call, peer->public_key, "\n");
	if (!key_is_zero(peer->preshared_key)) {
		control_print(call, CONTROL_OUT, "PresharedKey = ");
		print_key(call, peer->preshared_key, "\n");
	}
	if (peer->allowed_count) {
		control_print(call, CONTROL_OUT, "AllowedIPs = ");
		print_allowed(service, call, peer, ", ");
		control_print(call, CONTROL_OUT, "\n");
	}
	if (peer->endpoint.addr.family) {
		control_print(call, CONTROL_OUT, "Endpoint = ");
		print_endpoint(call, peer, "\n");
	}
	if (peer->keepalive_s)
		control_print(call, CONTROL_OUT, "PersistentKeepalive = %u\n", peer->keepalive_s);
}

static void showconf(struct service *service, struct control_call *call)
{
	const struct tunnel_config *running = &service->path.running;

	control_print(call, CONTROL_OUT, "[Interface]\n");
	if (running->listen_port)
		control_print(call, CONTROL_OUT, "ListenPort = %u\n", running->listen_port);
	if (running->fwmark)
		control_print(call, CONTROL_OUT, "FwMark = 0x%" PRIx32 "\n", running->fwmark);
	if (running->has_private_key) {
		control_print(call, CONTROL_OUT, "PrivateKey = ");
		print_key(call, running->private_key, "\n");
	}
	for (size_t i = 0; i < running->peer_count; i++)
		conf_peer(service, call, &running->peers[i]);
	/* wg(8) closes the [Interface] section with an empty line, also when no peer follows. */
	if (!running->peer_count)
		control_print(call, CONTROL_OUT, "\n");
}

static const struct {
	const char *verb, *what;
	void (*print)(struct service *service, struct control_call *call);
} views[] = {
	{ "show", "", pretty },
	{ "show", "dump", dump },
	{ "showconf", "", showconf },
};

int wgshow(struct service *service, struct control_call *call, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "show";
	int next = 2;

	if (path_dump(&service->path) < 0) {
		control_print(call, CONTROL_ERR, "Unable to access interface: the path is down%s%s\n",
			      service->path.down_reason[0] ? ": " : "", service->path.down_reason);
		return 1;
	}
	if (argc > next && !strcmp(argv[next], service->path.tunnel.device))
		next++;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && argc <= next + 1; i++) {
		if (strcmp(views[i].verb, verb) != 0 || strcmp(views[i].what, argc > next ? argv[next] : "") != 0)
			continue;
		views[i].print(service, call);
		return 0;
	}
	control_print(call, CONTROL_ERR, "usage: wg genkey | wg genpsk | wg pubkey | wg show [%s] [dump] | wg showconf [%s]\n", service->path.tunnel.device,
		      service->path.tunnel.device);
	return 1;
}
