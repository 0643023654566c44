#include "gateway/pasted.h"

#include <stdio.h>
#include <string.h>

#include "base/row.h"
#include "base/text.h"
#include "conf/view.h"
#include "crypto/sha256.h"

enum { PEERS_SHOWN = 8 };

static size_t count_lines(struct slice text)
{
	size_t count = text.len && text.ptr[text.len - 1] != '\n';

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '\n';
	return count;
}

static size_t count_sections(struct slice text)
{
	struct slice line;
	size_t count = 0;

	while (slice_cut(&text, '\n', &line))
		count += slice_starts(slice_trim(line), "[");
	return count;
}

static bool shares_address(const struct vpn_conf *of, const struct vpn_peer *peer, const struct vpn_conf *others,
			   const struct vpn_peer *other)
{
	for (unsigned i = 0; i < peer->allowed_count; i++)
		for (unsigned j = 0; j < other->allowed_count; j++)
			if (inet_prefix_equal(&of->allowed[peer->allowed_first + i].prefix,
					      &others->allowed[other->allowed_first + j].prefix))
				return true;
	return false;
}

/* By its key, its name or an address of it. */
static bool has_peer(const struct vpn_conf *others, const struct vpn_conf *of, const struct vpn_peer *peer)
{
	if (peer->key_line && vpn_find_peer(others, peer->public_key))
		return true;
	for (int i = 0; i < others->peer_count; i++)
		if ((*peer->name && !strcmp(peer->name, others->peers[i].name)) ||
		    shares_address(of, peer, others, &others->peers[i]))
			return true;
	return false;
}

/* The peers of of that others lacks. */
static void print_peers(const char *label, const struct vpn_conf *of, const struct vpn_conf *others)
{
	size_t count = 0;

	for (int i = 0; i < of->peer_count; i++) {
		const struct vpn_peer *peer = &of->peers[i];
		char text[INET_ADDR_STRLEN] = "";

		if (has_peer(others, of, peer) || count++ >= PEERS_SHOWN)
			continue;
		if (peer->allowed_count)
			inet_addr_text(&of->allowed[peer->allowed_first].prefix.addr, text);
		printf("  %s: %s%s%s\n", label, peer->name, *peer->name && *text ? ", " : "",
		       *peer->name || *text ? text : "one without name and address");
	}
	if (count > PEERS_SHOWN)
		printf("  %s: %zu more\n", label, count - PEERS_SHOWN);
}

static void print_sections(const struct amend *change, enum conf_file file, struct slice text)
{
	bool had = change->now.texts[file].present;
	size_t count = count_sections(text);

	if (file == CONF_ENV)
		return;
	printf("  %zu section%s", count, text_plural(count));
	if (had)
		printf(", %zu before", count_sections(amend_text(change, file)));
	printf("\n");
	if (file != CONF_PUBLIC || !had)
		return;
	print_peers("missing", &change->now.vpn, &change->next.vpn);
	print_peers("new", &change->next.vpn, &change->now.vpn);
}

void pasted_print(struct amend *change, enum conf_file file, size_t len)
{
	struct slice text = { change->bytes, len };
	uint8_t sum[SHA256_LEN];
	size_t lines = count_lines(text);

	diag_clear(&change->diag, false); /* of what was found in the files as they are */
	conf_set_replace(&change->next, &change->now, file, text, &change->diag);
	conf_set_check(&change->next, &change->facts, false, &change->diag);
	sha256(sum, text.ptr, text.len);
	printf("%s: %zu line%s, %zu bytes, sha256 %02x%02x%02x%02x...%s\n", conf_file_name(file), lines, text_plural(lines), len,
	       (unsigned)sum[0], (unsigned)sum[1], (unsigned)sum[2], (unsigned)sum[3],
	       change->now.texts[file].present ? "" : "; there was none before");
	print_sections(change, file, text);
	view_findings(file, text, &change->diag, row_print, NULL);
}
