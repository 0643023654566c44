#include "init/verdict.h"

#include "base/clock.h"
#include "base/text.h"

static const char *const path_words[VERDICT_PATHS] = { "management", "dataplane" };

void verdict_begin(struct verdict *verdict, unsigned good_s, unsigned carrier_s, uint64_t now_ns)
{
	*verdict = (struct verdict){ .good_ns = good_s * NS_PER_S, .carrier_ns = carrier_s * NS_PER_S, .began_ns = now_ns, .lit_ns = now_ns };
	verdict->healthy_ns = VERDICT_HEALTHY_S * NS_PER_S;
	if (verdict->healthy_ns > verdict->good_ns / 2)
		verdict->healthy_ns = verdict->good_ns / 2;
}

void verdict_services(struct verdict *verdict, uint64_t now_ns)
{
	verdict->services = true;
	verdict->began_ns = verdict->lit_ns = now_ns;
}

static bool is_well(const struct verdict_seen *seen)
{
	for (size_t i = 0; i < VERDICT_PATHS; i++)
		if (!seen->paths[i].up)
			return false;
	return seen->nics_up && !seen->absent;
}

/* Each path that had peers hears all of them; *healthy: for the others it takes time without a fault. */
static bool all_are_heard(const struct verdict_seen *seen, bool *healthy)
{
	*healthy = false;
	for (size_t i = 0; i < VERDICT_PATHS; i++) {
		if (seen->paths[i].heard < seen->paths[i].count)
			return false;
		*healthy = *healthy || !seen->paths[i].count;
	}
	return true;
}

/* One that is off itself, for an update of its own, condemns no image: at the end half of those of each path will do. */
static bool half_are_heard(const struct verdict_seen *seen)
{
	for (size_t i = 0; i < VERDICT_PATHS; i++)
		if (seen->paths[i].heard * 2 < seen->paths[i].count)
			return false;
	return true;
}

static void look(struct verdict *verdict, const struct verdict_seen *seen, uint64_t now_ns)
{
	bool well = is_well(seen) && !seen->dark;

	if (well && (!verdict->well || seen->restarts != verdict->seen.restarts))
		verdict->well_ns = now_ns;
	/* Its time begins anew with the carrier, but not for ever. */
	if (verdict->dark && !seen->dark && now_ns < verdict->began_ns + verdict->carrier_ns)
		verdict->lit_ns = now_ns;
	verdict->well = well;
	verdict->dark = seen->dark;
	verdict->known = true;
	verdict->seen = *seen;
}

enum verdict_decision verdict_step(struct verdict *verdict, const struct verdict_seen *seen, uint64_t now_ns)
{
	bool healthy, stable;

	if (!verdict->services) {
		uint64_t steps_ns = VERDICT_STEPS_S * NS_PER_S;

		return now_ns - verdict->began_ns >= (verdict->good_ns > steps_ns ? verdict->good_ns : steps_ns) ? VERDICT_BAD : VERDICT_WAIT;
	}
	if (seen)
		look(verdict, seen, now_ns);
	if (verdict->dark)
		return now_ns - verdict->began_ns >= verdict->carrier_ns ? VERDICT_BAD : VERDICT_WAIT;
	stable = verdict->well && now_ns - verdict->well_ns >= verdict->healthy_ns;
	if (verdict->well && all_are_heard(&verdict->seen, &healthy) && (!healthy || stable))
		return VERDICT_GOOD;
	if (now_ns - verdict->lit_ns < verdict->good_ns)
		return VERDICT_WAIT;
	return stable && half_are_heard(&verdict->seen) ? VERDICT_GOOD : VERDICT_BAD;
}

static void add_path(struct text *text, const char *words, const struct verdict_path *path)
{
	text_add(text, "%s %s", words, path->up ? "" : "is down");
	if (path->count)
		text_add(text, "%s%u of %u peer%s heard", path->up ? "" : ", ", path->heard, path->count, text_plural(path->count));
	else if (path->up)
		text_add(text, "is up");
}

void verdict_why(const struct verdict *verdict, char why[static VERDICT_WHY_LEN])
{
	const struct verdict_seen *seen = &verdict->seen;
	struct text text;

	text_init(&text, why, VERDICT_WHY_LEN);
	if (!verdict->services) {
		text_add(&text, "the boot steps do not end");
		return;
	}
	if (!verdict->known) {
		text_add(&text, "the services cannot be asked");
		return;
	}
	if (seen->dark)
		text_add(&text, "%u NIC%s without carrier that had it before; ", seen->dark, text_plural(seen->dark));
	if (seen->absent)
		text_add(&text, "%u NIC%s missing that had carrier before; ", seen->absent, text_plural(seen->absent));
	if (!seen->nics_up)
		text_add(&text, "the NICs' service does not answer; ");
	for (size_t i = 0; i < VERDICT_PATHS; i++) {
		text_add(&text, "%s", i ? "; " : "");
		add_path(&text, path_words[i], &seen->paths[i]);
	}
}

bool verdict_parse(struct slice line, struct verdict_seen *seen)
{
	enum { NICS_UP, PATHS, DARK = PATHS + 3 * VERDICT_PATHS, ABSENT, NUMBERS };
	uint64_t numbers[NUMBERS];
	struct slice word;

	for (size_t i = 0; i < NUMBERS; i++)
		if (!slice_word(&line, &word) || text_uint(word, UINT16_MAX, &numbers[i]) < 0)
			return false;
	if (slice_word(&line, &word))
		return false;
	*seen = (struct verdict_seen){ .nics_up = numbers[NICS_UP], .dark = (unsigned)numbers[DARK], .absent = (unsigned)numbers[ABSENT] };
	for (size_t i = 0; i < VERDICT_PATHS; i++)
		seen->paths[i] = (struct verdict_path){ numbers[PATHS + 3 * i], (unsigned)numbers[PATHS + 3 * i + 1],
							(unsigned)numbers[PATHS + 3 * i + 2] };
	return true;
}
