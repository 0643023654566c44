#include "ntp/directives.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NO_COMMANDS "cmdport 0"

static void add(struct ntp_words *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct ntp_words *words, const char *fmt, ...)
{
	size_t left = sizeof(words->bytes) - words->len;
	char *at = words->bytes + words->len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(at, left, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= left || words->count + 1 == NTP_WORDS_MAX) {
		words->overflowed = true;
		return;
	}
	words->argv[words->count++] = at;
	words->len += (size_t)n + 1;
}

static void begin(struct ntp_words *words)
{
	memset(words, 0, sizeof(*words));
	add(words, "chronyd");
}

bool ntp_serves(const struct ntp_wanted *wanted)
{
	return wanted->mode != NTP_OFF && wanted->vpn.addr.family;
}

bool ntp_asks(const struct ntp_wanted *wanted)
{
	return wanted->mode == NTP_ON && wanted->server_count;
}

static void add_servers(struct ntp_words *words, const struct ntp_wanted *wanted, const char *options)
{
	for (size_t i = 0; ntp_asks(wanted) && i < wanted->server_count; i++)
		add(words, "server %s %s", wanted->servers[i], options);
}

/* Symmetric: what goes to them leaves by the socket that serves, which is in the namespace of the path. */
static void add_peers(struct ntp_words *words, const struct ntp_wanted *wanted)
{
	const struct inet_addr first = inet_prefix_first(&wanted->vpn);
	char address[INET_ADDR_STRLEN];

	add(words, "bindaddress %s", inet_addr_text(&wanted->vpn.addr, address));
	add(words, "allow %s/%u", inet_addr_text(&first, address), wanted->vpn.len);
	add(words, "local stratum %d orphan", NTP_ORPHAN_STRATUM);
	/* There is no burst among them: the first answers would be minutes apart. */
	for (size_t i = 0; i < wanted->peer_count; i++)
		add(words, "peer %s minpoll 4", inet_addr_text(&wanted->peers[i], address));
}

void ntp_directives(struct ntp_words *words, const struct ntp_wanted *wanted, bool serves, const char *dir)
{
	begin(words);
	/* In the foreground, and not as root: it has the one capability that it needs. Its directory is to be its user's. */
	add(words, "-d");
	add(words, "-U");
	add(words, "-u");
	add(words, NTP_USER);
	add(words, "pidfile /");
	add(words, NO_COMMANDS);
	add(words, "bindcmdaddress %s/socket", dir);
	add(words, "driftfile %s/drift", dir);
	add(words, "rtcsync");
	add(words, "maxchange %d 0 -1", NTP_SLEW_MAX_S);
	add_servers(words, wanted, "iburst");
	if (serves && ntp_serves(wanted))
		add_peers(words, wanted);
	else
		add(words, "port 0");
}

void ntp_directives_once(struct ntp_words *words, const struct ntp_wanted *wanted, unsigned limit_s)
{
	begin(words);
	add(words, "-Q");
	add(words, "-t");
	add(words, "%u", limit_s);
	add(words, "pidfile /");
	add(words, NO_COMMANDS);
	add(words, "bindcmdaddress /");
	/* One answer of each will do: it is a matter of seconds. */
	add_servers(words, wanted, "iburst maxsamples 1");
}
