#include "gateway/scrape.h"

#include <string.h>

#include "base/text.h"

#define PATH "/metrics"
#define END "\r\n\r\n"

const char *const scrape_status[SCRAPES] = {
	[SCRAPE_MORE] = "408 Request Timeout",
	[SCRAPE_METRICS] = "200 OK",
	[SCRAPE_HEAD] = "200 OK",
	[SCRAPE_ELSEWHERE] = "404 Not Found",
	[SCRAPE_METHOD] = "405 Method Not Allowed",
	[SCRAPE_BAD] = "400 Bad Request",
};

/* Prometheus puts a query behind it where it is told to. */
static bool is_metrics(struct slice target)
{
	size_t len = sizeof(PATH) - 1;

	return slice_starts(target, PATH) && (target.len == len || target.ptr[len] == '?');
}

enum scrape scrape_read(const char *bytes, size_t len)
{
	struct slice rest = { bytes, len }, line, method, target;
	bool get;

	if (!memmem(bytes, len, END, sizeof(END) - 1))
		return len < SCRAPE_REQUEST_MAX ? SCRAPE_MORE : SCRAPE_BAD;
	if (!slice_cut(&rest, '\r', &line) || !slice_cut(&line, ' ', &method) || !slice_cut(&line, ' ', &target) || !line.ptr ||
	    !slice_starts(line, "HTTP/1."))
		return SCRAPE_BAD;
	get = slice_equal(method, "GET");
	if (!get && !slice_equal(method, "HEAD"))
		return SCRAPE_METHOD;
	if (!is_metrics(target))
		return SCRAPE_ELSEWHERE;
	return get ? SCRAPE_METRICS : SCRAPE_HEAD;
}
