#include "network/told.h"

#include <string.h>

#include "base/text.h"

static bool has(const struct told *told, unsigned round, const char *text)
{
	for (size_t i = 0; i < told->counts[round]; i++)
		if (!strncmp(told->texts[round][i], text, TOLD_LEN - 1))
			return true;
	return false;
}

void told_begin(struct told *told)
{
	told->round ^= 1;
	told->counts[told->round] = 0;
}

bool told_is_new(struct told *told, const char *text)
{
	unsigned now = told->round;
	bool is_new;

	if (has(told, now, text))
		return false;
	is_new = !has(told, now ^ 1, text);
	if (told->counts[now] < TOLD_MAX)
		text_format(told->texts[now][told->counts[now]++], TOLD_LEN, "%s", text);
	return is_new;
}
