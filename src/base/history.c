#include "base/history.h"

#include <string.h>

/* 32 bytes in base64, as wg(8) writes a key. What is longer may hold one. */
enum { KEY_TEXT_LEN = 44 };

#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

static bool may_hold_a_key(const char *text)
{
	size_t len;

	for (; *text; text += len ? len : 1) {
		len = strspn(text, BASE64);
		if (len >= KEY_TEXT_LEN)
			return true;
	}
	return false;
}

const char *history_get(const struct history *history, size_t back)
{
	if (!back || back > history->count)
		return NULL;
	return history->lines[(history->next + HISTORY_LINES - back) % HISTORY_LINES];
}

void history_add(struct history *history, const char *text)
{
	const char *last = history_get(history, 1);
	size_t len = strlen(text);

	if (!len || len >= HISTORY_LINE_LEN || may_hold_a_key(text) || (last && !strcmp(last, text)))
		return;
	memcpy(history->lines[history->next], text, len + 1);
	history->next = (history->next + 1) % HISTORY_LINES;
	if (history->count < HISTORY_LINES)
		history->count++;
}

size_t history_find(const struct history *history, size_t back, const char *word)
{
	const char *text;

	for (; (text = history_get(history, back)); back++)
		if (strstr(text, word))
			return back;
	return 0;
}
