#include "gateway/amend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/here.h"
#include "base/row.h"
#include "base/text.h"
#include "base/wrap.h"
#include "conf/diff.h"
#include "conf/summary.h"
#include "crypto/key.h"
#include "gateway/operands.h"
#include "gateway/put.h"
#include "network/facts.h"

struct amend the_change;

bool amend_open(struct amend *change, const char *verb, const char *dir)
{
	change->verb = verb;
	if (!change->is_open)
		change->dir_fd = operand_open(dir, verb);
	if (change->dir_fd < 0)
		return false;
	change->is_open = true;
	diag_clear(&change->diag, false);
	conf_set_load(&change->now, change->dir_fd, &change->diag);
	(void)facts_collect(&change->facts);
	return true;
}

void amend_close(struct amend *change)
{
	conf_set_wipe(&change->now);
	conf_set_wipe(&change->next);
	if (change->is_open)
		close(change->dir_fd);
	change->is_open = false;
	wipe(change->bytes, sizeof(change->bytes));
}

bool amend_has_key(const struct amend *change)
{
	return change->now.vpn.private_key_line && !key_is_zero(change->now.vpn.private_key);
}

bool amend_has_address(const struct amend *change, const struct vpn_peer *peer, const struct inet_addr *addr)
{
	const struct vpn_conf *vpn = &change->now.vpn;

	for (unsigned i = 0; i < peer->allowed_count; i++)
		if (inet_addr_equal(&vpn->allowed[peer->allowed_first + i].prefix.addr, addr))
			return true;
	return false;
}

/* The address first: a copy of another instance's disk has that one's key as well. */
const struct vpn_peer *amend_own_peer(const struct amend *change)
{
	const struct vpn_conf *vpn = &change->now.vpn;
	const struct env_conf *env = &change->now.env;

	for (int i = 0; i < vpn->peer_count && env->address_line; i++)
		if (amend_has_address(change, &vpn->peers[i], &env->vpn_address.addr))
			return &vpn->peers[i];
	return amend_has_key(change) ? vpn_find_peer(vpn, vpn->public_key) : NULL;
}

struct slice amend_text(const struct amend *change, enum conf_file file)
{
	const struct conf_text *text = &change->now.texts[file];

	return (struct slice){ text->len ? text->bytes : "", text->len };
}

/* The lines that are new or others now. */
struct fresh {
	const struct amend *change;
	const char *file;
	size_t wrong; /* findings in them */
};

static void look_for_errors(void *arg, char sign, unsigned number, struct slice text)
{
	struct fresh *fresh = arg;
	const struct diag *diag = &fresh->change->diag;
	char words[DIAG_TEXT_LEN + 64];

	(void)text;
	for (size_t i = 0; i < diag->count && sign == '+'; i++) {
		const struct diag_finding *at = &diag->findings[i];

		if (at->level != DIAG_ERROR || at->line != number || strcmp(at->file, fresh->file) != 0)
			continue;
		text_format(words, sizeof(words), "%s:%u: %s", at->file, at->line, at->text);
		wrap_print(stderr, words);
		fresh->wrong++;
	}
}

bool amend_was_read(const struct amend *change, enum conf_file file)
{
	const struct conf_text *text = &change->now.texts[file];
	struct stat st;

	return !text->present || (!fstatat(change->dir_fd, conf_file_name(file), &st, 0) && S_ISREG(st.st_mode) &&
				  (text->len || !st.st_size));
}

static int lost(const struct amend *change, const char *name, const char *words)
{
	(void)fprintf(stderr, "%s: %s: %s; nothing is changed\n", change->verb, name, words);
	return 1;
}

static const char *edit_words(ssize_t err)
{
	switch (err) {
	case -E2BIG:
		return "it stands there more than once: `write` the file, or name the value to `unset`";
	case -ENOENT:
		return "it does not stand there";
	case -EINVAL:
		return "such a value has no place in one line: `write` the file";
	default:
		return "the file would be too large";
	}
}

static void print_written(void)
{
	char words[128];

	text_format(words, sizeof(words), "written, nothing runs before `%s`", here_reconfigure());
	wrap_print(stdout, words);
}

int amend_keep(struct amend *change, enum conf_file file, ssize_t len, const char *key)
{
	struct slice before = amend_text(change, file), after = { change->bytes, len > 0 ? (size_t)len : 0 };
	const char *name = conf_file_name(file);
	struct fresh fresh = { .change = change, .file = name };
	char summary[CONF_SUMMARY_LEN];
	bool there;
	int err;

	if (!amend_was_read(change, file)) {
		text_format(summary, sizeof(summary), "it cannot be read whole (`%scheck` says why)", here_program());
		return lost(change, name, summary);
	}
	if (len < 0 || after.len > conf_files[file].limit)
		return lost(change, key, edit_words(len));
	diag_clear(&change->diag, false); /* of what was found in the files as they are */
	conf_set_replace(&change->next, &change->now, file, after, &change->diag);
	conf_set_check(&change->next, &change->facts, false, &change->diag);
	if (!diff_print(file, before, after, row_print, NULL)) {
		printf("%s is as it was: that stands there already\n", name);
		return 0;
	}
	(void)fflush(stdout);
	diff_lines(before, after, look_for_errors, &fresh);
	if (fresh.wrong)
		return lost(change, name, "what is new has errors");
	err = put_file(change->dir_fd, file, &change->now.texts[file], after.ptr, after.len, &there);
	if (err < 0 && !there)
		return lost(change, name, put_words(err));
	if (err < 0) {
		(void)fprintf(stderr, "%s: %s: %s: %s\n", change->verb, name, put_words(err), put_outcome(there));
		return 1;
	}
	if (change->diag.error_count || change->diag.warning_count)
		printf("written, nothing runs yet. `%scheck` has %s\n", here_program(), diag_summary(&change->diag, summary, sizeof(summary)));
	else
		print_written();
	return 0;
}
