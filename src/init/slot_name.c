#include "init/slot_name.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define BEFORE "gateway_"
#define BEHIND ".efi"

enum { NUMBERS = 3, CANDIDATE_NONE = 1 << 20, NUMBER_MAX = 1 << 16 };

/* MAJOR.MINOR.PATCH, then the candidate's number: a release comes behind all of its candidates. */
static bool version_parse(struct slice text, uint64_t numbers[static NUMBERS + 1])
{
	struct slice rest = text, field;
	const char *tilde = memchr(text.ptr, '~', text.len);

	numbers[NUMBERS] = CANDIDATE_NONE;
	if (tilde) {
		rest.len = (size_t)(tilde - text.ptr);
		field = (struct slice){ tilde + 1, text.len - rest.len - 1 };
		if (!slice_starts(field, "rc"))
			return false;
		field = (struct slice){ field.ptr + 2, field.len - 2 };
		if (text_uint(field, NUMBER_MAX, &numbers[NUMBERS]) < 0)
			return false;
	}
	for (size_t i = 0; i < NUMBERS; i++)
		if (!slice_cut(&rest, '.', &field) || text_uint(field, NUMBER_MAX, &numbers[i]) < 0)
			return false;
	return !slice_cut(&rest, '.', &field);
}

bool slot_is_version(const char *text)
{
	uint64_t numbers[NUMBERS + 1];

	return strlen(text) < SLOT_VERSION_LEN && version_parse(slice_of(text), numbers);
}

int slot_compare_versions(const char *a, const char *b)
{
	uint64_t of_a[NUMBERS + 1] = { 0 }, of_b[NUMBERS + 1] = { 0 };

	(void)version_parse(slice_of(a), of_a);
	(void)version_parse(slice_of(b), of_b);
	for (size_t i = 0; i <= NUMBERS; i++)
		if (of_a[i] != of_b[i])
			return of_a[i] < of_b[i] ? -1 : 1;
	return 0;
}

/* "LEFT" or "LEFT-DONE". */
static bool counter_parse(struct slice text, struct slot *slot)
{
	uint64_t left, done = 0;
	struct slice field;

	if (!slice_cut(&text, '-', &field) || text_uint(field, SLOT_TRIES_MAX, &left) < 0)
		return false;
	if (slice_cut(&text, '-', &field) && text_uint(field, SLOT_TRIES_MAX, &done) < 0)
		return false;
	slot->counted = true;
	slot->left = (unsigned)left;
	slot->done = (unsigned)done;
	return !slice_cut(&text, '-', &field);
}

bool slot_name_parse(const char *name, struct slot *slot)
{
	const size_t before = strlen(BEFORE), behind = strlen(BEHIND);
	size_t len = strlen(name);
	struct slice version, end;
	const char *plus;

	*slot = (struct slot){ 0 };
	if (len <= before + behind)
		return false;
	version = (struct slice){ name + before, len - before - behind };
	end = (struct slice){ name + len - behind, behind };
	if (!slice_equal_nocase((struct slice){ name, before }, BEFORE) || !slice_equal_nocase(end, BEHIND))
		return false;
	plus = memchr(version.ptr, '+', version.len);
	if (plus) {
		struct slice counter = { plus + 1, (size_t)(version.ptr + version.len - plus) - 1 };

		version.len = (size_t)(plus - version.ptr);
		if (!counter_parse(counter, slot))
			return false;
	}
	return slice_copy(version, slot->version, sizeof(slot->version)) == 0 && slot_is_version(slot->version);
}

void slot_name(const struct slot *slot, char name[static SLOT_NAME_LEN])
{
	if (!slot->counted)
		text_format(name, SLOT_NAME_LEN, BEFORE "%s" BEHIND, slot->version);
	else if (slot->done)
		text_format(name, SLOT_NAME_LEN, BEFORE "%s+%u-%u" BEHIND, slot->version, slot->left, slot->done);
	else
		text_format(name, SLOT_NAME_LEN, BEFORE "%s+%u" BEHIND, slot->version, slot->left);
}

const char *slot_tries(unsigned left)
{
	return left == 1 ? "try" : "tries";
}
