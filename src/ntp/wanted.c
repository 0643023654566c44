#include "ntp/wanted.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"

const char *const ntp_mode_words[NTP_MODES] = { [NTP_OFF] = "off", [NTP_PEERS] = "peers", [NTP_ON] = "on" };

static void add_server(struct ntp_wanted *wanted, struct slice host)
{
	for (size_t i = 0; i < wanted->server_count; i++)
		if (slice_equal_nocase(host, wanted->servers[i]))
			return;
	if (wanted->server_count < NTP_SERVERS_MAX && host.len && !slice_copy(host, wanted->servers[wanted->server_count], NTP_HOST_LEN))
		wanted->server_count++;
}

void ntp_wanted_add_peer(struct ntp_wanted *wanted, const struct inet_addr *peer)
{
	size_t at = 0;

	while (at < wanted->peer_count && memcmp(wanted->peers[at].bytes, peer->bytes, sizeof(peer->bytes)) < 0)
		at++;
	if (at == NTP_PEERS_MAX)
		return;
	if (wanted->peer_count < NTP_PEERS_MAX)
		wanted->peer_count++;
	memmove(&wanted->peers[at + 1], &wanted->peers[at], (wanted->peer_count - at - 1) * sizeof(*peer));
	wanted->peers[at] = *peer;
}

static void parse_line(struct ntp_wanted *wanted, struct slice line)
{
	struct inet_prefix prefix;
	struct inet_addr addr;
	struct slice key, value;
	bool has_len;
	size_t mode;

	if (!slice_word(&line, &key) || !slice_word(&line, &value))
		return;
	if (slice_equal(key, "mode") && (mode = slice_among(value, ntp_mode_words, NTP_MODES)) < NTP_MODES) {
		wanted->mode = (enum ntp_mode)mode;
		wanted->has_mode = true;
	} else if (slice_equal(key, "server"))
		add_server(wanted, value);
	else if (slice_equal(key, "vpn") && !inet_prefix_parse(value, &prefix, &has_len))
		wanted->vpn = prefix;
	else if (slice_equal(key, "netns") && !slice_equal(value, "-"))
		(void)slice_copy(value, wanted->netns, sizeof(wanted->netns));
	else if (slice_equal(key, "peer") && !inet_addr_parse(value, &addr))
		ntp_wanted_add_peer(wanted, &addr);
}

void ntp_wanted_parse(struct ntp_wanted *wanted, struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line))
		parse_line(wanted, line);
}

void ntp_wanted_parse_addresses(struct ntp_wanted *wanted, struct slice text)
{
	struct inet_addr addr;
	struct slice line;

	while (slice_cut(&text, '\n', &line))
		if (!inet_addr_parse(slice_trim(line), &addr))
			add_server(wanted, slice_trim(line));
}

static struct slice read_text(const char *run_dir, const char *name, char text[static NTP_FILE_MAX])
{
	char path[NTP_PATH_LEN];
	ssize_t n;

	text_format(path, sizeof(path), "%s/%s" NTP_END, run_dir, name);
	n = file_read(AT_FDCWD, path, text, NTP_FILE_MAX);
	return (struct slice){ text, n > 0 ? (size_t)n : 0 };
}

void ntp_wanted_read(struct ntp_wanted *wanted, const char *run_dir)
{
	static char text[NTP_FILE_MAX];

	*wanted = (struct ntp_wanted){ .mode = NTP_OFF };
	ntp_wanted_parse(wanted, read_text(run_dir, NAME_NETWORK, text));
	ntp_wanted_parse_addresses(wanted, read_text(run_dir, NTP_DHCP, text));
	ntp_wanted_parse(wanted, read_text(run_dir, NAME_MANAGEMENT, text));
}

void ntp_wanted_write(const char *run_dir, const char *name, const char *text)
{
	static char before[NTP_FILE_MAX];
	char path[NTP_PATH_LEN];
	int err;

	text_format(path, sizeof(path), "%s/%s" NTP_END, run_dir, name);
	if (!*text) {
		(void)unlink(path);
		return;
	}
	if (slice_equal(read_text(run_dir, name, before), text))
		return;
	err = file_put(path, text, strlen(text));
	if (err < 0)
		log_err("the time is not kept as it should be: %s: %s", path, strerror(-err));
}
