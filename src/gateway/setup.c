#include "gateway/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/here.h"
#include "base/terminal.h"
#include "conf/edit.h"
#include "crypto/key.h"
#include "gateway/amend.h"
#include "gateway/key.h"
#include "gateway/operands.h"
#include "gateway/section.h"
#include "gateway/set.h"
#include "gateway/typed.h"

enum { EXIT_USAGE = 2, ANSWER_LEN = 64, TEXT_LEN = 512 };

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
		if (the_change.now.network.nics[i].address_count || the_change.now.network.nics[i].dhcp)
			return true;
	return false;
}

/* What is there already is not asked for: one that was broken off goes on. */
static bool ask_all(void)
{
	const char *first = has_addresses() ? "" : print_nics();

	return (has_addresses() ||
		(ask("NIC of the way to the others", first, judge_nic, answers.nic) &&
		 ask("its ADDRESS/LENGTH", "", judge_address, answers.address) &&
		 ask("its gateway, Enter: none", "", judge_gateway, answers.gateway))) &&
	       (the_change.now.env.address_line || ask("VPN address of this instance", "", judge_vpn, answers.vpn)) &&
	       (amend_own_peer(&the_change) || ask("its name, Enter: none", "", judge_name, answers.name));
}

/* A file as it was read last with lines at its end, or in front of the section at before: the status. */
static int put_lines(enum conf_file file, unsigned before, struct slice lines)
{
	struct slice text = amend_text(&the_change, file);
	ssize_t len;

	len = before ? edit_insert(text, before, lines, the_change.bytes, sizeof(the_change.bytes))
		     : edit_add(text, 0, lines, the_change.bytes, sizeof(the_change.bytes));
	return amend_keep(&the_change, file, len, conf_file_name(file));
}

static bool sets_offloads(const struct network_nic *section)
{
	for (size_t i = 0; i < NETWORK_OFFLOADS; i++)
		if (section->offloads[i] != NETWORK_UNSAID)
			return true;
	return false;
}

static bool sets_something(const struct network_nic *section)
{
	return section->address_count || section->route_count || section->mtu_bytes || section->unmanaged || section->dhcp ||
	       section->accept_ra != NETWORK_RA_DEFAULT || section->lldp_line || sets_offloads(section);
}

/* Of several that fit a NIC the first counts: what the one there sets is this NIC's no longer, and that is for the operator to say. */
static bool may_precede(const struct network_nic *there, const char *nic)
{
	bool yes;

	if (!there || !sets_something(there))
		return true;
	printf("the [Match] at " NETWORK_FILE ":%u fits %s too: what it sets is lost for %s\n", there->line, nic, nic);
	terminal_open();
	yes = terminal_yes("put a [Match] for the address in front of it (yes/no)?");
	terminal_restore();
	return yes;
}

static int write_network(void)
{
	const struct network_nic *there;
	const struct conf_link *nic;
	char lines[TEXT_LEN];

	if (!amend_open(&the_change, "setup", conf_dir))
		return 1;
	nic = find_nic(slice_of(answers.nic));
	if (!nic) {
		(void)fprintf(stderr, "setup: %s is gone\n", answers.nic);
		return 1;
	}
	there = network_match(&the_change.now.network, nic->name, nic->mac, nic->path);
	if (!may_precede(there, nic->name)) {
		(void)fprintf(stderr, "setup: `%sedit " NETWORK_FILE "`, then `%ssetup` goes on\n", here_program(), here_program());
		return 1;
	}
	text_format(lines, sizeof(lines), "[Match]\nMACAddress = %02x:%02x:%02x:%02x:%02x:%02x\n\n[Network]\nAddress = %s\n%s%s%s",
		    (unsigned)nic->mac[0], (unsigned)nic->mac[1], (unsigned)nic->mac[2], (unsigned)nic->mac[3], (unsigned)nic->mac[4],
		    (unsigned)nic->mac[5], answers.address, *answers.gateway ? "Gateway = " : "", answers.gateway, *answers.gateway ? "\n" : "");
	return put_lines(CONF_NETWORK, there ? there->line : 0, slice_of(lines));
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

static int write_own(void)
{
	char section[SECTION_LEN];

	if (!amend_open(&the_change, "setup", conf_dir))
		return 1;
	if (amend_own_peer(&the_change)) /* of another console, since this one asked */
		return 0;
	section_write(&the_change, the_change.now.vpn.public_key, answers.name, section);
	return put_lines(CONF_PUBLIC, 0, slice_of(section));
}

/* Pasted into bytes[cap]: the status, -1 to ask again. */
static int take_paste(char *bytes, size_t cap)
{
	size_t len;
	int err;

	terminal_open();
	printf("paste the [Peer] sections of the others, then a line with a single .\n");
	(void)fflush(stdout);
	err = typed_lines(bytes, cap, &len);
	terminal_restore();
	if (err == -EFBIG) {
		printf("that is more than " VPN_PUBLIC_FILE " takes, %zu KiB: nothing of it is written\n", cap >> 10);
		return -1;
	}
	if (err < 0) {
		(void)fprintf(stderr, "setup: what is written stays, and `%ssetup` goes on; it runs by\n`%s`\n", here_program(),
			      here_reconfigure());
		return 1;
	}
	if (!len)
		return 0;
	if (!amend_open(&the_change, "setup", conf_dir))
		return 1;
	return put_lines(CONF_PUBLIC, 0, (struct slice){ bytes, len }) ? -1 : 0;
}

/* The sections of the others; a paste that is refused is asked for again. */
static int take_others(void)
{
	size_t cap = conf_files[CONF_PUBLIC].limit + 1;
	char *bytes = malloc(cap);
	int status;

	if (!bytes) {
		(void)fprintf(stderr, "setup: %s\n", strerror(errno));
		return 1;
	}
	do
		status = take_paste(bytes, cap);
	while (status < 0);
	wipe(bytes, cap);
	free(bytes);
	return status;
}

static int set_up(void)
{
	bool has_key = amend_has_key(&the_change), has_network = has_addresses(), has_own = amend_own_peer(&the_change) != NULL;
	bool has_address = the_change.now.env.address_line, gone;

	terminal_open();
	gone = !ask_all();
	terminal_restore();
	if (gone || (!has_network && write_network()) || (!has_address && write_address()) || (!has_key && run_key("new")) ||
	    (!has_own && write_own()))
		return 1;
	printf("\nthe others need this section:\n\n");
	(void)run_key("show");
	printf("\n");
	return take_others();
}

/* Nothing of it is left to do. */
static bool is_set_up(void)
{
	return has_addresses() && the_change.now.env.address_line && amend_has_key(&the_change) && amend_own_peer(&the_change) &&
	       the_change.now.vpn.peer_count > 1;
}

int setup_main(int argc, char **argv)
{
	int status = 1;

	conf_dir = operand_dir(&argc, argv);
	if (argc != 1 || !isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "usage: setup, at a terminal\n");
		return EXIT_USAGE;
	}
	if (!amend_open(&the_change, "setup", conf_dir))
		return 1;
	if (is_set_up())
		(void)fprintf(stderr, "setup: this instance is in " VPN_PUBLIC_FILE " already, and others are: it runs by\n`%s`,\n"
				      "`%sedit`, `set`, `peer` and `key` change it\n", here_reconfigure(), here_program());
	else
		status = set_up();
	amend_close(&the_change);
	return status;
}
