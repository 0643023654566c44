/* What chronyd says in a line of its log that matters here. Pure; the words are those of the version in deps.lock. */
#ifndef NTP_SAID_H
#define NTP_SAID_H

#include <stdint.h>

#include "base/text.h"

enum ntp_saying {
	NTP_SAYS_NOTHING,  /* that anyone would look for */
	NTP_SAYS_WRONG,    /* the clock is wrong, and is not touched: offset_us is to be added to it */
	NTP_SAYS_TOO_FAR,  /* the same, as it is more than NTP_SLEW_MAX_S */
	NTP_SAYS_SELECTED, /* text is whom the clock follows */
	NTP_SAYS_WORDS,    /* text is for the log */
};

struct ntp_said {
	enum ntp_saying what;
	struct slice text; /* without the time */
	int64_t offset_us;
};

struct ntp_said ntp_said_read(struct slice line);

#endif
