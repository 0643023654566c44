#include "console/delay.h"

#include "base/clock.h"

enum { WRONG_MAX = 1000000 };

void delay_wrong(struct delay *delay, uint64_t now_ns)
{
	delay->wrong += delay->wrong < WRONG_MAX;
	delay->last_ns = now_ns;
}

uint64_t delay_due_ns(const struct delay *delay)
{
	unsigned seconds = delay->wrong < DELAY_MAX_S ? delay->wrong : DELAY_MAX_S;

	return seconds ? delay->last_ns + seconds * NS_PER_S : 0;
}

void delay_read(struct delay *delay, struct slice text)
{
	uint64_t wrong, last_ns;
	struct slice word;

	*delay = (struct delay){ 0 };
	if (slice_word(&text, &word) && !text_uint(word, WRONG_MAX, &wrong) && slice_word(&text, &word) &&
	    !text_uint(word, INT64_MAX, &last_ns))
		*delay = (struct delay){ (unsigned)wrong, last_ns };
}

void delay_write(const struct delay *delay, char text[static DELAY_TEXT_LEN])
{
	text_format(text, DELAY_TEXT_LEN, "%u %llu", delay->wrong, (unsigned long long)delay->last_ns);
}
