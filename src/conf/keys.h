/* The key tables: one row per key of every file, walked by the parsers, the hints and the printed reference. */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "conf/diag.h"

struct conf_format;
struct conf_key;

/* Where a reader stands: what the functions of a table's rows are called with. */
struct conf_place {
	const struct conf_format *format;
	const struct conf_key *key; /* the row whose value is read, NULL otherwise */
	unsigned line;
	void *model;               /* what the rows of this format fill */
	const unsigned *key_lines; /* by row: where the key stands in this section, right or wrong; 0: nowhere */
	struct diag *diag;
};

/* value is trimmed and not empty; of a list or of words, one element at a time. */
typedef void conf_parse_fn(const struct conf_place *at, struct slice value);

enum conf_key_flags {
	KEY_REQUIRED = 1,   /* in each of its sections */
	KEY_REPEATABLE = 2, /* may stand more than once in a section */
	KEY_LIST = 4,       /* elements with commas between */
	KEY_WORDS = 8,      /* elements with blanks between */
	KEY_SECRET = 16,    /* its value, or what people confuse with it, is never shown */
};

struct conf_key {
	const char *section, *name;
	unsigned flags; /* enum conf_key_flags */
	const char *syntax, *initial, *help; /* for people; initial is "" when there is none */
	conf_parse_fn *parse;
};

struct conf_section {
	const char *name;
	bool once;
	const char *missing; /* the words when the file has none, NULL when it need not */
	/* open says false when it told why what stands in the section cannot be used. comment is what stood behind
	 * the section's name. Both may be NULL. at->line is the section's own line, for close too. */
	bool (*open)(const struct conf_place *at, struct slice comment);
	void (*close)(const struct conf_place *at);
};

/* Words for what people write here though it is none of ours: a key, or a "[Section]". */
struct conf_hint {
	const char *name, *words;
	bool always; /* said wherever it stands in the file */
};

struct conf_format {
	const char *file;
	bool secret; /* nothing an operator wrote in it is ever shown */
	/* A line of a section that is a comment alone. May be NULL. */
	void (*comment)(const struct conf_place *at, struct slice comment);
	const struct conf_section *sections;
	const struct conf_key *keys;
	const struct conf_hint *hints;
	size_t section_count, key_count, hint_count;
};

enum { CONF_FORMATS = 4 };

extern const struct conf_format vpn_private_format, vpn_public_format, env_format, network_format;
extern const struct conf_format *const conf_formats[CONF_FORMATS];

bool conf_is_key(const struct conf_key *key, const char *word); /* word is KEY, or SECTION.KEY */
bool conf_names_key(const char *word);                          /* the same, of any of them */

/* At most two letters from known, and less than half of it: close enough to ask "did you mean". */
bool conf_near(struct slice name, const char *known);

#endif
