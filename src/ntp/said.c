#include "ntp/said.h"

#include <stdbool.h>
#include <string.h>

enum { US_PER_S = 1000000, OFFSET_MAX_S = INT32_MAX };

/* "2026-11-29T07:41:28Z " */
static struct slice without_time(struct slice line)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ ";

	if (line.len < sizeof(form) - 1)
		return line;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == 'd' ? line.ptr[i] < '0' || line.ptr[i] > '9' : line.ptr[i] != form[i])
			return line;
	return (struct slice){ line.ptr + sizeof(form) - 1, line.len - (sizeof(form) - 1) };
}

/* "-180.000512" */
static bool read_seconds(struct slice word, int64_t *us)
{
	bool minus = slice_starts(word, "-");
	struct slice rest = { word.ptr + minus, word.len - minus }, whole, digits;
	uint64_t s, part = 0, unit = US_PER_S;

	if (!slice_cut(&rest, '.', &whole) || text_uint(whole, OFFSET_MAX_S, &s) < 0)
		return false;
	digits = rest.ptr ? rest : (struct slice){ "", 0 };
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		unit /= 10;
		part += unit * (uint64_t)(digits.ptr[i] - '0');
	}
	*us = (int64_t)(s * US_PER_S + part) * (minus ? -1 : 1);
	return true;
}

static bool behind(struct slice text, const char *words, struct slice *rest)
{
	if (!slice_starts(text, words))
		return false;
	*rest = (struct slice){ text.ptr + strlen(words), text.len - strlen(words) };
	return true;
}

struct ntp_said ntp_said_read(struct slice line)
{
	static const char *const idle[] = { "chronyd ", "Frequency ", "Using ", "Disabled control", "Initial frequency", "Timeout reached" };
	struct ntp_said said = { NTP_SAYS_WORDS, slice_trim(without_time(line)), 0 };
	struct slice rest, word;

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		if (!said.text.len || slice_starts(said.text, idle[i]))
			said.what = NTP_SAYS_NOTHING;
	if (behind(said.text, "System clock wrong by ", &rest) && slice_word(&rest, &word) && read_seconds(word, &said.offset_us)) {
		/* With it goes what was seen of a clock that is corrected. */
		said.what = memmem(rest.ptr, rest.len, "(ignored)", 9) ? NTP_SAYS_WRONG : NTP_SAYS_WORDS;
	} else if (behind(said.text, "Adjustment of ", &rest) && slice_word(&rest, &word) && read_seconds(word, &said.offset_us)) {
		said.what = NTP_SAYS_TOO_FAR;
	} else if (behind(said.text, "Selected source ", &rest)) {
		said.what = NTP_SAYS_SELECTED;
		said.text = slice_trim(rest);
	}
	return said;
}
