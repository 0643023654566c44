#include "gateway/probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/here.h"
#include "base/row.h"
#include "base/wrap.h"
#include "control/client.h"
#include "gateway/ask.h"
#include "gateway/names.h"

/* HEADERS: of IPv4 and ICMP, or IPv6 and ICMP. OUTSIDE: what a packet is longer by outside, with IPv4 and with IPv6 there. */
enum {
	EXIT_USAGE = 2,
	COUNT = 5,
	COUNT_SEARCHING = 2,
	SILENCE_MS = 15000,
	ANSWER_LEN = 4096,
	DATA_MIN = 56,
	HEADERS_V4 = 28,
	HEADERS_V6 = 48,
	OUTSIDE_V4 = 60,
	OUTSIDE_V6 = 80,
	STEP = 4,
};

struct echoes {
	unsigned sent, received;
	double average_ms;
	char error[128]; /* "" when there was none */
};

/* What `ping -q` ends with; a line before that is why nothing was sent. */
static bool read_echoes(char *text, struct echoes *echoes)
{
	char *last = strstr(text, " sent, "), *times;
	size_t error_len;

	while (last && last > text && last[-1] != '\n')
		last--;
	if (!last || sscanf(last, "%u sent, %u received", &echoes->sent, &echoes->received) != 2) /* NOLINT(cert-err34-c): our own */
		return false;
	times = strstr(last, "min/avg/max ");
	if (!times || sscanf(times, "min/avg/max %*f/%lf/", &echoes->average_ms) != 1) /* NOLINT(cert-err34-c): likewise */
		echoes->average_ms = 0;
	error_len = last > text ? (size_t)(last - text) - 1 : 0;
	text_format(echoes->error, sizeof(echoes->error), "%.*s", (int)error_len, text);
	return true;
}

/* Echo requests of that many bytes, headers too, in one piece: 0, or negative when the service does not answer. */
static int send_echoes(const char *run_dir, unsigned path, char *address, unsigned size, unsigned count, struct echoes *echoes)
{
	static char verb[] = "ping", count_option[] = "-c", every_option[] = "-i", every[] = "0.2", size_option[] = "-s",
		    whole[] = "-D", quiet[] = "-q";
	char sizes[16], counts[16], socket_path[CONTROL_PATH_LEN], text[ANSWER_LEN];
	char *const words[] = { verb, address, count_option, counts, every_option, every, size_option, sizes, whole, quiet };
	int answer = memfd_create("answer", MFD_CLOEXEC), fd, status;
	ssize_t n;

	*echoes = (struct echoes){ .sent = 0 };
	text_format(sizes, sizeof(sizes), "%u", size - (strchr(address, ':') ? HEADERS_V6 : HEADERS_V4));
	text_format(counts, sizeof(counts), "%u", count);
	status = control_path(socket_path, run_dir, profiles[path].name);
	fd = status ? status : control_begin(socket_path, sizeof(words) / sizeof(words[0]), words, SILENCE_MS);
	status = fd < 0 ? fd : control_finish(fd, SILENCE_MS, answer, answer);
	n = answer < 0 ? -1 : pread(answer, text, sizeof(text) - 1, 0);
	if (answer >= 0)
		close(answer);
	text[n > 0 ? n : 0] = '\0';
	if (status < 0)
		return status;
	if (!read_echoes(text, echoes))
		text_format(echoes->error, sizeof(echoes->error), "%.*s", (int)strcspn(text, "\n"), text);
	return 0;
}

static void print_reason(const char *reason)
{
	char words[ANSWER_LEN];

	text_format(words, sizeof(words), "  %s", reason);
	wrap_text(words, 2, row_print, NULL);
}

static void print_echoes(unsigned size, const struct echoes *echoes)
{
	printf("  %u bytes: %u of %u came back", size, echoes->received, echoes->sent);
	if (echoes->received)
		printf(", %.1f ms on average", echoes->average_ms);
	printf("%s%s\n", !echoes->received && echoes->error[0] ? ": " : "", echoes->received ? "" : echoes->error);
	(void)fflush(stdout);
}

/* The largest that passes, between one that does and one that does not. */
static unsigned search(const char *run_dir, unsigned path, char *address, unsigned passes, unsigned fails)
{
	struct echoes echoes;

	while (fails - passes > STEP) {
		unsigned size = passes + (fails - passes) / 2;

		if (send_echoes(run_dir, path, address, size, COUNT_SEARCHING, &echoes) < 0)
			break;
		if (echoes.received)
			passes = size;
		else
			fails = size;
	}
	return passes;
}

static bool probe_path(const char *run_dir, unsigned path, char *address, unsigned mtu)
{
	unsigned smallest = DATA_MIN + (strchr(address, ':') ? HEADERS_V6 : HEADERS_V4), passes;
	struct echoes echoes;
	char words[ANSWER_LEN];
	int err = send_echoes(run_dir, path, address, smallest, COUNT, &echoes);

	if (err < 0) {
		printf("  %s\n", control_words(err));
		return false;
	}
	print_echoes(smallest, &echoes);
	if (!echoes.received) {
		text_format(words, sizeof(words), "nothing passes: `%s NAME` has why a handshake failed, `%sping out ADDRESS` is for the way "
			    "outside of the tunnel", here_is_appliance() ? "show" : NAME_MANAGEMENT " overview", here_program());
		print_reason(words);
		return false;
	}
	if (mtu <= smallest) {
		printf("  the MTU inside is %s: what is longer was not tried\n", mtu ? "no larger" : "not known");
		return mtu && echoes.received == echoes.sent;
	}
	err = send_echoes(run_dir, path, address, mtu, COUNT, &echoes);
	if (err < 0) {
		printf("  %s\n", control_words(err));
		return false;
	}
	print_echoes(mtu, &echoes);
	if (echoes.received)
		return echoes.received == echoes.sent;
	printf("  looking for the largest that passes ...\n");
	(void)fflush(stdout);
	passes = search(run_dir, path, address, smallest, mtu);
	text_format(words, sizeof(words),
		    "%u bytes is the largest that passes, and the MTU inside is %u: handshakes and small packets are fine, and data dies. "
		    "The network between takes packets of about %u bytes (over IPv6: %u), and ours are longer. %s=%u in .env of every "
		    "instance mends that, or a larger MTU on the way.",
		    passes, mtu, passes + OUTSIDE_V4, passes + OUTSIDE_V6,
		    path == PROFILE_DATAPLANE ? "DATA_PLANE_VPN_MTU" : "MITIGATOR_VPN_MTU", passes & ~3u);
	print_reason(words);
	return false;
}

static struct overview_peer *find(struct overview *overview, const char *name)
{
	for (size_t i = 0; i < overview->peer_count; i++) {
		struct overview_peer *peer = &overview->peers[i];

		if (!strcmp(peer->address, name) || !strcmp(peer->key, name) || names_fits(peer->name, name))
			return peer;
	}
	return NULL;
}

int probe_main(const char *run_dir, int argc, char **argv)
{
	static struct overview overview;
	struct overview_peer *peer;
	bool fine = true, silent = false;

	if (argc != 1) {
		(void)fprintf(stderr, "usage: probe NAME, or the VPN address of a peer\n");
		return EXIT_USAGE;
	}
	ask_overview(&overview, run_dir);
	peer = find(&overview, argv[0]);
	for (unsigned i = 0; i < PROFILES; i++)
		silent = silent || !overview.paths[i].answered;
	if (!peer)
		ask_print_no_peer(argv[0], silent);
	for (unsigned i = 0; i < PROFILES; i++) {
		const struct overview_path *path = &overview.paths[i];

		if (peer)
			printf("%s: to %s%s%s\n", profiles[i].title, peer->name, *peer->name ? " " : "", peer->address);
		else if (!path->answered)
			printf("%s:\n", profiles[i].title);
		if (!path->answered)
			print_reason(path->reason);
		else if (peer && !peer->on[i].there)
			printf("  it has no such peer\n");
		fine = peer && path->answered && peer->on[i].there && probe_path(run_dir, i, peer->address, (unsigned)path->mtu_bytes) && fine;
	}
	return !fine;
}
