/* The log that is kept on the partition: two files, the newer one written to until it is full, in lines that a power cut may have torn. A
 * pure core but for the boot's id and the file that is opened, for who writes them and who reads them. */
#ifndef BASE_KEPT_H
#define BASE_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/kmsg.h"
#include "base/text.h"

/* In SYSTEM_DIR. */
#define KEPT_FILE "log"
#define KEPT_OLD_FILE "log.old"

enum { KEPT_FILE_MAX = 128 << 10, KEPT_LINE_LEN = 1024, KEPT_BOOT_ID_LEN = 37 };

/* One of the two files, to be read: a descriptor that the caller closes, or -errno. Of one that is longer than it should be, its end. */
int kept_open(const char *path);

void kept_boot_id(char id[static KEPT_BOOT_ID_LEN + 1]); /* of this boot; "" when the kernel does not tell */

/* "2026-11-28 19:40:01 1234 console: ttyS0: login": the time (UTC), the record's number in its boot, what it says. With "boot" in place of the
 * number a boot begins, and the text is its id. */
struct kept {
	time_t at;
	bool is_boot;
	uint64_t sequence;
	struct slice text; /* borrowed */
};

/* Both: its length, 0 when it does not fit or says nothing. */
size_t kept_line(char line[static KEPT_LINE_LEN], time_t at, uint64_t sequence, const char *text);
size_t kept_boot_line(char line[static KEPT_LINE_LEN], time_t at, const char *boot_id);

/* The next whole line of *rest; what is torn is passed over. False when there is none. */
bool kept_next(struct slice *rest, struct kept *kept);

/* What belongs there, and what is written at once: the rest waits for more. */
enum kept_urgency { KEPT_NOT, KEPT_LATER, KEPT_NOW };
enum kept_urgency kept_urgency(const struct kmsg *kmsg);

#endif
