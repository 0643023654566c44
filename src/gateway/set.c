#include "gateway/set.h"

#include <stdio.h>
#include <string.h>

#include "base/here.h"
#include "base/row.h"
#include "base/wrap.h"
#include "conf/edit.h"
#include "conf/keys.h"
#include "gateway/amend.h"
#include "gateway/operands.h"

enum { EXIT_USAGE = 2, VALUE_LEN = 512, SECTION_LEN = 512, NAMES_LEN = 2048 };

/* What the words name. */
struct set_target {
	const char *nic; /* NULL: none */
	const char *word;
	const struct conf_format *format;
	const struct conf_key *key;
	struct slice value;
};

static int usage(void)
{
	(void)fprintf(stderr, "usage: set [NIC] KEY VALUE | unset [NIC] KEY [VALUE]: `%shelp conf` has the keys\n", here_program());
	return EXIT_USAGE;
}

static bool is_of_nic(const struct conf_format *format)
{
	return format == &network_format;
}

/* Of [NetDev], which has no NIC: what is made is written as a whole. */
static bool is_of_device(const struct conf_key *key)
{
	static const char *const sections[] = { "NetDev", "VLAN", "Bond" };

	return slice_among(slice_of(key->section), sections, sizeof(sections) / sizeof(sections[0])) < sizeof(sections) / sizeof(sections[0]);
}

static bool names_device_key(const char *word)
{
	for (size_t i = 0; i < network_format.key_count; i++)
		if (is_of_device(&network_format.keys[i]) && conf_is_key(&network_format.keys[i], word))
			return true;
	return false;
}

/* How many keys the word names: of a NIC, or others. The last one found is in target. */
static size_t find_keys(struct set_target *target, bool of_nic)
{
	size_t count = 0;

	for (size_t i = 0; i < CONF_FORMATS; i++)
		for (size_t j = 0; j < conf_formats[i]->key_count && is_of_nic(conf_formats[i]) == of_nic; j++)
			if (conf_is_key(&conf_formats[i]->keys[j], target->word) && !is_of_device(&conf_formats[i]->keys[j])) {
				target->format = conf_formats[i];
				target->key = &conf_formats[i]->keys[j];
				count++;
			}
	return count;
}

static int tell_several(const struct set_target *target, bool of_nic)
{
	(void)fprintf(stderr, "%s: %s is a key of several sections; expected", the_change.verb, target->word);
	for (size_t i = 0; i < CONF_FORMATS; i++)
		for (size_t j = 0; j < conf_formats[i]->key_count && is_of_nic(conf_formats[i]) == of_nic; j++)
			if (conf_is_key(&conf_formats[i]->keys[j], target->word) && !is_of_device(&conf_formats[i]->keys[j]))
				(void)fprintf(stderr, " %s.%s", conf_formats[i]->keys[j].section, conf_formats[i]->keys[j].name);
	(void)fprintf(stderr, "\n");
	return 1;
}

/* Another row of the tables before that one has its name. */
static bool is_named_before(const struct conf_key *key)
{
	for (size_t i = 0; i < CONF_FORMATS; i++)
		for (size_t j = 0; j < conf_formats[i]->key_count; j++)
			if (!strcmp(conf_formats[i]->keys[j].name, key->name))
				return &conf_formats[i]->keys[j] != key;
	return false;
}

/* The names of all keys, or of those that the word may have been meant for: how many. */
static size_t add_names(struct text *names, const char *word)
{
	const char *dot = word ? strchr(word, '.') : NULL;
	size_t count = 0;

	for (size_t i = 0; i < CONF_FORMATS; i++)
		for (size_t j = 0; j < conf_formats[i]->key_count; j++) {
			const struct conf_key *key = &conf_formats[i]->keys[j];

			if (is_named_before(key) || (word && !conf_near(slice_of(dot ? dot + 1 : word), key->name)))
				continue;
			text_add(names, "%s %s", count ? "," : "", key->name);
			count++;
		}
	return count;
}

/* Of words without a key: has_nic, the first may be a NIC and the second was to be the key. */
static int tell_unknown(const char *const words[], bool has_nic)
{
	char bytes[NAMES_LEN];
	struct text text;

	for (int i = has_nic; i >= 0; i--) {
		text_init(&text, bytes, sizeof(bytes));
		text_add(&text, "%s: %s: unknown key; did you mean", the_change.verb, words[i]);
		if (add_names(&text, words[i])) {
			(void)fprintf(stderr, "%s?\n", bytes);
			return 1;
		}
	}
	text_init(&text, bytes, sizeof(bytes));
	if (has_nic)
		text_add(&text, "%s: neither %s nor %s is a key; expected one of", the_change.verb, words[0], words[1]);
	else
		text_add(&text, "%s: %s: unknown key; expected one of", the_change.verb, words[0]);
	(void)add_names(&text, NULL);
	wrap_text(bytes, 2, row_print_error, NULL);
	return 1;
}

/* 0, or the status after it told what is wrong with the words. */
static int resolve_words(struct set_target *target, const char *const words[], int count, bool unset)
{
	static char value[VALUE_LEN];
	struct text joined;
	bool of_nic;
	size_t found;

	*target = (struct set_target){ .word = words[0] };
	found = find_keys(target, false);
	of_nic = !found;
	if (of_nic && count > 1) {
		*target = (struct set_target){ .nic = words[0], .word = words[1] };
		found = find_keys(target, true);
	}
	if (!found && find_keys(&(struct set_target){ .word = words[0] }, true)) {
		(void)fprintf(stderr, "%s: %s is a key of a NIC; expected %s NIC %s\n", the_change.verb, words[0], the_change.verb, words[0]);
		return 1;
	}
	for (int i = 0; i < count && i < 2 && !found; i++)
		if (names_device_key(words[i])) {
			(void)fprintf(stderr, "%s: %s is a key of a device that is made; expected it in `%sedit " NETWORK_FILE "`\n",
				      the_change.verb, words[i], here_program());
			return 1;
		}
	if (!found)
		return tell_unknown(words, count > (unset ? 1 : 2));
	if (found > 1)
		return tell_several(target, of_nic);
	if (target->format == &vpn_public_format) {
		(void)fprintf(stderr, "%s: %s is a key of a peer; expected peer set NAME %s\n", the_change.verb, target->key->name,
			      target->key->name);
		return 1;
	}
	text_init(&joined, value, sizeof(value));
	for (int i = of_nic ? 2 : 1; i < count; i++)
		text_add(&joined, "%s%s", joined.len ? " " : "", words[i]);
	target->value = slice_of(value);
	if (joined.truncated)
		return usage();
	if (target->key->flags & KEY_SECRET && target->value.len) {
		(void)fprintf(stderr, "%s: a key is no word of a command, which others see; expected it in `%swrite %s`\n", the_change.verb,
			      here_program(), target->format->file);
		return 1;
	}
	return 0;
}

static enum conf_file file_of(const struct conf_format *format)
{
	enum conf_file file = 0;

	while (strcmp(conf_file_name(file), format->file) != 0)
		file++;
	return file;
}

static const struct conf_link *find_link(const char *nic)
{
	for (size_t i = 0; i < the_change.facts.link_count; i++)
		if (!strcmp(the_change.facts.links[i].name, nic))
			return &the_change.facts.links[i];
	return NULL;
}

/* Another NIC of this machine that the section is for, NULL when there is none. */
static const struct conf_link *find_other(const struct network_nic *section, const char *nic)
{
	for (size_t i = 0; i < the_change.facts.link_count; i++) {
		const struct conf_link *link = &the_change.facts.links[i];

		if (link->nic && strcmp(link->name, nic) != 0 &&
		    network_match(&the_change.now.network, link->name, link->mac, link->path) == section)
			return link;
	}
	return NULL;
}

/* The [Match] of the NIC, by its Name or because it fits it: false after it told that others have it too. line is 0 when there is
 * none. A second one for the same NIC would never be looked at. */
static bool find_match(const char *nic, unsigned *line)
{
	const struct network_conf *network = &the_change.now.network;
	const struct conf_link *link = find_link(nic), *other;
	const struct network_nic *section = NULL;

	for (size_t i = 0; i < network->nic_count && !section; i++)
		if (!strcmp(network->nics[i].pattern, nic))
			section = &network->nics[i];
	if (!section && link)
		section = network_match(network, link->name, link->mac, link->path);
	*line = section ? section->line : 0;
	if (!section || !strcmp(section->pattern, nic))
		return true;
	other = find_other(section, nic);
	if (other) {
		(void)fprintf(stderr, "%s: " NETWORK_FILE ":%u: that [Match] has %s and %s: `write` a section for each\n",
			      the_change.verb, section->line, nic, other->name);
		return false;
	}
	printf("%s is in the [Match] at " NETWORK_FILE ":%u\n", nic, section->line);
	return true;
}

/* The line of the section that holds the key, 0 when there is none; several: more than one could be meant. */
static unsigned section_line(const struct set_target *target, struct slice text, unsigned match, bool *several)
{
	const char *name = target->key->section, *until = target->nic ? "Match" : NULL;
	unsigned line = target->nic && !strcmp(name, "Match") ? match : edit_section(text, name, match, until);

	*several = line && strcmp(name, "Match") != 0 && edit_section(text, name, line, until);
	return line;
}

static ssize_t add_section(const struct set_target *target, struct slice text, unsigned match)
{
	char lines[SECTION_LEN + VALUE_LEN], head[SECTION_LEN] = "";

	if (target->nic && !match)
		text_format(head, sizeof(head), "[Match]\nName = %.64s\n\n", target->nic);
	text_format(lines, sizeof(lines), "%s[%s]\n%s = %.*s\n", head, target->key->section, target->key->name,
		    SLICE_ARG(target->value));
	return edit_add(text, match, slice_of(lines), the_change.bytes, sizeof(the_change.bytes));
}

static int apply_target(const struct set_target *target, bool unset)
{
	enum conf_file file = file_of(target->format);
	struct slice text = amend_text(&the_change, file);
	unsigned match = 0, section = 0;
	bool several = false;
	ssize_t len;

	if (target->nic && !find_match(target->nic, &match))
		return 1;
	if (target->key->section[0])
		section = target->nic && !match ? 0 : section_line(target, text, match, &several);
	if (several) {
		(void)fprintf(stderr, "%s: there are several [%s] here: `%swrite %s`\n", the_change.verb, target->key->section,
			      here_program(), target->format->file);
		return 1;
	}
	if (unset && target->key->section[0] && !section) {
		(void)fprintf(stderr, "%s: %s has no [%s]%s%s\n", the_change.verb, target->format->file, target->key->section,
			      target->nic ? " for " : "", target->nic ? target->nic : "");
		return 1;
	}
	if (unset)
		len = edit_unset(text, section, target->key->name, target->value, the_change.bytes, sizeof(the_change.bytes));
	else if (section || !target->key->section[0])
		len = edit_set(text, section, target->key->name, target->value, the_change.bytes, sizeof(the_change.bytes));
	else
		len = add_section(target, text, match);
	return amend_keep(&the_change, file, len, target->key->name);
}

int set_main(int argc, char **argv)
{
	const char *dir = operand_dir(&argc, argv);
	bool unset = !strcmp(argv[0], "unset");
	struct set_target target;
	int status;

	if (argc < (unset ? 2 : 3))
		return usage();
	the_change.verb = argv[0];
	status = resolve_words(&target, (const char *const *)argv + 1, argc - 1, unset);
	if (!status && !unset && !target.value.len)
		status = usage();
	if (status || !amend_open(&the_change, argv[0], dir))
		return status ? status : 1;
	status = apply_target(&target, unset);
	amend_close(&the_change);
	return status;
}
