/* handshaker keys COUNT
 * handshaker run COUNT SECONDS RESPONDER_KEY ADDRESS:PORT SOURCE...
 * handshaker return COUNT SECONDS RESPONDER_KEY ADDRESS:PORT SOURCE
 *
 * As many peers as COUNT shake hands with one WireGuard, whoever wrote it, as fast as that answers: from each source address
 * (IPv4) one initiation is on its way at a time. keys prints the peers' public keys, run the handshakes done per second. An
 * answer is one whose mac1 is right: only who could read the initiation knows which key to make it with. Cookies are
 * returned.
 *
 * return: all of them behind one address, each with a port of its own, come back at once, as after a power cut. Each tries again as
 * WireGuard does, 5 s later, until it was answered; printed is how long it took until so many had been. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "wg/cookie.h"
#include "wg/noise.h"

enum { PEERS_MAX = 1024, SOURCES_MAX = PEERS_MAX, PATIENCE_MS = 500, APART_MS = 25, REKEY_TIMEOUT_MS = 5000, JITTER_MAX_MS = 334 };

struct peer {
	struct noise_identity identity;
	struct noise_remote remote;
	struct cookie_checker checker; /* of mac1 on what comes to it */
	uint64_t last_ns;
};

struct source {
	int fd;
	struct cookie_jar jar;
	struct peer *peer; /* whose initiation is on its way */
	struct message_initiation sent;
	uint64_t sent_ns, again_ns;
};

static struct peer peers[PEERS_MAX];
static struct source sources[SOURCES_MAX];
static size_t peer_count, source_count, next_peer;
static unsigned long done, cookies, lost;

/* The same keys in every run: they are worth nothing. */
static void make_identity(struct noise_identity *identity, size_t n)
{
	const uint8_t seed[8] = "handshak";
	uint8_t number[8];

	store_le64(number, n);
	blake2s(identity->private_key, KEY_LEN, number, sizeof(number), seed, sizeof(seed));
	x25519_clamp(identity->private_key);
	x25519_public(identity->public_key, identity->private_key);
	identity->known = true;
}

static struct peer *rested_peer(uint64_t now_ns)
{
	struct peer *peer = &peers[next_peer];

	if (now_ns - peer->last_ns < APART_MS * NS_PER_MS)
		return NULL;
	next_peer = (next_peer + 1) % peer_count;
	peer->last_ns = now_ns;
	return peer;
}

static void transmit(struct source *s, uint64_t now_ns)
{
	cookie_write_macs(&s->jar, (uint8_t *)&s->sent, sizeof(s->sent), now_ns);
	s->sent_ns = now_ns;
	(void)send(s->fd, &s->sent, sizeof(s->sent), 0);
}

static void write_initiation(struct source *s)
{
	struct noise_handshake handshake;
	struct noise_ephemeral ephemeral;
	uint8_t stamp[WG_STAMP_LEN];
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	wg_stamp(stamp, (struct wg_wall){ wall.tv_sec, (uint32_t)wall.tv_nsec });
	if (random_bytes(ephemeral.private_key, KEY_LEN) < 0)
		abort();
	noise_make_ephemeral(&ephemeral);
	if (!noise_write_initiation(&handshake, &s->sent, &ephemeral, &s->peer->identity, &s->peer->remote, stamp))
		abort();
	store_le32(s->sent.sender, (uint32_t)(s - sources));
}

static void initiate(struct source *s)
{
	uint64_t now_ns = clock_now_ns();

	s->peer = rested_peer(now_ns);
	if (!s->peer)
		return;
	write_initiation(s);
	transmit(s, now_ns);
}

static bool is_answer(const struct source *s, const uint8_t *bytes, size_t len)
{
	return len == sizeof(struct message_response) && bytes[0] == MESSAGE_RESPONSE &&
	       load_le32(bytes + 8) == load_le32(s->sent.sender) && cookie_mac1_is_right(&s->peer->checker, bytes, len);
}

static bool is_cookie(struct source *s, const uint8_t *bytes, size_t len)
{
	struct message_cookie cookie;

	if (len != sizeof(cookie) || bytes[0] != MESSAGE_COOKIE)
		return false;
	memcpy(&cookie, bytes, sizeof(cookie));
	return cookie_read(&s->jar, &cookie, clock_now_ns());
}

static void answered(struct source *s, const uint8_t *bytes, size_t len)
{
	if (!s->peer)
		return;
	if (is_answer(s, bytes, len)) {
		done++;
		initiate(s);
	} else if (is_cookie(s, bytes, len)) {
		cookies++;
		transmit(s, clock_now_ns());
	}
}

static int open_source(const char *text, const struct sockaddr_in *to)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, text, &here.sin_addr) != 1 ||
	    bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0 ||
	    connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0) {
		perror(text);
		exit(1);
	}
	return fd;
}

static void run(uint64_t seconds)
{
	uint64_t start_ns = clock_now_ns(), end_ns = start_ns + seconds * NS_PER_S, now_ns;
	struct pollfd ready[SOURCES_MAX];
	uint8_t bytes[256];

	for (size_t i = 0; i < source_count; i++) {
		ready[i] = (struct pollfd){ sources[i].fd, POLLIN, 0 };
		initiate(&sources[i]);
	}
	while ((now_ns = clock_now_ns()) < end_ns) {
		(void)poll(ready, source_count, APART_MS);
		for (size_t i = 0; i < source_count; i++) {
			struct source *s = &sources[i];
			ssize_t n;

			while ((n = recv(s->fd, bytes, sizeof(bytes), 0)) > 0)
				answered(s, bytes, (size_t)n);
			now_ns = clock_now_ns();
			if (s->peer && now_ns - s->sent_ns < PATIENCE_MS * NS_PER_MS)
				continue;
			lost += s->peer != NULL;
			initiate(s);
		}
	}
	printf("%.1f handshakes/s, %lu cookies, %lu lost\n", (double)done * 1e9 / (double)(now_ns - start_ns), cookies,
	       lost);
}

static void try_once(struct source *s)
{
	uint64_t now_ns = clock_now_ns();

	write_initiation(s);
	transmit(s, now_ns);
	s->again_ns = now_ns + (REKEY_TIMEOUT_MS + (uint64_t)random() % JITTER_MAX_MS) * NS_PER_MS;
}

static void come_back(uint64_t seconds)
{
	static const unsigned percents[] = { 50, 90, 99, 100 };
	uint64_t start_ns = clock_now_ns(), end_ns = start_ns + seconds * NS_PER_S, now_ns = start_ns;
	struct pollfd ready[SOURCES_MAX];
	uint8_t bytes[256];
	unsigned long tries = 0;
	size_t next = 0;

	for (size_t i = 0; i < source_count; i++) {
		ready[i] = (struct pollfd){ sources[i].fd, POLLIN, 0 };
		sources[i].peer = &peers[i];
		write_initiation(&sources[i]);
	}
	start_ns = clock_now_ns();
	for (size_t i = 0; i < source_count; i++, tries++) {
		transmit(&sources[i], clock_now_ns());
		sources[i].again_ns = sources[i].sent_ns + (REKEY_TIMEOUT_MS + (uint64_t)random() % JITTER_MAX_MS) * NS_PER_MS;
	}
	while (done < source_count && (now_ns = clock_now_ns()) < end_ns) {
		(void)poll(ready, source_count, APART_MS);
		for (size_t i = 0; i < source_count; i++) {
			struct source *s = &sources[i];
			ssize_t n;

			while (s->peer && (n = recv(s->fd, bytes, sizeof(bytes), 0)) > 0) {
				cookies += is_cookie(s, bytes, (size_t)n);
				if (!is_answer(s, bytes, (size_t)n))
					continue;
				s->peer = NULL;
				ready[i].fd = -1;
				done++;
			}
			if (!s->peer || clock_now_ns() < s->again_ns)
				continue;
			try_once(s);
			tries++;
		}
		while (next < sizeof(percents) / sizeof(percents[0]) && done * 100 >= source_count * percents[next])
			printf("%u%% after %.2f s, ", percents[next++], (double)(clock_now_ns() - start_ns) / 1e9);
	}
	printf("%lu of %zu back, %lu tries, %lu cookies\n", done, source_count, tries, cookies);
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: handshaker keys COUNT | run COUNT SECONDS KEY ADDRESS:PORT SOURCE... |\n"
			      "       return COUNT SECONDS KEY ADDRESS:PORT SOURCE\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint8_t responder[KEY_LEN];
	char text[KEY_BASE64_LEN], *colon;
	bool returns;

	peer_count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (!peer_count || peer_count > PEERS_MAX)
		return usage();
	for (size_t i = 0; i < peer_count; i++)
		make_identity(&peers[i].identity, i);
	if (argc == 3 && !strcmp(argv[1], "keys")) {
		for (size_t i = 0; i < peer_count; i++) {
			key_to_base64(peers[i].identity.public_key, text);
			puts(text);
		}
		return 0;
	}
	returns = argc == 7 && !strcmp(argv[1], "return");
	if (argc < 7 || (!returns && strcmp(argv[1], "run") != 0) || argc - 6 > SOURCES_MAX ||
	    key_from_base64(argv[4], strlen(argv[4]), responder) < 0 || !(colon = strchr(argv[5], ':')))
		return usage();
	*colon = '\0';
	to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, argv[5], &to.sin_addr) != 1)
		return usage();
	for (size_t i = 0; i < peer_count; i++) {
		memcpy(peers[i].remote.public_key, responder, KEY_LEN);
		noise_precompute(&peers[i].remote, &peers[i].identity);
		cookie_checker_set_key(&peers[i].checker, peers[i].identity.public_key);
	}
	source_count = returns ? peer_count : (size_t)argc - 6;
	for (size_t i = 0; i < source_count; i++) {
		sources[i].fd = open_source(argv[returns ? 6 : 6 + i], &to);
		cookie_jar_set_key(&sources[i].jar, responder);
	}
	(returns ? come_back : run)(strtoul(argv[3], NULL, 10));
	return 0;
}
