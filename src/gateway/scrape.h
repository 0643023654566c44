/* The one HTTP request that is answered. Pure. */
#ifndef GATEWAY_SCRAPE_H
#define GATEWAY_SCRAPE_H

#include <stddef.h>

enum { SCRAPE_REQUEST_MAX = 4096 };

enum scrape {
	SCRAPE_MORE,      /* its end has not come yet */
	SCRAPE_METRICS,
	SCRAPE_HEAD,      /* the same without what would follow the header */
	SCRAPE_ELSEWHERE, /* another path */
	SCRAPE_METHOD,    /* another method */
	SCRAPE_BAD,       /* no HTTP/1 */
	SCRAPES,
};

/* What bytes ask for, as far as they came: a request line and headers up to an empty line (RFC 9112). */
enum scrape scrape_read(const char *bytes, size_t len);

/* "200 OK" and so on, of all but SCRAPE_MORE. */
extern const char *const scrape_status[SCRAPES];

#endif
