#include "netlink/rule.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/attrs.h"

/* Everything here has preference 0, and so has the look-up of the local table among them. A higher preference for that
 * one (0 is where the kernel has it) would put rules of other programs, which count on coming after it, in front of it. And
 * a rule that a program adds without a preference gets the one below the second rule's: with preferences above 0 that is one
 * before the local table, and the host would route what is for itself; below 0 the kernel does not go, so such a rule comes
 * after all of these. That rules out goto, which leads to a higher preference only. */
enum { FIRST_PREFERENCE = 0 };

/* Marks what is ours (FRA_PROTOCOL); free in iproute2's rt_protos. */
enum { RULE_PROTOCOL = 83 };

/* ATTRS_MAX: what kernels to come may say of a rule is copied too, or the copy would hold for more than its original. */
enum { RULE_LEN_MAX = 384, ATTRS_MAX = 64 };
/* Each kind for itself: what there is room for without ours has room with them. Ours may be those of several instances, and
 * twice while one of them moves. */
enum { OTHERS_MAX = 64, OURS_MAX = 64 };

static const struct nl_rule attr_rules[ATTRS_MAX] = {
	[FRA_IIFNAME] = NL_RULE_TEXT,
	[FRA_PRIORITY] = NL_RULE_U32,
	[FRA_TABLE] = NL_RULE_U32,
};

struct first_rule {
	_Alignas(8) uint8_t message[RULE_LEN_MAX]; /* as the kernel told it */
	struct policy_rule rule;
	bool ours;
};

/* The rules of FIRST_PREFERENCE, in their order. */
struct first_rules {
	struct first_rule list[OTHERS_MAX + OURS_MAX];
	size_t count, ours; /* of all, of ours */
	bool local; /* some rule looks everything up in the local table, at whatever preference */
};

static int read_rule(const struct nlmsghdr *message, const struct nlattr **attrs, struct policy_rule *rule)
{
	const struct fib_rule_hdr *head = mnl_nlmsg_get_payload(message);
	int err = nl_attrs_read(message, sizeof(*head), attr_rules, attrs, ATTRS_MAX);

	if (err < 0)
		return err;
	*rule = (struct policy_rule){ .action = head->action,
				      .table = attrs[FRA_TABLE] ? mnl_attr_get_u32(attrs[FRA_TABLE]) : head->table };
	if (attrs[FRA_IIFNAME])
		err = nl_attr_text(attrs[FRA_IIFNAME], rule->iif, sizeof(rule->iif));
	if (!err && attrs[FRA_DST])
		err = nl_attr_addr(attrs[FRA_DST], head->family, &rule->destination.addr);
	rule->destination.len = attrs[FRA_DST] ? head->dst_len : 0;
	return err;
}

static bool is_ours(const struct nlattr *const *attrs)
{
	return attrs[FRA_PROTOCOL] && mnl_attr_get_payload_len(attrs[FRA_PROTOCOL]) == 1 &&
	       *(const uint8_t *)mnl_attr_get_payload(attrs[FRA_PROTOCOL]) == RULE_PROTOCOL;
}

/* Of every packet, in the local table: what says of which packets is absent. */
static bool is_local(const struct fib_rule_hdr *head, const struct nlattr *const *attrs, const struct policy_rule *rule)
{
	static const uint8_t plain[] = { FRA_PRIORITY, FRA_TABLE, FRA_PROTOCOL, FRA_SUPPRESS_PREFIXLEN,
					 FRA_SUPPRESS_IFGROUP, FRA_PAD };

	for (size_t type = 0; type < ATTRS_MAX; type++)
		if (attrs[type] && !memchr(plain, (int)type, sizeof(plain)))
			return false;
	return rule->action == FR_ACT_TO_TBL && rule->table == RT_TABLE_LOCAL && !(head->flags & FIB_RULE_INVERT) &&
	       !head->tos;
}

static bool rule_equal(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->action == b->action && (a->action != FR_ACT_TO_TBL || a->table == b->table) &&
	       !strcmp(a->iif, b->iif) && inet_prefix_equal(&a->destination, &b->destination);
}

static int gather(const struct nlmsghdr *message, void *arg)
{
	struct first_rules *found = arg;
	const struct nlattr *attrs[ATTRS_MAX];
	struct first_rule *first = &found->list[found->count];
	struct policy_rule rule;
	int err;

	if (message->nlmsg_type != RTM_NEWRULE)
		return 0;
	err = read_rule(message, attrs, &rule);
	if (err < 0)
		return err;
	found->local = found->local || is_local(mnl_nlmsg_get_payload(message), attrs, &rule);
	if (attrs[FRA_PRIORITY] && mnl_attr_get_u32(attrs[FRA_PRIORITY]) != FIRST_PREFERENCE)
		return 0;
	if (is_ours(attrs) ? found->ours == OURS_MAX : found->count - found->ours == OTHERS_MAX)
		return -ENOSPC;
	if (message->nlmsg_len > sizeof(first->message))
		return -ENOSPC;
	memcpy(first->message, message, message->nlmsg_len);
	first->rule = rule;
	first->ours = is_ours(attrs);
	found->count++;
	found->ours += first->ours;
	return 0;
}

static int read_first(struct nl *nl, uint8_t family, struct first_rules *found)
{
	struct nlmsghdr *message = nl_begin(nl, RTM_GETRULE, NLM_F_DUMP, sizeof(struct fib_rule_hdr));
	struct fib_rule_hdr *head = mnl_nlmsg_get_payload(message);

	found->count = found->ours = 0;
	found->local = false;
	head->family = family;
	return nl_request(nl, message, gather, found);
}

static int change(struct nl *nl, uint16_t type, uint8_t family, const struct policy_rule *rule, uint8_t protocol)
{
	struct nlmsghdr *message = nl_begin(nl, type, type == RTM_NEWRULE ? NLM_F_CREATE : 0, sizeof(struct fib_rule_hdr));
	struct fib_rule_hdr *head = mnl_nlmsg_get_payload(message);
	uint8_t size = (uint8_t)inet_size(family);

	head->family = family;
	head->action = rule->action;
	mnl_attr_put_u32(message, FRA_PRIORITY, FIRST_PREFERENCE);
	mnl_attr_put(message, FRA_PROTOCOL, sizeof(protocol), &protocol);
	if (rule->action == FR_ACT_TO_TBL)
		mnl_attr_put_u32(message, FRA_TABLE, rule->table);
	if (rule->iif[0])
		mnl_attr_put_strz(message, FRA_IIFNAME, rule->iif);
	if (rule->destination.addr.family) {
		head->dst_len = rule->destination.len;
		mnl_attr_put(message, FRA_DST, size, rule->destination.addr.bytes);
	}
	return nl_request(nl, message, NULL, NULL);
}

/* The same rule again, behind all others of its preference; or away with the first that it fits. */
static int change_as_told(struct nl *nl, uint16_t type, const struct first_rule *first)
{
	const struct nlmsghdr *told = (const struct nlmsghdr *)(const void *)first->message;
	struct nlmsghdr *message = nl_begin(nl, type, type == RTM_NEWRULE ? NLM_F_CREATE : 0, sizeof(struct fib_rule_hdr));
	struct fib_rule_hdr *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attrs[ATTRS_MAX];
	int err = nl_attrs_read(told, sizeof(*head), attr_rules, attrs, ATTRS_MAX);

	if (err < 0)
		return err;
	memcpy(head, mnl_nlmsg_get_payload(told), sizeof(*head));
	head->flags &= FIB_RULE_INVERT | FIB_RULE_FIND_SADDR; /* the others are what the kernel found out */
	for (size_t i = 1; i < ATTRS_MAX; i++)
		if (attrs[i] && i != FRA_PRIORITY && i != FRA_PAD)
			mnl_attr_put(message, (uint16_t)i, mnl_attr_get_payload_len(attrs[i]), mnl_attr_get_payload(attrs[i]));
	mnl_attr_put_u32(message, FRA_PRIORITY, FIRST_PREFERENCE); /* the kernel leaves a 0 out, and would choose one */
	return nl_request(nl, message, NULL, NULL);
}

static bool stand_first(const struct first_rules *found, const struct policy_rule *rules, size_t count)
{
	size_t next = 0;

	for (size_t i = 0; i < found->count && found->list[i].ours; i++)
		next += next < count && rule_equal(&found->list[i].rule, &rules[next]);
	return next == count && found->local;
}

static bool is_among(const struct policy_rule *rule, const struct policy_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rule_equal(rule, &rules[i]))
			return true;
	return false;
}

/* What is to stay of ours (put by another process of this program) or of others, behind what was added so far. */
static int add_again(struct nl *nl, const struct first_rules *found, bool ours, const struct policy_rule *rules,
		     size_t count)
{
	int err = 0;

	for (size_t i = 0; i < found->count && !err; i++)
		if (found->list[i].ours == ours && !(ours && is_among(&found->list[i].rule, rules, count)))
			err = change_as_told(nl, RTM_NEWRULE, &found->list[i]);
	return err;
}

/* The kernel puts a new rule behind those of its preference and deletes the first one that fits the words. So the whole new
 * order is written behind the old one, and the old one is taken off from its front: each rule is the first of all when
 * its turn comes, and nothing else can be meant. */
int rules_put_first(struct nl *nl, uint8_t family, const struct policy_rule *rules, size_t count)
{
	static const struct policy_rule local = { .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL };
	static struct first_rules found;
	int err = read_first(nl, family, &found);

	if (err < 0 || stand_first(&found, rules, count))
		return err;
	for (size_t i = 0; i < count && !err; i++)
		err = change(nl, RTM_NEWRULE, family, &rules[i], RULE_PROTOCOL);
	if (!err)
		err = add_again(nl, &found, true, rules, count);
	if (!err && !found.local)
		err = change(nl, RTM_NEWRULE, family, &local, RTPROT_KERNEL);
	if (!err)
		err = add_again(nl, &found, false, rules, count);
	for (size_t i = 0; i < found.count && !err; i++)
		err = change_as_told(nl, RTM_DELRULE, &found.list[i]);
	return err < 0 ? err : 1;
}

int rules_remove(struct nl *nl, uint8_t family, const struct policy_rule *rules, size_t count)
{
	int err = 0;

	while (count--) {
		int result = change(nl, RTM_DELRULE, family, &rules[count], RULE_PROTOCOL);

		if (result < 0 && result != -ENOENT && !err)
			err = result;
	}
	return err;
}

int rules_each(struct nl *nl, uint8_t family, void (*each)(const struct policy_rule *rule, void *arg), void *arg)
{
	static struct first_rules found;
	int err = read_first(nl, family, &found);

	for (size_t i = 0; i < found.count && !err; i++)
		if (found.list[i].ours)
			each(&found.list[i].rule, arg);
	return err;
}
