#include "gateway/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "conf/edit.h"
#include "crypto/key.h"
#include "gateway/amend.h"
#include "gateway/key.h"
#include "gateway/operands.h"
#include "gateway/set.h"
#include "gateway/typed.h"

enum { EXIT_USAGE = 2, ANSWER_LEN = 64, TEXT_LEN = 512, SECTIONS_LEN = 1 << 16, PORT_DEFAULT = 4567 };

static const char *conf_dir;

static struct {
	char nic[ANSWER_LEN], address[ANSWER_LEN], gateway[ANSWER_LEN], vpn[ANSWER_LEN], name[ANSWER_LEN];
} answers;

/* NULL when it will do, else what was expected. */
typedef const char *judge_fn(struct slice answer);

static const struct conf_link *find_nic(struct slice name)
{
	for (size_t i = 0; i < the_change.facts.link_count; i++)
		if (the_change.facts.links[i].nic && slice_equal(name, the_change.facts.links[i].name))
			return &the_change.facts.links[i];
	return NULL;
}

static const char *judge_nic(struct slice answer)
{
	return find_nic(answer) ? NULL : "a NIC of the list";
}

static const char *judge_address(struct slice answer)
{
	struct inet_prefix prefix;
	bool has_len = false;

	return inet_prefix_parse(answer, &prefix, &has_len) || !has_len ? "ADDRESS/LENGTH, as 192.0.2.1/24" : NULL;
}

static const char *judge_gateway(struct slice answer)
{
	struct inet_addr addr;

	return answer.len && inet_addr_parse(answer, &addr) ? "an address, or nothing" : NULL;
}

static const char *judge_vpn(struct slice answer)
{
	struct inet_addr addr;

	return inet_addr_parse(answer, &addr) ? "an address, as 10.8.3.1" : NULL;
}

static const char *judge_name(struct slice answer)
{
	for (size_t i = 0; i < answer.len; i++)
		if (answer.ptr[i] < '!' || answer.ptr[i] > '~' || strchr("#[]", answer.ptr[i]))
			return "one word of letters and digits";
	return answer.len < VPN_NAME_LEN ? NULL : "a shorter one";
}

/* Enter alone stands for initial. False when whoever types thought better of it. */
static bool ask(const char *question, const char *initial, judge_fn *judge, char answer[static ANSWER_LEN])
{
	struct line line;

	for (;;) {
		const char *expected;
		enum line_event event;

		line_init(&line, answer, ANSWER_LEN, terminal_echo, NULL);
		printf("%s%s%s%s: ", question, *initial ? " (" : "", initial, *initial ? ")" : "");
		(void)fflush(stdout);
		event = terminal_read(&line);
		if (event != LINE_DONE && event != LINE_TOO_LONG) {
			printf("\n");
			return false;
		}
		if (event == LINE_DONE && !*answer)
			text_format(answer, ANSWER_LEN, "%s", initial);
		expected = event == LINE_DONE ? judge(slice_of(answer)) : "a shorter one";
		if (!expected)
			return true;
		printf("expected %s\n", expected);
	}
}

/* The first NIC with a cable is the one that is offered. */
static const char *print_nics(void)
{
	const char *first = "";

	for (size_t i = 0; i < the_change.facts.link_count; i++) {
		const struct conf_link *nic = &the_change.facts.links[i];
		const uint8_t *mac = nic->mac;

		if (!nic->nic)
			continue;
		printf("  %-8s  %02x:%02x:%02x:%02x:%02x:%02x  %s\n", nic->name, (unsigned)mac[0], (unsigned)mac[1], (unsigned)mac[2],
		       (unsigned)mac[3], (unsigned)mac[4], (unsigned)mac[5], nic->carrier ? "carrier" : "no carrier");
		if (!*first && nic->carrier)
			first = nic->name;
	}
	return first;
}

/* The file of a new partition names no address. */
static bool has_addresses(void)
{
	for (size_t i = 0; i < the_change.now.network.nic_count; i++)
		if (the_change.now.network.nics[i].address_count)
			return true;
	return false;
}

static bool ask_all(void)
{
	const char *first = print_nics();

	return (has_addresses() ||
		(ask("NIC of the way to the others", first, judge_nic, answers.nic) &&
		 ask("its ADDRESS/LENGTH", "", judge_address, answers.address) &&
		 ask("its gateway, Enter: none", "", judge_gateway, answers.gateway))) &&
	       (the_change.now.env.address_line || ask("VPN address of this instance", "", judge_vpn, answers.vpn)) &&
	       ask("its name, Enter: none", "", judge_name, answers.name);
}

/* Adds lines to the file as it is now, or has them in its place; the status. */
static int put_lines(enum conf_file file, struct slice lines, bool all)
{
	struct slice before;
	int status;

	if (!amend_open(&the_change, "setup", conf_dir))
		return 1;
	before = all ? (struct slice){ "", 0 } : amend_text(&the_change, file);
	status = amend_keep(&the_change, file, edit_add(before, 0, lines, the_change.bytes, sizeof(the_change.bytes)), conf_file_name(file));
	amend_close(&the_change);
	return status;
}

static int write_network(const struct conf_link *nic)
{
	const uint8_t *mac = nic->mac;
	char lines[TEXT_LEN];

	text_format(lines, sizeof(lines), "[Match]\nMACAddress = %02x:%02x:%02x:%02x:%02x:%02x\n\n[Network]\nAddress = %s\n%s%s%s",
		    (unsigned)mac[0], (unsigned)mac[1], (unsigned)mac[2], (unsigned)mac[3], (unsigned)mac[4], (unsigned)mac[5],
		    answers.address, *answers.gateway ? "Gateway = " : "", answers.gateway, *answers.gateway ? "\n" : "");
	return put_lines(CONF_NETWORK, slice_of(lines), true);
}

static int write_address(void)
{
	char *words[] = { (char[]){ "set" }, (char[]){ "MITIGATOR_VPN_ADDRESS" }, answers.vpn, (char[]){ "--conf" },
			  (char *)(uintptr_t)conf_dir, NULL };

	return set_main(5, words);
}

static int run_key(const char *verb)
{
	char *words[] = { (char[]){ "key" }, (char *)(uintptr_t)verb, (char[]){ "--conf" }, (char *)(uintptr_t)conf_dir, NULL };

	return key_main(4, words);
}

/* Our own section: what `key show` says, with the name. */
static int write_own(void)
{
	char lines[TEXT_LEN], key[KEY_BASE64_LEN], addr[INET_ADDR_STRLEN], host[INET_ADDR_STRLEN] = "";
	const struct network_conf *network = &the_change.now.network;
	const struct inet_addr *vpn;
	struct text text;

	if (!amend_open(&the_change, "setup", conf_dir))
		return 1;
	vpn = &the_change.now.env.vpn_address.addr;
	key_to_base64(the_change.now.vpn.public_key, key);
	text_init(&text, lines, sizeof(lines));
	text_add(&text, "[Peer]%s%s\nPublicKey = %s\nAllowedIPs = %s/%u\n", *answers.name ? " # " : "", answers.name, key,
		 inet_addr_text(vpn, addr), inet_bits(vpn->family));
	for (size_t i = 0; i < network->nic_count && !*host; i++)
		if (network->nics[i].address_count) {
			vpn = &network->nics[i].addresses[0].addr;
			inet_addr_text(vpn, host);
			text_add(&text, vpn->family == AF_INET6 ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n", host,
				 the_change.now.vpn.port_line ? (unsigned)the_change.now.vpn.listen_port : (unsigned)PORT_DEFAULT);
		}
	amend_close(&the_change);
	return put_lines(CONF_PUBLIC, slice_of(lines), false);
}

/* The sections of the others, pasted; a refused paste is asked for again. */
static int take_others(void)
{
	static char bytes[SECTIONS_LEN];
	size_t len;

	for (;;) {
		int err;

		terminal_open();
		printf("paste the [Peer] sections of the others, then a line with a single .\n");
		(void)fflush(stdout);
		err = typed_lines(bytes, sizeof(bytes) - 1, &len);
		terminal_restore();
		if (err < 0 && err != -EFBIG)
			return 1;
		if (!err && !len)
			return 0;
		if (!err && !put_lines(CONF_PUBLIC, (struct slice){ bytes, len }, false))
			return 0;
	}
}

static int set_up(void)
{
	bool has_key = the_change.now.vpn.private_key_line, has_network = has_addresses();
	bool has_address = the_change.now.env.address_line, gone;
	struct conf_link nic = { .name = "" };

	terminal_open();
	gone = !ask_all();
	terminal_restore();
	if (!gone && !has_network)
		nic = *find_nic(slice_of(answers.nic));
	amend_close(&the_change);
	if (gone)
		return 1;
	if ((!has_network && write_network(&nic)) || (!has_address && write_address()) || (!has_key && run_key("new")) || write_own())
		return 1;
	printf("\nthe others need this section:\n\n");
	(void)run_key("show");
	printf("\n");
	return take_others();
}

int setup_main(int argc, char **argv)
{
	conf_dir = operand_dir(&argc, argv);
	if (argc != 1 || !isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "usage: setup, at a terminal\n");
		return EXIT_USAGE;
	}
	if (!amend_open(&the_change, "setup", conf_dir))
		return 1;
	if (amend_own_peer(&the_change)) {
		(void)fprintf(stderr, "setup: this instance is in " VPN_PUBLIC_FILE " already: `edit`, `set`, `peer` and `key` change it\n");
		amend_close(&the_change);
		return 1;
	}
	return set_up();
}
