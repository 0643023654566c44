#include "netlink/answer.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "netlink/attrs.h"

enum { ERRNO_MAX = 4095 }; /* the kernel's MAX_ERRNO */

int nl_each_message(const void *data, size_t len, nl_each_fn *each, void *arg)
{
	const struct nlmsghdr *message = data;
	int left = (int)len, err;

	while (left > 0) {
		/* mnl_nlmsg_ok of libmnl 1.0.4 takes a length of 2 GiB and more for a negative, hence good one. */
		if (!mnl_nlmsg_ok(message, left) || message->nlmsg_len > (uint32_t)left)
			return -EBADMSG;
		err = each ? each(message, arg) : 0;
		if (err < 0)
			return err;
		message = mnl_nlmsg_next(message, &left);
	}
	return 0;
}

static void fail(struct nl_answer *answer, int err)
{
	if (!answer->result)
		answer->result = err;
}

/* The kernel's words for the error, from the attributes behind len bytes of payload; without them, none. */
static void take_words(struct nl_answer *answer, const struct nlmsghdr *message, size_t len)
{
	static const struct nl_rule rules[NLMSGERR_ATTR_MSG + 1] = { [NLMSGERR_ATTR_MSG] = NL_RULE_TEXT };
	const struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1];
	struct text words;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    nl_attrs_read(message, len, rules, attrs, NLMSGERR_ATTR_MSG + 1) < 0 || !attrs[NLMSGERR_ATTR_MSG])
		return;
	text_init(&words, answer->error, NL_ERROR_LEN);
	text_add(&words, "%s", mnl_attr_get_str(attrs[NLMSGERR_ATTR_MSG]));
}

/* Both kinds of last message begin with an int, 0 or -errno. words_at: where the extended ack's attributes begin. */
static void end(struct nl_answer *answer, const struct nlmsghdr *message, size_t words_at)
{
	int err;

	answer->done = true;
	memcpy(&err, mnl_nlmsg_get_payload(message), sizeof(err));
	if (err > 0 || err < -ERRNO_MAX)
		err = -EBADMSG;
	if (err < 0)
		take_words(answer, message, words_at);
	fail(answer, err);
}

static void end_error(struct nl_answer *answer, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t words_at = sizeof(*error);

	/* Uncapped, the request is sent back whole. */
	if (!(message->nlmsg_flags & NLM_F_CAPPED) && error->msg.nlmsg_len > sizeof(error->msg))
		words_at += (size_t)error->msg.nlmsg_len - sizeof(error->msg);
	end(answer, message, words_at);
}

static void end_dump(struct nl_answer *answer, const struct nlmsghdr *message)
{
	end(answer, message, sizeof(int));
}

static void end_overrun(struct nl_answer *answer, const struct nlmsghdr *message)
{
	(void)message;
	answer->done = true;
	fail(answer, -ENOBUFS);
}

static int take(const struct nlmsghdr *message, void *arg)
{
	static const struct {
		void (*end)(struct nl_answer *answer, const struct nlmsghdr *message);
		size_t payload_len_min;
	} control[NLMSG_MIN_TYPE] = {
		[NLMSG_ERROR] = { end_error, sizeof(struct nlmsgerr) },
		[NLMSG_DONE] = { end_dump, sizeof(int) },
		[NLMSG_OVERRUN] = { end_overrun, 0 },
	};
	struct nl_answer *answer = arg;
	uint16_t type = message->nlmsg_type;

	/* Not mnl_nlmsg_seq_ok and mnl_nlmsg_portid_ok: they take a zero for anyone's. */
	if (answer->done || message->nlmsg_seq != answer->seq || message->nlmsg_pid != answer->port)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (type < NLMSG_MIN_TYPE && control[type].end) {
		if (mnl_nlmsg_get_payload_len(message) < control[type].payload_len_min)
			return -EBADMSG;
		control[type].end(answer, message);
	} else if (type >= NLMSG_MIN_TYPE && answer->each && !answer->result) {
		int err = answer->each(message, answer->arg);

		if (err < 0)
			fail(answer, err);
	}
	return 0;
}

void nl_answer_feed(struct nl_answer *answer, const void *data, size_t len)
{
	int err = nl_each_message(data, len, take, answer);

	if (err < 0 && !answer->done) {
		answer->done = true;
		fail(answer, err);
	}
}
