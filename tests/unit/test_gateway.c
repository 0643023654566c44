/* gateway/ and network/: what needs neither a kernel nor a second process. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wrap.h"
#include "conf/applied.h"
#include "gateway/commands.h"
#include "gateway/inner.h"
#include "gateway/ping.h"
#include "gateway/profile.h"
#include "gateway/verbs.h"
#include "gateway/wanted.h"
#include "network/facts.h"
#include "report/words.h"

#define PRIVATE "[Interface]\nListenPort = 4567\nPrivateKey = yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw=\n"
#define OWN "[Peer]\nPublicKey = acfzxE6ZsiYE4jIqsBicOt7oT8ZuKhxBvuz0+6JxiEc=\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.1:4567\n"
#define OTHER \
	"[Peer] # fra2\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = 10.8.3.2/32\nEndpoint = %s\n"

static char dir[32];
static int dir_fd;
static struct conf_set set;
static struct diag diag;

static void put(const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* A directory with the document's files and one peer at endpoint, loaded into set. */
static bool begin(const char *endpoint)
{
	static const struct conf_facts nothing;
	char public[1024];

	strcpy(dir, "/tmp/unit.XXXXXX");
	if (!mkdtemp(dir))
		abort();
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	put("vpn-private.conf", PRIVATE);
	snprintf(public, sizeof(public), OWN OTHER, endpoint);
	put("vpn-public.conf", public);
	put(".env", "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_VPN_PORT=4999\nDATA_PLANE_VPN_DEVICE=wgdp\n");
	diag_clear(&diag, false);
	conf_set_load(&set, dir_fd, &diag);
	conf_set_check(&set, &nothing, false, &diag);
	return diag.error_count == 0;
}

static void end(void)
{
	char command[64];

	close(dir_fd);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (system(command) != 0)
		abort();
}

TEST(paths_differ_in_port_device_and_the_peers_port)
{
	static struct tunnel_config wanted;
	static struct resolver resolver;

	CHECK(begin("192.0.2.2:4570"));
	wanted_build(&wanted, &profiles[PROFILE_GATEWAY], &set, &resolver, NULL);
	CHECK_INT(wanted.peer_count, 1); /* we are no peer */
	CHECK_INT(wanted.listen_port, 4567);
	CHECK_INT(wanted.peers[0].endpoint.port, 4570);
	CHECK_STR(profile_device(&profiles[PROFILE_GATEWAY], &set.env), "wg0");
	wanted_build(&wanted, &profiles[PROFILE_DATAPLANE], &set, &resolver, NULL);
	CHECK_INT(wanted.listen_port, 4999);
	CHECK_INT(wanted.peers[0].endpoint.port, 4999);
	CHECK_STR(profile_device(&profiles[PROFILE_DATAPLANE], &set.env), "wgdp");
	end();
}

TEST(peer_by_name_has_an_endpoint_once_it_is_resolved)
{
	static struct tunnel_config wanted, later;
	static struct resolver resolver;

	CHECK(begin("fra2.example:4567"));
	resolver.count = 0;
	wanted_build(&wanted, &profiles[PROFILE_GATEWAY], &set, &resolver, NULL);
	CHECK_INT(wanted.peers[0].endpoint.addr.family, 0);
	strcpy(resolver.names[0].host, "fra2.example");
	resolver.names[0].known.list[0] = (struct inet_addr){ AF_INET, { 192, 0, 2, 9 } };
	resolver.names[0].known.count = 1;
	resolver.count = 1;
	wanted_build(&later, &profiles[PROFILE_GATEWAY], &set, &resolver, NULL);
	CHECK_INT(later.peers[0].endpoint.addr.bytes[3], 9);
	CHECK(later.peers[0].endpoint_id == wanted.peers[0].endpoint_id);
	end();
}

TEST(applied_set_comes_back_as_it_was_and_replaces_the_one_before)
{
	static struct conf_set back;
	struct stat st;
	int fd;

	CHECK(begin("192.0.2.2:4567"));
	CHECK_INT(applied_save(dir_fd, "gateway", &set, ~0u, true), 0);
	put(".env", "MITIGATOR_VPN_ADDRESS=10.8.3.1/16\n");
	unlinkat(dir_fd, "network.conf", 0);
	conf_set_load(&set, dir_fd, &diag);
	CHECK_INT(applied_save(dir_fd, "gateway", &set, ~0u, true), 0);
	fd = applied_open(dir_fd, "gateway");
	CHECK(fd >= 0);
	diag_clear(&diag, false);
	conf_set_load(&back, fd, &diag);
	CHECK_INT(diag.count, 0);
	CHECK_INT(back.env.vpn_address.len, 16);
	CHECK_INT(back.vpn.peer_count, 2);
	CHECK_MEM(back.vpn.private_key, set.vpn.private_key, VPN_KEY_LEN);
	CHECK(fstatat(fd, "vpn-private.conf", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	close(fd);
	CHECK(applied_open(dir_fd, "gateway-dataplane") < 0);
	end();
}

TEST(file_that_is_gone_is_gone_from_the_applied_set_too)
{
	int fd;

	CHECK(begin("192.0.2.2:4567"));
	CHECK_INT(applied_save(dir_fd, "gateway", &set, ~0u, true), 0);
	unlinkat(dir_fd, "vpn-private.conf", 0);
	unlinkat(dir_fd, "vpn-public.conf", 0);
	put(".env", "\n");
	conf_set_load(&set, dir_fd, &diag);
	CHECK_INT(applied_save(dir_fd, "gateway", &set, ~0u, true), 0);
	fd = applied_open(dir_fd, "gateway");
	CHECK(faccessat(fd, "vpn-private.conf", F_OK, 0) < 0);
	close(fd);
	end();
}

static void add_pci(const char *address, const char *vendor, const char *class)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, address);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/vendor", address);
	put(path, vendor);
	snprintf(path, sizeof(path), "%s/class", address);
	put(path, class);
}

TEST(mellanox_nic_is_a_network_device_of_its_vendor)
{
	char where[64] = "";

	CHECK(begin("192.0.2.2:4567"));
	add_pci("0000:00:03.0", "0x8086\n", "0x020000\n"); /* a NIC of another vendor */
	add_pci("0000:01:00.0", "0x15b3\n", "0x060400\n"); /* a bridge of that vendor */
	CHECK(!facts_find_mellanox(dir, where, sizeof(where)));
	add_pci("0000:02:00.0", "0x15b3\n", "0x020700\n");
	CHECK(facts_find_mellanox(dir, where, sizeof(where)));
	CHECK_STR(where, "0000:02:00.0 (no driver)");
	end();
}

TEST(isolation_is_what_env_says_and_else_what_the_nics_are)
{
	static struct conf_facts facts;
	static struct env_conf env;
	const struct profile *dataplane = &profiles[PROFILE_DATAPLANE];
	char why[96];

	facts.mellanox_where = "0000:02:00.0 (mlx5_core)";
	env.isolation = ENV_ISOLATION_AUTO;
	CHECK(profile_isolated(dataplane, &env, &facts));
	facts.mellanox = true;
	CHECK(!profile_isolated(dataplane, &env, &facts));
	CHECK(profile_isolated(&profiles[PROFILE_GATEWAY], &env, &facts));
	profile_isolation_reason(dataplane, &env, &facts, why, sizeof(why));
	CHECK_STR(why, "a Mellanox NIC is present: 0000:02:00.0 (mlx5_core)");
	env.isolation = ENV_ISOLATION_ON;
	CHECK(profile_isolated(dataplane, &env, &facts));
}

TEST(inner_mtu_is_the_underlays_less_the_overhead)
{
	static const struct {
		uint32_t underlay, inner, inner6, most;
	} rows[] = {
		{ 1500, 1420, 1420, 0 },	{ 1400, 1320, 1320, 0 },       { 9000, 8920, 8920, 0 },
		{ 0, 1420, 1420, 0 },		{ 600, 576, 1280, 0 },	       { 1300, 1220, 1280, 0 },
		{ 65535, 16384, 16384, 0 },	{ 1500, 1400, 1400, 1400 },    { 1500, 1420, 1420, 1421 },
		{ 1500, 1000, 1280, 1000 },	{ 0, 1300, 1300, 1300 },       { 1300, 900, 1280, 900 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct underlay underlay = { .mtu_bytes = rows[i].underlay };

		CHECK_INT(inner_mtu(&underlay, AF_INET, rows[i].most), rows[i].inner);
		CHECK_INT(inner_mtu(&underlay, AF_INET6, rows[i].most), rows[i].inner6);
	}
}

TEST(ages_and_sizes_read_as_wg_has_them)
{
	char text[96];

	CHECK_STR(words_ago(0, text, sizeof(text)), "Now");
	CHECK_STR(words_ago(1, text, sizeof(text)), "1 second ago");
	CHECK_STR(words_ago(3725, text, sizeof(text)), "1 hour, 2 minutes, 5 seconds ago");
	CHECK_STR(words_duration(25, text, sizeof(text)), "25 seconds");
	CHECK_STR(words_bytes(1023, text, sizeof(text)), "1023 B");
	CHECK_STR(words_bytes(1536, text, sizeof(text)), "1.50 KiB");
	CHECK_STR(words_bytes(3ull << 40, text, sizeof(text)), "3.00 TiB");
}

/* On a machine where one takes longer than its interval: a loop does what is due by the time at which it woke. */
TEST(ping_that_cannot_hold_its_rate_leaves_the_loop_to_others)
{
	enum { INTERVAL_NS = 10000000, TAKES_NS = 2 * INTERVAL_NS, WAKE_UPS = 10, MOST = 25 };
	uint64_t now_ns = 0, due_ns = 0;

	for (unsigned i = 0; i < WAKE_UPS; i++) {
		uint64_t woken_ns = now_ns += 100 * (uint64_t)INTERVAL_NS;
		unsigned sent = 0;

		for (; due_ns <= woken_ns; sent++) {
			due_ns = ping_next_ns(due_ns, INTERVAL_NS, woken_ns);
			now_ns += TAKES_NS;
		}
		CHECK(sent && sent < MOST);
	}
	/* The control: what it can hold is held, also behind a pause. */
	CHECK_INT((long long)ping_next_ns(0, INTERVAL_NS, 0), INTERVAL_NS);
	CHECK_INT((long long)ping_next_ns(0, INTERVAL_NS, 20 * (uint64_t)INTERVAL_NS), INTERVAL_NS);
}

static void look_at_row(void *arg, const char *text)
{
	unsigned *wide = arg;

	*wide += strlen(text) > WRAP_WIDTH || (*text && text[strlen(text) - 1] == ' ');
}

TEST(commands_have_a_sentence_each_and_fit_a_screen)
{
	unsigned wide = 0;

	for (const struct worker_verb *verb = path_verbs; verb->name; verb++)
		CHECK(verb->about[0] && !strchr(verb->about, '|'));
	commands_usage("gateway-dataplane", look_at_row, &wide);
	commands_print(false, look_at_row, &wide);
	for (const struct worker_verb *verb = path_verbs; verb->name; verb++)
		CHECK(command_usage("gateway-dataplane", verb->name, look_at_row, &wide));
	CHECK(command_usage("gateway", "run", look_at_row, &wide) && !command_usage("gateway", "nothing", look_at_row, &wide));
	CHECK_INT(wide, 0);
	CHECK(command_find("check") && command_find("unset"));
	CHECK(!command_find("run") && !command_find("reconfigure") && !command_find(""));
}
