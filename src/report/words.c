#include "report/words.h"

#include <inttypes.h>

#include "base/text.h"

const char *words_duration(int64_t seconds, char *dst, size_t cap)
{
	static const struct {
		int64_t seconds;
		const char *word;
	} units[] = { { INT64_C(365) * 86400, "year" }, { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	struct text text;

	text_init(&text, dst, cap);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t n = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		if (n)
			text_add(&text, "%s%" PRId64 " %s%s", text.len ? ", " : "", n, units[i].word, text_plural((uint64_t)n));
	}
	return dst;
}

const char *words_ago(int64_t seconds, char *dst, size_t cap)
{
	char duration[96];

	if (seconds < 0)
		text_format(dst, cap, "(System clock wound backward; connection problems may ensue.)");
	else if (!seconds)
		text_format(dst, cap, "Now");
	else
		text_format(dst, cap, "%s ago", words_duration(seconds, duration, sizeof(duration)));
	return dst;
}

const char *words_age(int64_t seconds, char *dst, size_t cap)
{
	long long s = seconds > 0 ? seconds : 0;

	if (s < 60)
		text_format(dst, cap, "%lld s", s);
	else if (s < 3600 && s % 60)
		text_format(dst, cap, "%lldm%02llds", s / 60, s % 60);
	else if (s < 3600)
		text_format(dst, cap, "%lldm", s / 60);
	else if (s < 86400)
		text_format(dst, cap, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		text_format(dst, cap, "%lldd%02lldh", s / 86400, s / 3600 % 24);
	return dst;
}

const char *words_bytes(uint64_t bytes, char *dst, size_t cap)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		text_format(dst, cap, "%" PRIu64 " B", bytes);
		return dst;
	}
	for (; value >= 1024 && i < sizeof(units) / sizeof(units[0]) - 1; i++)
		value /= 1024;
	text_format(dst, cap, "%.2f %s", value, units[i]);
	return dst;
}
