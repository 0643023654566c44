#include "console/log_filter.h"

#include <string.h>

#include "base/text.h"

enum { NUMBER_MAX = 100000 };

/* "90s", "30m", "2h", "1d" */
static bool read_span(const char *word, uint64_t *span_s)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(word);
	uint64_t number;

	if (len < 2 || text_uint((struct slice){ word, len - 1 }, NUMBER_MAX, &number) < 0 || !number)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (word[len - 1] == units[i].unit) {
			*span_s = number * units[i].seconds;
			return true;
		}
	return false;
}

bool log_filter_read(struct log_filter *filter, int argc, char **argv)
{
	int i = 1;

	*filter = (struct log_filter){ .span_s = 0 };
	if (i < argc && !strcmp(argv[i], "boot"))
		filter->this_boot = true;
	if (filter->this_boot || (i < argc && read_span(argv[i], &filter->span_s)))
		i++;
	if (i + 1 < argc && !strcmp(argv[i], "peer")) {
		filter->peer = argv[i + 1];
		i += 2;
	}
	if (i < argc)
		filter->word = argv[i++];
	return i >= argc;
}

/* "peer NAME" as words of their own: ams1 is not ams10. */
static bool has_peer(const char *text, const char *name)
{
	const size_t len = strlen(name);

	for (const char *at = strstr(text, "peer "); at; at = strstr(at + 1, "peer "))
		if (!strncmp(at + 5, name, len) && (!at[5 + len] || strchr(" :,", at[5 + len])))
			return true;
	return false;
}

bool log_filter_takes(const struct log_filter *filter, const char *text, uint64_t age_s)
{
	return (!filter->span_s || age_s <= filter->span_s) && (!filter->peer || has_peer(text, filter->peer)) &&
	       (!filter->word || strstr(text, filter->word));
}
