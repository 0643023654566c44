#include "console/fits.h"

#include <string.h>

#define BLANKS " \t"

struct place {
	struct slice words[2]; /* the command, and the word in front of the one that is looked for */
	struct slice first;    /* behind the command; none when that is the one that is looked for */
	unsigned number;       /* of that one; 0: it is the command */
	struct slice begun;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct place place_of(const char *line, size_t len)
{
	struct place place = { .begun = { line + len, 0 } };

	for (size_t i = 0, end; i < len; i = end) {
		while (i < len && is_blank(line[i]))
			i++;
		for (end = i; end < len && !is_blank(line[end]);)
			end++;
		if (end == len) {
			place.begun = (struct slice){ line + i, end - i };
			break;
		}
		place.words[place.number > 0] = (struct slice){ line + i, end - i };
		if (!place.number)
			place.words[1] = place.words[0];
		if (place.number == 1)
			place.first = place.words[1];
		place.number++;
	}
	return place;
}

static void fits_add(struct fits *fits, struct slice begun, const char *word, const char *help, bool typed)
{
	struct fit *fit = &fits->list[fits->count];

	if (fits->count == FITS_MAX || (!typed && (strlen(word) < begun.len || strncmp(word, begun.ptr, begun.len) != 0)))
		return;
	text_format(fit->word, sizeof(fit->word), "%s", word);
	fit->help = help;
	fit->typed = typed;
	fits->count++;
}

static void fits_add_names(struct fits *fits, const struct fits_tables *tables, struct slice begun, enum word_kind kind,
			   const char *help)
{
	const char *name;

	for (size_t i = 0; tables->name && (name = tables->name(tables->arg, kind, i)); i++)
		fits_add(fits, begun, name, help, false);
}

static void fits_add_commands(struct fits *fits, const struct fits_tables *tables, struct slice begun)
{
	for (size_t i = 0; i < tables->command_count; i++)
		fits_add(fits, begun, tables->commands[i].name, tables->commands[i].help, false);
}

static void fits_add_row(struct fits *fits, const struct fits_tables *tables, const struct word *word, struct slice begun)
{
	switch (word->kind) {
	case WORD_FIXED:
		if (word->help || slice_equal(begun, word->word))
			fits_add(fits, begun, word->word, word->help, false);
		break;
	case WORD_COMMAND:
		fits_add_commands(fits, tables, begun);
		break;
	case WORD_TYPED:
	case WORD_ADDRESS:
		fits->takes_any = true;
		if (word->help && !begun.len)
			fits_add(fits, begun, word->word, word->help, true);
		if (word->kind == WORD_ADDRESS)
			fits_add_names(fits, tables, begun, word->kind, word->help);
		break;
	case WORD_PEER:
	case WORD_NIC:
		fits->takes_names = true;
		if (!begun.len)
			fits_add(fits, begun, word->word, word->help, true);
		fits_add_names(fits, tables, begun, word->kind, word->help);
		break;
	default:
		break;
	}
}

/* Whether the line has this word already. */
static bool has_word(const char *line, size_t len, const char *word)
{
	struct slice rest = { line, len }, one;

	while (slice_word(&rest, &one))
		if (slice_equal(one, word))
			return true;
	return false;
}

/* The row is of the command and its first word, both. */
static bool is_of_first(const struct word *word, const struct place *place)
{
	struct slice first = slice_of(word->command), command;

	return place->first.len && slice_cut(&first, ' ', &command) && first.ptr &&
	       command.len == place->words[0].len && !memcmp(command.ptr, place->words[0].ptr, command.len) &&
	       first.len == place->first.len && !memcmp(first.ptr, place->first.ptr, first.len);
}

/* The row is of what stands behind its own word. */
static bool stands_behind(const struct word *word, const struct place *place)
{
	return word->after && slice_equal(place->words[1], word->after);
}

void fits_find(struct fits *fits, const struct fits_tables *tables, const char *line, size_t len)
{
	struct place place = place_of(line, len);
	bool is_known = false, is_behind = false, has_first = false;

	fits->count = 0;
	fits->begun = place.begun.len;
	fits->takes_any = fits->takes_names = false;
	if (!place.number) {
		fits_add_commands(fits, tables, place.begun);
		return;
	}
	for (size_t i = 0; i < tables->word_count; i++) {
		const struct word *word = &tables->words[i];

		if (is_of_first(word, &place))
			has_first = true;
		else if (!slice_equal(place.words[0], word->command) || word->kind == WORD_PAGED || word->kind == WORD_FILTERED)
			continue;
		is_known = true;
		is_behind = is_behind || stands_behind(word, &place);
	}
	for (size_t i = 0; i < tables->word_count; i++) {
		const struct word *word = &tables->words[i];

		if (!(has_first ? is_of_first(word, &place) : slice_equal(place.words[0], word->command)) || (word->place && word->place != place.number) ||
		    (is_behind ? !stands_behind(word, &place) : word->after != NULL))
			continue;
		if (word->kind != WORD_FIXED || !has_word(line, len - place.begun.len, word->word))
			fits_add_row(fits, tables, word, place.begun);
	}
	if (is_known)
		return;
	fits->takes_any = true;
	for (size_t i = 0; i < tables->command_count; i++)
		if (slice_equal(place.words[0], tables->commands[i].name) && *tables->commands[i].words)
			fits_add(fits, place.begun, tables->commands[i].words, tables->commands[i].help, true);
}

void fits_common(const struct fits *fits, char *rest, size_t cap)
{
	const char *first = NULL;
	size_t len = 0, count = 0;

	for (size_t i = 0; i < fits->count; i++) {
		const char *word = fits->list[i].word;
		size_t same = 0;

		if (fits->list[i].typed)
			continue;
		count++;
		if (!first) {
			first = word;
			len = strlen(word);
		}
		while (same < len && word[same] == first[same])
			same++;
		len = same;
	}
	text_format(rest, cap, "%.*s%s", first && len > fits->begun ? (int)(len - fits->begun) : 0,
		    first ? first + fits->begun : "", count == 1 ? " " : "");
}

/* ---- a line as a whole ---- */

static const struct word *find_row(const struct fits_tables *tables, struct slice command, enum word_kind kind)
{
	for (size_t i = 0; i < tables->word_count; i++)
		if (tables->words[i].kind == kind && slice_equal(command, tables->words[i].command))
			return &tables->words[i];
	return NULL;
}

bool fits_has(const struct fits_tables *tables, struct slice command, enum word_kind kind)
{
	return find_row(tables, command, kind) != NULL;
}

bool fits_has_word(const struct fits_tables *tables, struct slice command, enum word_kind kind, struct slice word)
{
	const struct word *row = find_row(tables, command, kind);

	return row && slice_equal(word, row->word);
}

/* The one word that fits, NULL with why. "" : it is taken as it is. */
static const char *choose(const struct fits *fits, const struct fits_tables *tables, struct slice word, bool is_command,
			  const char **why)
{
	const char *one = NULL;
	size_t count = 0;

	for (size_t i = 0; i < fits->count; i++) {
		if (fits->list[i].typed)
			continue;
		if (slice_equal(word, fits->list[i].word))
			return "";
		one = fits->list[i].word;
		count++;
	}
	if (fits->takes_any)
		return "";
	if (count == 1 && !(is_command && fits_has(tables, slice_of(one), WORD_WHOLE)))
		return one;
	if (fits->takes_names)
		return "";
	*why = count > 1    ? "several words begin with"
	       : count == 1 ? "to be written out in full, not as"
	       : is_command ? "unknown command"
			    : "no word that fits here begins with";
	return NULL;
}

long fits_expand(const struct fits_tables *tables, char *line, size_t cap, const char **why)
{
	static struct fits fits;
	size_t i = 0, end;
	bool is_command = true;

	for (;; i = end, is_command = false) {
		const char *whole;
		size_t len;

		i += strspn(line + i, BLANKS);
		if (!line[i])
			return -1;
		end = i + strcspn(line + i, BLANKS);
		fits_find(&fits, tables, line, end);
		whole = choose(&fits, tables, (struct slice){ line + i, end - i }, is_command, why);
		if (!whole)
			return (long)i;
		len = strlen(whole);
		if (!len)
			continue;
		if (strlen(line) - (end - i) + len >= cap) {
			*why = "no room is left to write out";
			return (long)i;
		}
		memmove(line + i + len, line + end, strlen(line + end) + 1);
		memcpy(line + i, whole, len);
		end = i + len;
	}
}

const char *fits_near(const struct fits_tables *tables, const char *line, size_t wrong)
{
	enum { DISTANCE_MAX = 2 };
	static struct fits fits;
	struct slice word = { line + wrong, strcspn(line + wrong, BLANKS) };
	size_t best = DISTANCE_MAX + 1;
	const char *near = NULL;

	fits_find(&fits, tables, line, wrong);
	for (size_t i = 0; i < fits.count; i++) {
		const char *known = fits.list[i].word;
		size_t distance = fits.list[i].typed ? best : text_distance(word, known, DISTANCE_MAX);

		if (distance >= best || distance * 2 > strlen(known))
			continue;
		near = known;
		best = distance;
	}
	return near;
}
