#include "conf/overlap.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"

struct owned {
	unsigned line;
	uint16_t peer;
	struct inet_prefix prefix;
};

static int by_key_then_line(const void *a, const void *b)
{
	const struct vpn_peer *x = *(const struct vpn_peer *const *)a, *y = *(const struct vpn_peer *const *)b;
	int order = memcmp(x->public_key, y->public_key, sizeof(x->public_key));

	return order ? order : (x->key_line > y->key_line) - (x->key_line < y->key_line);
}

void overlap_keys(const struct vpn_conf *conf, struct diag *diag)
{
	const struct vpn_peer *sorted[VPN_PEERS_MAX] = { NULL };
	size_t count = 0, first = 0;

	for (size_t i = 0; i < conf->peer_count; i++)
		if (!key_is_zero(conf->peers[i].public_key))
			sorted[count++] = &conf->peers[i];
	qsort(sorted, count, sizeof(struct vpn_peer *), by_key_then_line); /* NOLINT: an array of pointers */
	for (size_t i = 1; i < count; i++) {
		if (memcmp(sorted[i]->public_key, sorted[first]->public_key, VPN_KEY_LEN) != 0)
			first = i;
		else
			diag_error(diag, VPN_PUBLIC_FILE, sorted[i]->key_line,
				   "this PublicKey stands in line %u already; expected one [Peer] for each instance",
				   sorted[first]->key_line);
	}
}

/* A network before all that lies in it. */
static int by_prefix_then_line(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;
	int order = x->prefix.addr.family - y->prefix.addr.family;

	if (!order)
		order = memcmp(x->prefix.addr.bytes, y->prefix.addr.bytes, sizeof(x->prefix.addr.bytes));
	if (!order)
		order = x->prefix.len - y->prefix.len;
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void report(const struct owned *a, const struct owned *b, struct diag *diag)
{
	const struct owned *early = a->line <= b->line ? a : b, *late = early == a ? b : a;
	char first[INET_PREFIX_STRLEN], second[INET_PREFIX_STRLEN];

	inet_prefix_text(&early->prefix, first);
	inet_prefix_text(&late->prefix, second);
	if (inet_prefix_equal(&a->prefix, &b->prefix))
		diag_error(diag, VPN_PUBLIC_FILE, late->line,
			   "AllowedIPs %s belong to the peer of line %u already; an address has one owner", second,
			   early->line);
	else
		diag_error(diag, VPN_PUBLIC_FILE, late->line,
			   "AllowedIPs %s overlap %s of another peer in line %u; an address has one owner", second,
			   first, early->line);
}

void overlap_addresses(const struct vpn_conf *conf, struct diag *diag)
{
	static struct owned sorted[VPN_PREFIXES_MAX];
	const struct owned *around[130]; /* the networks that the current one may lie in, each in the one before it */
	size_t depth = 0;

	for (uint16_t p = 0; p < conf->peer_count; p++)
		for (size_t i = conf->peers[p].allowed_first;
		     i < conf->peers[p].allowed_first + conf->peers[p].allowed_count; i++)
			sorted[i] = (struct owned){ conf->allowed[i].line, p, conf->allowed[i].prefix };
	qsort(sorted, conf->allowed_count, sizeof(sorted[0]), by_prefix_then_line);
	for (size_t i = 0; i < conf->allowed_count; i++) {
		while (depth && !inet_overlap(&around[depth - 1]->prefix, &sorted[i].prefix))
			depth--;
		for (size_t j = depth; j--;)
			if (around[j]->peer != sorted[i].peer) {
				report(around[j], &sorted[i], diag);
				break;
			}
		/* One per length at most, so 129 do. */
		if (!depth || !inet_prefix_equal(&around[depth - 1]->prefix, &sorted[i].prefix))
			around[depth++] = &sorted[i];
	}
}
